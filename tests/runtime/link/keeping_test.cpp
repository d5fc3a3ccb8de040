// What keeps an open link alive and safe, and how it ends.
#include <catch2/catch.hpp>

#include "runtime/link/key_age.h"
#include "tests/runtime/link/pair.h"

using namespace tlfs;
using namespace tlfs::link;

TEST_CASE("An idle link is kept alive with little") {
  Pair pair;
  pair.open();
  const std::uint64_t before = pair.alice.link.traffic().sent_bytes;
  const std::uint64_t messages = pair.alice.link.traffic().sent_messages;
  for (int i = 0; i < 30; ++i) {
    pair.now = std::min(*pair.alice.link.next_deadline(), *pair.bob.link.next_deadline());
    pair.tick();
  }
  CHECK(pair.now >= std::chrono::hours(5) + 20 * kPingAfter);
  CHECK_FALSE(pair.alice.link.closed());
  CHECK_FALSE(pair.bob.link.closed());
  const std::uint64_t sent = pair.alice.link.traffic().sent_messages - messages;
  CHECK(sent > 0);
  CHECK((pair.alice.link.traffic().sent_bytes - before) / sent < 50);
}

TEST_CASE("A ping measures the round trip") {
  Pair pair;
  pair.open();
  CHECK_FALSE(pair.alice.link.round_trip());
  pair.alice.link.probe(pair.now);
  pair.carry(pair.alice, pair.bob);
  pair.now += std::chrono::milliseconds(30);
  pair.carry(pair.bob, pair.alice);
  CHECK(pair.alice.link.round_trip() == std::chrono::milliseconds(30));
}

TEST_CASE("A peer that falls silent is given up") {
  Pair pair;
  pair.open();
  const Time since = pair.now;
  while (!pair.alice.link.closed()) {
    pair.now = *pair.alice.link.next_deadline();
    REQUIRE(pair.now <= since + kSilenceTimeout);
    pair.alice.link.tick(pair.now);
    (void)pair.alice.link.take_output(pair.now);
  }
  pair.alice.collect();
  CHECK(pair.now == since + kSilenceTimeout);
  CHECK(pair.alice.closed_as() == "timeout");
}

TEST_CASE("A probe that is not answered ends the link soon, one that is does not") {
  for (const bool answered : {true, false}) {
    Pair pair;
    pair.open();
    pair.alice.link.probe(pair.now);
    if (answered) pair.settle();
    pair.now += kProbeTimeout;
    pair.alice.link.tick(pair.now);
    pair.alice.collect();
    CHECK(pair.alice.closed_as() == (answered ? "" : "timeout"));
  }
}

TEST_CASE("A key is renewed after so many messages, so many bytes or so much time") {
  KeyAge age(Time(0));
  for (std::uint64_t i = 1; i < kRekeyMessages; ++i) age.count(1);
  CHECK_FALSE(age.due(kRekeyAfter - Time(1)));
  CHECK(age.due(kRekeyAfter));
  age.count(1);
  CHECK(age.due(Time(0)));
  age.renewed(Time(5));
  CHECK_FALSE(age.due(Time(5)));
  CHECK(age.due_at() == Time(5) + kRekeyAfter);
  age.count(kRekeyBytes - 1);
  CHECK_FALSE(age.due(Time(5)));
  age.count(1);
  CHECK(age.due(Time(5)));
  CHECK_FALSE(age.overdue());
  age.count(kMaxBytesPerKey);
  CHECK(age.overdue());
}

TEST_CASE("A link goes on over new keys, announced by each side for its own direction") {
  Pair pair;
  pair.open();
  for (std::uint64_t i = 0; i < 2 * kRekeyMessages + 10; ++i) {
    REQUIRE(pair.alice.link.send(kControlChannel, {1}).ok());
    pair.carry(pair.alice, pair.bob);
    for (const Message* message : pair.bob.all<Message>()) pair.bob.link.consumed(0, message->bytes.size());
    pair.bob.events.clear();
    pair.carry(pair.bob, pair.alice);
  }
  REQUIRE_FALSE(pair.bob.link.closed());
  CHECK(pair.alice.link.traffic().rekeys == 2);
  CHECK(pair.bob.link.traffic().rekeys == 0);
}

TEST_CASE("An hour renews the keys of an idle link as well") {
  Pair pair;
  pair.open();
  const Time end = pair.now + kRekeyAfter;
  while (pair.now < end) {
    pair.now = std::min(*pair.alice.link.next_deadline(), *pair.bob.link.next_deadline());
    pair.tick();
  }
  CHECK(pair.alice.link.traffic().rekeys == 1);
  CHECK(pair.bob.link.traffic().rekeys == 1);
  REQUIRE(pair.alice.link.send(kControlChannel, {1}).ok());
  pair.settle();
  CHECK(pair.bob.all<Message>().size() == 1);
}

TEST_CASE("Closing tells the other side the code and the sentence; what was sent before still arrives") {
  Pair pair;
  pair.open();
  REQUIRE(pair.alice.link.send(kControlChannel, {1}).ok());
  const std::vector<Bytes> sent = pair.alice.link.take_output(pair.now);
  const auto code = static_cast<CloseCode>(kFirstApplicationCode + 5);
  pair.alice.link.close({code, "good night"}, pair.now);
  CHECK(pair.alice.link.closed());
  CHECK(pair.alice.link.send(kControlChannel, {}).error().is(Errc::closed));
  CHECK(pair.alice.link.open_channel("x").error().is(Errc::closed));
  for (const Bytes& message : sent) pair.bob.link.received(message, pair.now);
  pair.settle();
  REQUIRE(pair.bob.first<Closed>() != nullptr);
  CHECK(pair.bob.all<Message>().size() == 1);
  CHECK(pair.bob.first<Closed>()->by_peer);
  CHECK(pair.bob.first<Closed>()->reason == CloseReason{code, "good night"});
  CHECK_FALSE(pair.alice.first<Closed>()->by_peer);
  CHECK(pair.alice.all<Closed>().size() == 1);
  CHECK(name_of(code) == "application");
  // Afterwards nothing happens any more.
  pair.bob.link.received(Bytes(40, 1), pair.now);
  pair.bob.link.tick(pair.now + kSilenceTimeout);
  pair.bob.link.close({}, pair.now);
  pair.bob.link.transport_lost(pair.now);
  pair.bob.collect();
  CHECK(pair.bob.all<Closed>().size() == 1);
  CHECK(pair.bob.link.take_output(pair.now).empty());
}

TEST_CASE("Closing within the handshake tells the other side the code") {
  Pair pair;
  pair.start();
  pair.carry(pair.alice, pair.bob);
  pair.bob.link.close({CloseCode::too_busy, "come back later"}, pair.now);
  pair.settle();
  CHECK(pair.alice.closed_as() == "too_busy by peer");
  CHECK(pair.alice.first<Closed>()->reason.sentence == sentence_of(CloseCode::too_busy));
}

TEST_CASE("A transport that breaks ends the link without a word") {
  Pair pair;
  pair.open();
  pair.alice.link.transport_lost(pair.now);
  pair.alice.collect();
  CHECK(pair.alice.closed_as() == "transport_lost");
  CHECK(pair.alice.link.take_output(pair.now).empty());
}
