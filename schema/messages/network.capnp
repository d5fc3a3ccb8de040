@0x9c4e1d7fb06a2358;
# What two linked nodes say to each other on the control channel of their link (runtime/link): which documents differ,
# who they are, what they let each other have. Each document has a channel of its own, labelled with its id in hex.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tlfs::messages::network");

struct Greeting {
  # In the payload of the link's hello.
  user @0 :Data;               # whose device this is: the user document's id, 32 bytes
  moment @1 :UInt64;           # the caller's: when it dialled, greater than that of every link to the other side it knows
  life @2 :UInt64;             # random; another one whenever the sender's network has begun anew
}

struct Control {
  union {
    introduction @0 :List(Data);  # statements of the sender's user document; the first message of each side
    difference @1 :Data;          # runtime/sync
    invited @2 :Invited;          # to whoever brought an invitation: it was granted
    refused @3 :Refused;          # to whoever brought one
    describe @4 :List(Data);      # ids of documents that the other has named
    described @5 :Description;    # each of those that the sender holds and the other may sync
  }
}

struct Invited {
  invitation @0 :Data;         # its id, 16 bytes
  what @1 :Description;
}

struct Refused {
  invitation @0 :Data;
  sentence @1 :Text;
}

struct Description {
  document @0 :Data;           # 32 bytes
  name @1 :Text;               # as its side calls it
  package @2 :Data;            # as schema/messages/package.capnp encodes it
  version @3 :Text;            # of the package that its side opens it with
}
