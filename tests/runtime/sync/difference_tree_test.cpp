#include <catch2/catch.hpp>

#include <map>

#include "runtime/base/environment.h"
#include "runtime/sync/difference_tree.h"

using namespace tlfs;
using namespace tlfs::sync;

namespace {

using Model = std::map<Position, std::pair<Leaf, DocumentNumber>>;

DifferenceTree::Summary summary_of(const Model& model, const Prefix& prefix) {
  DifferenceTree::Summary out;
  for (const auto& [position, held] : model)
    if (prefix.holds(position)) {
      out.sum += held.first;
      ++out.count;
    }
  return out;
}

// Few enough high halves that subtrees of every depth have members, and neighbours that differ in the last bits only.
Position random_position(SeededRandom& random) {
  if (random.chance(0.5)) return {random.next(), random.next()};
  return {(random.below(4) << 62) | random.below(8), random.below(4)};
}

void same(const DifferenceTree& tree, const Model& model, SeededRandom& random) {
  REQUIRE(tree.count() == model.size());
  for (unsigned length : {0U, 1U, 3U, 7U, 11U, 40U, 63U, 64U})
    for (int i = 0; i < 3; ++i) {
      const Prefix prefix{random_position(random).high & Prefix::mask(length), length};
      const auto expected = summary_of(model, prefix), is = tree.summary(prefix);
      REQUIRE(is.count == expected.count);
      REQUIRE(is.sum == expected.sum);
      std::vector<Position> visited;
      tree.visit(prefix, [&](const auto& entry) { visited.push_back(entry.position); });
      REQUIRE(visited.size() == expected.count);
      REQUIRE(std::is_sorted(visited.begin(), visited.end()));
    }
}

}  // namespace

TEST_CASE("A tree says of every prefix what a map says, whatever came and went") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    DifferenceTree tree;
    Model model;
    for (int step = 0; step < 3'000; ++step) {
      // The first half grows, the second shrinks, so that buckets are divided and joined.
      const bool removes = random.chance(step < 1'500 ? 0.2 : 0.8) && !model.empty();
      auto at = model.lower_bound(random_position(random));
      if (at == model.end()) at = model.begin();
      if (removes) {
        REQUIRE(tree.remove(at->first));
        model.erase(at);
      } else {
        const bool replaces = !model.empty() && random.chance(0.3);
        const Position position = replaces ? at->first : random_position(random);
        const Leaf leaf{random.next(), random.next()};
        tree.set({position, leaf, static_cast<DocumentNumber>(step)});
        model[position] = {leaf, static_cast<DocumentNumber>(step)};
      }
      if (step % 300 == 0) same(tree, model, random);
    }
    same(tree, model, random);
    std::vector<DifferenceTree::Entry> entries;
    for (const auto& [position, held] : model) {
      REQUIRE(tree.find(position)->leaf == held.first);
      REQUIRE(tree.find(position)->document == held.second);
      entries.insert(entries.begin(), {position, held.first, held.second});
    }
    same(DifferenceTree(entries), model, random);
    CHECK_FALSE(tree.remove({1, 99}));
  }
}

TEST_CASE("Sums carry from the low half to the high one and back") {
  Sum sum{1, ~std::uint64_t{0}};
  sum += Leaf{2, 1};
  CHECK(sum == Sum{4, 0});
  sum -= Leaf{2, 1};
  CHECK(sum == Sum{1, ~std::uint64_t{0}});
}
