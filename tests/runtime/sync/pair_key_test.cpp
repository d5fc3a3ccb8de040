#include <catch2/catch.hpp>

#include <set>

#include "tests/runtime/sync/difference_pair.h"

using namespace tlfs;
using namespace tlfs::sync;

TEST_CASE("Both devices of a pair name a document and its heads alike") {
  const auto alice = device(1), bob = device(2);
  const PairKey at_alice = pair_key(alice, bob), at_bob = pair_key(bob, alice);
  CHECK(at_alice.position(numbered(7)) == at_bob.position(numbered(7)));
  CHECK(at_alice.leaf(numbered(7), heads(3)) == at_bob.leaf(numbered(7), heads(3)));
}

TEST_CASE("Two pairs share no position and no leaf, though they share a device and all documents") {
  const auto alice = device(1), bob = device(2), carol = device(3);
  const PairKey with_bob = pair_key(alice, bob), with_carol = pair_key(alice, carol);
  std::set<std::uint64_t> halves;
  for (std::uint64_t n = 0; n < 5'000; ++n)
    for (const PairKey* key : {&with_bob, &with_carol}) {
      const Position position = key->position(numbered(n));
      const Leaf leaf = key->leaf(numbered(n), heads(0));
      halves.insert({position.high, position.low, leaf.high, leaf.low});
    }
  CHECK(halves.size() == 4 * 2 * 5'000);
}

TEST_CASE("A leaf depends on the document and on its heads") {
  const PairKey key = pair_key(device(1), device(2));
  CHECK_FALSE(key.leaf(numbered(1), heads(1)) == key.leaf(numbered(1), heads(2)));
  CHECK_FALSE(key.leaf(numbered(1), heads(1)) == key.leaf(numbered(2), heads(1)));
}

TEST_CASE("Bytes that are no device key make no pair key") {
  crypto::PublicKey neutral{};
  neutral[0] = 1;
  const auto key = PairKey::between(device(1).box_key(), neutral);
  REQUIRE_FALSE(key.ok());
  CHECK(key.error().is(DifferenceErrc::bad_key));
}
