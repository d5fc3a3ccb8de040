// The causal graph of a document's changes: what happened before what. Owned by Document; single-threaded.
//
// Holds for each change its place in the IdSpace and its parents, finds the changes that are concurrent with a given
// one at a cost that is proportional to how many there are, and keeps forks by a lying device apart as agents of their
// own.
#pragma once

#include <span>
#include <vector>

#include <tsl/robin_map.h>

#include "runtime/document/change.h"
#include "runtime/document/lv_set.h"
#include "runtime/document/operation_block.h"

namespace tlfs::document {

using ChangeIndex = std::uint32_t;
inline constexpr ChangeIndex kNoChange = 0xffffffff;

// The parents of a change: nearly always one or two, which then lie inside. Read like a vector.
class ParentList {
 public:
  ParentList() = default;
  explicit ParentList(std::span<const ChangeIndex> parents);
  ParentList(const ParentList& other) : ParentList(std::span<const ChangeIndex>(other)) {}
  ParentList(ParentList&& other) noexcept : size_(other.size_), in_(other.in_) { other.size_ = 0; }
  ParentList& operator=(ParentList other) noexcept {
    std::swap(size_, other.size_);
    std::swap(in_, other.in_);
    return *this;
  }
  ~ParentList() {
    if (size_ > kInside) delete[] in_.many;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const ChangeIndex* begin() const { return size_ > kInside ? in_.many : in_.few; }
  const ChangeIndex* end() const { return begin() + size_; }
  ChangeIndex operator[](std::size_t i) const { return begin()[i]; }
  ChangeIndex front() const { return *begin(); }
  operator std::span<const ChangeIndex>() const { return {begin(), size_}; }

 private:
  static constexpr std::uint32_t kInside = 2;
  std::uint32_t size_ = 0;
  union {
    ChangeIndex few[kInside];
    ChangeIndex* many;
  } in_{};
};

// Everything about a change that computing with it needs; the bytes are elsewhere.
struct ChangeRecord {
  ChangeHash hash{};
  std::uint64_t seq = 0;
  std::uint64_t lamport = 0;
  std::uint64_t first_counter = 0;
  AgentIndex agent = kNoAgent;
  Lv base = 0;
  std::uint32_t id_count = 0;
  bool lawful = true;  // false: lamport, seq or counters do not follow from the parents; a link without effect
  ParentList parents;  // prev first, if any; all smaller than the own index
};

class ChangeGraph final : public WriterDirectory {
 public:
  // All parents must be present and the hash new. Gives the change its Lvs in `ids`; where the ids were handed out
  // before the change was made (local transactions), they must be the oldest that are in no change yet, and stay what
  // they are. Errc::limit_exceeded, and nothing done, when the document has no ids left.
  Result<ChangeIndex> add(const ChangeHash& hash, const Header& header);
  // Hands out the Lvs of a change whose hash is not known yet, because its leaves are made from this (archive.h). The
  // next call must be add() with this header; leaf digests may differ.
  Result<BlockScope> announce(const Header& header);

  // For snapshots: the chains in order of their index, then the changes. `parent` < the new index, of the same writer.
  // The record's base is filled in; what it says has been checked. A hash that is there already is refused: kNoChange.
  AgentIndex restore_agent(const WriterId& writer, AgentIndex parent, std::uint64_t fork_counter) {
    return new_agent(writer, parent, fork_counter);
  }
  ChangeIndex restore(ChangeRecord record);
  void reserve(std::size_t changes);

  std::size_t size() const { return records_.size(); }
  const ChangeRecord& at(ChangeIndex i) const { return records_[i]; }
  ChangeIndex find(const ChangeHash& hash) const;  // kNoChange
  ChangeIndex change_of(Lv lv) const;  // the change that owns the id; kNoChange for ids that are not in a change yet
  Lv first_unsealed() const { return sealed_; }  // every Lv below is in a change, none from it on
  IdSpace& ids() { return ids_; }
  const IdSpace& ids() const { return ids_; }

  // Changes that no other change has as a parent, ascending.
  std::span<const ChangeIndex> heads() const { return heads_; }
  std::vector<ChangeHash> head_hashes() const;  // sorted
  std::uint64_t max_lamport(std::span<const ChangeIndex> of) const;

  // The changes below `limit` (by index) that are neither in `tips` nor before them, as Lvs. All tips are below
  // `limit`. Cost: nothing when the tips have everything before them. Otherwise as many steps as the answer has ranges,
  // when the same or the parents' question was asked lately; else as many as there are changes since the tips last had
  // everything in their past.
  LvSet not_before(std::span<const ChangeIndex> tips, ChangeIndex limit) const;
  // Flags (by index) of everything in `tips` or before them.
  std::vector<bool> past(std::span<const ChangeIndex> tips) const;
  // Drops from `tips` what is before another of them. Ascending.
  std::vector<ChangeIndex> maximal(std::vector<ChangeIndex> tips) const;

  // Writers. A writer's first chain is the agent that its first change here began.
  AgentIndex agent_of_writer(const WriterId& writer) const;  // first chain, kNoAgent when unknown
  AgentIndex ensure_agent(const WriterId& writer);           // for the local writer before its first change
  bool has_forked(const WriterId& writer) const;
  ChangeIndex last_of(AgentIndex agent) const;  // kNoChange

  // As a directory of writers the graph knows all that is there. That is right for encoding, and for decoding what is
  // in no change yet. The block of a change must be decoded with SeenWriters.
  AgentIndex find(const WriterEntry& entry) const override;
  WriterEntry describe(AgentIndex agent, Lv lv) const override;

  // Operation order (DESIGN: lamport, writer, counter; between branches of a fork the hash of the change). Ids that are
  // in no change yet come after all others. True when a comes before b.
  bool ordered_before(Lv a, Lv b) const;

 private:
  friend class SeenWriters;
  struct WriterHash {
    std::size_t operator()(const WriterId& w) const {
      return crypto::DigestHash{}(w.device) ^ (w.incarnation * 0x9e3779b97f4a7c15u);
    }
  };
  struct ConcurrentWith {
    ChangeIndex change = kNoChange;
    std::uint64_t asked = 0;
    LvSet lvs;
  };

  struct Place {
    AgentIndex agent = kNoAgent;
    bool lawful = true;
  };

  ChangeIndex append(ChangeRecord record);
  std::vector<ChangeIndex> parents_of(const Header& header) const;
  Result<Place> place(const Header& header, std::span<const ChangeIndex> parents);
  AgentIndex agent_for(const Header& header, ChangeIndex prev, bool& lawful);
  AgentIndex new_agent(const WriterId& writer, AgentIndex parent, std::uint64_t fork_counter);
  ChangeIndex complete_below(std::span<const ChangeIndex> parents, ChangeIndex index) const;
  Lv end_of(ChangeIndex limit) const { return limit < records_.size() ? records_[limit].base : sealed_; }
  bool complete(ChangeIndex i) const { return complete_below_[i] == i; }
  std::span<ConcurrentWith> shelf(ChangeIndex i) const;
  ConcurrentWith* remembered(ChangeIndex i) const;
  const LvSet* cached(ChangeIndex i) const;
  const LvSet& concurrent_with(ChangeIndex i) const;
  LvSet walk(ChangeIndex i) const;
  const LvSet& remember(ChangeIndex i, LvSet lvs) const;

  IdSpace ids_;
  Lv sealed_ = 0;
  std::optional<Place> announced_;
  std::vector<ChangeRecord> records_;
  std::vector<ChangeIndex> complete_below_;  // by change: it has every change below this index in its past
  tsl::robin_map<ChangeHash, ChangeIndex, crypto::DigestHash> by_hash_;
  std::vector<ChangeIndex> heads_;
  std::vector<ChangeIndex> last_of_agent_;
  tsl::robin_map<WriterId, std::vector<AgentIndex>, WriterHash> agents_of_writer_;

  // Scratch and memory of answers, so that a conversation of two writers does not walk through their history at each
  // change. An answer lies on the shelf that its change's index names; the one asked for longest ago makes room.
  static constexpr std::size_t kShelves = 64;
  static constexpr std::size_t kPerShelf = 8;
  mutable ChangeIndex last_hit_ = 0;
  mutable std::vector<std::uint32_t> marks_;
  mutable std::uint32_t mark_ = 0;
  mutable std::vector<ConcurrentWith> remembered_;  // shelf by shelf; empty until the first answer
  mutable std::uint64_t questions_ = 0;
};

// The writers as the author of one change could know them: an entry without a branch means the only branch of the
// writer in the change's past, however many this replica has learnt of since. So every replica reads a block alike. Use
// at once, before the graph grows.
class SeenWriters final : public WriterDirectory {
 public:
  SeenWriters(const ChangeGraph& graph, ChangeIndex change) : graph_(graph), change_(change) {}
  AgentIndex find(const WriterEntry& entry) const override;
  WriterEntry describe(AgentIndex agent, Lv lv) const override { return graph_.describe(agent, lv); }

 private:
  const ChangeGraph& graph_;
  ChangeIndex change_;
  mutable std::vector<bool> past_;  // computed when a forked writer is named
};

}  // namespace tlfs::document
