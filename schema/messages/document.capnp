@0xe3a7d20c9b51f846;
# What a document actor is asked, what it answers, and what it tells its subscribers. The same words travel between
# actors of one process and, later, over the bridges.
#
# Every request is answered by one Reply. actors/document/document_actor.h says what each request does.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tlfs::messages");

# ---- values ----

struct Value {
  # A primitive, tagged with its type.
  union {
    none @0 :Void;         # unset; JSON's null
    boolean @1 :Bool;
    unsigned64 @2 :UInt64;
    signed64 @3 :Int64;
    float64 @4 :Float64;   # finite
    string @5 :Text;       # UTF-8
    bytes @6 :Data;
  }
}

struct Tree {
  # A value with arrays and objects inside, in preorder: an array or object is followed by its members, each with
  # everything in it. So depth costs no nesting of messages. Exactly one value; at most 128 levels.
  items @0 :List(TreeItem);
}

struct TreeItem {
  name @0 :Text;           # of a member of an object; empty otherwise
  union {
    value @1 :Value;
    array @2 :UInt32;      # number of elements
    object @3 :UInt32;     # number of members; their names are unique
  }
}

struct PathStep {
  # One step of a path in the names of one version.
  union {
    field @0 :Text;        # of a struct
    key @1 :Value;         # of a table: boolean, unsigned64, signed64 or string
    index @2 :UInt64;      # of an array
  }
}

struct Address {
  # A place without names: it means the same in every version and after every concurrent move.
  node @0 :Data;           # permanent id of the schema node: 16 bytes
  keys @1 :List(AddressKey);  # the dynamic keys on the way, outermost first; at most 64
}

struct AddressKey {
  union {
    table @0 :Value;       # a table key
    element @1 :ElementId; # an array element
  }
}

struct ElementId {
  # The operation that inserted the element.
  device @0 :Data;         # 32 bytes
  incarnation @1 :UInt64;
  counter @2 :UInt64;
}

# ---- writing ----

enum TextUnit {
  # What positions and lengths in a text count.
  codePoints @0;
  utf16 @1;
}

struct Edit {
  # One edit of a transaction. Positions are those of the value as the edits before it have left it.
  place :union {
    path @0 :List(PathStep);
    address @1 :Address;   # for edits that address cannot express (set, insert with values) the place's path is looked up
  }
  what :union {
    set @2 :Tree;          # the place is made equal to this; struct fields that are not named stay as they are
    remove @3 :Void;       # a table key or an array element is gone; elsewhere everything below
    insert :group {        # elements of an array
      index @4 :UInt64;    # of the first one, afterwards
      values @5 :List(Tree);
    }
    erase :group {         # elements of an array
      from @6 :UInt64;
      count @7 :UInt64;
    }
    move :group {          # the element at `element` is taken out and put back so that it has index `to`
      element @8 :UInt64;
      to @9 :UInt64;
    }
    splice :group {        # of a text
      position @10 :UInt64;
      removed @11 :UInt64;
      text @12 :Text;
    }
    increment @13 :Int64;  # a counter
    reset @14 :Void;       # a counter
    touch @15 :Void;       # a table key exists, even when nothing is in it
    setBeside :group {     # a register: what is there and was not seen stays, as concurrent
      value @16 :Tree;
      seen @17 :List(Tree);
    }
  }
}

struct WriteId {
  # Names a write of one client, so that it takes effect once however often it is sent. Zero for a write that is sent
  # once only.
  client @0 :UInt64;       # chosen at random
  number @1 :UInt64;       # ascending
}

struct Transact {
  # Edits that become visible together. Committed, or the error of the first edit that does not fit; then nothing has
  # changed.
  edits @0 :List(Edit);
  onRevision @1 :UInt64 = 0xffffffffffffffff;
  # The revision that the edits were made on: indices in paths and positions are mapped through what has happened since.
  # The default stands for the current one. Errc::stale when what has happened since is not remembered any more,
  # or when that revision was lost with an actor that crashed before it was saved.

  unit @2 :TextUnit;       # of positions in splices
  origin @3 :Text;         # window or tool; its own undo stack. Empty: not undoable
  label @4 :Text;
  timeMs @5 :Int64;        # since the Unix epoch; 0: not stated
  write @6 :WriteId;
}

struct TakeBack {
  # Undoes the origin's last transaction, or redoes what it undid last. Committed.
  origin @0 :Text;
  redo @1 :Bool;
  write @2 :WriteId;
}

struct Committed {
  revision @0 :UInt64;     # of the document after the write; unchanged when the write changed nothing
  patches @1 :List(Patch); # in the names of the document's version
  record @2 :Data;         # the operation block that went to the log
  repeated @3 :Bool;       # the write was known already: nothing has changed, patches and record are empty
}

# ---- watching ----

struct Subscribe {
  # Subscribed. From then on the subscriber gets a Changed when there is something to pull, be it only that statements
  # of access have come, and no other before it has pulled.
  prefix @0 :List(PathStep);   # the part that is watched; empty: the whole document
  version @1 :Text;            # in whose names; empty: the document's version
  have @2 :UInt64 = 0xffffffffffffffff;
  # The revision that the subscriber has seen; the default stands for none: a snapshot comes first.

  tellWhenSaved @3 :Bool;      # a Changed also when everything that was pulled has reached the disk
  client @4 :UInt64;           # whose writes (WriteId.client) a pull says something of; 0: nobody's
  presence @5 :Bool;           # watches who is present instead of the value: there is always something to pull first
}

struct Subscribed {
  subscription @0 :UInt64;     # names it from now on; not used again by this incarnation of the actor
  revision @1 :UInt64;         # the current one
}

struct Changed {
  # The only message that a document actor sends without having been asked. Pull what is new.
  subscription @0 :UInt64;
  revision @1 :UInt64;
}

struct Pull {
  # Patches, or a Snapshot when the way from `have` is not remembered or the watched place itself has come, gone or moved.
  # Errc::no_such_subscription when the actor was restarted meanwhile. Of a subscription to presence: presences.
  subscription @0 :UInt64;
  have @1 :UInt64;
}

struct Unsubscribe {
  # Done, also when there is no such subscription.
  subscription @0 :UInt64;
}

struct Patches {
  from @0 :UInt64;             # the revision they apply to
  to @1 :UInt64;               # the revision they lead to; equal to `from` when nothing has happened
  patches @2 :List(Patch);     # applied in order; paths start at the watched place
  durable @3 :UInt64;          # the latest revision that is on the disk
  written @4 :UInt64;          # of the subscriber's own writes, the number of the latest that `to` holds; 0: none
  statements @5 :UInt64;       # of access that are here; where they are more than before, levels may be others
}

struct Snapshot {
  revision @0 :UInt64;
  value @1 :Tree;              # of the watched place; none when it does not exist
  durable @2 :UInt64;          # the latest revision that is on the disk
  written @3 :UInt64;          # as in Patches
  statements @5 :UInt64;       # as in Patches
  conflicts @4 :List(Patch);   # of kind conflict, paths as in Patches: what has concurrent values in it
}

struct Patch {
  # See runtime/document/patch.h.
  path @0 :List(PathStep);
  union {
    set @1 :Tree;              # the place has this value now; a table key appears with it if it was not there
    remove :group {            # a table key (count 0), or elements of an array
      index @2 :UInt64;
      count @3 :UInt64;
    }
    insert :group {            # elements of an array
      at @4 :UInt64;
      values @5 :List(Tree);
    }
    move :group {              # the element at `element` was taken out and put back so that it has index `to`
      element @6 :UInt64;
      to @7 :UInt64;
    }
    splice :group {            # of a text, in both units
      position @8 :UInt64;     # code points
      position16 @9 :UInt64;   # UTF-16 units
      removed @10 :UInt64;
      removed16 @11 :UInt64;
      text @12 :Text;
    }
    conflict @13 :List(Tree);  # a register's concurrent values, the winner first
  }
}

# ---- reading ----

struct Get {
  # Snapshot of a place as it is now, or the error no_such_place.
  path @0 :List(PathStep);
  version @1 :Text;            # empty: the document's version
}

struct Locate {
  # The Address of a place: for edits that must hit the same array element whatever happens meanwhile.
  path @0 :List(PathStep);
}

struct GetAt {
  # Snapshot of a place as it was, or the error unknown_version.
  heads @0 :List(Data);        # of the earlier version: hashes of changes
  path @1 :List(PathStep);
}

struct GetHistory {
  # History: the changes, the latest first. Seals what is pending.
  limit @0 :UInt32 = 1000;     # at most 100,000
}

struct History {
  entries @0 :List(HistoryEntry);
}

struct HistoryEntry {
  hash @0 :Data;
  device @1 :Data;             # the author's key
  incarnation @2 :UInt64;
  seq @3 :UInt64;              # among the writer's changes
  operations @4 :UInt64;
  timeMs @5 :Int64;            # since the Unix epoch; 0: not stated, or not to be read here
  label @6 :Text;
  parents @7 :List(Data);
}

struct GetStatus {
  # DocumentStatus.
}

struct DocumentStatus {
  revision @0 :UInt64;
  durable @1 :UInt64;          # the latest revision that is on the disk
  diskError @2 :Text;          # why the rest is not; empty when nothing is wrong
  changes @3 :UInt64;          # sealed
  waiting @4 :UInt64;          # changes that wait for others
  unreadable @5 :UInt64;       # changes with a part that this device cannot read
  subscriptions @6 :UInt64;
  withheld @7 :List(Text);     # parts of changes that are kept and not shown, each with the reason
  lost @8 :List(Text);         # what could not be read when the document was opened
}

# ---- access ----

enum Level {
  none @0;
  sync @1;
  read @2;
  write @3;
  control @4;
  own @5;
}

struct Principal {
  # Who a grant is for.
  union {
    anyone @0 :Void;
    device @1 :Data;           # a key: 32 bytes
    user @2 :Data;             # a person: the id of the user document
    members :group {           # whoever has `level` at the root of another document
      document @3 :Data;
      level @4 :Level;
    }
  }
}

struct Grant {
  # Done, or an error of the access module.
  at @0 :Text;                 # a path
  level @1 :Level;
  to @2 :Principal;
}

struct Revoke {
  # Done: ends every live grant of exactly this level, place and principal.
  at @0 :Text;
  level @1 :Level;
  from @2 :Principal;
  keep @3 :Level;              # what they are left with
}

struct Admit {
  # Done: withheld work of the principal is shown again.
  from @0 :Principal;
}

struct Explain {
  # Explained.
  at @0 :Text;
  level @1 :Level;
  who @2 :Principal;
}

struct Explained {
  allowed @0 :Bool;
  level @1 :Level;             # what the principal has there
  sentence @2 :Text;           # what allows it, or what is missing
}

struct GetHolders {
  # Holders of a place.
  at @0 :Text;
}

struct Holder {
  who @0 :Principal;           # as a grant names it
  level @1 :Level;             # the highest that it has there
}

# ---- presence ----

struct SetPresence {
  # Done: what others who may read the document see of this device in it, until it is set again. Kept nowhere. A device
  # has one presence: the latest of its windows that show one.
  json @0 :Text;               # at most 4 KiB; empty: nothing
  window @1 :UInt64;           # which of those that show the document here
}

struct GetPresence {
  # Presences: all that is known now.
}

struct Presence {
  device @0 :Data;             # 32 bytes
  user @1 :Data;               # whose device it is: 32 bytes; empty where that cannot be told
  json @2 :Text;
  ageMs @3 :UInt64;            # since it was said, as far as is known here
  own @4 :Bool;                # of this device
}

# ---- replicating ----

struct ChangesSince {
  # Changes: every sealed change that is not in the past of these, and all statements. Seals what is pending.
  heads @0 :List(Data);        # hashes, 32 bytes each; unknown ones are ignored
  peer @1 :Data;               # the device that they are for, 32 bytes: what it may have. Empty: everything
}

struct Changes {
  changes @0 :List(Data);      # in causal order, each an encoded Change (change.capnp)
  heads @1 :List(Data);        # of everything that the document holds: what to ask with next time
  statements @2 :List(Data);   # of access, in causal order, encoded as in runtime/access/statement.h
}

struct ImportChanges {
  # Imported. Changes and statements may come from anyone, in any order, any number of times.
  changes @0 :List(Data);
  statements @1 :List(Data);
}

struct Imported {
  revision @0 :UInt64;
  applied @1 :UInt32;          # changes that took effect now, earlier ones that had waited for them included
  waiting @2 :UInt32;          # changes that wait for others
  refused @3 :List(Error);     # one for each change or statement that was thrown away
  statements @4 :UInt32;       # new ones
}

struct DeleteDocument {
  # Done: the document is forgotten here, its records are gone, and its actor ends.
}

# ---- replies ----

struct Error {
  module @0 :Text;             # which part of the program it comes from, for example "document"
  code @1 :Int32;              # of that module's Errc
  message @2 :Text;            # a sentence for people
}

struct Reply {
  union {
    error @0 :Error;
    done @1 :Void;
    committed @2 :Committed;
    subscribed @3 :Subscribed;
    patches @4 :Patches;
    snapshot @5 :Snapshot;
    changes @6 :Changes;
    imported @7 :Imported;
    address @8 :Address;
    history @9 :History;
    status @10 :DocumentStatus;
    explained @11 :Explained;
    holders @12 :List(Holder);
    presences @13 :List(Presence);
  }
}
