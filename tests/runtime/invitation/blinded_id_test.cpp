// Who recognises a device on the network, and for how long.
#include "runtime/invitation/blinded_id.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace tlfs;
using namespace tlfs::invitation;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kNow = std::chrono::hours(24 * 20'000) + 7min;

std::vector<crypto::PublicKey> keys(std::size_t n) {
  SeededRandom random(1);
  std::vector<crypto::PublicKey> out(n);
  for (auto& key : out) random.fill(key);
  return out;
}

}  // namespace

TEST_CASE("Those who know a device recognise it, others see noise") {
  const auto known = keys(5);
  SeededRandom random(2);
  const BlindedId id = make_blinded_id(known[3], random, kNow);
  CHECK(recognise(known, id, kNow) == 3u);
  CHECK_FALSE(recognise(std::span(known).first(3), id, kNow));
  CHECK_FALSE(recognise({}, id, kNow));
}

TEST_CASE("Two ids of one device have nothing in common but the period") {
  const auto known = keys(1);
  SeededRandom random(3);
  const BlindedId a = make_blinded_id(known[0], random, kNow), b = make_blinded_id(known[0], random, kNow);
  CHECK(a.period == b.period);
  CHECK(a.nonce != b.nonce);
  CHECK(a.tag != b.tag);
}

TEST_CASE("An id is good for its quarter of an hour and one on each side, as clocks differ") {
  const auto known = keys(1);
  SeededRandom random(4);
  const BlindedId id = make_blinded_id(known[0], random, kNow);
  CHECK(end_of_period(kNow) == kNow - 7min + 15min);
  CHECK(make_blinded_id(known[0], random, end_of_period(kNow) - 1ms).period == id.period);
  CHECK(make_blinded_id(known[0], random, end_of_period(kNow)).period == id.period + 1);
  CHECK(recognise(known, id, end_of_period(kNow) + 14min));
  CHECK(recognise(known, id, end_of_period(kNow) - 30min));
  CHECK_FALSE(recognise(known, id, end_of_period(kNow) + 15min));
  CHECK_FALSE(recognise(known, id, end_of_period(kNow) - 30min - 1ms));
  CHECK_FALSE(recognise(known, BlindedId{0xffffffff, id.nonce, id.tag}, kNow));
  CHECK(recognise(known, make_blinded_id(known[0], random, -1h), 0ms));
}

TEST_CASE("An id with any part of it changed is nobody's") {
  const auto known = keys(2);
  SeededRandom random(5);
  const BlindedId id = make_blinded_id(known[0], random, kNow);
  for (std::size_t i = 0; i < id.nonce.size(); ++i) {
    BlindedId other = id;
    other.nonce[i] ^= 1;
    CHECK_FALSE(recognise(known, other, kNow));
  }
  for (std::size_t i = 0; i < id.tag.size(); ++i) {
    BlindedId other = id;
    other.tag[i] ^= 0x80;
    CHECK_FALSE(recognise(known, other, kNow));
  }
  // An id of an hour ago does not become new by saying so.
  BlindedId moved = make_blinded_id(known[0], random, kNow - 1h);
  moved.period += 4;
  CHECK_FALSE(recognise(known, moved, kNow));
}
