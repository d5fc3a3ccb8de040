#include "tests/runtime/document/world.h"

#include <catch2/catch.hpp>

#include "tests/runtime/document/model_reader.h"
#include "tests/runtime/document/random_schema.h"

namespace tlfs::document::testing {
namespace {

// All values of each register that the view shows and that has some, in the order of the view.
void collect(const Reader& reader, std::uint32_t view_node, const BranchCell* context,
             std::vector<std::vector<Value>>& out) {
  const BoundView& view = reader.view();
  const schema::ViewNode& shown = view.view->nodes()[view_node];
  const Cell* cell = reader.cell_in(context, view.node_of[view_node]);
  switch (reader.state().nodes().at(view.node_of[view_node]).kind) {
    case schema::Kind::structure:
      for (std::uint32_t field : shown.children) collect(reader, field, context, out);
      return;
    case schema::Kind::table:
      if (!cell) return;
      for (const EntryCell* e : Reader::entries(static_cast<const TableCell&>(*cell)))
        collect(reader, shown.children[0], e, out);
      return;
    case schema::Kind::array:
      if (!cell) return;
      static_cast<const ArrayCell*>(cell)->sequence.for_each_span([&](const Span& s, std::string_view) {
        for (Lv slot = s.id; s.visible && slot < s.id + s.length; ++slot)
          if (const ElementCell* e = reader.state().element(slot)) collect(reader, shown.children[0], e, out);
      });
      return;
    case schema::Kind::reg: {
      const auto* reg = static_cast<const RegisterCell*>(cell);
      if (!reg || reg->values.empty()) return;
      out.emplace_back();
      for (const auto& a : reg->values) out.back().push_back(a.value);
      return;
    }
    default:
      return;
  }
}

std::vector<std::vector<Value>> assignments(const Reader& reader) {
  std::vector<std::vector<Value>> out;
  collect(reader, 0, nullptr, out);
  return out;
}

}  // namespace

World::World(std::uint64_t seed, WorldOptions options) : random(seed) {
  schema =
      random_schema(random, {.compartments = seed % 3 == 0, .containers = options.containers, .small = seed % 2 == 0});
  steps = 20 + random.below(80);
  package = compile_package(schema);
  for (std::size_t i = 1; i <= options.replicas; ++i)
    replicas.emplace_back(settings(static_cast<std::uint8_t>(options.liar && i == options.replicas ? i - 1 : i)));
}

Document::Settings World::settings(std::uint8_t device) const {
  Document::Settings s;
  s.id.fill(7);
  s.device = key_number(device);
  s.package = package;
  return s;
}

void World::exchange(double loss) {
  Replica &from = any(), &to = any();
  if (&from == &to) return;
  to.import(mangle(random, from->changes_since(random.chance(0.7) ? to->version() : Version()), loss));
}

void World::step(bool connected, double loss) {
  Replica& author = any();
  author.edit(random);
  if (random.chance(0.5)) author->seal();
  if (connected && random.chance(0.6)) exchange(loss);
}

void World::run() {
  const std::size_t cut = random.below(steps), heal = cut + random.below(steps);
  for (std::size_t i = 0; i < steps; ++i) step(i < cut || i >= heal, 0.1);
}

void World::settle() {
  for (Replica& to : replicas)
    for (Replica& from : replicas)
      if (&to != &from) to.import(mangle(random, from->all_changes(), 0));
}

void World::require_agreement() {
  for (Replica& r : replicas) {
    REQUIRE(r->waiting() == 0);
    REQUIRE(r->version() == replicas[0]->version());
    REQUIRE(r->json() == replicas[0]->json());
  }
}

void World::judge(Replica& replica, const std::set<LeafId>& voided) {
  const Model model = read_model(replica.document(), {package}, voided);
  REQUIRE(to_json(replica->reader().data()) == to_json(model.value(*package, *package->latest())));
  REQUIRE(assignments(replica->reader()) == model.assignments(*package, *package->latest()));
}

std::vector<LeafId> World::random_leaves(double part) {
  std::vector<LeafId> leaves;
  for (const Change& c : replicas[0]->all_changes())
    for (std::uint32_t i = 0; i < c.leaves.size(); ++i)
      if (random.chance(part)) leaves.push_back({c.hash, i});
  return leaves;
}

}  // namespace tlfs::document::testing
