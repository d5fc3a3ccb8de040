// Earlier versions and the differences between them.

#include <catch2/catch.hpp>

#include "tests/runtime/document/seeds.h"
#include "tests/runtime/document/world.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

TEST_CASE("the value at an earlier version is that of a replica which has only that version's changes") {
  const SeedRange range = seeds(300);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_history", "the value at an earlier version*", seed));
    World world(seed);
    INFO(world.schema);
    struct Moment {
      Version version;
      Data data;
    };
    std::vector<Moment> moments;
    for (std::size_t i = 0; i < world.steps; ++i) {
      world.step(true, 0);
      Replica& r = world.any();
      if (world.random.chance(0.1)) moments.push_back({r->version(), r->reader().data()});
    }
    world.settle();
    Document& judge = world.any().document();
    for (const Moment& m : moments) {
      const Result<std::string> json = judge.json_at(m.version);
      REQUIRE(json.ok());
      REQUIRE(*json == to_json(m.data));
      // The patches between two versions, in whichever direction, turn one value into the other.
      const Moment& other = moments[world.random.below(moments.size())];
      const Result<std::vector<Patch>> patches = judge.diff(m.version, other.version);
      REQUIRE(patches.ok());
      Data data = m.data;
      const Status applied = apply_patches(data, *patches);
      INFO((applied ? std::string() : applied.error().message()));
      REQUIRE(applied.ok());
      REQUIRE(to_json(data) == to_json(other.data));
      if (m.version == other.version) REQUIRE(patches->empty());
    }
  }
}
