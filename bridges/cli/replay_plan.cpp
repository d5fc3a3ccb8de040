#include "bridges/cli/replay_plan.h"

#include <algorithm>
#include <queue>

namespace tlfs::cli {

ReplayPlan::ReplayPlan(const Trace& trace) { find_runs(trace); }

void ReplayPlan::find_runs(const Trace& trace) {
  const auto count = static_cast<std::uint32_t>(trace.transactions.size());
  if (count == 0) return;
  if (!trace.concurrent) {
    Run& all = runs_.emplace_back();
    all.replica_ends = true;
    all.transactions.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) all.transactions[i] = i;
    agent_of_replica_ = {0};
    heads_ = {0};
    return;
  }
  std::vector<std::uint32_t> children(count, 0);
  for (const std::uint32_t p : trace.parents) ++children[p];
  std::vector<std::uint32_t> run_of(count);
  std::vector<std::uint32_t> agent_of_run;
  for (std::uint32_t i = 0; i < count; ++i) {
    const TraceTransaction& t = trace.transactions[i];
    const auto parents = trace.parents_of(t);
    if (parents.size() == 1 && children[parents[0]] == 1 && trace.transactions[parents[0]].agent == t.agent) {
      run_of[i] = run_of[parents[0]];
      runs_[run_of[i]].transactions.push_back(i);
      continue;
    }
    run_of[i] = static_cast<std::uint32_t>(runs_.size());
    Run& run = runs_.emplace_back();
    run.transactions.push_back(i);
    // Others name only the last transaction of a run, so its past is the past of the run.
    for (const std::uint32_t p : parents) run.parents.push_back(run_of[p]);
    agent_of_run.push_back(t.agent);
  }
  std::vector<bool> is_parent(runs_.size(), false);
  for (const Run& run : runs_)
    for (const std::uint32_t p : run.parents) is_parent[p] = true;
  for (std::uint32_t r = 0; r < runs_.size(); ++r)
    if (!is_parent[r]) heads_.push_back(r);
  assign_replicas(agent_of_run);
}

void ReplayPlan::assign_replicas(const std::vector<std::uint32_t>& agent_of_run) {
  std::vector<std::vector<std::uint32_t>> replicas_of_agent(
      *std::max_element(agent_of_run.begin(), agent_of_run.end()) + 1);
  std::vector<std::uint32_t> last_run;  // by replica
  for (std::uint32_t r = 0; r < runs_.size(); ++r) {
    auto& candidates = replicas_of_agent[agent_of_run[r]];
    std::size_t chosen = candidates.size();
    for (std::size_t tried = 0; tried < candidates.size() && tried < kMaxCandidates; ++tried) {
      const std::size_t c = candidates.size() - 1 - tried;
      if (!missing(runs_[r].parents, last_run[candidates[c]])) continue;
      chosen = c;
      break;
    }
    if (chosen == candidates.size()) {
      candidates.push_back(static_cast<std::uint32_t>(last_run.size()));
      last_run.push_back(kNone);
      agent_of_replica_.push_back(agent_of_run[r]);
    }
    std::rotate(candidates.begin() + static_cast<std::ptrdiff_t>(chosen),
                candidates.begin() + static_cast<std::ptrdiff_t>(chosen) + 1, candidates.end());
    Run& run = runs_[r];
    run.replica = candidates.back();
    run.previous = last_run[run.replica];
    last_run[run.replica] = r;
  }
  for (const std::uint32_t r : last_run) runs_[r].replica_ends = true;
}

std::optional<std::vector<std::uint32_t>> ReplayPlan::missing(std::span<const std::uint32_t> wanted,
                                                              std::uint32_t held) const {
  constexpr std::uint8_t kWanted = 1, kHeld = 2, kShared = kWanted | kHeld;
  marks_.resize(runs_.size(), 0);
  std::vector<std::uint32_t> touched, out;
  std::priority_queue<std::uint32_t> queue;  // the latest first: all ways into a run are known when its turn comes
  std::size_t open = 0;                      // queued runs that are not shared
  const auto mark = [&](std::uint32_t run, std::uint8_t with) {
    const std::uint8_t before = marks_[run];
    marks_[run] |= with;
    if (before == 0) {
      touched.push_back(run);
      queue.push(run);
      if (with != kShared) ++open;
    } else if (before != kShared && marks_[run] == kShared) {
      --open;
    }
  };
  for (const std::uint32_t run : wanted) mark(run, kWanted);
  if (held != kNone) mark(held, kHeld);
  bool fits = true;
  while (open > 0 && fits) {
    const std::uint32_t run = queue.top();
    queue.pop();
    const std::uint8_t is = marks_[run];
    if (is != kShared) --open;
    if (is == kWanted) out.push_back(run);
    fits = is != kHeld;
    for (const std::uint32_t p : runs_[run].parents) mark(p, is);
  }
  for (const std::uint32_t run : touched) marks_[run] = 0;
  if (!fits) return std::nullopt;
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace tlfs::cli
