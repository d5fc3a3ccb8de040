// What to do when a child has ended: the arithmetic of supervision, without actors, threads or clocks.
//
// Two limits work together. *Intensity*: within any `period` there are at most `restarts` restarts; the ending that
// would need one more exhausts the budget, and the supervisor escalates or puts the child into quarantine. *Backoff*:
// the n-th failure in a row waits initial · 2^(n-1), at most `ceiling`, shortened by a random part of up to `jitter`,
// so that children that failed together do not come back together. A backoff that grows beyond period / restarts never
// exhausts the budget: that is how a child keeps trying for ever (a connection to a server that is away for a day).
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "runtime/base/environment.h"

namespace tlfs::supervision {

using Nanoseconds = std::chrono::nanoseconds;

enum class Restart : std::uint8_t {
  permanent,  // always restarted
  transient,  // restarted unless it ended cleanly
  temporary,  // never restarted
};

// Who pays when a child has used up the restarts.
enum class Exhausted : std::uint8_t {
  escalate,    // the supervisor stops with a reason; the restarts of all such children share one budget
  quarantine,  // the child alone stays down and says so; it has a budget of its own
};

struct Intensity {
  std::uint32_t restarts = 3;  // at most kMaxRestartsRemembered; 0: the first failure exhausts
  Nanoseconds period = std::chrono::seconds(5);
};
constexpr std::uint32_t kMaxRestartsRemembered = 1000;

struct Backoff {
  Nanoseconds initial = std::chrono::milliseconds(10);  // zero: restart at once, always
  Nanoseconds ceiling = std::chrono::seconds(30);
  // A child that lived this long starts again at `initial`.
  Nanoseconds stable_after = std::chrono::seconds(10);
  double jitter = 0.2;  // in [0, 1]
};

// The restarts that still count. Bounded by the intensity it is asked with.
class RestartWindow {
 public:
  // Counts a restart at `now` and says yes, or says no and counts nothing. `now` never goes back.
  bool admit(const Intensity& intensity, Nanoseconds now);

 private:
  std::vector<Nanoseconds> recent_;  // oldest first
};

// What the policy remembers of one child.
struct ChildHistory {
  std::uint32_t failures_in_row = 0;
  RestartWindow window;
};

struct Ending {
  Restart restart = Restart::permanent;
  Exhausted exhausted = Exhausted::escalate;
  bool clean = false;
  Nanoseconds lived{};  // since its start
  Nanoseconds now{};    // monotonic
};

enum class Verdict { finish, restart, quarantine, escalate };

struct Decision {
  Verdict verdict = Verdict::finish;
  Nanoseconds delay{};  // of a restart
};

// One per supervisor.
class RestartPolicy {
 public:
  RestartPolicy(const Intensity& intensity, const Backoff& backoff);

  Decision decide(const Ending& ending, ChildHistory& history, Random& random);

  const Intensity& intensity() const { return intensity_; }

 private:
  Nanoseconds delay(std::uint32_t failures_in_row, Random& random) const;

  Intensity intensity_;
  Backoff backoff_;
  RestartWindow shared_;  // of the children whose exhaustion escalates
};

}  // namespace tlfs::supervision
