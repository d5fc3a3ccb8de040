// References that find their supervisor by its path: they survive the supervisor's restarts too.
#include <catch2/catch.hpp>

#include "actors/supervision/supervised_ref.h"
#include "actors/testing/world.h"
#include "tests/actors/workers.h"

namespace tlfs::supervision {
namespace {

using namespace std::chrono_literals;
using testing::Diary;
using testing::worker;
using testing::worker_spec;
using testing::World;
using Lines = std::vector<std::string>;

struct Node {
  World world;
  std::shared_ptr<Diary> diary = std::make_shared<Diary>();
  caf::actor root, client;
  std::unique_ptr<SupervisedRef> ref;
  Lines results;

  explicit Node(std::uint64_t seed = 1, bool dynamic = false) : world(seed) {
    auto config = world.supervisor_config({supervisor_spec("documents", [this, dynamic] {
      SupervisorConfig inner;
      if (!dynamic) inner.children = {worker_spec("one", diary)};
      inner.intensity = {.restarts = 0, .period = 5s};
      return inner;
    })});
    config.intensity = {.restarts = 100, .period = 5s};
    config.backoff = {.initial = 50ms, .ceiling = 1s, .stable_after = 10s, .jitter = 0};
    root = world.spawn_supervisor(std::move(config));
    client = world.spawn_client();
    World::let(client, [this, dynamic](caf::event_based_actor& self) {
      RefOptions options;
      if (dynamic) options.start_when_absent = std::make_shared<const ChildSpec>(worker_spec("one", diary));
      ref = std::make_unique<SupervisedRef>(&self, world.registry(), "/node/documents", "one", options);
    });
    world.run();
  }
  ~Node() {
    World::let(client, [this](caf::event_based_actor&) { ref.reset(); });
    world.run();
  }
  void ask(int n, bool idempotent = false) {
    World::let(client, [this, n, idempotent](caf::event_based_actor&) {
      ref->request<int>(
          {.timeout = 10s, .idempotent = idempotent},
          [this](Result<int> r) {
            results.push_back(r.ok()                        ? std::to_string(*r)
                              : r.error().is(Errc::lost)    ? "lost"
                              : r.error().is(Errc::stopped) ? "stopped"
                                                            : r.error().message());
          },
          n);
    });
  }
  void command(const std::string& text, bool idempotent = false) {
    World::let(client, [this, text, idempotent](caf::event_based_actor&) {
      ref->request<std::string>(
          {.timeout = 10s, .idempotent = idempotent},
          [this](Result<std::string> r) {
            results.push_back(r.ok() ? *r : r.error().is(Errc::lost) ? "lost" : r.error().message());
          },
          text);
    });
  }
  caf::actor documents() {
    WatchChild watch;
    watch.id = "documents";
    return world.ask<ChildPhase>(root, watch).handle;
  }
};

TEST_CASE("a reference by path follows its child to the next supervisor, and what was asked meanwhile is answered") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    Node node(seed);
    node.ask(1);
    node.world.run();
    CHECK(node.results == Lines{"2"});
    node.command("throw");  // more than the inner supervisor bears
    node.world.run();
    node.ask(2);
    node.ask(3);
    node.world.pass(200ms);
    CHECK(node.results == Lines{"2", "lost", "4", "6"});
    CHECK(node.ref->phase().kind == PhaseKind::up);
    CHECK(node.diary->count("start one") == 2);
  }
}

TEST_CASE("requests on their way when a supervisor is killed are lost or answered, idempotent ones answered") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    Node node(seed);
    caf::anon_send_exit(node.documents(), caf::exit_reason::kill);
    for (int i = 0; i < 4; ++i) node.ask(i, true);
    node.world.pass(300ms);
    CHECK(node.results == Lines{"0", "2", "4", "6"});
    node.results.clear();
    caf::anon_send_exit(node.documents(), caf::exit_reason::kill);
    for (int i = 0; i < 4; ++i) node.ask(i);
    node.world.pass(300ms);
    CHECK(node.results.size() == 4);
    for (const auto& result : node.results) CHECK(result.size() <= 4);  // a number, or "lost"
  }
}

TEST_CASE("a child started on demand is started again under the next supervisor") {
  Node node(1, true);
  node.ask(1);
  node.world.run();
  CHECK(node.results == Lines{"2"});
  node.command("silence");  // under way when everything ends
  node.world.run();
  caf::anon_send_exit(node.documents(), caf::exit_reason::kill);
  node.world.pass(300ms);
  CHECK(node.results == Lines{"2", "lost"});
  node.ask(2);
  node.world.pass(300ms);
  CHECK(node.results.back() == "4");
}

TEST_CASE("when the root has ended, what waits for a supervisor ends too, and so does what is asked later") {
  Node node;
  caf::anon_send_exit(node.documents(), caf::exit_reason::kill);
  node.world.run();
  node.ask(1);
  node.world.run();
  CHECK(node.results.empty());
  caf::anon_send_exit(node.root, caf::exit_reason::user_shutdown);
  node.world.run();
  CHECK(node.results == Lines{"stopped"});
  node.ask(2);
  node.world.run();
  CHECK(node.results == Lines{"stopped", "stopped"});
}

TEST_CASE("a reference may be made before there is a supervisor at its path") {
  World world;
  auto diary = std::make_shared<Diary>();
  auto client = world.spawn_client();
  std::unique_ptr<SupervisedRef> ref;
  int answer = 0;
  World::let(client, [&](caf::event_based_actor& self) {
    ref = std::make_unique<SupervisedRef>(&self, world.registry(), "/node", "one");
    ref->request<int>(
        {.timeout = 1s}, [&](Result<int> r) { answer = r.ok() ? *r : -1; }, 21);
  });
  world.run();
  auto root = world.spawn_supervisor(world.supervisor_config({worker_spec("one", diary)}));
  world.run();
  CHECK(answer == 42);
  World::let(client, [&](caf::event_based_actor&) { ref.reset(); });
  world.run();
}

}  // namespace
}  // namespace tlfs::supervision
