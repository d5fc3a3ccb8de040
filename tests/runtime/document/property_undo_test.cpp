// Undo walks back through exactly the values that the edits made.

#include <catch2/catch.hpp>

#include "tests/runtime/document/random_edit.h"
#include "tests/runtime/document/seeds.h"
#include "tests/runtime/document/world.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

// Registers, flags, counters and texts. With tables and arrays undo is only as exact as undo_test.cpp says.
TEST_CASE("one who edits alone gets every earlier value back by undo and every later one by redo") {
  const SeedRange range = seeds(500);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_undo", "one who edits alone*", seed));
    World world(seed, {.replicas = 1, .containers = false});
    INFO(world.schema);
    Replica& alice = world.replicas[0];
    std::vector<std::string> values = {alice->json()};
    while (values.size() < 20) {
      const std::uint64_t ids = alice->graph().ids().size();
      const Result<Commit> done = alice->transact({"window", "", std::nullopt}, [&](Transaction& tx) -> Status {
        for (std::uint64_t n = 1 + world.random.below(3); n > 0; --n) (void)random_edit(tx, world.random);
        return {};
      });
      REQUIRE(done.ok());
      alice.follow(done->patches);
      if (alice->graph().ids().size() > ids) values.push_back(alice->json());
      if (world.random.chance(0.3)) alice->seal();
    }
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = values.size() - 1; i-- > 0;) {
        const Result<Commit> done = alice->undo("window");
        REQUIRE(done.ok());
        INFO("undoing edit " << i);
        REQUIRE(alice->json() == values[i]);
        alice.follow(done->patches);
      }
      for (std::size_t i = 1; i < values.size(); ++i) {
        const Result<Commit> done = alice->redo("window");
        REQUIRE(done.ok());
        INFO("redoing edit " << i);
        REQUIRE(alice->json() == values[i]);
        alice.follow(done->patches);
      }
    }
    world.judge(alice);
  }
}
