#include <catch2/catch.hpp>

#include "tests/runtime/sync/difference_pair.h"

using namespace tlfs;
using namespace tlfs::sync;

TEST_CASE("A tree that followed every edit and grant equals one that is built anew") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    const auto own = device(1);
    const std::vector<crypto::SigningKey> peers = [] {
      std::vector<crypto::SigningKey> out;
      for (std::uint8_t i = 2; i < 6; ++i) out.push_back(device(i));
      return out;
    }();
    DocumentIndex index;
    for (int i = 0; i < 2; ++i) index.link(peers[i].public_key(), pair_key(own, peers[i]));
    for (int step = 0; step < 2'000; ++step) {
      const DocumentId id = numbered(random.below(60));
      const crypto::PublicKey& peer = peers[random.below(4)].public_key();
      switch (random.below(6)) {
        case 0:
          index.remove(id);
          break;
        case 1:
          index.allow(id, peer);
          break;
        case 2:
          index.deny(id, peer);
          break;
        case 3:
          index.set_peers(id, {peers[random.below(4)].public_key(), peer});
          break;
        default:
          index.put(id, heads(random.below(1'000)));
      }
    }
    for (const auto& peer : peers) {
      const auto* followed = index.linked(peer.public_key());
      const Sum before = followed ? followed->tree.sum() : Sum{};
      const std::size_t count = followed ? followed->tree.count() : 0;
      const bool was_linked = index.unlink(peer.public_key());
      REQUIRE(was_linked == (followed != nullptr));
      const auto& anew = index.link(peer.public_key(), pair_key(own, peer));
      REQUIRE(anew.tree.count() > 0);
      if (!was_linked) continue;
      CHECK(anew.tree.sum() == before);
      CHECK(anew.tree.count() == count);
    }
  }
}

TEST_CASE("A peer's tree holds what it may sync and nothing else") {
  Pair pair;
  pair.a.index.put(numbered(1), heads(1));
  CHECK(pair.a.linked.tree.count() == 0);
  CHECK(pair.a.index.allow(numbered(1), pair.a.peer));
  CHECK(pair.a.linked.tree.find(pair.a.linked.key.position(numbered(1))) != nullptr);
  CHECK(pair.a.index.allow(numbered(1), device(9).public_key()));
  CHECK(pair.a.linked.tree.count() == 1);
  CHECK(pair.a.index.deny(numbered(1), pair.a.peer));
  CHECK(pair.a.linked.tree.count() == 0);
  CHECK(pair.a.linked.tree.sum() == Sum{});
  CHECK_FALSE(pair.a.index.allow(numbered(2), pair.a.peer));
}
