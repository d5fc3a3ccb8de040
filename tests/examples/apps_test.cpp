// The example apps, as their authors test them: on a deterministic node, with crashes.
#include <catch2/catch.hpp>

#include "actors/testing/test_node.h"
#include "examples/apps/archiver.h"
#include "examples/apps/reminder.h"
#include "examples/apps/todos.h"

namespace tlfs::examples {
namespace {

using document::Data;
using document_actor::Edits;
using testing::TestNode;
using namespace std::chrono_literals;

Data task(const std::string& title, bool done = false, std::optional<std::int64_t> due = {}) {
  Data::Object fields{{"title", Data(Value(title))}, {"done", Data(Value(done))}};
  if (due) fields.emplace_back("due", Data(Value(*due)));
  return Data(std::move(fields));
}

void start_archiver(TestNode& node, const app::DocumentId& todos) {
  app::AppSpec spec;
  spec.id = "archiver";
  spec.make = [todos] { return std::make_unique<Archiver>(todos); };
  node.start_app(std::move(spec));
}

TEST_CASE("the archiver moves what is done, before it started and after") {
  TestNode node({});
  const auto todos = node.create_document(todos_package());
  REQUIRE(node.transact(todos, Edits().insert(".tasks", 0, {task("old", true), task("open")})).ok());
  start_archiver(node, todos);
  node.pass(100ms);
  CHECK(node.json(todos, ".archive") == R"([{"title":"old"}])");
  REQUIRE(node.transact(todos, Edits().set(".tasks[0].done", Value(true))).ok());
  node.pass(100ms);
  CHECK(node.json(todos, ".tasks") == "[]");
  CHECK(node.json(todos, ".archive") == R"([{"title":"old"},{"title":"open"}])");
}

TEST_CASE("the archiver neither loses nor doubles a task, whatever crashes") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    INFO("seed " << seed);
    TestNode node({.seed = seed});
    SeededRandom random(seed);
    const auto todos = node.create_document(todos_package());
    start_archiver(node, todos);
    constexpr int kTasks = 20;
    for (int i = 0; i < kTasks; ++i) {
      REQUIRE(node.transact(todos, Edits().insert(".tasks", 0, {task(std::to_string(i), true)})).ok());
      for (std::uint64_t steps = random.below(20); steps > 0; --steps) node.world().step();
      switch (random.below(6)) {
        case 0:
          node.crash_app("archiver");
          break;
        case 1:
          node.crash_document(todos);
          break;
        case 2:
          node.crash_store();
          break;
        default:
          break;
      }
    }
    node.pass(60s, 100ms);
    const auto archive = node.get(todos, ".archive");
    REQUIRE(archive.ok());
    CHECK(archive->snapshot->array()->size() == kTasks);
    CHECK(node.json(todos, ".tasks") == "[]");
  }
}

TEST_CASE("the reminder speaks once for each task, when it is due") {
  TestNode node({});
  const auto todos = node.create_document(todos_package());
  std::vector<std::string> said;
  app::AppSpec spec;
  spec.id = "reminder";
  spec.make = [&] {
    return std::make_unique<Reminder>(todos, [&](const std::string& title) { said.push_back(title); });
  };
  node.start_app(spec);
  const auto now = node.world().clock()->wall().count();
  REQUIRE(node.transact(todos, Edits().insert(".tasks", 0,
                                              {task("late", false, now + 60'000), task("never"),
                                               task("soon", false, now + 5'000), task("done", true, now + 1'000)}))
              .ok());
  node.pass(4s, 100ms);
  CHECK(said.empty());
  node.pass(2s, 100ms);
  CHECK(said == std::vector<std::string>{"soon"});
  REQUIRE(node.crash_app("reminder"));
  node.pass(30s, 100ms);
  CHECK(said.size() == 1);
  node.pass(30s, 100ms);
  CHECK(said == std::vector<std::string>{"soon", "late"});
  node.pass(60s, 100ms);
  CHECK(said.size() == 2);
}

TEST_CASE("an app that fails is started again and gets a snapshot; messages reach the handler of their type") {
  struct Add {
    int amount;
  };
  struct Summer final : app::App {
    explicit Summer(std::vector<int>& to) : sums(to) {}
    void start(app::Context& node) override {
      sums.push_back(0);
      node.on<Add>([this](const Add& add) {
        if (add.amount < 0) throw std::runtime_error("cannot add less than nothing");
        sums.back() += add.amount;
      });
    }
    std::vector<int>& sums;
  };
  TestNode node({});
  std::vector<int> sums;  // one for each incarnation
  app::AppSpec spec;
  spec.id = "summer";
  spec.make = [&] { return std::make_unique<Summer>(sums); };
  node.start_app(spec);
  node.post("summer", Add{2});
  node.post("summer", Add{3});
  node.run();
  CHECK(sums == std::vector<int>{5});
  node.post("summer", Add{-1});
  node.pass(1s);
  node.post("summer", Add{4});
  node.post("summer", std::string("nobody listens"));
  node.run();
  CHECK(sums == std::vector<int>{5, 4});
}

}  // namespace
}  // namespace tlfs::examples
