# A message for tests of the holder: every shape that a pointer can have.
@0xc8ab6c1e3d1f0a57;

struct Note {
  title @0 :Text;
  body @1 :Data;
  tags @2 :List(Text);
  replies @3 :List(Note);
  place :union {
    nowhere @4 :Void;
    line @5 :UInt32;
    inside @6 :Note;
  }
  anything @7 :AnyPointer;
  grid @8 :List(List(UInt16));
}
