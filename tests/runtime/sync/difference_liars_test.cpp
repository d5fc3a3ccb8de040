#include <catch2/catch.hpp>

#include <functional>

#include "tests/runtime/sync/difference_pair.h"

using namespace tlfs;
using namespace tlfs::sync;

namespace {

struct Victim {
  explicit Victim(std::uint64_t documents) {
    for (std::uint64_t n = 0; n < documents; ++n) pair.a.hold(n, 1);
    pair.a.begin();
  }
  Pair pair;
  std::size_t turns = 0;
  std::size_t bytes = 0;

  // The liar answers every message of the victim until that gives up; the victim's error.
  Error suffer(const std::function<DifferenceMessage(const DifferenceMessage&)>& lie) {
    Bytes said = pair.a.session->start();
    for (;; ++turns) {
      if (turns > 100'000) throw std::runtime_error("the victim never gives up");
      const Bytes answer = encode_difference(lie(*decode_difference(said)));
      bytes += answer.size() + said.size();
      auto heard = pair.a.session->received(answer);
      if (!heard) return heard.error();
      if (heard->send.empty()) throw std::runtime_error("the victim is content");
      said = heard->send[0];
    }
  }
};

TurnMessage garbage_sums(SeededRandom& random, unsigned length) {
  TurnMessage turn;
  const std::uint64_t at = random.next() & Prefix::mask(length);
  BranchPart part{{at, length}, 8, {}};
  for (int i = 0; i < 256; ++i) part.sums.push_back(random.next());
  turn.branches.push_back(std::move(part));
  return turn;
}

}  // namespace

TEST_CASE("A peer whose sums never agree is cut off within a budget") {
  SeededRandom random(1);
  Victim victim(2'000);
  const Error error = victim.suffer([&](const auto&) { return garbage_sums(random, 8); });
  CHECK(error.is(DifferenceErrc::over_limit));
  CHECK(victim.turns <= kBaseTurns + 2'000 / kDocumentsPerTurn + 1);
  CHECK(victim.bytes <= kBaseBytes + 2'000 * kBytesPerDocument + 2 * kMaxDifferenceBytes);
}

TEST_CASE("A peer that divides without end is cut off") {
  SeededRandom random(1);
  Victim victim(100);
  unsigned length = 0;
  const Error error = victim.suffer([&](const auto&) { return garbage_sums(random, std::min(56U, length += 4)); });
  CHECK(error.is(DifferenceErrc::over_limit));
  CHECK(error.message().find("divide") != std::string::npos);
}

TEST_CASE("A peer that always has more to say, and never says it, is cut off") {
  Victim victim(100);
  const Error error = victim.suffer([](const auto&) {
    TurnMessage turn;
    turn.waiting = 0xffffffff;
    return turn;
  });
  CHECK(error.is(DifferenceErrc::over_limit));
  CHECK(victim.turns < 200);
}

TEST_CASE("A peer that makes us list everything again and again is cut off") {
  Victim victim(5'000);
  const Error error = victim.suffer([](const auto&) {
    TurnMessage turn;
    turn.lists.push_back({{}, {}});
    return turn;
  });
  CHECK(error.is(DifferenceErrc::over_limit));
  CHECK(victim.bytes <= kBaseBytes + 5'000 * kBytesPerDocument + 2 * kMaxDifferenceBytes);
}

TEST_CASE("A peer that invents documents is cut off at their limit") {
  SeededRandom random(3);
  Victim victim(10);
  const Error error = victim.suffer([&](const auto&) {
    TurnMessage turn;
    turn.waiting = 1;
    for (std::size_t i = 0; i < kMaxPairs; ++i) turn.told.push_back({{random.next(), random.next()}, 1});
    return turn;
  });
  CHECK(error.is(DifferenceErrc::over_limit));
  CHECK(victim.turns <= kMaxUnknown / kMaxPairs + 1);
}

TEST_CASE("What does not belong into the state of a session ends it with a sentence") {
  Pair pair;
  pair.hold_both(10);
  pair.a.begin();
  pair.b.begin();
  DifferenceSession& session = *pair.b.session;
  Bytes message;
  SECTION("a turn before the beginning") { message = encode_difference(TurnMessage{}); }
  SECTION("a change before the beginning") { message = encode_difference(ChangedMessage{}); }
  SECTION("a question before the beginning") { message = encode_difference(AskMessage{}); }
  SECTION("a second beginning") {
    REQUIRE(session.received(pair.a.session->start()).ok());
    message = encode_difference(BeginMessage{});
  }
  SECTION("a turn after the end") {
    REQUIRE(session.received(pair.a.session->start()).ok());
    REQUIRE(session.compared());
    message = encode_difference(TurnMessage{});
  }
  SECTION("names that nobody asked for") {
    REQUIRE(session.received(pair.a.session->start()).ok());
    message = encode_difference(NamedMessage{{numbered(1)}});
  }
  const auto heard = session.received(message);
  REQUIRE_FALSE(heard.ok());
  CHECK(heard.error().is(DifferenceErrc::out_of_turn));
  CHECK_FALSE(session.received(encode_difference(DoneMessage{})).ok());
  CHECK_FALSE(session.flush());
}

TEST_CASE("A document that stands elsewhere is not taken for the answer") {
  Pair pair;
  pair.hold_both(10);
  pair.begin();
  pair.run();
  const std::vector<Position> question = {pair.b.linked.key.position(numbered(70))};
  (void)pair.b.session->ask(question);
  const auto heard = pair.b.session->received(encode_difference(NamedMessage{{numbered(71)}}));
  REQUIRE_FALSE(heard.ok());
  CHECK(heard.error().is(DifferenceErrc::false_naming));
}
