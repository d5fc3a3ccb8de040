@0xe1c6a0b94d7f2538;
# What two devices tell each other inside the handshake of a link. runtime/link says how it travels and what follows it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tlfs::messages");

struct Hello {
  device @0 :Data;
  # The device's Ed25519 key, 32 bytes. Its X25519 half is the static key that the handshake proves.

  minVersion @1 :UInt16;
  maxVersion @2 :UInt16;
  # Of what is spoken on the channels. The highest that both sides have is spoken; without one the link ends.

  capabilities @3 :List(Text);
  # Short names of what the device can do beyond the version, sorted, each once. What both have counts. At most 64 of 32 bytes:
  # lower-case letters, digits, '-', '_', '.'.

  payload @4 :Data;
  # What the application adds, at most 4 KiB.
}
