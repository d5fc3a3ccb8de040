#include "tests/schema/lens/random_schema.h"

#include <array>
#include <cstdlib>
#include <string>

namespace tlfs::schema::testing {
namespace {

constexpr std::array<const char*, 6> kNames{"a", "b", "c", "title", "tasks", "attrs"};

std::string random_name(SeededRandom& random) { return kNames[random.below(kNames.size())]; }

Ordinal random_node(const Tree& tree, SeededRandom& random) {
  return static_cast<Ordinal>(random.below(tree.nodes().size()));
}

Lens random_make(const Tree& tree, SeededRandom& random) {
  constexpr std::array<Kind, 10> kKinds{Kind::structure, Kind::structure, Kind::structure, Kind::table, Kind::array,
                                        Kind::text,      Kind::reg,       Kind::reg,       Kind::flag,  Kind::counter};
  const Kind kind = kKinds[random.below(kKinds.size())];
  const auto primitive = static_cast<Primitive>(fits(kind, Primitive::none) ? 0 : 1 + random.below(6));
  if (tree.nodes().empty()) return make(tree, kNoOrdinal, Kind::structure, Primitive::none, false, "");
  const Ordinal parent = random_node(tree, random);
  std::string name = random_name(random);
  if (tree.nodes()[parent].kind == Kind::array) name = kArrayValue;
  if (tree.nodes()[parent].kind == Kind::table) name = kTableValue;
  return make(tree, parent, kind, primitive, random.chance(0.1), name);
}

Value random_value(Primitive primitive, SeededRandom& random) {
  switch (primitive) {
    case Primitive::boolean:
      return random.chance(0.5);
    case Primitive::u64:
      return random.next();
    case Primitive::i64:
      return static_cast<std::int64_t>(random.next());
    case Primitive::f64:
      return static_cast<double>(random.below(1000)) / 8 - 50;
    case Primitive::string:
      return std::string(random.below(20), 'x') + "ü";
    case Primitive::bytes:
      return Bytes(random.below(20), 7);
    case Primitive::none:
      break;
  }
  return {};
}

Lens candidate(const Tree& tree, SeededRandom& random) {
  if (tree.nodes().empty() || random.chance(0.4)) return random_make(tree, random);
  const Ordinal node = random_node(tree, random);
  switch (random.below(6)) {
    case 0:
      return hide(node);
    case 1:
      return show(node);
    case 2:
      return rename(tree, node, random_name(random));
    case 3:
      return hoist(tree, node);
    case 4:
      return plunge(tree, node, random_node(tree, random));
    default:
      return set_default(tree, node, random_value(tree.nodes()[node].primitive, random));
  }
}

}  // namespace

Lens random_lens(const Tree& tree, SeededRandom& random) {
  for (;;) {
    Lens lens = candidate(tree, random);
    const auto* value = std::get_if<SetDefault>(&lens);
    if (value != nullptr && value->to == Value{}) continue;
    Tree copy = tree;
    if (apply_lens(copy, lens)) return lens;
  }
}

void grow(PackageBuilder& builder, std::uint32_t& minor, int count, SeededRandom& random) {
  for (int i = 1; i <= count; ++i) {
    const Status added = builder.add(random_lens(builder.tree(), random));
    TLFS_CHECK(added.ok(), "a random lens fits");
    if (i == count || random.chance(0.15)) {
      const Status marked = builder.mark({0, ++minor, 0});
      TLFS_CHECK(marked.ok(), "a version can follow");
    }
  }
}

std::shared_ptr<const Package> random_package(SeededRandom& random, int lenses) {
  PackageBuilder builder("random");
  std::uint32_t minor = 0;
  grow(builder, minor, lenses, random);
  return *builder.finish();
}

std::uint64_t seeds() {
  const char* wish = std::getenv("TLFS_SEEDS");
  const std::uint64_t count = wish == nullptr ? 0 : std::strtoull(wish, nullptr, 10);
  return count == 0 ? 200 : count;
}

}  // namespace tlfs::schema::testing
