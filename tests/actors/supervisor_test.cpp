#include "actors/supervision/supervisor.h"

#include <catch2/catch.hpp>

#include "actors/testing/world.h"
#include "tests/actors/workers.h"

namespace tlfs::supervision {
namespace {

using namespace std::chrono_literals;
using testing::Diary;
using testing::worker_spec;
using testing::World;
using Lines = std::vector<std::string>;

StartChild start(ChildSpec spec, bool keep_existing = false) {
  StartChild request;
  request.spec = std::make_shared<const ChildSpec>(std::move(spec));
  request.keep_existing = keep_existing;
  return request;
}
StopChild stop(std::string id) {
  StopChild request;
  request.id = std::move(id);
  return request;
}
ReviveChild revive(std::string id) {
  ReviveChild request;
  request.id = std::move(id);
  return request;
}
caf::actor handle_of(World& world, const caf::actor& supervisor, const std::string& id) {
  WatchChild watch;
  watch.id = id;
  return world.ask<ChildPhase>(supervisor, watch).handle;
}
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Learns the reason an actor ends with.
std::shared_ptr<std::string> epitaph(World& world, const caf::actor& actor) {
  auto reason = std::make_shared<std::string>();
  World::let(world.spawn_client(), [=](caf::event_based_actor& self) {
    self.set_down_handler([=](caf::down_msg& down) { *reason = describe(down.reason); });
    self.monitor(actor);
  });
  world.run();
  return reason;
}

TEST_CASE("children start in order and stop in reverse, each after the one before it has gone") {
  World world;
  auto ends = std::make_shared<Lines>();
  std::vector<ChildSpec> children;
  auto starts = std::make_shared<Lines>();
  for (const std::string id : {"store", "auth", "documents"}) {
    ChildSpec spec;
    spec.id = id;
    spec.start = [=](ChildContext& context) {
      starts->push_back(id);
      return context.spawn([=](caf::event_based_actor* self) -> caf::behavior {
        self->attach_functor([=](const caf::error&) { ends->push_back(id); });
        return {[](int x) { return x; }};
      });
    };
    children.push_back(spec);
  }
  auto supervisor = world.spawn_supervisor(world.supervisor_config(children));
  world.run();
  CHECK(*starts == Lines{"store", "auth", "documents"});
  auto reason = epitaph(world, supervisor);
  caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
  world.run();
  CHECK(*ends == Lines{"documents", "auth", "store"});
  CHECK(*reason == "user_shutdown");
}

TEST_CASE("a child that throws is restarted after its backoff, with the text of the exception as the reason") {
  World world;
  auto diary = std::make_shared<Diary>();
  auto config = world.supervisor_config({worker_spec("scribe", diary), worker_spec("reader", diary)});
  config.backoff = {.initial = 100ms, .ceiling = 1s, .stable_after = 10s, .jitter = 0};
  auto supervisor = world.spawn_supervisor(std::move(config));
  world.run();
  const auto first = handle_of(world, supervisor, "scribe");
  caf::anon_send(first, std::string("throw"));
  world.run();

  auto status = world.status(supervisor);
  REQUIRE(status.children.size() == 2);
  CHECK(status.path == "/node");
  CHECK(status.children[0].path == "/node/scribe");
  CHECK(status.children[0].state == ChildState::waiting);
  CHECK(status.children[0].waiting_until == world.now() + 100ms);
  CHECK(status.children[0].last_error == "spilled the milk");
  CHECK(status.children[1].state == ChildState::running);
  CHECK(diary->count("start scribe") == 1);

  world.advance(99ms);
  world.run();
  CHECK(diary->count("start scribe") == 1);
  world.advance(1ms);
  world.run();
  CHECK(diary->count("start scribe") == 2);
  CHECK(diary->count("start reader") == 1);  // one_for_one: the other one never noticed
  status = world.status(supervisor);
  CHECK(status.children[0].state == ChildState::running);
  CHECK(status.children[0].restarts == 1);
  CHECK(status.counters.restarts == 1);
  CHECK(status.counters.crashes == 1);
  CHECK(handle_of(world, supervisor, "scribe") != first);
  CHECK(contains(world.log(), "handler_threw path=/node/scribe incarnation=1 what=\"spilled the milk\""));
  CHECK(contains(world.log(), "child_ended path=/node/scribe incarnation=1 reason=\"spilled the milk\""));
}

TEST_CASE(
    "a child that keeps failing makes its supervisor stop with a reason that names the child and its last error") {
  World world;
  auto diary = std::make_shared<Diary>();
  auto config = world.supervisor_config({worker_spec("scribe", diary), worker_spec("reader", diary)});
  config.intensity = {.restarts = 2, .period = 5s};
  config.backoff.initial = 0ns;
  auto supervisor = world.spawn_supervisor(std::move(config));
  auto reason = epitaph(world, supervisor);
  for (int i = 0; i < 3; ++i) {
    CHECK(reason->empty());
    caf::anon_send(handle_of(world, supervisor, "scribe"), std::string("throw"));
    world.run();
  }
  CHECK(*reason == "child scribe of /node ended more than 2 times in 5000 ms; last error: spilled the milk");
  CHECK(diary->count("start scribe") == 3);
}

TEST_CASE("a supervisor whose children cannot even start escalates instead of spinning") {
  World world;
  ChildSpec broken;
  broken.id = "broken";
  int attempts = 0;
  broken.start = [&](ChildContext&) -> caf::actor {
    ++attempts;
    throw std::runtime_error("no such file");
  };
  auto config = world.supervisor_config({broken});
  config.backoff.initial = 0ns;
  config.intensity = {.restarts = 3, .period = 5s};
  auto supervisor = spawn_root_supervisor(world.system(), std::move(config));
  auto reason = epitaph(world, supervisor);
  CHECK(attempts == 4);
  CHECK(contains(*reason, "child broken of /node"));
  CHECK(contains(*reason, "no such file"));

  SECTION("even when the very first start is one too many") {
    auto strict = world.supervisor_config({broken});
    strict.intensity.restarts = 0;
    reason = epitaph(world, world.spawn_supervisor(std::move(strict)));
    CHECK(attempts == 5);
    CHECK(contains(*reason, "no such file"));
  }
}

TEST_CASE("an exception while a child sets itself up is a crash like any other") {
  World world;
  ChildSpec broken;
  broken.id = "broken";
  broken.restart = Restart::temporary;
  broken.start = [](ChildContext& context) {
    return context.spawn([](caf::event_based_actor*) -> caf::behavior { throw std::runtime_error("bad key"); });
  };
  auto supervisor = world.spawn_supervisor(world.supervisor_config({broken}));
  world.run();
  const auto status = world.status(supervisor);
  CHECK(status.children[0].state == ChildState::finished);
  CHECK(status.children[0].last_error == "bad key");
}

TEST_CASE("class-based children are guarded as well") {
  class Clerk : public caf::event_based_actor {
   public:
    Clerk(caf::actor_config& config, std::string text) : caf::event_based_actor(config), text_(std::move(text)) {}
    caf::behavior make_behavior() override {
      return {[this](int) -> int { throw std::runtime_error(text_); }};
    }

   private:
    std::string text_;
  };
  World world;
  ChildSpec spec;
  spec.id = "clerk";
  spec.start = [](ChildContext& context) { return context.spawn<Clerk>("out of ink"); };
  auto supervisor = world.spawn_supervisor(world.supervisor_config({spec}));
  world.run();
  caf::anon_send(handle_of(world, supervisor, "clerk"), 1);
  world.run();
  CHECK(world.status(supervisor).children[0].last_error == "out of ink");
}

TEST_CASE("a child in quarantine stays down, says why, and leaves the others alone until it is revived") {
  World world;
  auto diary = std::make_shared<Diary>();
  auto poisoned = worker_spec("document/1", diary);
  poisoned.exhausted = Exhausted::quarantine;
  auto config = world.supervisor_config({worker_spec("document/2", diary)});
  config.intensity = {.restarts = 1, .period = 5s};
  config.backoff.initial = 0ns;
  auto supervisor = world.spawn_supervisor(std::move(config));
  world.ask<ChildPhase>(supervisor, start(poisoned));
  for (int i = 0; i < 2; ++i) {
    caf::anon_send(handle_of(world, supervisor, "document/1"), std::string("throw"));
    world.run();
  }
  auto status = world.status(supervisor);
  REQUIRE(status.children.size() == 2);
  CHECK(status.children[0].state == ChildState::running);
  CHECK(status.children[1].state == ChildState::quarantined);
  CHECK(status.children[1].last_error == "spilled the milk");
  CHECK(status.counters.quarantined == 1);
  world.pass(1min, 1s);
  CHECK(diary->count("start document/1") == 2);
  CHECK(world.ask<ChildPhase>(supervisor, revive("document/1")).kind == PhaseKind::up);
  world.run();
  CHECK(diary->count("start document/1") == 3);
}

TEST_CASE("dynamic children come and go by id") {
  World world;
  auto diary = std::make_shared<Diary>();
  auto supervisor = world.spawn_supervisor(world.supervisor_config());
  const auto spec = worker_spec("session/1", diary, Restart::temporary);
  const auto phase = world.ask<ChildPhase>(supervisor, start(spec));
  CHECK(phase.kind == PhaseKind::up);
  CHECK_THROWS_WITH(world.ask<ChildPhase>(supervisor, start(spec)), "session/1 exists already");
  CHECK(world.ask<ChildPhase>(supervisor, start(spec, true)).handle == phase.handle);
  world.ask<void>(supervisor, stop("session/1"));
  CHECK(world.status(supervisor).children.empty());
  CHECK_THROWS_WITH(world.ask<void>(supervisor, stop("session/1")), "no child session/1 under /node");

  world.ask<ChildPhase>(supervisor, start(spec));
  caf::anon_send(handle_of(world, supervisor, "session/1"), std::string("throw"));
  world.run();
  CHECK(world.status(supervisor).children.empty());  // temporary: not restarted, and forgotten
  CHECK(world.status(supervisor).counters.crashes == 1);
}

TEST_CASE("a transient child that finishes is not restarted, one that fails is") {
  World world;
  auto diary = std::make_shared<Diary>();
  auto supervisor = world.spawn_supervisor(world.supervisor_config({worker_spec("job", diary, Restart::transient)}));
  world.run();
  caf::anon_send(handle_of(world, supervisor, "job"), std::string("throw"));
  world.pass(1s);
  CHECK(diary->count("start job") == 2);
  caf::anon_send(handle_of(world, supervisor, "job"), std::string("quit"));
  world.pass(1s);
  CHECK(diary->count("start job") == 2);
  CHECK(world.status(supervisor).children[0].state == ChildState::finished);
}

TEST_CASE("a child that does not stop when asked is killed after its time") {
  World world;
  ChildSpec stubborn;
  stubborn.id = "stubborn";
  stubborn.shutdown = 2s;
  stubborn.start = [](ChildContext& context) {
    return context.spawn([](caf::event_based_actor* self) -> caf::behavior {
      self->set_exit_handler([](caf::exit_msg&) {});
      return {[](int x) { return x; }};
    });
  };
  auto supervisor = world.spawn_supervisor(world.supervisor_config({stubborn}));
  world.run();
  auto reason = epitaph(world, supervisor);
  caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
  world.run();
  world.advance(1999ms);
  world.run();
  CHECK(reason->empty());
  CHECK(world.status(supervisor).children[0].state == ChildState::stopping);
  world.advance(1ms);
  world.run();
  CHECK(*reason == "user_shutdown");
  CHECK(contains(world.log(), "child_killed path=/node/stubborn"));
}

TEST_CASE("a killed supervisor takes its children with it") {
  World world;
  auto diary = std::make_shared<Diary>();
  auto supervisor = world.spawn_supervisor(world.supervisor_config({worker_spec("scribe", diary)}));
  world.run();
  auto reason = epitaph(world, handle_of(world, supervisor, "scribe"));
  caf::anon_send_exit(supervisor, caf::exit_reason::kill);
  world.run();
  CHECK(*reason == "kill");
}

TEST_CASE("a supervisor under a supervisor is a child like any other, restarted with its own children") {
  World world;
  auto diary = std::make_shared<Diary>();
  ChildSpec inner;
  inner.id = "documents";
  inner.kind = ChildKind::supervisor;
  inner.start = [&](ChildContext& context) {
    auto config = world.supervisor_config({worker_spec("document/1", diary)});
    config.path = context.path();
    config.intensity.restarts = 0;
    return context.spawn<Supervisor>(std::move(config));
  };
  auto config = world.supervisor_config({inner});
  config.backoff.initial = 0ns;
  auto root = world.spawn_supervisor(std::move(config));
  world.run();
  const auto documents = handle_of(world, root, "documents");
  CHECK(world.status(documents).children[0].path == "/node/documents/document/1");
  caf::anon_send(handle_of(world, documents, "document/1"), std::string("throw"));
  world.run();
  const auto status = world.status(root);
  CHECK(status.children[0].restarts == 1);
  CHECK(status.children[0].last_error ==
        "child document/1 of /node/documents ended more than 0 times in 5000 ms; last error: spilled the milk");
  CHECK(diary->count("start document/1") == 2);
}

TEST_CASE("callers that die or lose interest leave nothing behind in the supervisor") {
  World world;
  auto diary = std::make_shared<Diary>();
  auto supervisor = world.spawn_supervisor(world.supervisor_config({worker_spec("scribe", diary)}));
  world.run();
  WatchChild watch;
  watch.id = "scribe";
  watch.known = PhaseKind::up;
  watch.incarnation = 1;
  for (int i = 0; i < 500; ++i) {
    auto caller = world.system().spawn(
        [=](caf::event_based_actor* self, int) -> caf::behavior {
          self->request(supervisor, caf::infinite, watch).then([](ChildPhase&) {});
          return {[self](int) { self->quit(); }};
        },
        i);
    world.run();
    caf::anon_send(caller, 0);
    world.run();
  }
  CHECK(world.status(supervisor).children[0].watchers < 40);
}

}  // namespace
}  // namespace tlfs::supervision
