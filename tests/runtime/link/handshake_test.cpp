// How two links prove themselves to each other, and what ends that.
#include <catch2/catch.hpp>

#include "runtime/link/handshake.h"
#include "tests/runtime/link/pair.h"

using namespace tlfs;
using namespace tlfs::link;

namespace {

enum class Way { unknown, known, invited };

Pair pair_by(Way way, std::uint64_t seed = 1) {
  Link::Settings caller = caller_settings();
  Link::Settings callee = callee_settings();
  if (way == Way::known) caller.peer = device(kBob)->public_key();
  if (way == Way::invited) {
    caller.invitation = invitation();
    callee.find_invitation = [](ByteView id) -> std::optional<crypto::Secret> {
      if (id.size() != 16 || id[0] != 1) return std::nullopt;
      return invitation().secret.copy();
    };
  }
  return {std::move(caller), std::move(callee), seed};
}

constexpr Way kWays[] = {Way::unknown, Way::known, Way::invited};

// Everything that travels until both are open, in order; even ones are the caller's first.
struct Recorded {
  bool by_alice;
  Bytes message;
};
std::vector<Recorded> record(Pair& pair) {
  std::vector<Recorded> out;
  pair.start();
  for (bool quiet = false; !quiet;) {
    quiet = true;
    for (const bool by_alice : {true, false}) {
      End& from = by_alice ? pair.alice : pair.bob;
      End& to = by_alice ? pair.bob : pair.alice;
      for (const Bytes& message : from.link.take_output(pair.now)) {
        quiet = false;
        out.push_back({by_alice, message});
        to.link.received(message, pair.now);
      }
      from.collect();
      to.collect();
    }
  }
  return out;
}

// The same two links again, with one message replaced. They must never both be established with all said and done.
void check_replaced(Way way, std::size_t which, const Bytes& replacement) {
  Pair pair = pair_by(way);
  pair.start();
  std::size_t at = 0;
  for (int round = 0; round < 10; ++round) {
    for (const bool by_alice : {true, false}) {
      End& from = by_alice ? pair.alice : pair.bob;
      End& to = by_alice ? pair.bob : pair.alice;
      for (const Bytes& message : from.link.take_output(pair.now)) {
        to.link.received(at == which ? replacement : message, pair.now);
        ++at;
      }
      from.collect();
      to.collect();
    }
  }
  // Whoever got it has ended the link or goes on waiting for the other, who has.
  CHECK((pair.alice.link.closed() || pair.bob.link.closed()));
  CHECK_FALSE((pair.alice.link.established() && pair.bob.link.established()));
}

}  // namespace

TEST_CASE("Two devices that did not know each other are established with each other's keys") {
  Pair pair;
  pair.open();
  const Established* alice = pair.alice.first<Established>();
  const Established* bob = pair.bob.first<Established>();
  REQUIRE(alice != nullptr);
  REQUIRE(bob != nullptr);
  CHECK(alice->peer == device(kBob)->public_key());
  CHECK(bob->peer == device(kAlice)->public_key());
  CHECK(alice->version == 1);
  CHECK(alice->capabilities == std::vector<std::string>{"live"});
  CHECK(bob->capabilities == alice->capabilities);
  CHECK(alice->payload == Bytes{7});
  CHECK(bob->payload.empty());
  CHECK(alice->handshake_hash == bob->handshake_hash);
  CHECK_FALSE(alice->invitation);
}

TEST_CASE("A caller that knows the callee's key needs one round trip, and the callee waits for proof that it lives") {
  Pair pair = pair_by(Way::known);
  pair.start();
  pair.carry(pair.alice, pair.bob);
  CHECK_FALSE(pair.bob.link.established());
  pair.carry(pair.bob, pair.alice);
  CHECK(pair.alice.link.established());
  CHECK_FALSE(pair.bob.link.established());
  pair.carry(pair.alice, pair.bob);
  CHECK(pair.bob.link.established());
}

TEST_CASE("An invitation's secret links two devices, and both learn which invitation it was") {
  Pair pair = pair_by(Way::invited);
  pair.start();
  pair.carry(pair.alice, pair.bob);
  pair.carry(pair.bob, pair.alice);
  CHECK_FALSE(pair.alice.link.established());  // anyone could have answered so far
  pair.settle();
  REQUIRE(pair.alice.link.established());
  REQUIRE(pair.bob.link.established());
  CHECK(pair.alice.first<Established>()->invitation == invitation().id);
  CHECK(pair.bob.first<Established>()->invitation == invitation().id);
}

TEST_CASE("Another secret under the same invitation id links nobody, and the caller is told") {
  Link::Settings caller = caller_settings();
  caller.invitation = invitation(1, 78);
  Link::Settings callee = callee_settings();
  callee.find_invitation = [](ByteView) { return std::optional(invitation().secret.copy()); };
  Pair pair(std::move(caller), std::move(callee));
  pair.open();
  CHECK(pair.alice.first<Established>() == nullptr);
  CHECK(pair.bob.first<Established>() == nullptr);
  CHECK(pair.bob.closed_as() == "handshake_failed");
  CHECK(pair.alice.closed_as() == "handshake_failed by peer");
}

TEST_CASE("An unknown invitation is refused as such") {
  for (const bool has_list : {true, false}) {
    Link::Settings caller = caller_settings();
    caller.invitation = invitation(9);
    Link::Settings callee = callee_settings();
    if (has_list) callee.find_invitation = [](ByteView) { return std::optional<crypto::Secret>(); };
    Pair pair(std::move(caller), std::move(callee));
    pair.open();
    CHECK(pair.alice.closed_as() == "unknown_invitation by peer");
    CHECK(pair.bob.closed_as() == "unknown_invitation");
  }
}

TEST_CASE("A callee with another key refuses the known-key handshake, and the caller may ask without it") {
  Link::Settings caller = caller_settings();
  caller.peer = device(kBob)->public_key();
  Pair pair(std::move(caller), callee_settings(kMallory));
  pair.open();
  CHECK(pair.alice.closed_as() == "unknown_key by peer");

  Link::Settings again = caller_settings();
  again.peer = device(kBob)->public_key();
  again.without_key = true;
  Pair second(std::move(again), callee_settings(kMallory));
  second.open();
  CHECK(second.alice.closed_as() == "wrong_peer");
  CHECK(second.bob.closed_as() == "wrong_peer by peer");
  CHECK(second.alice.first<Established>() == nullptr);

  Link::Settings right = caller_settings();
  right.peer = device(kBob)->public_key();
  right.without_key = true;
  Pair third(std::move(right), callee_settings());
  third.open();
  CHECK(third.alice.link.established());
}

TEST_CASE("A device that claims another's key is found out") {
  // Mallory's handshake is honest Noise; only the hello inside lies.
  const auto settings = [] {
    noise::HandshakeState::Settings out;
    out.pattern = noise::parse_pattern("XX").value();
    out.role = noise::Role::initiator;
    out.prologue = Bytes(as_bytes("tlfs link\x01\x01").begin(), as_bytes("tlfs link\x01\x01").end());
    out.static_key = device(kMallory)->box_key();
    SeededRandom random(5);
    out.ephemeral_key = crypto::BoxKey::from_scalar(crypto::Secret::generate(random));
    return out;
  };
  for (const std::uint64_t claimed : {kMallory, kAlice}) {
    noise::HandshakeState mallory = std::move(noise::HandshakeState::create(settings())).value();
    End bob(callee_settings(), 4);
    bob.link.start(Time{});
    Bytes first = {1, 1};
    const Bytes opening = mallory.write_message({}).value();
    first.insert(first.end(), opening.begin(), opening.end());
    bob.link.received(first, Time{});
    const std::vector<Bytes> answer = bob.link.take_output(Time{});
    REQUIRE(answer.size() == 1);
    REQUIRE(mallory.read_message(ByteView(answer[0]).subspan(1)).ok());
    Hello hello;
    hello.device = device(claimed)->public_key();
    Bytes third = {1};
    const Bytes rest = mallory.write_message(encode_hello(hello).value()).value();
    third.insert(third.end(), rest.begin(), rest.end());
    bob.link.received(third, Time{});
    bob.collect();
    CHECK(bob.closed_as() == (claimed == kMallory ? "" : "wrong_peer"));
    CHECK(bob.link.established() == (claimed == kMallory));
  }
}

TEST_CASE("A device does not link to itself") {
  Pair pair(caller_settings(kAlice), callee_settings(kAlice));
  pair.open();
  CHECK(pair.alice.closed_as() == "wrong_peer");
}

TEST_CASE("Versions: the highest that both speak, and a stated end without one") {
  Link::Settings caller = caller_settings();
  caller.versions = {2, 5};
  Link::Settings callee = callee_settings();
  callee.versions = {1, 3};
  Pair pair(std::move(caller), std::move(callee));
  pair.open();
  REQUIRE(pair.alice.link.established());
  CHECK(pair.alice.first<Established>()->version == 3);
  CHECK(pair.bob.first<Established>()->version == 3);
  for (const bool known : {false, true}) {
    Link::Settings newer = caller_settings();
    newer.versions = {4, 5};
    if (known) newer.peer = device(kBob)->public_key();
    Pair apart(std::move(newer), callee_settings());
    apart.open();
    CHECK(apart.alice.first<Closed>()->reason.code == CloseCode::no_common_version);
    CHECK(apart.bob.first<Closed>()->reason.code == CloseCode::no_common_version);
    CHECK(apart.alice.first<Established>() == nullptr);
    CHECK(apart.bob.first<Established>() == nullptr);
  }
}

TEST_CASE("A bit that flips at any byte of a handshake leaves no two established links") {
  for (const Way way : kWays) {
    Pair pair = pair_by(way);
    const std::vector<Recorded> messages = record(pair);
    REQUIRE(pair.alice.link.established());
    REQUIRE(pair.bob.link.established());
    for (std::size_t which = 0; which < messages.size(); ++which) {
      // What follows the handshake is tested elsewhere; here the ready messages are part of it.
      for (std::size_t byte = 0; byte < messages[which].message.size(); ++byte) {
        INFO("way " << static_cast<int>(way) << ", message " << which << ", byte " << byte);
        Bytes changed = messages[which].message;
        changed[byte] ^= static_cast<std::uint8_t>(1U << ((byte * 5 + which) % 8));
        check_replaced(way, which, changed);
      }
    }
  }
}

TEST_CASE("A handshake message that is cut off anywhere leaves no two established links") {
  for (const Way way : kWays) {
    Pair pair = pair_by(way);
    const std::vector<Recorded> messages = record(pair);
    for (std::size_t which = 0; which < messages.size(); ++which) {
      for (std::size_t size = 0; size < messages[which].message.size(); size += 3) {
        INFO("way " << static_cast<int>(way) << ", message " << which << ", size " << size);
        const Bytes& whole = messages[which].message;
        check_replaced(way, which, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
      }
    }
  }
}

TEST_CASE("Messages of an earlier handshake, played again, establish nothing") {
  for (const Way way : kWays) {
    Pair earlier = pair_by(way, 1);
    const std::vector<Recorded> recorded = record(earlier);
    Pair later = pair_by(way, 2);
    later.bob.link.start(later.now);
    for (const Recorded& r : recorded) {
      if (!r.by_alice) continue;
      later.bob.link.received(r.message, later.now);
      later.bob.collect();
    }
    CHECK_FALSE(later.bob.link.established());
    CHECK(later.bob.first<Established>() == nullptr);
    CHECK(later.bob.link.closed());
  }
}

TEST_CASE("Each step of a handshake has its time, and then both know that it is over") {
  for (const bool answered : {false, true}) {
    Pair pair;
    pair.start();
    if (answered) pair.carry(pair.alice, pair.bob);
    CHECK(pair.alice.link.next_deadline() == pair.now + kHandshakeStepTimeout);
    pair.now += kHandshakeStepTimeout - Time(1);
    pair.alice.link.tick(pair.now);
    CHECK_FALSE(pair.alice.link.closed());
    pair.now += Time(1);
    pair.alice.link.tick(pair.now);
    pair.bob.link.tick(pair.now);
    pair.alice.collect();
    pair.bob.collect();
    CHECK(pair.alice.closed_as() == "timeout");
    CHECK(pair.bob.closed_as() == "timeout");
    CHECK_FALSE(pair.alice.link.next_deadline());
  }
  // A callee that waits for the proof of life does not wait for ever.
  Pair pair = pair_by(Way::known);
  pair.start();
  pair.carry(pair.alice, pair.bob);
  pair.now += kHandshakeStepTimeout;
  pair.bob.link.tick(pair.now);
  pair.bob.collect();
  CHECK(pair.bob.closed_as() == "timeout");
}

TEST_CASE("Settings that contradict themselves make no link") {
  SeededRandom random(1);
  Link::Settings callee = callee_settings();
  callee.peer = device(kAlice)->public_key();
  CHECK(Link::create(std::move(callee), random).error().is(Errc::bad_settings));
  Link::Settings nobody = caller_settings();
  nobody.device = nullptr;
  CHECK(Link::create(std::move(nobody), random).error().is(Errc::bad_settings));
  Link::Settings window = caller_settings();
  window.window = kMinWindow - 1;
  CHECK(Link::create(std::move(window), random).error().is(Errc::bad_settings));
  Link::Settings payload = caller_settings();
  payload.payload.resize(kMaxHelloPayload + 1);
  CHECK(Link::create(std::move(payload), random).error().is(Errc::limit_exceeded));
  Link::Settings no_key = caller_settings();
  no_key.peer = crypto::PublicKey{};
  CHECK(Link::create(std::move(no_key), random).error().is(Errc::bad_settings));
}
