@0xb3c1f0a4d2e95c17;
# A schema package: a named, ordered list of lenses with version marks.
#
# The encoded form of a package is the canonical form of one Package message: a single segment, no segment table,
# trailing zeros cut, objects in preorder (https://capnproto.org/encoding.html#canonicalization). Everything that a step
# does not use stays zero, so a package has exactly one encoding and its hash is BLAKE2b-256 of these bytes, keyed with
# "tlfs package". A decoder refuses any other encoding. schema/README.md says what each step means and which limits hold.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tlfs::messages");

enum Kind {
  none @0;
  structure @1;
  table @2;
  array @3;
  text @4;
  register @5;
  flag @6;
  counter @7;
}

enum Primitive {
  none @0;
  boolean @1;
  unsigned64 @2;
  signed64 @3;
  float64 @4;
  string @5;
  bytes @6;
}

struct Version {
  # Three numbers, compared in this order.
  major @0 :UInt32;
  minor @1 :UInt32;
  patch @2 :UInt32;
  steps @3 :UInt32;  # this version shows what the first `steps` steps of the package make
}

struct Step {
  # One lens. Nodes are named by ordinal: the number of nodes the package gave birth to before.

  node @0 :UInt32;  # the node the step acts upon; for make: the node that is born, always the next ordinal

  union {
    make :group {
      # A node is born and shown, last among the children of its parent.
      parent @1 :UInt32;            # a visible struct, array or table; 0xffffffff for the root
      kind @2 :Kind;
      primitive @3 :Primitive;      # register: what it holds; table: its keys; none otherwise
      compartment @4 :Bool;         # marked @compartment
      name @5 :Text;                # field: its name; array value: "[]"; table value: "{}"; root: empty
    }
    hide @6 :Void;                  # the node, and so everything below it, is no longer shown
    show @7 :Void;                  # a hidden node is shown again, under the name and at the position it had
    rename @8 :Text;                # a struct field gets this name
    hoist @9 :Void;                 # a field moves out of its struct, to the end of the struct around it
    plunge @10 :UInt32;             # a field moves to the end of this struct, a sibling of it
    setDefault :group {
      # What an unset register reads as. The alternative is that of the register's primitive.
      union {
        boolean @11 :Bool;
        unsigned64 @12 :UInt64;
        signed64 @13 :Int64;
        float64 @14 :Float64;       # finite
        string @15 :Text;           # UTF-8
        bytes @16 :Data;
      }
    }
  }
}

struct Package {
  format @0 :UInt16;                # 1; a decoder that knows only smaller numbers refuses the package
  name @1 :Text;
  steps @2 :List(Step);
  versions @3 :List(Version);       # at least one, ascending; the last one has seen all steps
}

struct PackageFile {
  # What `tlfs schema compile` writes: every package of one source, in its order, as an ordinary message with a segment table.
  packages @0 :List(Data);          # encoded forms
}
