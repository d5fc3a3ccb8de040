// A voided leaf is as if it had never been, whenever it is voided, and once it counts again as if it always had.

#include <catch2/catch.hpp>
#include <set>

#include "tests/runtime/document/seeds.h"
#include "tests/runtime/document/world.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

TEST_CASE("a leaf may be voided before, while or after others build on it") {
  const SeedRange range = seeds(500);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_voiding", "a leaf may be voided*", seed));
    World world(seed);
    INFO(world.schema);
    world.run();
    world.settle();
    const std::vector<LeafId> first = world.random_leaves(0.2), second = world.random_leaves(0.3);
    const std::set<LeafId> kept(first.begin(), first.end());
    std::vector<LeafId> only_second;
    for (const LeafId& leaf : second)
      if (!kept.contains(leaf)) only_second.push_back(leaf);
    // One voids at once; another voids more and takes the rest back.
    world.replicas[0].set_voided(first, true);
    world.judge(world.replicas[0], kept);
    world.replicas[1].set_voided(second, true);
    world.replicas[1].set_voided(first, true);
    world.replicas[1].set_voided(only_second, false);
    REQUIRE(world.replicas[1]->json() == world.replicas[0]->json());
    // Edits on the voided value, seen by one who voided before, one who voids afterwards, and one who never does.
    for (int i = 0; i < 5; ++i) world.replicas[0].edit(world.random);
    world.replicas[1].import(world.replicas[0]->all_changes());
    world.replicas[2].import(world.replicas[0]->all_changes());
    world.replicas[2].set_voided(first, true);
    world.replicas[3].import(world.replicas[0]->all_changes());
    REQUIRE(world.replicas[1]->json() == world.replicas[0]->json());
    REQUIRE(world.replicas[2]->json() == world.replicas[0]->json());
    world.judge(world.replicas[2], kept);
    world.replicas[0].set_voided(first, false);
    REQUIRE(world.replicas[3]->json() == world.replicas[0]->json());
    world.judge(world.replicas[0]);
  }
}

TEST_CASE("leaves that are voided while everyone edits leave no trace once they count again") {
  const SeedRange range = seeds(200);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_voiding", "leaves that are voided while*", seed));
    World world(seed);
    INFO(world.schema);
    std::vector<std::set<LeafId>> voided(world.replicas.size());
    for (std::size_t i = 0; i < world.steps; ++i) {
      world.step(true, 0.1);
      if (!world.random.chance(0.2)) continue;
      const std::size_t who = world.random.below(world.replicas.size());
      const std::vector<Change> changes = world.replicas[who]->all_changes();
      if (changes.empty()) continue;
      const LeafId leaf{changes[world.random.below(changes.size())].hash, 0};
      const bool now = world.random.chance(0.7);
      world.replicas[who].set_voided({leaf}, now);
      if (now) {
        voided[who].insert(leaf);
      } else {
        voided[who].erase(leaf);
      }
    }
    world.settle();
    const std::size_t who = world.random.below(world.replicas.size());
    world.judge(world.replicas[who], voided[who]);
    for (std::size_t i = 0; i < world.replicas.size(); ++i)
      world.replicas[i].set_voided({voided[i].begin(), voided[i].end()}, false);
    world.require_agreement();
  }
}
