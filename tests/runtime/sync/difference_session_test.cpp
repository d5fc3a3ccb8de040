#include <catch2/catch.hpp>

#include "tests/runtime/sync/difference_pair.h"

using namespace tlfs;
using namespace tlfs::sync;

namespace {

// Two devices that hold `shared` documents alike, and some that only one holds or that differ.
void differ(Pair& pair, SeededRandom& random, std::uint64_t shared, std::uint64_t different) {
  pair.hold_both(shared);
  for (std::uint64_t i = 0; i < different; ++i) {
    const std::uint64_t n = random.below(shared + different);
    Device& one = random.chance(0.5) ? pair.a : pair.b;
    if (random.chance(0.3))
      one.drop(n);
    else
      one.hold(n, random.next());
  }
}

}  // namespace

TEST_CASE("Nothing differs: one round trip of less than 100 bytes") {
  Pair pair;
  pair.hold_both(1'000);
  pair.begin();
  pair.run();
  CHECK(pair.a.session->compared());
  CHECK(pair.b.session->compared());
  CHECK(pair.messages == 2);
  CHECK(pair.bytes < 100);
}

TEST_CASE("Both devices find exactly what differs") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Pair pair;
    differ(pair, random, random.below(seed % 10 == 0 ? 5'000 : 300), random.below(200));
    pair.begin();
    pair.run();
    REQUIRE(pair.a.session->compared());
    REQUIRE(pair.b.session->compared());
    REQUIRE(pair.a.found == pair.truth());
    REQUIRE(pair.b.found == pair.truth());
    REQUIRE(pair.largest <= kMaxDifferenceBytes);
  }
}

TEST_CASE("A device that has nothing hears of everything, and the other one tells it in time") {
  for (const bool a_is_empty : {true, false}) {
    Pair pair;
    for (std::uint64_t n = 0; n < 30'000; ++n) (a_is_empty ? pair.b : pair.a).hold(n, 1);
    pair.begin();
    pair.run();
    REQUIRE(pair.a.session->compared());
    REQUIRE(pair.b.session->compared());
    CHECK(pair.a.found.size() == 30'000);
    CHECK(pair.b.found.size() == 30'000);
  }
}

TEST_CASE("Two devices of which every document differs stay within the budget of honest peers") {
  Pair pair;
  for (std::uint64_t n = 0; n < 40'000; ++n) {
    pair.a.hold(n, 1);
    pair.b.hold(n < 20'000 ? n : n + 40'000, 2);
  }
  pair.begin();
  pair.run();
  REQUIRE(pair.a.session->compared());
  CHECK(pair.a.found.size() == 60'000);
  CHECK(pair.b.found.size() == 60'000);
}

TEST_CASE("Of 20,000 documents 10 differ: four round trips and 20 KB at most") {
  SeededRandom random(5);
  Pair pair;
  pair.hold_both(20'000);
  for (int i = 0; i < 10; ++i) pair.a.hold(random.below(20'000), random.next() | 1);
  pair.begin();
  pair.run();
  CHECK(pair.b.found == pair.truth());
  CHECK(pair.messages <= 8);
  CHECK(pair.bytes <= 20'000);
}

TEST_CASE("What differs at the end each device has been told, or has changed itself, whatever was edited meanwhile") {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Pair pair;
    const std::uint64_t shared = 1 + random.below(2'000);
    differ(pair, random, shared, random.below(300));
    pair.begin();
    std::size_t edits = 0;
    do {
      if (edits < 200 && random.chance(0.7)) {
        ++edits;
        Device& one = random.chance(0.5) ? pair.a : pair.b;
        const std::uint64_t n = random.below(shared + 20);
        if (random.chance(0.2))
          one.drop(n);
        else
          one.hold(n, random.below(3));
      }
      if (random.chance(0.4)) pair.flush();
      if (random.chance(0.5)) pair.step();
      if (edits == 200) {
        pair.flush();
        if (!pair.step()) pair.flush();
      }
    } while (edits < 200 || !pair.under_way.empty());
    REQUIRE(pair.a.session->compared());
    REQUIRE(pair.b.session->compared());
    for (const Device* one : {&pair.a, &pair.b}) {
      std::set<Position> known = one->found;
      for (const DocumentId& id : one->touched) known.insert(one->linked.key.position(id));
      for (const Position& position : pair.truth()) REQUIRE(known.contains(position));
    }
  }
}

TEST_CASE("A live change is told once, and catching up with it is not told back") {
  Pair pair;
  pair.hold_both(100);
  pair.begin();
  pair.run();
  const std::size_t before = pair.messages;
  pair.a.hold(5, 1);
  pair.a.hold(5, 2);  // before it is sent: one message
  pair.flush();
  pair.run();
  CHECK(pair.messages == before + 1);
  CHECK(pair.b.found == pair.truth());
  pair.b.hold(5, 2);
  pair.flush();
  CHECK(pair.messages == before + 1);
  // A change to something else is told, and A hears that it is equal as soon as B is.
  pair.b.hold(5, 3);
  pair.flush();
  pair.run();
  CHECK(pair.messages == before + 2);
  CHECK(pair.a.found.size() == 1);
  pair.b.hold(5, 2);
  pair.flush();
  pair.run();
  CHECK(pair.a.found.empty());
}

TEST_CASE("A revoked document leaves the comparing, a granted one enters it") {
  Pair pair;
  pair.hold_both(10);
  pair.begin();
  pair.run();
  pair.a.drop(3);
  pair.flush();
  pair.run();
  REQUIRE(pair.b.found.size() == 1);
  pair.a.hold(3, 0);
  pair.flush();
  pair.run();
  CHECK(pair.b.found.empty());
}

TEST_CASE("A document is named to whoever may sync it, and to nobody else") {
  Pair pair;
  pair.hold_both(10);
  pair.a.hold(50, 1);                        // B does not hold it
  pair.a.index.put(numbered(51), heads(1));  // B may not sync it
  const Position hidden = pair.b.linked.key.position(numbered(51));
  pair.begin();
  pair.run();
  const std::vector<Position> questions = {*pair.b.found.begin(), hidden};
  const Bytes question = pair.b.session->ask(questions);
  CHECK(pair.b.session->asking());
  auto answer = pair.a.session->received(question);
  REQUIRE(answer.ok());
  REQUIRE(answer->send.size() == 1);
  auto heard = pair.b.session->received(answer->send[0]);
  REQUIRE(heard.ok());
  CHECK(heard->named == std::vector<DocumentId>{numbered(50)});
  CHECK_FALSE(pair.b.session->asking());
}
