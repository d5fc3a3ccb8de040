// The same machinery on real threads, with the scheduler that ships.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>

#include <spdlog/sinks/null_sink.h>

#include "actors/messaging/scheduling.h"
#include "actors/supervision/supervised_ref.h"
#include "actors/testing/world.h"
#include "tests/actors/workers.h"

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_future<void>)

namespace tlfs::supervision {
namespace {

using namespace std::chrono_literals;

TEST_CASE("on real threads every request settles once while the child keeps crashing") {
  constexpr int kCallers = 4, kRequests = 500;
  caf::actor_system_config config;
  messaging::share_workers(config);
  config.set("logger.verbosity", caf::atom("quiet"));
  caf::actor_system system(config);

  ChildSpec spec;
  spec.id = "worker";
  spec.start = [](ChildContext& context) {
    return context.spawn([](caf::event_based_actor*) -> caf::behavior {
      return {[](int x) -> int {
        if (x % 50 == 0) throw std::runtime_error("crash");
        return x;
      }};
    });
  };
  SupervisorConfig supervisor_config{
      ActorPath("node"),
      {spec},
      {.restarts = kMaxRestartsRemembered, .period = 1s},
      {.initial = 100us, .ceiling = 1ms, .stable_after = 1s, .jitter = 0.5},
      std::make_shared<SystemClock>(),
      std::make_shared<SeededRandom>(1),
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::null_sink_mt>())};
  auto supervisor = spawn_root_supervisor(system, std::move(supervisor_config));

  struct Tally {
    int answers = 0, lost = 0, other = 0, doubled = 0;
  };
  std::vector<caf::actor> callers;
  std::vector<std::future<Tally>> done;
  for (int k = 0; k < kCallers; ++k) {
    auto promise = std::make_shared<std::promise<Tally>>();
    done.push_back(promise->get_future());
    callers.push_back(system.spawn(
        [=](caf::event_based_actor* self, int) -> caf::behavior {
          auto ref = std::make_shared<SupervisedRef>(self, supervisor, "worker");
          auto tally = std::make_shared<Tally>();
          auto settled = std::make_shared<std::vector<int>>(kRequests);
          auto open = std::make_shared<int>(kRequests);
          for (int n = 0; n < kRequests; ++n)
            ref->request<int>(
                {.timeout = 20s},
                [=](Result<int> r) {
                  if (++(*settled)[static_cast<std::size_t>(n)] > 1) ++tally->doubled;
                  if (r.ok() && *r == n)
                    ++tally->answers;
                  else if (!r.ok() && r.error().is(Errc::lost))
                    ++tally->lost;
                  else
                    ++tally->other;
                  if (--*open == 0) promise->set_value(*tally);
                },
                n);
          return {[ref](int) {}};
        },
        k));
  }
  for (auto& result : done) {
    REQUIRE(result.wait_for(30s) == std::future_status::ready);
    const auto tally = result.get();
    CHECK(tally.lost == kRequests / 50);
    CHECK(tally.answers == kRequests - kRequests / 50);
    CHECK(tally.other == 0);
    CHECK(tally.doubled == 0);
  }
  caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
  for (const auto& caller : callers) caf::anon_send_exit(caller, caf::exit_reason::user_shutdown);
}

TEST_CASE("on real threads a detached child has a thread of its own, and a hanging one is reported by the watchdog") {
  class Writer : public caf::event_based_actor {
   public:
    using caf::event_based_actor::event_based_actor;
    caf::behavior make_behavior() override {
      return {[](std::shared_future<void> until) { until.wait(); }, [](int n) { return n + 1; }};
    }
  };
  caf::actor_system_config config;
  messaging::share_workers(config);
  config.set("scheduler.max-threads", 1);
  config.set("logger.verbosity", caf::atom("quiet"));
  caf::actor_system system(config);
  const auto clock = std::make_shared<SystemClock>();
  const auto logger = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::null_sink_mt>());
  const auto registry = std::make_shared<Registry>(clock, logger, 50ms);
  const Watchdog watchdog(registry);
  SupervisorConfig root;
  root.path = ActorPath("node");
  root.clock = clock;
  root.logger = logger;
  root.random = std::make_shared<SeededRandom>(1);
  root.registry = registry;
  for (const char* id : {"store", "other"}) {
    ChildSpec spec;
    spec.id = id;
    const bool own_thread = spec.id == "store";
    spec.start = [=](ChildContext& context) {
      return own_thread ? context.spawn_detached<Writer>() : context.spawn<Writer>();
    };
    root.children.push_back(spec);
  }
  auto supervisor = spawn_root_supervisor(system, std::move(root));
  caf::scoped_actor self(system);
  const auto child = [&](const char* id) {
    WatchChild watch;
    watch.id = id;
    caf::actor handle;
    self->request(supervisor, 20s, watch)
        .receive([&](ChildPhase& phase) { handle = phase.handle; }, [](caf::error& e) { FAIL(describe(e)); });
    return handle;
  };
  std::promise<void> release;
  caf::anon_send(child("store"), release.get_future().share());
  int answer = 0;  // the one worker thread is free although the store blocks
  self->request(child("other"), 20s, 1).receive([&](int n) { answer = n; }, [](caf::error& e) { FAIL(describe(e)); });
  CHECK(answer == 2);
  for (int i = 0; i < 2000 && registry->stuck_count() == 0; ++i) std::this_thread::sleep_for(10ms);
  CHECK(registry->stuck_count() == 1);
  const auto reading = registry->reading("/node/store");
  REQUIRE(reading);
  CHECK(reading->stuck_for >= 50ms);
  CHECK(reading->stuck_on.find("shared_future") != std::string::npos);
  release.set_value();
  caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
}

}  // namespace
}  // namespace tlfs::supervision
