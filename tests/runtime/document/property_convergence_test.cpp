// Replicas that hold the same changes show the same value, whatever the way there, and it is the one that the model
// shows.

#include <catch2/catch.hpp>

#include "tests/runtime/document/seeds.h"
#include "tests/runtime/document/world.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

TEST_CASE("the same changes give the same value, that of the model, and patches follow every step") {
  const SeedRange range = seeds(1000);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_convergence", "the same changes give*", seed));
    World world(seed);
    INFO(world.schema);
    world.run();
    world.settle();
    world.require_agreement();
    world.judge(world.any());
  }
}

TEST_CASE("a device that forks does not make correct replicas diverge") {
  const SeedRange range = seeds(300);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_convergence", "a device that forks*", seed));
    World world(seed, {.replicas = 6, .liar = true});
    INFO(world.schema);
    world.run();
    world.settle();
    world.require_agreement();
    world.judge(world.any());
    // Life goes on.
    for (int i = 0; i < 10; ++i) world.step(true, 0.1);
    world.settle();
    world.require_agreement();
    world.judge(world.any());
  }
}

TEST_CASE("importing commutes, associates and is idempotent") {
  const SeedRange range = seeds(200);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_convergence", "importing commutes*", seed));
    World world(seed, {.replicas = 5});
    INFO(world.schema);
    world.run();
    const std::vector<Change> a = world.replicas[0]->all_changes(), b = world.replicas[1]->all_changes(),
                              c = world.replicas[2]->all_changes();
    const auto merged = [&](const std::vector<std::vector<Change>>& parts) {
      Replica r(world.settings(100));
      for (const std::vector<Change>& part : parts) r.import(part);
      return r->json();
    };
    std::vector<Change> a_and_b = a, b_and_c = b;
    a_and_b.insert(a_and_b.end(), b.begin(), b.end());
    b_and_c.insert(b_and_c.end(), c.begin(), c.end());
    const std::string value = merged({a, b, c});
    REQUIRE(merged({c, b, a}) == value);
    REQUIRE(merged({b, a, c}) == value);
    REQUIRE(merged({a_and_b, c}) == value);
    REQUIRE(merged({a, b_and_c}) == value);
    REQUIRE(merged({a, a, b, c, b, c, a}) == value);
  }
}
