// Promises that hold for every schema, tried on generated ones.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "schema/compiler/compile.h"
#include "tests/schema/lens/random_schema.h"

using namespace tlfs;
using namespace tlfs::schema;
using namespace tlfs::schema::testing;

namespace {

constexpr int kLenses = 60;

// What must not change on the way to a node: arrays and tables (their keys are part of addresses) and compartments.
std::vector<Ordinal> anchors(const Package& p, const std::vector<Ordinal>& way) {
  std::vector<Ordinal> out;
  for (Ordinal node : way) {
    const Node& n = p.nodes()[node];
    if (n.kind == Kind::array || n.kind == Kind::table || n.compartment) out.push_back(node);
  }
  return out;
}

std::vector<Ordinal> way_by_birth(const Package& p, Ordinal node) {
  std::vector<Ordinal> way;
  for (; node != kNoOrdinal; node = p.nodes()[node].parent) way.push_back(node);
  return way;
}

std::vector<Ordinal> way_as_shown(const View& view, std::uint32_t at) {
  std::vector<Ordinal> way;
  for (; at != kNoOrdinal; at = view.nodes()[at].parent) way.push_back(view.nodes()[at].node);
  return way;
}

}  // namespace

TEST_CASE("A lens and then its reverse leaves the view as it was") {
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    SeededRandom random(seed);
    Tree tree;
    for (int i = 0; i < kLenses; ++i) {
      const Lens lens = random_lens(tree, random);
      INFO("seed " << seed << ", lens " << i << ": " << describe(tree, lens));
      const bool root = tree.nodes().empty();
      Tree there = tree;
      REQUIRE(apply_lens(there, lens).ok());
      if (!root) {  // the root stays for ever
        Tree back = there;
        REQUIRE(apply_lens(back, reverse(lens)).ok());
        REQUIRE(View(back, "") == View(tree, ""));
        Tree again = back;
        REQUIRE(apply_lens(again, reverse(reverse(lens))).ok());
        REQUIRE(View(again, "") == View(there, ""));
      }
      tree = std::move(there);
    }
  }
}

TEST_CASE("All lenses of a schema taken back one by one show every earlier view again") {
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Tree tree;
    std::vector<Lens> lenses;
    std::vector<View> views;
    for (int i = 0; i < kLenses; ++i) {
      lenses.push_back(random_lens(tree, random));
      REQUIRE(apply_lens(tree, lenses.back()).ok());
      views.emplace_back(tree, "");
    }
    for (std::size_t i = lenses.size() - 1; i > 0; --i) {
      REQUIRE(apply_lens(tree, reverse(lenses[i])).ok());
      REQUIRE(View(tree, "") == views[i - 1]);
    }
  }
}

TEST_CASE("No lens changes the arrays, tables and compartments on the way to a node") {
  std::size_t moved = 0;
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    const auto p = random_package(random, kLenses);
    for (const Package::VersionMark& mark : p->versions()) {
      const auto view = *p->view(mark.version.text());
      for (std::uint32_t at = 0; at < view->nodes().size(); ++at) {
        const auto birth = way_by_birth(*p, view->nodes()[at].node), shown = way_as_shown(*view, at);
        if (birth != shown) ++moved;
        REQUIRE(anchors(*p, birth) == anchors(*p, shown));
      }
    }
  }
  CHECK(moved > 0);
}

TEST_CASE("A view finds every place by name and by node, and nothing else") {
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    const auto p = random_package(random, kLenses);
    const View& view = *p->latest();
    std::size_t shown = 0;
    for (Ordinal node = 0; node < p->nodes().size(); ++node) shown += view.view_of(node) != kNoOrdinal;
    CHECK(shown == view.nodes().size());
    for (std::uint32_t at = 0; at < view.nodes().size(); ++at) {
      const ViewNode& place = view.nodes()[at];
      REQUIRE(view.view_of(place.node) == at);
      if (!place.name.empty()) REQUIRE(view.field(place.parent, place.name) == at);
      REQUIRE(view.field(at, "absent") == kNoOrdinal);
      REQUIRE(view.field(at, "") == kNoOrdinal);
      for (std::uint32_t child : place.children) REQUIRE(view.nodes()[child].parent == at);
      const Kind kind = p->nodes()[place.node].kind;
      if (kind == Kind::array || kind == Kind::table)
        REQUIRE(place.children.size() <= 1);
      else if (kind != Kind::structure)
        REQUIRE(place.children.empty());
    }
  }
}

TEST_CASE("Packages that evolved apart share every node with equal id, and the common past entirely") {
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    PackageBuilder left("apart");
    std::uint32_t minor = 0;
    grow(left, minor, kLenses / 2, random);
    const auto past = *left.finish();
    PackageBuilder right = left;
    std::uint32_t left_minor = minor, right_minor = minor;
    grow(left, left_minor, kLenses / 2, random);
    grow(right, right_minor, kLenses / 2, random);
    const auto a = *left.finish(), b = *right.finish();
    CHECK(a->extends(*past).ok());
    CHECK(b->extends(*past).ok());

    for (Ordinal node = 0; node < past->nodes().size(); ++node) {
      REQUIRE(a->find(past->nodes()[node].id) == node);
      REQUIRE(b->find(past->nodes()[node].id) == node);
    }
    for (const Node& node : a->nodes()) {
      const auto there = b->find(node.id);
      if (!there) continue;
      const Node& other = b->nodes()[*there];
      REQUIRE(other.kind == node.kind);
      REQUIRE(other.primitive == node.primitive);
      REQUIRE(other.birth_name == node.birth_name);
      REQUIRE(other.compartment == node.compartment);
      if (node.parent != kNoOrdinal) REQUIRE(a->nodes()[node.parent].id == b->nodes()[other.parent].id);
    }
  }
}

TEST_CASE("A package survives encoding and decoding bit by bit") {
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    const auto p = random_package(random, 1 + static_cast<int>(random.below(kLenses)));
    const auto decoded = Package::decode(p->encoded());
    INFO((decoded.ok() ? "" : decoded.error().message()));
    REQUIRE(decoded.ok());
    const Package& d = **decoded;
    CHECK(d.hash() == p->hash());
    CHECK(d.name() == p->name());
    CHECK(d.nodes() == p->nodes());
    CHECK(d.lenses() == p->lenses());
    CHECK(d.versions() == p->versions());
    for (const Package::VersionMark& mark : p->versions()) {
      CHECK(**d.view(mark.version.text()) == **p->view(mark.version.text()));
    }
  }
}

TEST_CASE("Mutated bytes decode to an error or to the package they canonically encode") {
  std::size_t refused = 0, accepted = 0;
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    const auto p = random_package(random, kLenses);
    for (int i = 0; i < 20; ++i) {
      Bytes bytes(p->encoded().begin(), p->encoded().end());
      for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
        bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
      }
      if (random.chance(0.1)) bytes.resize(random.below(bytes.size() + 1));
      if (random.chance(0.1)) bytes.resize(bytes.size() + 8 * random.below(4));
      const auto decoded = Package::decode(bytes);
      if (!decoded) {
        ++refused;
        continue;
      }
      ++accepted;
      REQUIRE(std::ranges::equal((*decoded)->encoded(), bytes));
    }
  }
  CHECK(refused > 0);
  CHECK(accepted > 0);  // a flipped letter of a name is another valid package
}
