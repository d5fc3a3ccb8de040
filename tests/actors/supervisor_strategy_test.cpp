// Which siblings are restarted with a child, in which order, and what a supervisor under a supervisor does.
#include <catch2/catch.hpp>

#include "actors/supervision/supervisor.h"
#include "actors/testing/world.h"
#include "tests/actors/workers.h"

namespace tlfs::supervision {
namespace {

using namespace std::chrono_literals;
using testing::Diary;
using testing::World;
using Lines = std::vector<std::string>;

// Writes down its start and its end; throws on "throw", ignores on "ignore" being asked to stop, quits on "quit".
ChildSpec noisy(const std::string& id, const std::shared_ptr<Diary>& diary, Restart restart = Restart::permanent) {
  ChildSpec spec;
  spec.id = id;
  spec.restart = restart;
  spec.start = [=](ChildContext& context) {
    diary->lines.push_back("+" + id);
    return context.spawn([=](caf::event_based_actor* self) -> caf::behavior {
      self->attach_functor([=](const caf::error&) { diary->lines.push_back("-" + id); });
      return {[=](const std::string& command) {
        if (command == "throw") throw std::runtime_error("spilled the milk");
        if (command == "quit") self->quit();
        if (command == "ignore") self->set_exit_handler([](caf::exit_msg&) {});
      }};
    });
  };
  return spec;
}

caf::actor handle_of(World& world, const caf::actor& supervisor, const std::string& id) {
  WatchChild watch;
  watch.id = id;
  return world.ask<ChildPhase>(supervisor, watch).handle;
}

struct Family {
  World world;
  std::shared_ptr<Diary> diary = std::make_shared<Diary>();
  caf::actor supervisor;

  explicit Family(Strategy strategy, Nanoseconds backoff = 0ns, Restart restart_of_c = Restart::permanent,
                  Intensity intensity = {}) {
    auto config = world.supervisor_config({noisy("a", diary), noisy("b", diary), noisy("c", diary, restart_of_c)});
    config.strategy = strategy;
    config.backoff = {.initial = backoff, .ceiling = 1s, .stable_after = 10s, .jitter = 0};
    config.intensity = intensity;
    supervisor = world.spawn_supervisor(std::move(config));
    world.run();
    diary->lines.clear();
  }
  void tell(const std::string& id, const std::string& command) {
    caf::anon_send(handle_of(world, supervisor, id), command);
    world.run();
  }
};

TEST_CASE("one_for_all stops the siblings in reverse and starts all in order") {
  Family family(Strategy::one_for_all);
  family.tell("b", "throw");
  CHECK(family.diary->lines == Lines{"-b", "-c", "-a", "+a", "+b", "+c"});
  const auto status = family.world.status(family.supervisor);
  CHECK(status.counters.crashes == 1);
  CHECK(status.counters.restarts == 3);
  for (const auto& child : status.children) CHECK(child.state == ChildState::running);
}

TEST_CASE("rest_for_one restarts the child and those started after it") {
  Family family(Strategy::rest_for_one);
  family.tell("b", "throw");
  CHECK(family.diary->lines == Lines{"-b", "-c", "+b", "+c"});
  family.diary->lines.clear();
  family.tell("c", "throw");
  CHECK(family.diary->lines == Lines{"-c", "+c"});
}

TEST_CASE("siblings wait for the backoff of the one that failed, and everyone can see it") {
  Family family(Strategy::one_for_all, 100ms);
  family.tell("a", "throw");
  CHECK(family.diary->lines == Lines{"-a", "-c", "-b"});
  for (const auto& child : family.world.status(family.supervisor).children) CHECK(child.state == ChildState::waiting);
  family.world.pass(90ms);
  CHECK(family.diary->lines.size() == 3);
  family.world.pass(20ms);
  CHECK(family.diary->lines == Lines{"-a", "-c", "-b", "+a", "+b", "+c"});
}

TEST_CASE("a sibling that fails while the others are being stopped is no second restart") {
  Family family(Strategy::one_for_all, 0ns, Restart::permanent, {.restarts = 1, .period = 60s});
  family.tell("c", "ignore");  // takes its shutdown time
  family.tell("b", "throw");
  CHECK(family.diary->lines == Lines{"-b"});
  family.tell("a", "throw");
  CHECK(family.diary->lines == Lines{"-b", "-a"});
  family.world.pass(6s, 500ms);
  CHECK(family.diary->lines == Lines{"-b", "-a", "-c", "+a", "+b", "+c"});
  const auto status = family.world.status(family.supervisor);
  CHECK(status.counters.killed == 1);
  CHECK_FALSE(status.stopping);
}

TEST_CASE("under rest_for_one an earlier sibling that fails meanwhile widens the restart and is counted") {
  Family family(Strategy::rest_for_one);
  family.tell("c", "ignore");
  family.tell("b", "throw");
  family.tell("a", "throw");
  family.world.pass(6s, 500ms);
  CHECK(family.diary->lines == Lines{"-b", "-a", "-c", "+a", "+b", "+c"});
  CHECK(family.world.status(family.supervisor).counters.crashes == 2);
}

TEST_CASE("temporary siblings are stopped and not started again") {
  Family family(Strategy::one_for_all, 0ns, Restart::temporary);
  family.tell("a", "throw");
  CHECK(family.diary->lines == Lines{"-a", "-c", "-b", "+a", "+b"});
  CHECK(family.world.status(family.supervisor).children[2].state == ChildState::finished);
}

TEST_CASE("a transient sibling that had finished is started again, one that was stopped by request is not") {
  Family family(Strategy::one_for_all, 0ns, Restart::transient);
  family.tell("c", "quit");
  StopChild stop;
  stop.id = "b";
  family.world.ask<void>(family.supervisor, stop);
  family.diary->lines.clear();
  family.tell("a", "throw");
  CHECK(family.diary->lines == Lines{"-a", "+a", "+c"});
  CHECK(family.world.status(family.supervisor).children[1].state == ChildState::finished);
}

TEST_CASE("a child that cannot start takes the siblings started before it down again, until the budget is gone") {
  World world;
  auto diary = std::make_shared<Diary>();
  ChildSpec broken;
  broken.id = "broken";
  broken.start = [=](ChildContext&) -> caf::actor {
    diary->lines.push_back("!");
    throw std::runtime_error("no such file");
  };
  auto config = world.supervisor_config({noisy("a", diary), broken, noisy("c", diary)});
  config.strategy = Strategy::one_for_all;
  config.intensity = {.restarts = 2, .period = 5s};
  config.backoff.initial = 0ns;
  auto supervisor = world.spawn_supervisor(std::move(config));
  world.run();
  CHECK(diary->lines == Lines{"+a", "!", "-a", "+a", "!", "-a", "+a", "!", "-a"});
  CHECK(world.log().find("supervisor_escalates path=/node child=broken") != std::string::npos);
}

TEST_CASE("a supervisor asked to stop in the middle of a restart stops and starts nobody") {
  Family family(Strategy::one_for_all, 100ms);
  family.tell("a", "throw");
  caf::anon_send_exit(family.supervisor, caf::exit_reason::user_shutdown);
  family.world.pass(1s);
  CHECK(family.diary->lines == Lines{"-a", "-c", "-b"});
}

TEST_CASE("what is started during a restart of its siblings starts with them") {
  Family family(Strategy::one_for_all, 100ms);
  family.tell("a", "throw");
  StartChild start;
  start.spec = std::make_shared<const ChildSpec>(noisy("d", family.diary));
  CHECK(family.world.ask<ChildPhase>(family.supervisor, start).kind == PhaseKind::waiting);
  family.world.pass(200ms);
  CHECK(family.diary->lines == Lines{"-a", "-c", "-b", "+a", "+b", "+c", "+d"});
}

TEST_CASE("a nested supervisor has a nested path, and one that gives up is restarted by its parent or brings it down") {
  World world;
  auto diary = std::make_shared<Diary>();
  auto config = world.supervisor_config({supervisor_spec("documents", [=] {
    SupervisorConfig inner;
    inner.children = {noisy("one", diary), noisy("two", diary)};
    inner.intensity = {.restarts = 0, .period = 5s};
    return inner;
  })});
  config.intensity = {.restarts = 1, .period = 5s};
  config.backoff.initial = 0ns;
  auto root = world.spawn_supervisor(std::move(config));
  world.run();
  const auto inner = handle_of(world, root, "documents");
  CHECK(world.status(inner).children[0].path == "/node/documents/one");
  CHECK(world.status(root).children[0].kind == ChildKind::supervisor);

  diary->lines.clear();
  caf::anon_send(handle_of(world, inner, "one"), std::string("throw"));
  world.run();
  CHECK(diary->lines == Lines{"-one", "-two", "+one", "+two"});
  CHECK(world.status(root).children[0].last_error ==
        "child one of /node/documents ended more than 0 times in 5000 ms; last error: spilled the milk");

  auto reason = std::make_shared<std::string>();
  World::let(world.spawn_client(), [=](caf::event_based_actor& self) {
    self.set_down_handler([=](caf::down_msg& down) { *reason = describe(down.reason); });
    self.monitor(root);
  });
  caf::anon_send(handle_of(world, handle_of(world, root, "documents"), "two"), std::string("throw"));
  world.run();
  CHECK(*reason ==
        "child documents of /node ended more than 1 times in 5000 ms; last error: child two of /node/documents ended "
        "more than 0 times in 5000 ms; last error: spilled the milk");
}

}  // namespace
}  // namespace tlfs::supervision
