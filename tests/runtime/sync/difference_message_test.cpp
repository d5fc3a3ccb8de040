#include <catch2/catch.hpp>

#include "runtime/base/environment.h"
#include "runtime/sync/difference_message.h"

using namespace tlfs;
using namespace tlfs::sync;

namespace {

bool refused(const DifferenceMessage& message) { return !decode_difference(encode_difference(message)).ok(); }

BranchPart branch(std::uint64_t bits, unsigned length) { return {{bits, length}, 1, {1, 2}}; }

}  // namespace

TEST_CASE("A turn comes out as it went in") {
  TurnMessage turn;
  turn.waiting = 7;
  turn.branches = {branch(0, 2), {{std::uint64_t{1} << 62, 2}, 2, {1, 2, 3, 4}}};
  turn.lists = {{{0, 1}, {{{1, 5}, 9}, {{2, 0}, 8}}}, {{std::uint64_t{1} << 63, 1}, {}}};
  turn.told = {{{4, 4}, 0}};
  const Bytes bytes = encode_difference(turn);
  const auto back = decode_difference(bytes);
  REQUIRE(back.ok());
  CHECK(encode_difference(*back) == bytes);
  const auto& read = std::get<TurnMessage>(*back);
  CHECK(read.waiting == 7);
  CHECK(read.branches[1].sums == turn.branches[1].sums);
  CHECK(read.lists[0].entries == turn.lists[0].entries);
  CHECK(read.told == turn.told);
}

TEST_CASE("A full turn fits one message") {
  TurnMessage turn;
  for (std::uint64_t i = 0; i < kMaxParts; ++i) {
    BranchPart part{{i << 54, 10}, 2, {i, i, i, i}};
    turn.branches.push_back(part);
  }
  for (std::uint64_t i = 0; i < kMaxPairs; ++i) turn.told.push_back({{i, i}, i});
  CHECK(decode_difference(encode_difference(turn)).ok());
}

TEST_CASE("Parts that lie about themselves are refused") {
  const std::uint64_t top = std::uint64_t{1} << 63;
  TurnMessage turn;
  SECTION("overlapping subtrees") { turn.branches = {branch(0, 1), branch(0, 2)}; }
  SECTION("subtrees out of order") { turn.branches = {branch(top, 1), branch(0, 1)}; }
  SECTION("bits beyond a prefix") { turn.branches = {branch(top | 1, 1)}; }
  SECTION("too long a prefix") { turn.lists = {{{0, 65}, {}}}; }
  SECTION("children below the last bit") { turn.branches = {branch(0, 64)}; }
  SECTION("children without sums") { turn.branches = {{{0, 1}, 2, {1, 2}}}; }
  SECTION("sums without children") { turn.branches = {{{0, 1}, 1, {1, 2, 3}}}; }
  SECTION("too many children") { turn.branches = {{{0, 0}, 9, std::vector<std::uint64_t>(512)}}; }
  SECTION("an entry outside its list") { turn.lists = {{{0, 1}, {{{top, 0}, 1}}}}; }
  SECTION("entries out of order") { turn.lists = {{{0, 0}, {{{2, 0}, 1}, {{1, 0}, 1}}}}; }
  SECTION("an entry twice") { turn.lists = {{{0, 0}, {{{2, 0}, 1}, {{2, 0}, 1}}}}; }
  SECTION("an entry that holds nothing") { turn.lists = {{{0, 0}, {{{2, 0}, 0}}}}; }
  SECTION("too many entries") { turn.told.resize(kMaxPairs + 1); }
  SECTION("too many parts") {
    for (std::uint64_t i = 0; i <= kMaxParts; ++i) turn.lists.push_back({{i << 54, 10}, {}});
  }
  SECTION("too many sums") {
    for (std::uint64_t i = 0; i < 9; ++i) turn.branches.push_back({{i << 60, 4}, 8, std::vector<std::uint64_t>(256)});
  }
  CHECK(refused(turn));
}

TEST_CASE("Any bytes are a message or an error") {
  SeededRandom random(1);
  TurnMessage turn;
  turn.branches = {branch(0, 2)};
  turn.lists = {{{0, 1}, {{{1, 5}, 9}}}};
  const Bytes good = encode_difference(turn);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = good;
    for (std::uint64_t n = random.below(4) + 1; n > 0; --n)
      bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.next());
    (void)decode_difference(bytes);
  }
  CHECK_FALSE(decode_difference({}).ok());
  CHECK_FALSE(decode_difference(Bytes(7)).ok());
  CHECK_FALSE(decode_difference(Bytes(kMaxDifferenceBytes + 8)).ok());
}
