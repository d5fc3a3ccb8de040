@0xb52f91c7d40e8a63;
# What a program on the same machine asks of a running node, and what the node answers. bridges/control says what each
# request does and how the messages are framed.
#
# Values and patches travel as JSON text, because both ends of this protocol show them to people and scripts.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tlfs::messages::control");

struct ControlRequest {
  number @0 :UInt64;
  # Chosen by the client, never reused on a connection while the request is under way; the replies repeat it.

  union {
    identity @1 :Void;         # Identity
    listDocuments @2 :Void;    # Documents
    create @3 :CreateDocument; # Created
    get @4 :GetValue;          # Value
    set @5 :SetValue;          # Committed
    patch @6 :ApplyPatch;      # Committed
    remove @7 :Place;          # Committed
    history @8 :GetHistory;    # History
    deleteDocument @9 :Text;   # done; the document
    status @10 :Text;          # Status; the document
    watch @11 :Place;          # Updated, again and again, until unwatch, an error or the connection's end
    unwatch @12 :UInt64;       # done; the number of the watch. That itself is answered with `done` as its last reply
    grant @13 :ChangeAccess;   # done
    revoke @14 :ChangeAccess;  # done
    explain @15 :ChangeAccess; # Explained
    nodeTree @16 :Void;        # Tree
    nodeMetrics @17 :Void;     # Metrics
    introduction @18 :Void;    # Introduction
    learn @19 :List(Data);     # People: who is introduced by these statements
    listPeople @20 :Void;      # People
    peers @21 :Void;           # Peers
    connect @22 :Text;         # Connected; HOST:PORT or ws(s)://HOST:PORT
    invite @23 :GiveInvitation;     # Link
    revokeInvitation @24 :Text;     # done; its id or the beginning of that
    join @25 :Text;            # Joined; the link
    listInvitations @26 :Void; # Invitations
    decideOffer @27 :DecideOffer;   # done
    syncStatus @28 :Void;      # Sync
    listHolders @29 :Place;    # Holders
    presence @30 :AskPresence; # Presences; of a watch, again whenever they differ
  }
}

struct Place {
  document @0 :Text;           # whole id, beginning of it, or name
  path @1 :Text;               # `.tasks[0].title`; empty: the root
}

struct CreateDocument {
  package @0 :Data;            # as schema/messages/package.capnp encodes it
  version @1 :Text;            # empty: the latest
  name @2 :Text;
}

struct GetValue {
  place @0 :Place;
  version @1 :List(Text);      # hashes of changes, or beginnings of them; empty: now
}

struct SetValue {
  place @0 :Place;
  json @1 :Text;
}

struct ApplyPatch {
  document @0 :Text;
  json @1 :Text;               # RFC 6902
}

struct GetHistory {
  document @0 :Text;
  limit @1 :UInt32;            # of changes, the latest first
}

struct ChangeAccess {
  place @0 :Place;
  principal @1 :Text;          # anyone, device:HEX, user:HEX
  level @2 :Text;              # sync, read, write, control, own
  keep @3 :Text;               # revoke: the level that stays; empty: none
}

struct GiveInvitation {
  place @0 :Place;
  level @1 :Text;              # as in ChangeAccess
  expiresInSeconds @2 :UInt32;
  uses @3 :UInt32;             # by how many devices
}

struct DecideOffer {
  document @0 :Text;           # of an offer that is pending: whole id, beginning of it, or name
  accept @1 :Bool;
}

struct ControlReply {
  number @0 :UInt64;           # of the request
  union {
    failed @1 :Failure;
    done @2 :Void;
    identity @3 :Identity;
    documents @4 :List(DocumentLine);
    created @5 :Data;          # the document's id, 32 bytes
    value @6 :Text;            # JSON
    committed @7 :WriteDone;
    history @8 :List(ChangeLine);
    status @9 :StatusLine;
    updated @10 :Updated;
    explained @11 :Explanation;
    tree @12 :Text;            # JSON
    metrics @13 :Text;         # the text format of Prometheus
    introduction @14 :List(Data);  # statements of this node's user
    people @15 :List(Data);    # ids of users, 32 bytes each
    peers @16 :List(PeerLine);
    connected @17 :Data;       # the peer's device key, 32 bytes
    link @18 :Text;            # whoever has it is invited
    joined @19 :Data;          # the document's id, 32 bytes
    invitations @20 :InvitationLines;
    sync @21 :List(SyncLine);
    holders @22 :List(HolderLine);
    presences @23 :List(PresenceLine);
  }
}

struct AskPresence {
  document @0 :Text;
  set @1 :Text;                # what this device shows from now on, as JSON; empty: that stays
  clear @2 :Bool;              # it shows nothing from now on
  watch @3 :Bool;              # until unwatch
}

struct PresenceLine {
  device @0 :Data;             # 32 bytes
  user @1 :Data;               # 32 bytes; empty: not known
  json @2 :Text;
  ageMs @3 :UInt64;            # since it was said
  own @4 :Bool;                # this device's
}

enum FailureKind {
  # What a script wants to tell apart; the numbers of tlfs's exit codes follow from it.
  input @0;                    # what was asked for does not fit the data
  usage @1;                    # it cannot be asked like that
  denied @2;                   # access does not allow it
  unavailable @3;              # the node or its disk cannot do it now
}

struct Failure {
  kind @0 :FailureKind;
  module @1 :Text;
  code @2 :Int32;
  message @3 :Text;
}

struct Identity {
  device @0 :Data;             # 32 bytes
  user @1 :Data;               # 32 bytes
}

struct DocumentLine {
  id @0 :Data;
  name @1 :Text;
  package @2 :Text;
  version @3 :Text;
  createdMs @4 :Int64;         # here; since the Unix epoch
}

struct WriteDone {
  revision @0 :UInt64;
  patch @1 :Text;              # what has changed, as a JSON patch
}

struct ChangeLine {
  hash @0 :Data;
  device @1 :Data;
  incarnation @2 :UInt64;
  seq @3 :UInt64;
  operations @4 :UInt64;
  timed @5 :Bool;
  timeMs @6 :Int64;            # when timed
  label @7 :Text;
  parents @8 :List(Data);
}

struct StatusLine {
  id @0 :Data;
  revision @1 :UInt64;
  durable @2 :UInt64;
  diskError @3 :Text;          # empty: none
  changes @4 :UInt64;
  waiting @5 :UInt64;
  unreadable @6 :UInt64;
  subscriptions @7 :UInt64;
  withheld @8 :List(Text);
  lost @9 :List(Text);
}

struct Updated {
  from @0 :UInt64;
  to @1 :UInt64;
  durable @2 :UInt64;
  patch @3 :Text;              # a JSON patch; of a snapshot: one that replaces everything
  snapshot @4 :Bool;
}

struct Explanation {
  allowed @0 :Bool;
  level @1 :Text;              # what the principal has there
  sentence @2 :Text;
}

struct HolderLine {
  principal @0 :Text;          # anyone, device:HEX, user:HEX, or members:HEX:LEVEL of another group
  level @1 :Text;              # the highest that it has there
}

struct PeerLine {
  device @0 :Data;             # 32 bytes
  user @1 :Data;               # 32 bytes, or none where it is not known
  state @2 :Text;
  addresses @3 :List(Text);
  problem @4 :Text;            # why the last link ended or did not come about; empty: all is well
  sentBytes @5 :UInt64;
  receivedBytes @6 :UInt64;
  measured @7 :Bool;
  roundTripMs @8 :UInt64;      # when measured
  name @9 :Text;               # as it calls itself to everyone on the local network; empty where it does not
}

struct InvitationLines {
  given @0 :List(GivenLine);
  pending @1 :List(OfferLine);
}

struct GivenLine {
  id @0 :Data;                 # 16 bytes
  document @1 :Data;           # 32 bytes
  name @2 :Text;
  path @3 :Text;
  level @4 :Text;
  state @5 :Text;              # open, used up, expired, revoked
  usesLeft @6 :UInt32;
  expires @7 :Int64;           # seconds since the Unix epoch
}

struct OfferLine {
  document @0 :Data;           # 32 bytes
  from @1 :Data;               # the device's key, 32 bytes
  name @2 :Text;               # as the other side calls it
  package @3 :Text;
}

struct SyncLine {
  document @0 :Data;           # 32 bytes
  peer @1 :Data;               # the device's key, 32 bytes
  state @2 :Text;              # syncing, synced, differs
}
