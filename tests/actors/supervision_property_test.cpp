// Children that crash at random, callers that ask at random, in an order that the seed decides.
#include <catch2/catch.hpp>

#include "actors/supervision/supervised_ref.h"
#include "actors/testing/world.h"

namespace tlfs::supervision {
namespace {

using namespace std::chrono_literals;
using testing::World;

constexpr int kChildren = 3;
constexpr int kCallers = 3;
constexpr int kRequests = 60;  // of each caller

// What a child is asked to do with one request.
enum class Deed : int { answer, crash, swallow, retire };

struct Asked : messaging::LocalOnly {
  int caller = 0;
  int child = 0;
  int number = 0;  // of the request, counted by the caller
  Deed deed = Deed::answer;
};

struct Record {
  bool idempotent = false;
  int settled = 0;
  std::string result;
  std::vector<std::uint64_t> executed_by;  // incarnations
};

struct Run {
  World& world;
  std::map<std::pair<int, int>, Record> requests;                         // by caller, number
  std::map<std::tuple<std::uint64_t, int, int>, std::vector<int>> order;  // by incarnation, child, caller: numbers
  std::vector<Nanoseconds> crashes;
  std::uint64_t answers = 0, losses = 0, returned = 0, sent_again = 0, quarantined = 0;

  caf::behavior child(std::uint64_t incarnation, caf::event_based_actor* self) {
    auto swallowed = std::make_shared<std::vector<caf::response_promise>>();
    return {[this, incarnation, self, swallowed](const Asked& asked) -> caf::result<int> {
      requests[{asked.caller, asked.number}].executed_by.push_back(incarnation);
      order[{incarnation, asked.child, asked.caller}].push_back(asked.number);
      world.note("do " + std::to_string(asked.caller) + "." + std::to_string(asked.number) + "@" +
                 std::to_string(incarnation));
      // An idempotent request crashes only the first to see it, so that it can succeed in the end.
      const bool first = requests[{asked.caller, asked.number}].executed_by.size() == 1;
      if (first && asked.deed == Deed::crash) throw std::runtime_error("crash");
      if (first && asked.deed == Deed::swallow) {
        swallowed->push_back(self->make_response_promise());
        return caf::delegated<int>();
      }
      if (first && asked.deed == Deed::retire) self->quit(caf::exit_reason::user_shutdown);
      return asked.number;
    }};
  }
};

struct Summary {
  std::uint64_t fingerprint = 0, answers = 0, losses = 0, returned = 0, sent_again = 0, unsent = 0, restarts = 0;
};

Summary simulate(std::uint64_t seed) {
  World world(seed);
  Run run{world, {}, {}, {}};
  SeededRandom plan(seed ^ 0x5eed);
  std::vector<ChildSpec> specs;
  for (int c = 0; c < kChildren; ++c) {
    ChildSpec spec;
    spec.id = "child/" + std::to_string(c);
    spec.exhausted = Exhausted::quarantine;
    spec.start = [&run](ChildContext& context) {
      return context.spawn([&run, incarnation = context.identity()->incarnation](caf::event_based_actor* self) {
        return run.child(incarnation, self);
      });
    };
    specs.push_back(spec);
  }
  auto config = world.supervisor_config(specs);
  config.intensity = {.restarts = 4, .period = 1s};
  config.backoff = {.initial = plan.chance(0.3) ? 0ns : 5ms, .ceiling = 100ms, .stable_after = 500ms, .jitter = 0.5};
  auto supervisor = world.spawn_supervisor(std::move(config));

  std::vector<caf::actor> callers;
  std::vector<std::vector<std::unique_ptr<SupervisedRef>>> refs(kCallers);
  for (int k = 0; k < kCallers; ++k) {
    callers.push_back(world.spawn_client());
    World::let(callers.back(), [&, k](caf::event_based_actor& self) {
      for (int c = 0; c < kChildren; ++c)
        refs[k].push_back(std::make_unique<SupervisedRef>(&self, supervisor, "child/" + std::to_string(c),
                                                          RefOptions{.max_held = 8}));
    });
  }

  for (int n = 0; n < kRequests; ++n) {
    for (int k = 0; k < kCallers; ++k) {
      Asked asked;
      asked.caller = k;
      asked.child = static_cast<int>(plan.below(kChildren));
      asked.number = n;
      const auto dice = plan.below(100);
      asked.deed = dice < 8 ? Deed::crash : dice < 12 ? Deed::swallow : dice < 14 ? Deed::retire : Deed::answer;
      const RequestOptions options{.timeout = plan.chance(0.2) ? Nanoseconds(50ms) : Nanoseconds(3s),
                                   .idempotent = plan.chance(0.3)};
      run.requests[{k, n}].idempotent = options.idempotent;
      World::let(callers[k], [&, asked, options](caf::event_based_actor&) {
        refs[asked.caller][asked.child]->request<int>(
            options,
            [&run, asked](Result<int> r) {
              Record& record = run.requests[{asked.caller, asked.number}];
              ++record.settled;
              record.result = r.ok() ? "answer" : r.error().message();
              if (r.ok()) {
                ++run.answers;
                if (*r != asked.number) record.result = "an answer to another request";
              } else if (r.error().is(Errc::lost)) {
                ++run.losses;
                record.result = "lost";
              } else if (r.error().is(Errc::refused)) {
                record.result = "refused";
              } else if (r.error().is(Errc::overflow)) {
                record.result = "overflow";
              } else if (r.error().is(Errc::quarantined)) {
                record.result = "quarantined";
              } else if (r.error().is(Errc::timeout)) {
                record.result = "timeout";
              }
              run.world.note("end " + std::to_string(asked.caller) + "." + std::to_string(asked.number) + " " +
                             record.result);
            },
            asked);
      });
    }
    for (auto steps = plan.below(25); steps > 0 && world.step(); --steps) {
    }
    if (plan.chance(0.4)) world.advance(Nanoseconds(plan.below(40'000'000)));
    if (plan.chance(0.02)) {  // somebody looks after the patients
      for (int c = 0; c < kChildren; ++c) {
        ReviveChild revive;
        revive.id = "child/" + std::to_string(c);
        caf::anon_send(supervisor, revive);
      }
    }
  }
  world.pass(5s, 100ms);

  Summary summary;
  for (const auto& per_caller : refs)
    for (const auto& ref : per_caller) {
      summary.returned += ref->counters().returned;
      summary.sent_again += ref->counters().sent_again;
      CHECK(ref->held() == 0);
    }
  for (const auto& [key, record] : run.requests) {
    INFO("caller " << key.first << " request " << key.second << " " << record.result);
    CHECK(record.settled == 1);
    const auto times = record.executed_by.size();
    if (!record.idempotent) CHECK(times <= 1);
    if (record.result == "answer" || record.result == "lost") CHECK(times >= 1);
    if (record.result == "lost") CHECK_FALSE(record.idempotent);
    if (record.result == "overflow") CHECK(times == 0);
    CHECK((record.result == "answer" || record.result == "lost" || record.result == "overflow" ||
           record.result == "timeout" || record.result == "quarantined"));
    summary.unsent += times == 0;
  }
  for (const auto& [key, numbers] : run.order) CHECK(std::is_sorted(numbers.begin(), numbers.end()));

  const auto status = world.status(supervisor);
  CHECK_FALSE(status.stopping);
  for (const auto& child : status.children)
    CHECK((child.state == ChildState::running || child.state == ChildState::quarantined));
  summary.restarts = status.counters.restarts;
  for (int k = 0; k < kCallers; ++k) World::let(callers[k], [&, k](caf::event_based_actor&) { refs[k].clear(); });
  world.run();
  for (const auto& child : world.status(supervisor).children) CHECK(child.watchers == 0);
  summary.answers = run.answers;
  summary.losses = run.losses;
  summary.fingerprint = world.fingerprint();
  return summary;
}

TEST_CASE(
    "whatever crashes when, every request settles exactly once and in order, and never runs twice unless it may") {
  Summary total;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    const auto summary = simulate(seed);
    total.answers += summary.answers;
    total.losses += summary.losses;
    total.returned += summary.returned;
    total.sent_again += summary.sent_again;
    total.unsent += summary.unsent;
    total.restarts += summary.restarts;
  }
  // The dice must have reached every corner.
  INFO("answers " << total.answers << " losses " << total.losses << " returned " << total.returned << " sent again "
                  << total.sent_again << " unsent " << total.unsent << " restarts " << total.restarts);
  CHECK(total.answers > 10'000);
  CHECK(total.losses > 500);
  CHECK(total.returned > 100);
  CHECK(total.sent_again > 100);
  CHECK(total.unsent > 100);
  CHECK(total.restarts > 500);
}

TEST_CASE("the same seed gives the same run, another seed another one") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    const auto once = simulate(seed).fingerprint;
    CHECK(once == simulate(seed).fingerprint);
    CHECK(once != simulate(seed + 1000).fingerprint);
  }
}

TEST_CASE("in no order of events does a supervisor restart more often than its intensity allows") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    std::vector<Nanoseconds> starts;
    ChildSpec spec;
    spec.id = "mayfly";
    spec.start = [&](ChildContext& context) {
      starts.push_back(world.now());
      return context.spawn([](caf::event_based_actor*) -> caf::behavior {
        return {[](int) -> int { throw std::runtime_error("dusk"); }};
      });
    };
    auto config = world.supervisor_config({spec});
    config.intensity = {.restarts = 1 + static_cast<std::uint32_t>(world.random().below(5)), .period = 100ms};
    config.backoff.initial = 0ns;
    const auto intensity = config.intensity;
    auto supervisor = world.spawn_supervisor(std::move(config));
    auto client = world.spawn_client();
    std::unique_ptr<SupervisedRef> ref;
    int settled = 0;
    World::let(client, [&](caf::event_based_actor& self) {
      ref = std::make_unique<SupervisedRef>(&self, supervisor, "mayfly");
    });
    for (int i = 0; i < 40; ++i) {
      World::let(client, [&](caf::event_based_actor&) {
        ref->request<int>(
            {.timeout = 1s}, [&](Result<int>) { ++settled; }, 1);
      });
      for (auto steps = world.random().below(12); steps > 0 && world.step(); --steps) {
      }
      world.run();  // a restart is counted when it is decided: no time passes between that and the start
      world.advance(Nanoseconds(world.random().below(40'000'000)));
    }
    world.pass(2s, 50ms);
    CHECK(settled == 40);
    for (std::size_t i = intensity.restarts + 1; i < starts.size(); ++i)
      CHECK(starts[i] - starts[i - intensity.restarts] >= intensity.period);
    World::let(client, [&](caf::event_based_actor&) { ref.reset(); });
    world.run();
  }
}

}  // namespace
}  // namespace tlfs::supervision
