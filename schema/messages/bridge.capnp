@0xd1b7c64e0a5f9238;
# What a user interface and the bridge of a running node say to each other, over a WebSocket: one message in each frame.
#
# A client numbers its requests from 1 on; each gets one message with its number. Messages with number 0 come unasked:
# `changed`, `sync` and `level` of what is open, `presence` of what is watched, `ended` when a subscription cannot go on.
#
# Notify, then pull: for each subscription there is at most one `changed` that has not been answered by a pull, so a
# client that is slow costs the node one entry, and gets what it has missed joined in one answer.
#
# Values, edits and patches are JSON (RFC 8259, UTF-8) in one Data field each, because that is what a browser reads
# fastest. bridges/websocket/README.md has their forms.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tlfs::messages::bridge");
using Control = import "control.capnp";

struct BridgeRequest {
  number @0 :UInt64;
  union {
    open @1 :Open;               # opened
    pull @2 :Pull;               # patches or value
    close @3 :UInt64;            # done; a subscription
    write @4 :Write;             # written
    takeBack @5 :TakeBack;       # written
    setPresence @6 :SetPresence; # done
    control @7 :Control.ControlRequest;  # control; whatever the other verbs are not for. Its own number is ignored;
                                         # watch and unwatch are refused
    schema @8 :Text;             # schema; of a document, by its id
  }
}

struct BridgeMessage {
  number @0 :UInt64;
  union {
    failed @1 :Control.Failure;
    done @2 :Void;
    opened @3 :Opened;
    patches @4 :Patches;
    value @5 :Value;
    written @6 :Written;
    control @7 :Control.ControlReply;
    schema @8 :Data;             # JSON: what the version that the document is opened with looks like
    changed @9 :Changed;
    ended @10 :Ended;
    sync @11 :Sync;
    presence @12 :Presence;
    hello @13 :Hello;            # the first message of a connection
    level @14 :LevelNow;
  }
}

struct Hello {
  protocol @0 :UInt32;           # 1
  device @1 :Data;               # 32 bytes
  user @2 :Data;                 # 32 bytes
  maxFrameBytes @3 :UInt32;      # of a request; longer ones end the connection
  maxSubscriptions @4 :UInt32;   # of one connection
}

struct Open {
  document @0 :Text;             # id, in hex
  path @1 :Text;                 # what is watched; empty: all of it
  version @2 :Text;              # in whose names; empty: the document's
  client @3 :UInt64;             # who writes here: chosen at random, kept over reconnections
  presence @4 :Bool;             # also tell of the others' presence
}

struct Opened {
  subscription @0 :UInt64;       # names it on this connection
  revision @1 :UInt64;
  level @2 :Text;                # what this device has at the watched place: none, sync, read, write, control, own
}

struct LevelNow {
  # Somebody has granted or revoked something: what `opened` said is not so any more.
  subscription @0 :UInt64;
  level @1 :Text;                # as in Opened
}

struct Pull {
  subscription @0 :UInt64;
  have @1 :UInt64 = 0xffffffffffffffff;  # the revision that the client holds; the default: none
}

struct Patches {
  from @0 :UInt64;               # the revision they apply to
  to @1 :UInt64;
  durable @2 :UInt64;            # the latest revision that is on the disk
  written @3 :UInt64;            # the number of the client's latest write that `to` holds; 0: none
  patches @4 :Data;              # JSON; applied in order
}

struct Value {
  # Instead of patches where the way from the client's revision is not remembered.
  revision @0 :UInt64;
  durable @1 :UInt64;
  written @2 :UInt64;
  json @3 :Data;                 # null when the place does not exist
  conflicts @4 :Data;            # JSON: patches of kind conflict, for what has concurrent values in it; empty: nothing has
}

struct Write {
  document @0 :Text;
  client @1 :UInt64;
  number @2 :UInt64;             # ascending for one client and document; a write is done once however often it is sent
  onRevision @3 :UInt64 = 0xffffffffffffffff;
  # What the edits were made on: positions are mapped through what has happened since; the default: whatever is there

  edits @4 :Data;                # JSON; positions in texts count UTF-16 units
  origin @5 :Text;               # whose undo stack; empty: not undoable
  label @6 :Text;
}

struct TakeBack {
  document @0 :Text;
  client @1 :UInt64;
  number @2 :UInt64;
  origin @3 :Text;
  redo @4 :Bool;
}

struct Written {
  # The write is on this node's disk.
  revision @0 :UInt64;           # that it led to
  repeated @1 :Bool;             # it was known already
}

struct SetPresence {
  document @0 :Text;
  json @1 :Data;                 # empty: none any more
}

struct Changed {
  subscription @0 :UInt64;
  revision @1 :UInt64;
}

struct Ended {
  subscription @0 :UInt64;
  why @1 :Control.Failure;
}

struct Sync {
  # How a document that is open here stands with the peers it is shared with. Comes after `opened`, and when it changes.
  document @0 :Text;
  state @1 :State;
  enum State {
    offline @0;                  # none of them is connected
    syncing @1;
    synced @2;                   # at least one is connected, and those that are have everything
  }
}

struct Presence {
  # All that is known of others in this document now.
  document @0 :Text;
  others @1 :Data;               # JSON: [{"device": hex, "user": hex or null, "value": ..., "age": ms}, ...]
}
