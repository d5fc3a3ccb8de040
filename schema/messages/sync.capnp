@0xd8895e3b70c20cba;
# What two linked devices say to each other about their documents. runtime/sync reads and writes it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tlfs::messages");

# ---- which documents differ ----
#
# runtime/sync/difference_session.h describes the conversation, difference_message.h the limits. Positions, leaves and
# sums are numbers of 128 bits under a key of the pair; a branch, a list and what is told show the low half of sums and
# leaves.

struct DifferenceMessage {
  union {
    begin @0 :DifferenceBegin;       # once, from the side that dialled
    turn @1 :DifferenceTurn;         # in turns, until nobody has anything to say
    done @2 :Void;                   # instead of a turn that says nothing
    changed @3 :List(DifferenceTold);   # at any time: what changed at the sender
    ask @4 :List(DifferencePosition);   # which documents stand there? Answered by one named
    named @5 :Data;                  # document ids of 32 bytes each, for some of the positions
  }
}

struct DifferenceBegin {
  rootHigh @0 :UInt64;
  rootLow @1 :UInt64;
  version @2 :UInt16;                # 1
}

struct DifferenceTurn {
  waiting @0 :UInt32;                # what the sender still has to say
  branches @1 :List(DifferencePart); # size is the number of bits that name a child: 1 to 8
  sums @2 :List(UInt64);             # of the children of all branches, in order
  lists @3 :List(DifferencePart);    # size is the number of entries
  entries @4 :List(DifferenceTold);  # of all lists, in order: every document below
  told @5 :List(DifferenceTold);     # what the sender holds where a list showed something else
}

struct DifferencePart {
  prefix @0 :UInt64;                 # the high half of the lowest position below
  length @1 :UInt8;                  # bits of the prefix: 0 to 64
  size @2 :UInt16;
}

struct DifferencePosition {
  high @0 :UInt64;
  low @1 :UInt64;
}

struct DifferenceTold {
  high @0 :UInt64;                   # the position
  low @1 :UInt64;
  leaf @2 :UInt64;                   # 0 when the sender holds nothing there
}
