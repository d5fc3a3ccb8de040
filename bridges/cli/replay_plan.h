// Which replica makes which transactions of a trace, and what it must learn before it does.
//
// A transaction of a concurrent trace is made on exactly its parents' pasts. Transactions of one agent that follow one
// another, while nobody else needs those in between, form a *run*: they are sealed into one change. Each agent has a
// replica; where a run starts from less than that replica holds (branches by one agent), the agent gets one more. A
// pure function of the trace: nothing here knows documents.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bridges/cli/trace.h"

namespace tlfs::cli {

class ReplayPlan {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;
  // How many replicas of an agent, the latest first, are asked whether they suit a run.
  static constexpr std::size_t kMaxCandidates = 64;

  struct Run {
    std::vector<std::uint32_t> transactions;  // ascending; at least one
    std::vector<std::uint32_t> parents;       // runs; smaller than the own index
    std::uint32_t replica = 0;                // who makes it
    std::uint32_t previous = kNone;           // the run that this replica made before
    bool replica_ends = false;                // it makes no run after this one
  };

  // `trace` is needed only during the call.
  explicit ReplayPlan(const Trace& trace);

  // In causal order.
  const std::vector<Run>& runs() const { return runs_; }
  // By replica.
  const std::vector<std::uint32_t>& agent_of_replica() const { return agent_of_replica_; }
  // Runs without children.
  const std::vector<std::uint32_t>& heads() const { return heads_; }

  // The runs that are in the past of `wanted` (itself included) and not in that of `held` (kNone: nothing is held),
  // ascending. Nothing when `held` is not in that past itself. Costs what lies between the two.
  std::optional<std::vector<std::uint32_t>> missing(std::span<const std::uint32_t> wanted, std::uint32_t held) const;

 private:
  void find_runs(const Trace& trace);
  void assign_replicas(const std::vector<std::uint32_t>& agent_of_run);

  std::vector<Run> runs_;
  std::vector<std::uint32_t> agent_of_replica_;
  std::vector<std::uint32_t> heads_;
  mutable std::vector<std::uint8_t> marks_;  // scratch, by run; all zero between calls
};

}  // namespace tlfs::cli
