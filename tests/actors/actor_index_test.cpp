#include "actors/supervision/actor_index.h"

#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include "runtime/base/environment.h"

using namespace tlfs;
using supervision::ActorIndex;

TEST_CASE("an index of actors says what a map of them would, in whatever order they come and go") {
  constexpr std::uint64_t kIds = 200;
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  SeededRandom random(seed);
  std::vector<int> values(kIds);
  ActorIndex<int> index;
  std::map<caf::actor_id, int*> model;
  for (int step = 0; step < 5000; ++step) {
    const caf::actor_id id = random.below(kIds);
    if (random.below(2) == 0) {
      index.add(id, values[id]);
      model.emplace(id, &values[id]);
    } else {
      index.remove(id);
      model.erase(id);
    }
    REQUIRE(index.empty() == model.empty());
    const caf::actor_id other = random.below(kIds);
    const auto expected = model.find(other);
    REQUIRE(index.find(other) == (expected == model.end() ? nullptr : expected->second));
  }
}

TEST_CASE("an index of actors keeps what was added first under an id") {
  int first = 1, second = 2;
  ActorIndex<int> index;
  index.add(7, first);
  index.add(7, second);
  CHECK(index.find(7) == &first);
  index.remove(7);
  CHECK(index.empty());
  index.add(7, second);
  CHECK(index.find(7) == &second);
  index.clear();
  CHECK(index.find(7) == nullptr);
  CHECK(index.empty());
}
