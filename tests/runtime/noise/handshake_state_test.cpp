// What the engine refuses. That it does what Noise says is tested by vectors_test.cpp.
#include "runtime/noise/handshake_state.h"

#include <catch2/catch.hpp>

using namespace tlfs;
using namespace tlfs::noise;
using crypto::BoxKey;
using crypto::Secret;

namespace {

BoxKey key(std::uint64_t seed) {
  SeededRandom random(seed);
  return BoxKey::from_scalar(Secret::generate(random));
}

HandshakeState::Settings settings(const char* pattern, Role role, std::uint64_t psk = 5) {
  HandshakeState::Settings out;
  out.pattern = parse_pattern(pattern).value();
  out.role = role;
  const bool initiates = role == Role::initiator;
  out.static_key = key(initiates ? 1 : 2);
  out.ephemeral_key = key(initiates ? 3 : 4);
  if (initiates && out.pattern.responder_static_known) out.remote_static = key(2).public_key();
  SeededRandom random(psk);
  for (std::size_t i = 0; i < out.pattern.psks(); ++i) out.psks.push_back(Secret::generate(random));
  return out;
}

// Runs both sides; message number `changed` has the bit `bit` flipped on its way. Whether both finish.
bool handshake(HandshakeState::Settings a, HandshakeState::Settings b, std::optional<std::size_t> changed = {},
               std::size_t bit = 0) {
  HandshakeState first = HandshakeState::create(std::move(a)).value();
  HandshakeState second = HandshakeState::create(std::move(b)).value();
  for (std::size_t at = 0; !first.finished() || !second.finished(); ++at) {
    HandshakeState& writer = at % 2 == 0 ? first : second;
    HandshakeState& reader = at % 2 == 0 ? second : first;
    Bytes message = writer.write_message(as_bytes("payload")).value();
    if (changed == at) message[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    if (!reader.read_message(message)) {
      CHECK(reader.read_message(message).error().is(Errc::out_of_turn));
      return false;
    }
  }
  auto one = first.split();
  auto other = second.split();
  Bytes sealed;
  Bytes opened;
  REQUIRE(one.sending.encrypt({}, as_bytes("hello"), sealed).ok());
  return other.receiving.decrypt({}, sealed, opened).ok();
}

}  // namespace

TEST_CASE("Every pattern and modifier that can be named comes to an end on both sides") {
  for (const char* name : {"N", "X", "NN", "XX", "IK", "Npsk0", "Xpsk1", "NNpsk0", "NNpsk2", "XXpsk0", "XXpsk1",
                           "XXpsk2", "XXpsk3", "IKpsk0", "IKpsk1", "IKpsk2", "XXpsk0+psk3"}) {
    INFO(name);
    CHECK(handshake(settings(name, Role::initiator), settings(name, Role::responder)));
  }
}

TEST_CASE("Sides that differ in prologue, pre-shared secret or presumed key do not come together") {
  auto other_prologue = settings("XX", Role::responder);
  other_prologue.prologue = {1};
  CHECK_FALSE(handshake(settings("XX", Role::initiator), std::move(other_prologue)));
  CHECK_FALSE(handshake(settings("XXpsk3", Role::initiator), settings("XXpsk3", Role::responder, 6)));
  auto other_key = settings("IK", Role::initiator);
  other_key.remote_static = key(9).public_key();
  CHECK_FALSE(handshake(std::move(other_key), settings("IK", Role::responder)));
}

TEST_CASE("A bit that flips in any message of a handshake is noticed before its end") {
  for (const char* name : {"XX", "IK", "XXpsk3"}) {
    const std::size_t messages = parse_pattern(name).value().messages.size();
    for (std::size_t message = 0; message < messages; ++message) {
      // One bit of each byte, another one each time.
      const std::size_t bytes = 32 + 7;  // at least an ephemeral key and the payload; the rest is tested through links
      for (std::size_t byte = 0; byte < bytes; ++byte) {
        INFO(name << ", message " << message << ", byte " << byte);
        // The highest bit of an X25519 key does not count for Diffie-Hellman, but it counts for the hash.
        CHECK_FALSE(
            handshake(settings(name, Role::initiator), settings(name, Role::responder), message, byte * 8 + byte % 8));
      }
    }
  }
}

TEST_CASE("A key that a pattern needs has to be there, and no other") {
  auto no_static = settings("XX", Role::initiator);
  no_static.static_key.reset();
  CHECK(HandshakeState::create(std::move(no_static)).error().is(Errc::missing_key));
  auto no_ephemeral = settings("NN", Role::responder);
  no_ephemeral.ephemeral_key.reset();
  CHECK(HandshakeState::create(std::move(no_ephemeral)).error().is(Errc::missing_key));
  auto no_remote = settings("IK", Role::initiator);
  no_remote.remote_static.reset();
  CHECK(HandshakeState::create(std::move(no_remote)).error().is(Errc::missing_key));
  auto no_psk = settings("XXpsk3", Role::responder);
  no_psk.psks.clear();
  CHECK(HandshakeState::create(std::move(no_psk)).error().is(Errc::missing_key));
  auto known_too_early = settings("XX", Role::initiator);
  known_too_early.remote_static = key(2).public_key();
  CHECK_FALSE(HandshakeState::create(std::move(known_too_early)).ok());
}

TEST_CASE("A public key of small order ends the handshake") {
  HandshakeState second = HandshakeState::create(settings("NN", Role::responder)).value();
  REQUIRE(second.read_message(Bytes(32, 0)).ok());  // NN uses the key only when it answers
  CHECK(second.write_message({}).error().is(Errc::weak_key));
  HandshakeState known = HandshakeState::create(settings("IK", Role::responder)).value();
  CHECK(known.read_message(Bytes(200, 0)).error().is(Errc::weak_key));
}

TEST_CASE("Messages that are cut off or beyond the limit of Noise are refused") {
  for (const char* name : {"XX", "IK", "N"}) {
    HandshakeState first = HandshakeState::create(settings(name, Role::initiator)).value();
    const Bytes message = first.write_message(as_bytes("p")).value();
    // In XX the first payload is in the clear, so only the key can be cut off.
    const std::size_t shortest = std::string(name) == "XX" ? 32 : message.size();
    for (std::size_t size = 0; size < shortest; ++size) {
      INFO(name << ", " << size << " bytes");
      HandshakeState second = HandshakeState::create(settings(name, Role::responder)).value();
      CHECK_FALSE(second.read_message(ByteView(message).first(size)).ok());
    }
  }
  HandshakeState first = HandshakeState::create(settings("XX", Role::initiator)).value();
  CHECK(first.write_message(Bytes(kMaxMessageBytes - 31)).error().is(Errc::too_long));
  HandshakeState second = HandshakeState::create(settings("XX", Role::responder)).value();
  CHECK(second.read_message(Bytes(kMaxMessageBytes + 1)).error().is(Errc::too_long));
}

TEST_CASE("Nobody speaks out of turn") {
  HandshakeState first = HandshakeState::create(settings("XX", Role::initiator)).value();
  HandshakeState second = HandshakeState::create(settings("XX", Role::responder)).value();
  CHECK(second.write_message({}).error().is(Errc::out_of_turn));
  const Bytes message = first.write_message({}).value();
  CHECK(first.write_message({}).error().is(Errc::out_of_turn));
  REQUIRE(second.read_message(message).ok());
  CHECK(second.read_message(message).error().is(Errc::out_of_turn));
  CHECK_THROWS(second.split());
}

TEST_CASE("A cipher refuses what was replayed, and opens what comes next all the same") {
  SeededRandom random(1);
  const Secret secret = Secret::generate(random);
  CipherState sending(secret.copy());
  CipherState receiving(secret.copy());
  Bytes one;
  Bytes two;
  Bytes out;
  REQUIRE(sending.encrypt(as_bytes("ad"), as_bytes("one"), one).ok());
  REQUIRE(sending.encrypt({}, as_bytes("two"), two).ok());
  CHECK(receiving.decrypt({}, two, out).error().is(Errc::not_authentic));
  CHECK(receiving.decrypt({}, one, out).error().is(Errc::not_authentic));
  REQUIRE(receiving.decrypt(as_bytes("ad"), one, out).ok());
  CHECK(receiving.decrypt(as_bytes("ad"), one, out).error().is(Errc::not_authentic));
  CHECK(as_text(out) == "one");
  REQUIRE(receiving.decrypt({}, two, out).ok());
  CHECK(as_text(out) == "onetwo");
}

TEST_CASE("After a rekey the old key opens nothing and the counter goes on") {
  SeededRandom random(1);
  const Secret secret = Secret::generate(random);
  CipherState sending(secret.copy());
  CipherState old(secret.copy());
  CipherState receiving(secret.copy());
  Bytes sealed;
  Bytes out;
  REQUIRE(sending.encrypt({}, as_bytes("before"), sealed).ok());
  REQUIRE(receiving.decrypt({}, sealed, out).ok());
  REQUIRE(old.decrypt({}, sealed, out).ok());
  sending.rekey();
  receiving.rekey();
  sealed.clear();
  REQUIRE(sending.encrypt({}, as_bytes("after"), sealed).ok());
  CHECK(sending.nonce() == 2);
  CHECK_FALSE(old.decrypt({}, sealed, out).ok());
  CHECK(receiving.decrypt({}, sealed, out).ok());
}

TEST_CASE("The last nonce is never used for a message") {
  SeededRandom random(1);
  CipherState sending(Secret::generate(random));
  Bytes out;
  sending.set_nonce(kNonceLimit - 1);
  REQUIRE(sending.encrypt({}, as_bytes("last"), out).ok());
  CHECK(sending.encrypt({}, as_bytes("more"), out).error().is(Errc::used_up));
  CHECK(sending.decrypt({}, Bytes(20), out).error().is(Errc::used_up));
  CHECK(sending.encrypt({}, Bytes(kMaxMessageBytes - kTagBytes + 1), out).error().is(Errc::too_long));
}
