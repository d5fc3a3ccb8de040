#include "runtime/document/ids.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace tlfs::document {

AgentIndex IdSpace::add_agent(const WriterId& writer, AgentIndex parent, std::uint64_t fork_counter) {
  agents_.push_back({writer, parent, fork_counter, {}});
  return static_cast<AgentIndex>(agents_.size() - 1);
}

Lv IdSpace::append(AgentIndex agent, std::uint64_t first_counter, std::uint32_t count) {
  TLFS_CHECK(count <= kMaxOperations - size_, "a document holds at most 2^32 operations");
  const Lv first = size_;
  size_ += count;
  if (!runs_.empty()) {
    Run& last = runs_.back();
    if (last.agent == agent && last.counter + last.count == first_counter) {
      last.count += count;
      return first;
    }
  }
  if (count == 0) return first;
  agents_[agent].runs.push_back(static_cast<std::uint32_t>(runs_.size()));
  runs_.push_back({first, count, agent, first_counter});
  return first;
}

void IdSpace::truncate(Lv from) {
  while (!runs_.empty() && runs_.back().lv >= from) {
    agents_[runs_.back().agent].runs.pop_back();
    runs_.pop_back();
  }
  if (!runs_.empty() && runs_.back().lv + runs_.back().count > from) runs_.back().count = from - runs_.back().lv;
  size_ = from;
  last_run_ = 0;
}

const IdSpace::Run& IdSpace::run_of(Lv lv) const {
  TLFS_CHECK(lv < size_, "local version out of range");
  if (last_run_ < runs_.size()) {
    const Run& hit = runs_[last_run_];
    if (lv >= hit.lv && lv - hit.lv < hit.count) return hit;
  }
  auto after = std::upper_bound(runs_.begin(), runs_.end(), lv, [](Lv v, const Run& r) { return v < r.lv; });
  last_run_ = static_cast<std::uint32_t>(after - runs_.begin() - 1);
  return runs_[last_run_];
}

Lv IdSpace::lv_of(AgentIndex agent, std::uint64_t counter) const {
  while (agents_[agent].parent != kNoAgent && counter < agents_[agent].fork_counter) agent = agents_[agent].parent;
  const auto& runs = agents_[agent].runs;
  auto after = std::upper_bound(runs.begin(), runs.end(), counter,
                                [this](std::uint64_t c, std::uint32_t r) { return c < runs_[r].counter; });
  if (after == runs.begin()) return kNoLv;
  const Run& run = runs_[*(after - 1)];
  const std::uint64_t offset = counter - run.counter;
  return offset < run.count ? run.lv + static_cast<Lv>(offset) : kNoLv;
}

}  // namespace tlfs::document
