// Names of operations, on the wire and in memory.
//
// On the wire an operation is named by (writer, counter). In memory every operation of a document also has a local
// version (Lv): the position at which this replica learnt of it, dense from 0 and always after everything in its causal
// past. Lvs are what the engine computes with, because "seen before" becomes a comparison of small integers; they never
// leave the replica. IdSpace translates between the two.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "runtime/crypto/crypto.h"

namespace tlfs::document {

using Lv = std::uint32_t;
inline constexpr Lv kNoLv = 0xffffffff;                      // none
inline constexpr Lv kUnknownLv = 0xfffffffe;                 // a reference to something that this replica does not have
inline constexpr std::uint32_t kMaxOperations = 0xfffffff0;  // per document

using DocumentId = crypto::PublicKey;

// A device in one incarnation; a store that may have lost its tail starts a new incarnation. Ordered bytewise.
struct WriterId {
  crypto::PublicKey device{};
  std::uint64_t incarnation = 0;
  friend auto operator<=>(const WriterId&, const WriterId&) = default;
};

struct OpId {
  WriterId writer;
  std::uint64_t counter = 0;  // from 0, one per id that the writer's operations take
  friend auto operator<=>(const OpId&, const OpId&) = default;
};

// One linear chain of changes by one writer. An honest writer has one; each branch of a fork is an agent of its own
// that continues its parent from `fork_counter` on. Indices are local to the replica.
using AgentIndex = std::uint32_t;
inline constexpr AgentIndex kNoAgent = 0xffffffff;

class IdSpace {
 public:
  // A writer's first chain: pass kNoAgent as `parent`. A branch shares its parent's counters below `fork_counter`.
  AgentIndex add_agent(const WriterId& writer, AgentIndex parent = kNoAgent, std::uint64_t fork_counter = 0);
  // The next `count` Lvs are `agent`'s counters from `first_counter` on. Returns the first Lv.
  Lv append(AgentIndex agent, std::uint64_t first_counter, std::uint32_t count);
  // Forgets every Lv from `from` on; only for ids that were handed out last and never left the replica.
  void truncate(Lv from);

  Lv size() const { return size_; }
  const WriterId& writer(AgentIndex agent) const { return agents_[agent].writer; }
  AgentIndex parent_of(AgentIndex agent) const { return agents_[agent].parent; }
  std::uint64_t fork_counter(AgentIndex agent) const { return agents_[agent].fork_counter; }
  std::uint32_t agent_count() const { return static_cast<std::uint32_t>(agents_.size()); }
  AgentIndex agent_of(Lv lv) const { return run_of(lv).agent; }
  std::uint64_t counter_of(Lv lv) const {
    const Run& r = run_of(lv);
    return r.counter + (lv - r.lv);
  }
  OpId id_of(Lv lv) const { return {writer(agent_of(lv)), counter_of(lv)}; }
  // kNoLv when the chain of `agent` has no such counter.
  Lv lv_of(AgentIndex agent, std::uint64_t counter) const;
  // How many of the Lvs from `lv` on (at most `limit`) have consecutive counters of the same agent.
  std::uint32_t contiguous(Lv lv, std::uint32_t limit) const {
    const Run& r = run_of(lv);
    const std::uint32_t left = r.count - (lv - r.lv);
    return left < limit ? left : limit;
  }

 private:
  struct Run {  // in order of lv
    Lv lv;
    std::uint32_t count;
    AgentIndex agent;
    std::uint64_t counter;
  };
  struct Agent {
    WriterId writer;
    AgentIndex parent;
    std::uint64_t fork_counter;
    std::vector<std::uint32_t> runs;  // indices into runs_, in order of counter
  };
  const Run& run_of(Lv lv) const;

  std::vector<Run> runs_;
  std::vector<Agent> agents_;
  Lv size_ = 0;
  mutable std::uint32_t last_run_ = 0;  // where the last look-up ended
};

}  // namespace tlfs::document
