// The causal graph of a document's changes: what happened before what. Owned by Document; single-threaded.
//
// Holds for each change its place in the IdSpace and its parents, finds the changes that are concurrent with a given one at a cost that
// is proportional to how many there are, and keeps forks by a lying device apart as agents of their own.
#pragma once

#include <span>
#include <vector>

#include <tsl/robin_map.h>

#include "runtime/document/change.h"
#include "runtime/document/operation_block.h"

namespace tlfs::document {

using ChangeIndex = std::uint32_t;
inline constexpr ChangeIndex kNoChange = 0xffffffff;

struct LvRange {
  Lv first = 0;
  std::uint32_t count = 0;
  friend bool operator==(const LvRange&, const LvRange&) = default;
};

// A set of Lvs as sorted, disjoint, non-adjacent ranges.
class LvSet {
 public:
  void add(Lv first, std::uint32_t count);  // any order; overlapping is fine
  bool contains(Lv lv) const {
    return !ranges_.empty() && lv >= ranges_.front().first && search(lv);
  }
  bool empty() const { return ranges_.empty(); }
  void clear() { ranges_.clear(); }
  std::span<const LvRange> ranges() const { return ranges_; }
  // How many of the Lvs from `lv` on (at most `limit`) agree with `lv` about being in the set.
  std::uint32_t uniform(Lv lv, std::uint32_t limit) const;
  friend bool operator==(const LvSet&, const LvSet&) = default;

 private:
  bool search(Lv lv) const;
  std::vector<LvRange> ranges_;
};

// Everything about a change that computing with it needs; the bytes are elsewhere.
struct ChangeRecord {
  ChangeHash hash{};
  AgentIndex agent = kNoAgent;
  std::uint64_t seq = 0;
  std::uint64_t lamport = 0;
  std::uint64_t first_counter = 0;
  Lv base = 0;
  std::uint32_t id_count = 0;
  bool lawful = true;                  // false: lamport or counters do not follow from the parents; a link without effect
  std::vector<ChangeIndex> parents;    // prev first, if any; all smaller than the own index
};

class ChangeGraph final : public WriterDirectory {
 public:
  // All parents must be present and the hash new. Gives the change its Lvs in `ids`.
  ChangeIndex add(const ChangeHash& hash, const Header& header);

  std::size_t size() const { return records_.size(); }
  const ChangeRecord& at(ChangeIndex i) const { return records_[i]; }
  ChangeIndex find(const ChangeHash& hash) const;  // kNoChange
  ChangeIndex change_of(Lv lv) const;              // the change that owns the id; kNoChange for ids that are not in a change yet
  IdSpace& ids() { return ids_; }
  const IdSpace& ids() const { return ids_; }

  // Changes that no other change has as a parent, ascending.
  std::span<const ChangeIndex> heads() const { return heads_; }
  std::vector<ChangeHash> head_hashes() const;  // sorted
  std::uint64_t max_lamport(std::span<const ChangeIndex> of) const;

  // The changes below `limit` (by index) that are neither in `tips` nor before them, as Lvs. With `among`, only those whose flag is set.
  // Cost: in the number of changes between the tips and the limit's heads.
  LvSet not_before(std::span<const ChangeIndex> tips, ChangeIndex limit) const;
  // Flags (by index) of everything in `tips` or before them.
  std::vector<bool> past(std::span<const ChangeIndex> tips) const;
  // Drops from `tips` what is before another of them.
  std::vector<ChangeIndex> maximal(std::vector<ChangeIndex> tips) const;

  // Writers. The agent whose chain ends in `change`; for the local writer use agent_for_new().
  AgentIndex agent_of_writer(const WriterId& writer) const;  // first chain, kNoAgent when unknown
  AgentIndex ensure_agent(const WriterId& writer);           // for the local writer before its first change
  bool has_forked(const WriterId& writer) const;
  ChangeIndex last_of(AgentIndex agent) const;               // kNoChange
  AgentIndex find(const WriterEntry& entry) const override;
  WriterEntry describe(AgentIndex agent, Lv lv) const override;

  // Operation order (DESIGN: lamport, writer, counter; between branches of a fork the hash of the change). Ids that are in no change yet
  // come after all others. True when a comes before b.
  bool ordered_before(Lv a, Lv b) const;

 private:
  IdSpace ids_;
  std::vector<ChangeRecord> records_;
  tsl::robin_map<ChangeHash, ChangeIndex, crypto::DigestHash> by_hash_;
  std::vector<ChangeIndex> heads_;
};

}  // namespace tlfs::document
