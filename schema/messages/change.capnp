@0xd8a51b7c40f3962e;
# A change: the unit of replication, as it travels and as it lies in a log. runtime/document/README.md describes the bytes inside.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tlfs::messages");

struct Change {
  header @0 :Data;
  # The header's bytes as its author first encoded them. Their hash (BLAKE2b-256, keyed with "tlfs change") is the change's name in
  # deps and prev, so they are copied and never made anew. At most 64 KiB.

  leaves @1 :List(LeafSlot);
  # One for each leaf digest in the header, in that order.

  signature @2 :Data;
  # Ed25519 by the header's device over the change's hash: 64 bytes. Empty where there is none: a later signature of the same
  # writer vouches for this change through prev.
}

struct LeafSlot {
  union {
    absent @0 :Void;
    # The sender does not have the leaf, or the receiver may not: the digest in the header stands for it.

    leaf @1 :Leaf;
    # The leaf. It must fit the digest.
  }
}

struct Leaf {
  compartment @0 :Data;
  # Schema node that bears the compartment's mark, or the root node: 16 bytes.

  epoch @1 :UInt64;
  # Which key of the compartment the payload is encrypted under; 0 is no key: the payload is an operation block.

  salt @2 :Data;
  # Makes digests of equal payloads differ; empty in epoch 0. At most 32 bytes.

  payload @3 :Data;
  # At most 16 MiB.
}
