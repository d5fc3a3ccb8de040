// Replicas that hold the same changes and the same voided leaves show the same value, whatever the way there.

#include <catch2/catch.hpp>
#include <set>

#include "tests/runtime/document/model_reader.h"
#include "tests/runtime/document/random_schema.h"
#include "tests/runtime/document/replicas.h"
#include "tests/runtime/document/seeds.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

constexpr std::size_t kReplicas = 4;

Document::Settings settings(std::shared_ptr<const schema::Package> package, std::uint8_t device) {
  Document::Settings s;
  s.id.fill(7);
  s.device = key_number(device);
  s.package = std::move(package);
  return s;
}

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

struct World {
  explicit World(std::uint64_t seed) : random(seed) {
    schema = random_schema(random, {.compartments = seed % 3 == 0, .small = seed % 2 == 0});
    steps = 20 + random.below(80);
    package = compile_package(schema);
    for (std::uint8_t i = 0; i < kReplicas; ++i)
      replicas.emplace_back(settings(package, static_cast<std::uint8_t>(i + 1)));
  }

  // Some changes of one, as a bad link brings them to another.
  void exchange(double loss) {
    const std::size_t from = random.below(kReplicas), to = random.below(kReplicas);
    if (from == to) return;
    replicas[to].import(
        mangle(random, replicas[from]->changes_since(random.chance(0.7) ? replicas[to]->version() : Version()), loss));
  }

  void run() {
    const std::size_t cut = random.below(steps), heal = cut + random.below(steps);
    for (std::size_t step = 0; step < steps; ++step) {
      Replica& author = replicas[random.below(kReplicas)];
      author.edit(random);
      if (random.chance(0.5)) author->seal();
      if ((step < cut || step >= heal) && random.chance(0.6)) exchange(0.1);
    }
  }

  void settle() {
    for (Replica& to : replicas)
      for (Replica& from : replicas)
        if (&to != &from) to.import(mangle(random, from->all_changes(), 0));
  }

  // The model, which reads the changes of this replica, sees the same.
  void judge(Replica& replica, const std::set<LeafId>& voided) {
    const Model model = read_model(replica.document(), {package}, voided);
    REQUIRE(to_json(replica->reader().data()) == to_json(model.value(*package, *package->latest())));
    REQUIRE(assignments(replica->reader()) == model.assignments(*package, *package->latest()));
  }

  std::vector<LeafId> random_leaves() {
    std::vector<LeafId> leaves;
    for (const Change& c : replicas[0]->all_changes())
      for (std::uint32_t i = 0; i < c.leaves.size(); ++i)
        if (random.chance(0.2)) leaves.push_back({c.hash, i});
    return leaves;
  }

  SeededRandom random;
  std::size_t steps = 0;
  std::string schema;
  std::shared_ptr<const schema::Package> package;
  std::vector<Replica> replicas;
};

}  // namespace

TEST_CASE("the same changes give the same value, and patches follow every step") {
  const SeedRange range = seeds(1000);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_convergence", "the same changes give*", seed));
    World world(seed);
    INFO(world.schema);
    world.run();
    world.settle();
    for (Replica& r : world.replicas) {
      REQUIRE(r->waiting() == 0);
      REQUIRE(r->version() == world.replicas[0]->version());
      REQUIRE(r->json() == world.replicas[0]->json());
    }
    world.judge(world.replicas[world.random.below(kReplicas)], {});
  }
}

TEST_CASE("a leaf may be voided before, while or after others build on it") {
  const SeedRange range = seeds(200);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_convergence", "a leaf may be voided*", seed));
    World world(seed);
    INFO(world.schema);
    world.run();
    world.settle();
    const std::vector<LeafId> first = world.random_leaves(), second = world.random_leaves();
    // One voids what it has, one more than that and takes it back, one learns of everything afterwards.
    world.replicas[0].set_voided(first, true);
    world.replicas[1].set_voided(second, true);
    world.replicas[1].set_voided(first, true);
    std::vector<LeafId> only_second;
    const std::set<LeafId> kept(first.begin(), first.end());
    for (const LeafId& leaf : second)
      if (!kept.contains(leaf)) only_second.push_back(leaf);
    world.replicas[1].set_voided(only_second, false);
    REQUIRE(world.replicas[1]->json() == world.replicas[0]->json());
    // Edits on top of the voided value, seen by one who voids only later.
    for (int i = 0; i < 5; ++i) world.replicas[0].edit(world.random);
    world.replicas[2].import(world.replicas[0]->all_changes());
    world.replicas[2].set_voided(first, true);
    world.replicas[1].import(world.replicas[0]->all_changes());
    REQUIRE(world.replicas[1]->json() == world.replicas[0]->json());
    REQUIRE(world.replicas[2]->json() == world.replicas[0]->json());
    world.judge(world.replicas[2], kept);
    world.replicas[0].set_voided(first, false);
    world.replicas[3].import(world.replicas[0]->all_changes());
    REQUIRE(world.replicas[3]->json() == world.replicas[0]->json());
  }
}

TEST_CASE("the value at an earlier version is that of a replica which has only that version's changes") {
  const SeedRange range = seeds(100);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_convergence", "the value at an earlier version*", seed));
    World world(seed);
    INFO(world.schema);
    struct Then {
      Version version;
      std::string json;
      Data data;
    };
    std::vector<Then> moments;
    for (std::size_t step = 0; step < world.steps; ++step) {
      Replica& r = world.replicas[world.random.below(kReplicas)];
      r.edit(world.random);
      if (world.random.chance(0.4)) world.exchange(0);
      if (world.random.chance(0.15)) moments.push_back({r->version(), r->json(), r->reader().data()});
    }
    world.settle();
    Document& judge = world.replicas[3].document();
    for (std::size_t i = 0; i < moments.size(); ++i) {
      const Result<std::string> json = judge.json_at(moments[i].version);
      REQUIRE(json.ok());
      REQUIRE(*json == moments[i].json);
      const std::size_t other = world.random.below(moments.size());
      const Result<std::vector<Patch>> patches = judge.diff(moments[i].version, moments[other].version);
      REQUIRE(patches.ok());
      Data data = moments[i].data;
      const Status applied = apply_patches(data, *patches);
      INFO((applied ? std::string() : applied.error().message()));
      REQUIRE(applied.ok());
      REQUIRE(to_json(data) == moments[other].json);
    }
  }
}
