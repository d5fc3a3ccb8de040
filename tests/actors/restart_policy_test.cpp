#include <catch2/catch.hpp>

#include "actors/supervision/restart_policy.h"
#include "runtime/base/environment.h"

namespace tlfs::supervision {
namespace {

using namespace std::chrono_literals;

Ending failure(Nanoseconds now, Nanoseconds lived = 0s) {
  return {Restart::permanent, Exhausted::escalate, false, lived, now};
}

TEST_CASE("permanent children always come back, transient ones unless they ended cleanly, temporary ones never") {
  SeededRandom random(1);
  const auto verdict = [&](Restart restart, bool clean) {
    RestartPolicy policy({}, {});
    ChildHistory history;
    return policy.decide({restart, Exhausted::escalate, clean, 0s, 0s}, history, random).verdict;
  };
  CHECK(verdict(Restart::permanent, true) == Verdict::restart);
  CHECK(verdict(Restart::permanent, false) == Verdict::restart);
  CHECK(verdict(Restart::transient, true) == Verdict::finish);
  CHECK(verdict(Restart::transient, false) == Verdict::restart);
  CHECK(verdict(Restart::temporary, true) == Verdict::finish);
  CHECK(verdict(Restart::temporary, false) == Verdict::finish);
}

TEST_CASE("one restart more than the intensity allows is not given, and old restarts are forgotten after the period") {
  SeededRandom random(1);
  RestartPolicy policy({.restarts = 2, .period = 10s}, {});
  ChildHistory history;
  CHECK(policy.decide(failure(0s), history, random).verdict == Verdict::restart);
  CHECK(policy.decide(failure(9s), history, random).verdict == Verdict::restart);
  CHECK(policy.decide(failure(9999ms), history, random).verdict == Verdict::escalate);
  CHECK(policy.decide(failure(10s), history, random).verdict == Verdict::restart);
}

TEST_CASE("children that escalate share a budget, children that are quarantined have one each") {
  SeededRandom random(1);
  RestartPolicy policy({.restarts = 1, .period = 10s}, {});
  ChildHistory a, b, c, d;
  auto alone = failure(0s);
  alone.exhausted = Exhausted::quarantine;
  CHECK(policy.decide(alone, a, random).verdict == Verdict::restart);
  CHECK(policy.decide(alone, b, random).verdict == Verdict::restart);
  CHECK(policy.decide(alone, a, random).verdict == Verdict::quarantine);
  CHECK(policy.decide(failure(0s), c, random).verdict == Verdict::restart);
  CHECK(policy.decide(failure(0s), d, random).verdict == Verdict::escalate);
}

TEST_CASE("the backoff doubles up to its ceiling and starts again after a stable life") {
  SeededRandom random(1);
  RestartPolicy policy({.restarts = 100, .period = 1s},
                       {.initial = 10ms, .ceiling = 50ms, .stable_after = 1s, .jitter = 0});
  ChildHistory history;
  std::vector<Nanoseconds> delays;
  for (int i = 0; i < 5; ++i) delays.push_back(policy.decide(failure(0s), history, random).delay);
  CHECK(delays == std::vector<Nanoseconds>{10ms, 20ms, 40ms, 50ms, 50ms});
  CHECK(policy.decide(failure(0s, 1s), history, random).delay == 10ms);
}

TEST_CASE(
    "whatever fails when, no window of the period sees more restarts than allowed, and delays keep their bounds") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed), jitter(seed), again(seed);
    const Intensity intensity{static_cast<std::uint32_t>(random.below(6)), Nanoseconds(1 + random.below(1000))};
    const Backoff backoff{Nanoseconds(random.below(50)), Nanoseconds(50 + random.below(1000)),
                          Nanoseconds(random.below(500)), static_cast<double>(random.below(101)) / 100};
    RestartPolicy policy(intensity, backoff), twin(intensity, backoff);
    ChildHistory history, twin_history;
    std::vector<Nanoseconds> restarts;
    Nanoseconds now{};
    for (int i = 0; i < 200; ++i) {
      now += Nanoseconds(random.below(300));
      const auto ending = failure(now, Nanoseconds(random.below(600)));
      const auto decision = policy.decide(ending, history, jitter);
      const auto same = twin.decide(ending, twin_history, again);
      REQUIRE(decision.verdict == same.verdict);
      REQUIRE(decision.delay == same.delay);
      std::size_t in_window = 0;
      for (const auto at : restarts) in_window += now - at < intensity.period;
      if (decision.verdict == Verdict::restart) {
        REQUIRE(in_window < intensity.restarts);
        REQUIRE(decision.delay >= Nanoseconds::zero());
        REQUIRE(decision.delay <= backoff.ceiling);
        REQUIRE(static_cast<double>(decision.delay.count()) >=
                static_cast<double>(backoff.initial.count()) * (1 - backoff.jitter));
        restarts.push_back(now);
      } else {
        REQUIRE(decision.verdict == Verdict::escalate);
        REQUIRE(in_window == intensity.restarts);
      }
    }
  }
}

}  // namespace
}  // namespace tlfs::supervision
