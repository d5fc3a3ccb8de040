#include "runtime/document/change_graph.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/runtime/document/random_batch.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

// Makes headers that follow from what a graph holds; hashes are those of real headers.
struct Author {
  ChangeGraph& graph;
  ChangeIndex add(std::uint8_t writer, std::vector<ChangeIndex> parents, std::uint32_t ids, std::uint8_t salt = 0) {
    return add_header(header(writer, std::move(parents), ids, salt));
  }
  // `parents`: the writer's own last change first, if there is one.
  Header header(std::uint8_t writer, std::vector<ChangeIndex> parents, std::uint32_t ids, std::uint8_t salt = 0) const {
    Header h;
    h.writer = writer_number(writer);
    h.document.fill(9);
    h.package.fill(salt);
    h.id_count = ids;
    h.lamport = 1 + graph.max_lamport(parents);
    if (!parents.empty() && graph.ids().writer(graph.at(parents[0]).agent) == h.writer) {
      const ChangeRecord& prev = graph.at(parents[0]);
      h.seq = prev.seq + 1;
      h.prev = prev.hash;
      h.first_counter = prev.first_counter + prev.id_count;
      parents.erase(parents.begin());
    }
    for (ChangeIndex p : parents) h.deps.push_back(graph.at(p).hash);
    std::sort(h.deps.begin(), h.deps.end());
    h.leaf_digests.emplace_back();
    return h;
  }
  ChangeIndex add_header(const Header& h) const {
    const Bytes bytes = encode_header(h);
    return graph.add(crypto::hash("tlfs change", {bytes}), h).value();
  }
};

// Naive: everything in or before the tips.
std::set<ChangeIndex> naive_past(const ChangeGraph& graph, std::span<const ChangeIndex> tips) {
  std::set<ChangeIndex> seen;
  std::vector<ChangeIndex> left(tips.begin(), tips.end());
  while (!left.empty()) {
    const ChangeIndex i = left.back();
    left.pop_back();
    if (!seen.insert(i).second) continue;
    for (ChangeIndex p : graph.at(i).parents) left.push_back(p);
  }
  return seen;
}

LvSet naive_not_before(const ChangeGraph& graph, std::span<const ChangeIndex> tips, ChangeIndex limit) {
  const auto seen = naive_past(graph, tips);
  LvSet lvs;
  for (ChangeIndex i = 0; i < limit; ++i)
    if (!seen.contains(i)) lvs.add(graph.at(i).base, graph.at(i).id_count);
  return lvs;
}

}  // namespace

TEST_CASE("a set of local versions is what was added to it, as few ranges") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    LvSet a, b;
    std::vector<bool> in_a(200), in_b(200);
    for (int i = 0; i < 12; ++i) {
      const auto first = static_cast<Lv>(random.below(180));
      const auto count = static_cast<std::uint32_t>(random.below(15));
      LvSet& set = i % 2 == 0 ? a : b;
      set.add(first, count);
      for (Lv lv = first; lv < first + count; ++lv) (i % 2 == 0 ? in_a : in_b)[lv] = true;
    }
    for (std::size_t r = 1; r < a.ranges().size(); ++r) REQUIRE(a.ranges()[r - 1].end() < a.ranges()[r].first);
    for (Lv lv = 0; lv < 200; ++lv) {
      REQUIRE(a.contains(lv) == in_a[lv]);
      std::uint32_t same = 1;
      while (lv + same < 200 && in_a[lv + same] == in_a[lv]) ++same;
      REQUIRE(std::min(a.uniform(lv, 200), 200 - lv) == same);
    }
    a.intersect(b);
    for (Lv lv = 0; lv < 200; ++lv) REQUIRE(a.contains(lv) == (in_a[lv] && in_b[lv]));
  }
}

TEST_CASE("what is concurrent with a change agrees with walking the whole graph") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    ChangeGraph graph;
    Author author{graph};
    const std::uint64_t writers = 1 + random.below(6);
    std::vector<ChangeIndex> last(writers, kNoChange);
    for (int step = 0; step < 120; ++step) {
      const std::uint64_t w = random.below(writers);
      std::vector<ChangeIndex> parents;
      if (last[w] != kNoChange) parents.push_back(last[w]);
      if (random.chance(0.3)) {
        for (ChangeIndex h : graph.heads())
          if (h != last[w] && random.chance(0.6)) parents.push_back(h);
      }
      const ChangeIndex i =
          author.add(static_cast<std::uint8_t>(w + 1), parents, static_cast<std::uint32_t>(1 + random.below(4)));
      last[w] = i;
      REQUIRE(graph.at(i).lawful);
      REQUIRE(graph.not_before(parents, i) == naive_not_before(graph, parents, i));
      if (random.chance(0.2)) {
        std::vector<ChangeIndex> tips;
        for (std::uint64_t n = 1 + random.below(4); n > 0; --n)
          tips.push_back(static_cast<ChangeIndex>(random.below(graph.size())));
        const auto limit = static_cast<ChangeIndex>(graph.size());
        REQUIRE(graph.not_before(tips, limit) == naive_not_before(graph, tips, limit));
        const auto seen = naive_past(graph, tips);
        const std::vector<bool> flags = graph.past(tips);
        for (ChangeIndex c = 0; c < limit; ++c) REQUIRE(flags[c] == seen.contains(c));
        std::vector<ChangeIndex> expected;
        for (ChangeIndex t : std::set<ChangeIndex>(tips.begin(), tips.end())) {
          const bool covered = std::any_of(tips.begin(), tips.end(), [&](ChangeIndex o) {
            return o != t && naive_past(graph, std::vector<ChangeIndex>{o}).contains(t);
          });
          if (!covered) expected.push_back(t);
        }
        REQUIRE(graph.maximal(tips) == expected);
      }
    }
    std::vector<ChangeIndex> heads;
    for (ChangeIndex i = 0; i < graph.size(); ++i) {
      bool is_parent = false;
      for (ChangeIndex j = i + 1; j < graph.size(); ++j)
        for (ChangeIndex p : graph.at(j).parents) is_parent = is_parent || p == i;
      if (!is_parent) heads.push_back(i);
      for (std::uint32_t k = 0; k < graph.at(i).id_count; ++k) REQUIRE(graph.change_of(graph.at(i).base + k) == i);
    }
    REQUIRE(std::equal(heads.begin(), heads.end(), graph.heads().begin(), graph.heads().end()));
  }
}

TEST_CASE("a second change with the same number branches off, and both branches keep their ids") {
  //  a0 -- a1 -- a2
  //    \-- x1
  ChangeGraph graph;
  Author author{graph};
  const ChangeIndex a0 = author.add(1, {}, 3);
  const ChangeIndex a1 = author.add(1, {a0}, 2);
  const ChangeIndex x1 = author.add(1, {a0}, 4, 1);
  const ChangeIndex a2 = author.add(1, {a1}, 1);
  CHECK(graph.has_forked(writer_number(1)));
  CHECK(graph.at(a0).agent == graph.at(a2).agent);
  CHECK(graph.at(x1).agent != graph.at(a1).agent);
  CHECK(graph.at(x1).lawful);
  CHECK(graph.ids().lv_of(graph.at(x1).agent, 1) == graph.at(a0).base + 1);
  CHECK(graph.ids().lv_of(graph.at(x1).agent, 3) == graph.at(x1).base);
  CHECK(graph.ids().lv_of(graph.at(a1).agent, 3) == graph.at(a1).base);
  CHECK(graph.last_of(graph.at(x1).agent) == x1);
  CHECK(graph.find(WriterEntry{writer_number(1), {}}) == kNoAgent);
  CHECK(graph.find(WriterEntry{writer_number(1), graph.at(x1).hash}) == graph.at(x1).agent);
  CHECK(graph.ordered_before(graph.at(a1).base, graph.at(x1).base) !=
        graph.ordered_before(graph.at(x1).base, graph.at(a1).base));

  SECTION("and who has seen one branch only means that one") {
    const ChangeIndex saw_x = author.add(2, {x1}, 1);
    const ChangeIndex saw_a = author.add(3, {a2}, 1);
    const ChangeIndex saw_both = author.add(4, {x1, a1}, 1);
    const ChangeIndex saw_start = author.add(5, {a0}, 1);
    const WriterEntry unbranched{writer_number(1), {}};
    CHECK(SeenWriters(graph, saw_x).find(unbranched) == graph.at(x1).agent);
    CHECK(SeenWriters(graph, saw_a).find(unbranched) == graph.at(a1).agent);
    CHECK(SeenWriters(graph, saw_both).find(unbranched) == kNoAgent);
    CHECK(SeenWriters(graph, saw_start).find(unbranched) == graph.at(a0).agent);
    CHECK(graph.describe(graph.at(x1).agent, graph.at(x1).base).branch == graph.at(x1).hash);
  }
}

TEST_CASE("replicas that learn of a fork in different orders order its operations alike") {
  ChangeGraph first, second;
  Author a{first};
  Author b{second};
  const Header h0 = a.header(1, {}, 3);
  a.add_header(h0);
  b.add_header(h0);
  const Header h1 = a.header(1, {0}, 2);
  const Header x1 = a.header(1, {0}, 2, 7);
  const ChangeIndex f1 = a.add_header(h1), fx = a.add_header(x1);
  const ChangeIndex sx = b.add_header(x1), s1 = b.add_header(h1);
  CHECK(first.ordered_before(first.at(f1).base, first.at(fx).base) ==
        second.ordered_before(second.at(s1).base, second.at(sx).base));
  CHECK(first.ordered_before(first.at(f1).base, first.at(fx).base + 1));  // the lesser counter first
  CHECK(first.ordered_before(first.at(fx).base, first.at(f1).base + 1));
  const ChangeIndex seen1 = b.add(2, {sx}, 1), seen2 = a.add(2, {fx}, 1);
  CHECK(SeenWriters(first, seen2).find({writer_number(1), {}}) == first.at(fx).agent);
  CHECK(SeenWriters(second, seen1).find({writer_number(1), {}}) == second.at(sx).agent);
}

TEST_CASE("changes whose numbers do not follow from their parents are links without effect") {
  ChangeGraph graph;
  Author author{graph};
  const ChangeIndex a0 = author.add(1, {}, 3);
  const auto lawful = [&](auto change) {
    Header h = author.header(1, {a0}, 2, static_cast<std::uint8_t>(graph.size()));
    change(h);
    return graph.at(author.add_header(h)).lawful;
  };
  CHECK(lawful([](Header&) {}));
  CHECK_FALSE(lawful([](Header& h) { h.lamport = 7; }));
  CHECK_FALSE(lawful([](Header& h) { h.lamport = 1; }));
  CHECK_FALSE(lawful([](Header& h) { h.first_counter = 1; }));
  CHECK_FALSE(lawful([](Header& h) { h.first_counter = kMaxCounter; }));
  CHECK_FALSE(lawful([](Header& h) { h.seq = 5; }));
  CHECK_FALSE(lawful([](Header& h) { h.writer = writer_number(2); }));
  Header late_start = author.header(3, {}, 1);
  late_start.first_counter = 10;
  CHECK_FALSE(graph.at(author.add_header(late_start)).lawful);
}

TEST_CASE("ids handed out for local transactions keep their place when they become a change") {
  ChangeGraph graph;
  Author author{graph};
  const AgentIndex own = graph.ensure_agent(writer_number(1));
  const Lv lv = graph.ids().append(own, 0, 5);
  CHECK(graph.change_of(lv) == kNoChange);
  const ChangeIndex first = author.add(1, {}, 3);
  CHECK(graph.at(first).base == lv);
  CHECK(graph.at(first).agent == own);
  CHECK(graph.change_of(lv + 2) == first);
  CHECK(graph.change_of(lv + 3) == kNoChange);
  CHECK(graph.ordered_before(lv + 2, lv + 3));
  CHECK_THROWS_AS(author.add(2, {}, 1), InvariantViolation);
  CHECK(graph.at(author.add(1, {first}, 2)).base == lv + 3);
}

TEST_CASE("a document that has no ids left refuses a change and is as before") {
  ChangeGraph graph;
  Author author{graph};
  ChangeIndex last = author.add(1, {}, kMaxIdsPerChange);
  while (kMaxOperations - graph.ids().size() >= kMaxIdsPerChange) last = author.add(1, {last}, kMaxIdsPerChange);
  const Header one_too_many = author.header(1, {last}, kMaxIdsPerChange);
  const std::size_t size = graph.size();
  const auto refused = graph.add(crypto::hash("tlfs change", {encode_header(one_too_many)}), one_too_many);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().is(Errc::limit_exceeded));
  CHECK(graph.size() == size);
  CHECK(graph.at(author.add(1, {last}, 10)).id_count == 10);
}
