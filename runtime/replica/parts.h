// What a Replica is made of; for the files of this folder.
#pragma once

#include <deque>
#include <set>

#include "runtime/replica/found.h"
#include "runtime/replica/past.h"
#include "runtime/replica/snapshot_blocks.h"

namespace tlfs::replica {

using document::ChangeIndex;

// Which writes were done: in memory, and as segments in notes.
class DoneWrites {
 public:
  const DoneEntry* find(const WriteId& write) const;
  std::uint64_t last(std::uint64_t client) const;
  // The next serial is its own.
  DoneEntry remember(const WriteId& write, std::uint64_t revision);
  // As records said; in any order, then settle().
  void recall(const DoneEntry& entry) { recalled_.push_back(entry); }
  void recall(std::uint64_t segment, DoneSegment content);
  void settle(std::uint64_t next_segment);
  // Puts the entries into segments, each of which is written once, and drops segments that nobody remembers.
  void store(const std::vector<DoneEntry>& entries, const DocumentId& document, const crypto::Secret& at_rest,
             storage::Batch& out);

  std::uint64_t first_segment() const { return segments_.empty() ? next_segment_ : segments_.front().first; }
  std::uint64_t next_segment() const { return next_segment_; }

 private:
  void add(const DoneEntry& entry);
  std::map<WriteId, DoneEntry> by_id_;
  std::deque<DoneEntry> order_;
  std::vector<DoneEntry> recalled_;
  std::deque<std::pair<std::uint64_t, DoneSegment>> segments_;
  std::uint64_t next_segment_ = 0;
  std::uint64_t next_serial_ = 1;
};

struct Replica::Parts {
  explicit Parts(Settings s);

  Settings settings;
  DocumentId id;
  std::unique_ptr<Past> past;  // outlives the document, which asks it for changes
  std::unique_ptr<access::ProtectedDocument> document;
  std::vector<std::string> lost;
  bool incomplete = false;

  // What the disk has, or will have when all writes are there.
  Progress progress;
  std::set<crypto::Digest> packages;
  std::size_t statements_seen = 0;  // of the log
  std::uint64_t next_statement = 0;
  std::map<access::StatementHash, std::uint64_t> waiting_statements;  // records of what is not in the log
  std::size_t changes_seen = 0;                                       // of the graph
  std::uint64_t next_change = 0;
  struct Tail {
    ChangeIndex index = document::kNoChange;
    std::uint64_t number = 0;
    std::size_t bytes = 0;
  };
  std::vector<Tail> extras;  // change records of what is in the past, with leaves that came later
  std::vector<Tail> tail;    // change records of what is in the graph, ascending in both
  std::map<document::ChangeHash, std::uint64_t> waiting_changes;  // records of what is not in the graph
  struct Local {
    std::uint64_t number = 0;
    document::Lv end = 0;
    std::size_t bytes = 0;
    std::optional<DoneEntry> done;
  };
  std::deque<Local> locals;
  std::uint64_t next_local = 0;
  std::size_t tail_bytes = 0;                                // of changes in `tail` and locals
  std::map<document::AgentIndex, ChangeIndex> unsigned_own;  // last change of an own chain, while nobody signed it
  DoneWrites done;
  SnapshotBlocks blocks;
  std::vector<Bytes> doomed;          // keys that go with the next writes
  bool beyond_mending = false;        // the archive that would replace damaged history cannot be made
  std::size_t too_large_at = 0;       // bytes of the tail at which no snapshot could be stored
  std::deque<storage::Batch> writes;  // each within the limits of a batch

  const crypto::Secret& at_rest() const { return *settings.at_rest; }
  document::Document& content() { return document->content(); }

  // Brings what has happened to the document into the writes; `finished` were done by it. `revision`: that the document
  // has without what will be written next.
  void collect(const std::vector<DoneEntry>& finished = {}, std::optional<std::uint64_t> revision = std::nullopt);
  Tail* tail_of(ChangeIndex index);  // null when its record is in no tail
  std::size_t leaves_here(ChangeIndex index) const;
  // Its record once more, since there is more of it.
  void put_again(ChangeIndex index, storage::Batch& out);
  void put_again(ChangeIndex index);
  void put_change(ChangeIndex index, std::uint64_t number, storage::Batch& out, std::size_t& bytes);
  Progress current(std::optional<std::uint64_t> revision = std::nullopt) const;
  void put_progress(storage::Batch& out, std::optional<std::uint64_t> revision = std::nullopt);
  // Adds to the writes what has to be in one batch. False, and nothing added, when it is more than a batch may hold.
  bool add(storage::Batch unit);
  static bool fits(const storage::Batch& unit);
  // The changes of `extras` and `tail`, as groups of the history.
  std::vector<Bytes> tail_groups() const;
};

inline constexpr std::size_t kTailBytes = 64u << 10;  // of changes and local records, before a snapshot pays
inline constexpr std::size_t kTailRecords = 1024;
inline constexpr std::size_t kMergeBytes = 256u << 10;  // of groups, before making an archive of them pays
inline constexpr std::size_t kUnitRecords = 4096;       // after which a batch is ended where that is possible
inline constexpr std::size_t kUnitBytes = 32u << 20;

}  // namespace tlfs::replica
