@0xeaf0e4ae45873e6f;
# What two linked peers say to each other about one document. The link tells which document, and which peer.
# runtime/document_sync/README.md says when each is sent, and describes the bytes inside.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tlfs::messages");

struct DocumentSync {
  union {
    hello @0 :Hello;
    statements @1 :List(Data);
    # Statements of access in causal order, encoded as in runtime/access/statement.h. Before the changes that name them.

    batch @2 :Data;            # changes in causal order, as in runtime/document_sync/change_batch.h
    package @3 :Package;       # asked for, or before the first change that was written under it
    sent @4 :Bool;
    # Everything that the other's summary lacked has been sent; false: only statements, since its hello told nothing.

    taken @5 :UInt64;          # bytes of statements, batches and packages that were taken since the last one: credit
    want @6 :Want;
    answered @7 :UInt32;       # everything of the want with this number that is here and may go there has been sent
    moreLeaves @8 :Void;       # parts of changes have come that were not here when the other asked
    presence @9 :Data;         # ephemeral, as in runtime/document_sync/presence.h
    goodbye @10 :Text;         # nothing follows; why, for people
  }
}

struct Hello {
  digest @0 :Data;
  # Of everything that the sender holds of the document, 16 bytes; equal exactly when both hold the same. Empty: the other is not
  # known to have a right to the document; statements that show it are welcome.

  summary @1 :Data;            # as in runtime/document_sync/summary.h; empty when it is likely that the digests are equal
}

struct Package {
  hash @0 :Data;
  encoded @1 :Data;
}

struct Want {
  number @0 :UInt32;
  changes @1 :List(Data);      # hashes
  leavesOf @2 :List(Data);     # changes that are there without all of their leaves
  statements @3 :List(Data);
  packages @4 :List(Data);
}
