# The live supervision tree of a node: what an inspector draws and what metrics are made of. One moment is not meant:
# every supervisor answers for itself, and the numbers of an actor are read while it goes on.
@0xd3b1f6a2c94e7085;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tlfs::messages");

struct NodeTree {
  # Monotonic nanoseconds, as all times here; only differences mean something.
  takenAt @0 :Int64;
  # Parents before their children, children in the order of their first start; depth tells who is whose.
  nodes @1 :List(TreeNode);
  deadLetterCount @2 :UInt64;
  # The last ones, oldest first.
  deadLetters @3 :List(DeadLetterNote);
  # Handlers that ran too long, counted once each.
  stuckCount @4 :UInt64;
  # The tree had more nodes than one message shows.
  truncated @5 :Bool;
  # What actors that have ended had done, by their family: "/node/documents/document" for "/node/documents/document/7f3a".
  retired @6 :List(RetiredTotals);
}

struct RetiredTotals {
  family @0 :Text;
  messages @1 :UInt64;
  busyNanoseconds @2 :UInt64;
  rejected @3 :UInt64;
  dropped @4 :UInt64;
  coalesced @5 :UInt64;
  restarts @6 :UInt64;
}

struct TreeNode {
  path @0 :Text;
  # The path without what tells apart actors of one kind: up to the first slash of the id. Often the path itself.
  family @25 :Text;
  # 0: the root.
  depth @1 :UInt16;
  kind @2 :Kind;
  state @3 :State;
  # The latest one; 0: it never ran.
  incarnation @4 :UInt64;
  restarts @5 :UInt64;
  # Of the last ending that was not clean.
  lastError @6 :Text;
  startedAt @7 :Int64;

  # Of the incarnation that runs; zero when none does.
  mailboxDepth @8 :UInt64;
  mailboxHighWater @9 :UInt64;
  mailboxLimit @10 :UInt64;
  messages @11 :UInt64;
  busyNanoseconds @12 :UInt64;
  rejected @13 :UInt64;
  dropped @14 :UInt64;
  coalesced @15 :UInt64;
  # How long it has been in one handler, once that is too long, and what it handles.
  stuckNanoseconds @16 :UInt64;
  stuckOn @17 :Text;

  # Of a supervisor: it did not answer in time, so its children are not shown.
  silent @18 :Bool;
  starts @19 :UInt64;
  childRestarts @20 :UInt64;
  crashes @21 :UInt64;
  quarantined @22 :UInt64;
  killed @23 :UInt64;
  abandoned @24 :UInt64;

  enum Kind {
    worker @0;
    supervisor @1;
  }
  enum State {
    running @0;
    waiting @1;
    stopping @2;
    finished @3;
    quarantined @4;
  }
}

struct DeadLetterNote {
  at @0 :Int64;
  to @1 :Text;
  messageType @2 :Text;
  # "ended", "full" or "dropped".
  why @3 :Text;
}
