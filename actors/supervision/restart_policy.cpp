#include "actors/supervision/restart_policy.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace tlfs::supervision {

bool RestartWindow::admit(const Intensity& intensity, Nanoseconds now) {
  std::erase_if(recent_, [&](Nanoseconds at) { return now - at >= intensity.period; });
  if (recent_.size() >= intensity.restarts) return false;
  recent_.push_back(now);
  return true;
}

RestartPolicy::RestartPolicy(const Intensity& intensity, const Backoff& backoff)
    : intensity_(intensity), backoff_(backoff) {
  TLFS_CHECK(intensity.restarts <= kMaxRestartsRemembered, "more restarts in a period than a supervisor remembers");
  TLFS_CHECK(intensity.period > Nanoseconds::zero(), "a period of restarts must be positive");
  TLFS_CHECK(backoff.initial >= Nanoseconds::zero() && backoff.ceiling >= backoff.initial, "a backoff cannot shrink");
  TLFS_CHECK(backoff.jitter >= 0 && backoff.jitter <= 1, "a jitter is a part of the whole");
}

Decision RestartPolicy::decide(const Ending& ending, ChildHistory& history, Random& random) {
  const bool wanted = ending.restart == Restart::permanent || (ending.restart == Restart::transient && !ending.clean);
  if (!wanted) return {Verdict::finish, {}};

  const bool alone = ending.exhausted == Exhausted::quarantine;
  RestartWindow& window = alone ? history.window : shared_;
  if (!window.admit(intensity_, ending.now)) return {alone ? Verdict::quarantine : Verdict::escalate, {}};

  if (ending.lived >= backoff_.stable_after) history.failures_in_row = 0;
  ++history.failures_in_row;
  return {Verdict::restart, delay(history.failures_in_row, random)};
}

Nanoseconds RestartPolicy::delay(std::uint32_t failures_in_row, Random& random) const {
  Nanoseconds full = backoff_.initial;
  for (std::uint32_t i = 1; i < failures_in_row && full < backoff_.ceiling && full > Nanoseconds::zero(); ++i)
    full = full > backoff_.ceiling / 2 ? backoff_.ceiling : full * 2;
  // 53 random bits make a uniform number in [0, 1).
  const double part = static_cast<double>(random.next_u64() >> 11) * 0x1.0p-53 * backoff_.jitter;
  return full - Nanoseconds(static_cast<std::int64_t>(static_cast<double>(full.count()) * part));
}

}  // namespace tlfs::supervision
