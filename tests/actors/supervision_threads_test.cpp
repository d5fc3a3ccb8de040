// The same machinery on real threads, with the scheduler that ships.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>

#include <spdlog/sinks/null_sink.h>

#include "actors/supervision/supervised_ref.h"
#include "actors/testing/world.h"
#include "tests/actors/workers.h"

namespace tlfs::supervision {
namespace {

using namespace std::chrono_literals;

TEST_CASE("on real threads every request settles once while the child keeps crashing") {
  constexpr int kCallers = 4, kRequests = 500;
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing"));
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

}  // namespace
}  // namespace tlfs::supervision
