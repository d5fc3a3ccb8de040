#include "actors/supervision/supervised_ref.h"

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

// A caller with a reference to one child "scribe", and what came of its requests.
struct Desk {
  explicit Desk(std::uint64_t seed = 1, const RefOptions& options = {}, bool with_child = true,
                Backoff backoff = {.initial = 1s, .jitter = 0})
      : world(seed), diary(std::make_shared<Diary>()) {
    auto config = world.supervisor_config();
    if (with_child) config.children.push_back(worker_spec("scribe", diary));
    config.backoff = backoff;
    supervisor = world.spawn_supervisor(std::move(config));
    world.run();
    client = world.spawn_client();
    World::let(client, [this, options](caf::event_based_actor& self) {
      ref = std::make_unique<SupervisedRef>(&self, supervisor, "scribe", options);
    });
    world.run();
  }
  ~Desk() {
    World::let(client, [this](caf::event_based_actor&) { ref.reset(); });
    world.run();
  }

  void number(int x, RequestOptions options = {}) {
    World::let(client, [this, x, options](caf::event_based_actor&) {
      ref->request<int>(
          options,
          [this, x](const Result<int>& r) {
            outcome(std::to_string(x), r.ok() ? std::to_string(*r) : code(r.error()));
          },
          x);
    });
  }
  void command(const std::string& what, RequestOptions options = {}) {
    World::let(client, [this, what, options](caf::event_based_actor&) {
      ref->request<std::string>(
          options, [this, what](const Result<std::string>& r) { outcome(what, r.ok() ? *r : code(r.error())); }, what);
    });
  }
  void outcome(const std::string& what, const std::string& result) { outcomes.push_back(what + ": " + result); }
  static std::string code(const Error& error) {
    for (const auto& [errc, name] : {std::pair{Errc::lost, "lost"},
                                     {Errc::overflow, "overflow"},
                                     {Errc::timeout, "timeout"},
                                     {Errc::quarantined, "quarantined"},
                                     {Errc::stopped, "stopped"},
                                     {Errc::refused, "refused"}})
      if (error.is(errc)) return name;
    return "?";
  }

  World world;
  std::shared_ptr<Diary> diary;
  caf::actor supervisor, client;
  std::unique_ptr<SupervisedRef> ref;
  Lines outcomes;
};

TEST_CASE("a request through a reference is answered by the child") {
  Desk desk;
  desk.number(21);
  desk.world.run();
  CHECK(desk.outcomes == Lines{"21: 42"});
}

TEST_CASE("requests made while the child is away are held and answered by the next incarnation, in order") {
  Desk desk;
  desk.command("throw");
  desk.world.run();
  CHECK(desk.outcomes == Lines{"throw: lost"});
  for (int i = 1; i <= 3; ++i) desk.number(i);
  desk.world.run();
  CHECK(desk.outcomes.size() == 1);
  CHECK(desk.ref->held() == 3);
  desk.world.advance(1s);
  desk.world.run();
  CHECK(desk.outcomes == Lines{"throw: lost", "1: 2", "2: 4", "3: 6"});
  CHECK(desk.diary->lines == Lines{"start scribe", "scribe throw", "start scribe", "scribe 1", "scribe 2", "scribe 3"});
}

TEST_CASE("what sat unread in the mailbox of a dying child is sent to the next one, and not called lost") {
  Desk desk;
  World::let(desk.client, [&](caf::event_based_actor&) {  // all in one go, so that they are queued behind the crash
    const auto note = [&](std::string what) {
      return [&desk, what](auto r) { desk.outcome(what, r.ok() ? "done" : Desk::code(r.error())); };
    };
    desk.ref->request<std::string>({}, note("silence"), std::string("silence"));
    desk.ref->request<std::string>({}, note("throw"), std::string("throw"));
    desk.ref->request<int>({}, note("5"), 5);
    desk.ref->request<int>({}, note("6"), 6);
  });
  desk.world.pass(2s);
  CHECK(desk.outcomes == Lines{"silence: lost", "throw: lost", "5: done", "6: done"});
  CHECK(desk.diary->count("scribe 5") == 1);
  CHECK(desk.ref->counters().returned == 2);
  CHECK(desk.ref->counters().lost == 2);
}

TEST_CASE("an idempotent request that was lost is sent again, in its old place") {
  Desk desk;
  World::let(desk.client, [&](caf::event_based_actor& self) {
    desk.ref->request<std::string>(
        {.idempotent = true}, [&](auto r) { desk.outcome("silence", r.ok() ? "done" : Desk::code(r.error())); },
        std::string("silence"));
    desk.ref->request<std::string>(
        {}, [&](auto r) { desk.outcome("quit", r.ok() ? "done" : Desk::code(r.error())); }, std::string("throw"));
    desk.ref->request<int>(
        {}, [&](auto r) { desk.outcome("5", r.ok() ? "done" : Desk::code(r.error())); }, 5);
    (void)self;
  });
  desk.world.pass(2s);
  CHECK(desk.diary->lines ==
        Lines{"start scribe", "scribe silence", "scribe throw", "start scribe", "scribe silence", "scribe 5"});
  CHECK(desk.ref->counters().sent_again == 1);
  CHECK(desk.outcomes == Lines{"quit: lost", "5: done"});
  desk.world.pass(30s, 1s);
  CHECK(desk.outcomes.back() == "silence: timeout");
}

TEST_CASE("no more requests are held than allowed; the one too many fails at once and alone") {
  Desk desk(1, {.max_held = 2});
  desk.command("throw");
  desk.world.run();
  for (int i = 1; i <= 3; ++i) desk.number(i);
  desk.world.run();
  CHECK(desk.outcomes == Lines{"throw: lost", "3: overflow"});
  desk.world.pass(1s);
  CHECK(desk.outcomes == Lines{"throw: lost", "3: overflow", "1: 2", "2: 4"});
}

TEST_CASE("a request times out where it is: with a silent child or while it is held") {
  Desk desk(1, {}, true, {.initial = 10s, .jitter = 0});
  desk.command("silence", {.timeout = 3s});
  desk.world.run();
  desk.world.advance(2999ms);
  desk.world.run();
  CHECK(desk.outcomes.empty());
  desk.world.advance(1ms);
  desk.world.run();
  CHECK(desk.outcomes == Lines{"silence: timeout"});
  desk.command("throw");
  desk.world.run();
  desk.number(1, {.timeout = 4s});
  desk.number(2, {.timeout = 2s});
  desk.number(3, {.timeout = 20s});
  desk.world.pass(9s, 500ms);
  CHECK(desk.outcomes == Lines{"silence: timeout", "throw: lost", "2: timeout", "1: timeout"});
  desk.world.pass(2s, 500ms);
  CHECK(desk.outcomes.back() == "3: 6");
}

TEST_CASE("an answer that is an error, or of another type, is refused and does not count as a crash") {
  Desk desk;
  desk.command("fail");
  World::let(desk.client, [&](caf::event_based_actor&) {
    desk.ref->request<std::string>(
        {}, [&](Result<std::string> r) { desk.outcome("type", Desk::code(r.error())); }, 4);
  });
  desk.world.run();
  CHECK(desk.outcomes == Lines{"fail: refused", "type: refused"});
  CHECK(desk.world.status(desk.supervisor).counters.crashes == 0);
}

TEST_CASE("a request that the child delegated to an actor that is dead is refused, not sent a second time") {
  World world;
  auto dead = world.system().spawn(
      [](caf::event_based_actor* self, int) -> caf::behavior { return {[self](int) { self->quit(); }}; }, 0);
  caf::anon_send(dead, 0);
  int seen = 0;
  ChildSpec spec;
  spec.id = "clerk";
  spec.start = [&](ChildContext& context) {
    return context.spawn([&](caf::event_based_actor* self) -> caf::behavior {
      return {[&seen, self, dead](int x) {
        ++seen;
        return self->delegate(dead, x);
      }};
    });
  };
  auto supervisor = world.spawn_supervisor(world.supervisor_config({spec}));
  auto client = world.spawn_client();
  std::unique_ptr<SupervisedRef> ref;
  std::string outcome;
  World::let(client, [&](caf::event_based_actor& self) {
    ref = std::make_unique<SupervisedRef>(&self, supervisor, "clerk");
    ref->request<int>(
        {}, [&](Result<int> r) { outcome = r.ok() ? "done" : Desk::code(r.error()); }, 1);
  });
  world.pass(1s);
  CHECK(seen == 1);
  CHECK(outcome == "refused");
  World::let(client, [&](caf::event_based_actor&) { ref.reset(); });
  world.run();
}

TEST_CASE("requests to a child that is quarantined or gone fail with that reason, later ones try anew") {
  Desk desk(1, {}, false, {.initial = 0ns});
  desk.number(1);
  desk.world.run();
  CHECK(desk.outcomes == Lines{"1: stopped"});

  auto spec = worker_spec("scribe", desk.diary);
  spec.exhausted = Exhausted::quarantine;
  StartChild start;
  start.spec = std::make_shared<const ChildSpec>(spec);
  desk.world.ask<ChildPhase>(desk.supervisor, start);
  desk.number(2);
  desk.world.run();
  for (int i = 0; i < 4; ++i) {  // one more than the restarts it has
    desk.command("throw");
    desk.world.run();
  }
  desk.number(3);
  desk.world.run();
  CHECK(desk.outcomes ==
        Lines{"1: stopped", "2: 4", "throw: lost", "throw: lost", "throw: lost", "throw: lost", "3: quarantined"});

  ReviveChild revive;
  revive.id = "scribe";
  desk.world.ask<ChildPhase>(desk.supervisor, revive);
  desk.number(4);
  desk.world.run();
  CHECK(desk.outcomes.back() == "4: 8");

  caf::anon_send_exit(desk.supervisor, caf::exit_reason::user_shutdown);
  desk.world.run();
  desk.number(5);
  desk.world.run();
  CHECK(desk.outcomes.back() == "5: stopped");
}

TEST_CASE("a reference with a spec starts its child on demand, and again after the child has retired") {
  auto diary = std::make_shared<Diary>();
  RefOptions options;
  options.start_when_absent = std::make_shared<const ChildSpec>(worker_spec("scribe", diary, Restart::transient));
  Desk desk(1, options, false);
  CHECK(diary->lines.empty());  // nobody has asked for anything
  desk.number(1);
  desk.world.run();
  CHECK(desk.outcomes == Lines{"1: 2"});
  desk.command("quit");
  desk.world.run();
  CHECK(desk.world.status(desk.supervisor).children.empty());
  desk.number(2);
  desk.world.run();
  CHECK(desk.outcomes == Lines{"1: 2", "quit: quit", "2: 4"});
  CHECK(diary->count("start scribe") == 2);
}

TEST_CASE("a request that sat unread in a child that retired starts the child again, though it was held before") {
  auto diary = std::make_shared<Diary>();
  RefOptions options;
  options.start_when_absent = std::make_shared<const ChildSpec>(worker_spec("scribe", diary, Restart::transient));
  Desk desk(1, options, false);
  desk.number(1);  // held, and so asked for on its behalf
  desk.world.run();
  REQUIRE(desk.outcomes == Lines{"1: 2"});
  desk.command("quit");
  desk.number(2);
  desk.world.run();
  CHECK(desk.outcomes == Lines{"1: 2", "quit: quit", "2: 4"});
}

TEST_CASE("the listener hears of a new incarnation before held requests go out, and what it asks goes first") {
  Desk desk;
  std::vector<PhaseKind> phases;
  World::let(desk.client, [&](caf::event_based_actor&) {
    desk.ref->on_phase([&](const ChildPhase& phase) {
      phases.push_back(phase.kind);
      if (phase.kind == PhaseKind::up)
        desk.ref->request<int>(
            {}, [&](Result<int> r) { desk.outcome("subscribe", r.ok() ? "done" : Desk::code(r.error())); }, 1000);
    });
  });
  desk.command("throw");
  desk.world.run();
  desk.number(1);
  desk.world.pass(1s);
  CHECK(phases == std::vector<PhaseKind>{PhaseKind::waiting, PhaseKind::up});
  CHECK(desk.outcomes == Lines{"throw: lost", "subscribe: done", "1: 2"});
}

TEST_CASE("a reference that is dropped lets its requests end and leaves no watcher behind") {
  Desk desk;
  desk.command("throw");
  desk.world.run();
  desk.number(1);
  World::let(desk.client, [&](caf::event_based_actor&) { desk.ref.reset(); });
  desk.world.pass(2s);
  CHECK(desk.outcomes == Lines{"throw: lost", "1: 2"});
  desk.world.pass(60s, 1s);
  CHECK(desk.world.status(desk.supervisor).children[0].watchers == 0);
}

}  // namespace
}  // namespace tlfs::supervision
