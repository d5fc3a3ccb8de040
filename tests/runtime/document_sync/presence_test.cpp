#include "runtime/document_sync/presence.h"
#include "tests/runtime/document_sync/lines.h"

namespace tlfs::document_sync::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Room {
  explicit Room(Device& of) : device(of), key(crypto::SigningKey::from_seed(of.seed())) {}
  Bytes say(std::string_view name, std::string_view value, std::uint64_t number, PresenceRoom::Time now = {},
            milliseconds ttl = seconds(10)) {
    auto said = room.say(device.replica->document(), key, name, as_bytes(value), ttl, number, now);
    INFO((said ? std::string() : said.error().message()));
    REQUIRE(said.ok());
    return std::move(*said);
  }
  Result<bool> take(ByteView message, PresenceRoom::Time now = {}) {
    const auto heard = room.take(device.replica->document(), message, now);
    return heard ? Result<bool>(heard->news) : Result<bool>(heard.error());
  }
  Device& device;
  crypto::SigningKey key;
  PresenceRoom room;
};

}  // namespace

TEST_CASE("presence reaches a reader over a session, is not stored, and ends with its time") {
  Pair p;
  Line line(p.alice, p.bob);
  line.run();
  Room alice(p.alice), bob(p.bob);
  const auto disk = p.bob.disk;
  line.left.session->send_presence(alice.say("cursor", "17", 1));
  line.run();
  REQUIRE(line.right.presence.size() == 1);
  CHECK_FALSE(line.from_left.contains(as_bytes("cursor")));
  REQUIRE(bob.take(line.right.presence.front()).value());
  REQUIRE(bob.room.entries().size() == 1);
  CHECK(bob.room.entries()[0] == PresenceRoom::Entry{p.alice.public_key(), "cursor", {'1', '7'}});
  CHECK(p.bob.disk == disk);
  CHECK(bob.room.next_expiry() == PresenceRoom::Time(seconds(10)));
  CHECK_FALSE(bob.room.expire(seconds(9)));
  CHECK(bob.room.expire(seconds(10)));
  CHECK(bob.room.entries().empty());
}

TEST_CASE("the latest of a device and key counts, and what was said before is no news again") {
  Pair p;
  p.sync();
  Room alice(p.alice), bob(p.bob);
  const Bytes one = alice.say("cursor", "1", 1), two = alice.say("cursor", "2", 2);
  CHECK(bob.take(two).value());
  CHECK_FALSE(bob.take(one).value());
  CHECK_FALSE(bob.take(two).value());
  CHECK(bob.room.entries()[0].value == Bytes{'2'});
  bob.room.expire(seconds(20));
  CHECK_FALSE(bob.take(two, seconds(20)).value());
  CHECK(bob.room.entries().empty());
  CHECK(bob.take(alice.say("cursor", "", 3)).value());
}

TEST_CASE("a reader cannot speak for another device") {
  Pair p;
  p.sync();
  Room alice(p.alice), bob(p.bob);
  // Bob can open what alice said; he seals it anew with another value, and his own signature, in her name.
  ByteWriter body;
  body.raw(ByteView(p.alice.public_key()));
  body.text("cursor");
  body.varint(9);
  body.varint(1000);
  body.bytes(as_bytes("forged"));
  Bytes plain = body.take();
  const auto signature = bob.key.sign(crypto::hash("tlfs presence", {p.bob.id, plain}));
  plain.insert(plain.end(), signature.begin(), signature.end());
  const auto sealed = p.bob.replica->document().seal_ephemeral(plain);
  REQUIRE(sealed.ok());
  ByteWriter message;
  message.u8(1);
  message.fixed64(sealed->epoch);
  message.raw(sealed->sealed.nonce);
  message.raw(sealed->sealed.bytes);
  const auto taken = alice.take(message.view());
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().is(Errc::not_authentic));
  CHECK(alice.room.entries().empty());
}

TEST_CASE("presence is for this document, for readers, and undamaged") {
  Pair p;
  p.sync();
  Room alice(p.alice), bob(p.bob);
  const Bytes said = alice.say("cursor", "1", 1);
  for (std::size_t i = 0; i < said.size(); i += 7) {
    Bytes damaged = said;
    damaged[i] ^= 1;
    CHECK_FALSE(bob.take(damaged).ok());
    CHECK_FALSE(bob.take(ByteView(said).first(i)).ok());
  }
  CHECK(bob.room.entries().empty());
  Device relay(3);
  REQUIRE(p.alice.grant(Level::sync, relay.principal()).ok());
  relay.join(p.alice);
  Line(p.alice, relay).run();
  Room third(relay);
  const auto taken = third.take(said);
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().is(Errc::no_key));
}

TEST_CASE("whoever has lost read is not heard any more") {
  Pair p;
  p.sync();
  Room alice(p.alice), bob(p.bob);
  const Bytes before = bob.say("cursor", "1", 1);
  REQUIRE(p.alice.replica->document().revoke({}, Level::write, p.bob.principal()).ok());
  CHECK_FALSE(alice.take(before).ok());
  CHECK(alice.room.entries().empty());
}

TEST_CASE("a device has so many keys and no more") {
  Pair p;
  p.sync();
  Room alice(p.alice), bob(p.bob);
  for (std::size_t i = 0; i < kMaxPresenceKeys; ++i) CHECK(bob.take(alice.say(std::to_string(i), "x", i + 1)).ok());
  CHECK_FALSE(alice.room.say(p.alice.replica->document(), alice.key, "more", as_bytes("x"), seconds(1), 99, {}).ok());
  CHECK_FALSE(
      alice.room.say(p.alice.replica->document(), alice.key, "0", Bytes(kMaxPresenceValueBytes + 1), seconds(1), 99, {})
          .ok());
  CHECK_FALSE(alice.room.say(p.alice.replica->document(), alice.key, "0", {}, kMaxPresenceTtl * 2, 99, {}).ok());
}

}  // namespace tlfs::document_sync::testing
