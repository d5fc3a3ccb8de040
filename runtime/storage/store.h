// Where a node keeps what must survive: an ordered map of byte keys to byte values, written in atomic batches.
//
// Keys follow layout.h. Every record carries a checksum, and every document a count of its records, so that a record
// that went bad is named and a record that went missing is noticed (manifest.h). A store belongs to one thread at a
// time; all of its functions block on the disk. One process at a time has a directory open.
//
// What a batch promises: when write() returns ok, all of it survives a loss of power. When it fails, all of it or
// nothing of it is there, and a later successful write or a reopening settles which; writing the same batch again is
// always right, because records are put and removed by key. After a failure the store heals itself: the next write
// makes sure of the disk first, so that nothing is acknowledged on shaky ground, and succeeds once the cause is gone.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace tlfs::storage {

enum class Errc : int {
  ok = 0,
  io,              // the disk failed in a way that has no code of its own
  full,            // no room on the disk; goes away when there is
  read_only,       // the file system is mounted read-only
  denied,          // the directory does not belong to this user
  too_many_files,  // the process or the system has too many files open
  locked,          // another store has the directory open
  missing,         // there is no store in the directory
  corrupt,         // what is on the disk is not what was written
  too_new,         // written by a later version in a format this one does not know
  limit,           // a named limit
  bad_key,         // not of the layout, or one that the store keeps for itself
  busy,            // cannot be done inside a scan
};
constexpr std::string_view errc_module(Errc) { return "storage"; }

inline constexpr std::size_t kMaxKeyBytes = 1024;
inline constexpr std::size_t kMaxValueBytes = 65u << 20;  // a sealed change of the greatest size fits
inline constexpr std::size_t kMaxBatchRecords = 1u << 16;
inline constexpr std::size_t kMaxBatchBytes = 256u << 20;
inline constexpr std::size_t kMaxFindings = 10'000;  // that are listed; further ones are only counted

using DocumentId = std::array<std::uint8_t, 32>;

// Puts and removals; of several for one key the last holds.
class Batch {
 public:
  struct Write {
    Bytes key;
    std::optional<Bytes> value;  // nothing: removed
  };
  void put(Bytes key, Bytes value) {
    bytes_ += key.size() + value.size();
    writes_.push_back({std::move(key), std::move(value)});
  }
  void remove(Bytes key) {
    bytes_ += key.size();
    writes_.push_back({std::move(key), std::nullopt});
  }
  // What `later` does is done after what this does.
  void append(const Batch& later) {
    writes_.insert(writes_.end(), later.writes_.begin(), later.writes_.end());
    bytes_ += later.bytes_;
  }
  const std::vector<Write>& writes() const { return writes_; }
  bool empty() const { return writes_.empty(); }
  std::size_t bytes() const { return bytes_; }  // of keys and values
  void clear() { *this = {}; }

 private:
  std::vector<Write> writes_;
  std::size_t bytes_ = 0;
};

// Records of one kind (layout.h) in one area: how many, and how many bytes their keys and values have.
struct Count {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const Count&, const Count&) = default;
};

struct DocumentStat {
  DocumentId id{};
  std::map<std::uint8_t, Count> kinds;
  Count total() const;
};

struct Stat {
  std::uint64_t format = 0;
  std::uint64_t batches = 0;            // written since the store began
  std::uint64_t disk_bytes = 0;         // files and all
  std::uint64_t quarantined = 0;        // records moved aside and gaps noted
  std::map<std::uint8_t, Count> node;   // outside documents, by kind
  std::vector<DocumentStat> documents;  // by id
  Count total() const;                  // node and documents together
};

// One thing that is wrong.
struct Finding {
  enum class Trouble : std::uint8_t {
    corrupt_record,  // its checksum does not fit
    lost_records,    // fewer than were written
    other_records,   // as many as or more than were written, but not those
    unreadable,      // the engine cannot read a part of its files
    lost_documents,  // all of a document
    bad_key,         // a record that no version wrote
    set_aside,       // moved into quarantine or noted there earlier
  };
  Trouble trouble{};
  std::optional<DocumentId> document;
  Bytes key;            // of the record, when it is one
  std::string message;  // a sentence with document and record
};
std::string_view trouble_name(Finding::Trouble trouble);

struct CheckReport {
  std::uint64_t records = 0;  // that are whole
  std::uint64_t bytes = 0;
  std::vector<Finding> findings;  // at most kMaxFindings
  std::uint64_t unlisted = 0;     // findings beyond that
  bool unreadable = false;        // one of the findings says so
};

// What a scan met beside the records it handed out.
struct Scanned {
  std::uint64_t records = 0;
  std::vector<Bytes> corrupt;  // keys of records that are damaged and were left out; at most kMaxFindings
  bool unreadable = false;     // the engine left out a part that it cannot read
};

class Store {
 public:
  // A record, valid during the call; false ends the scan.
  using Visitor = std::function<bool(ByteView key, ByteView value)>;
  using Progress = std::function<void(std::uint64_t records)>;

  virtual ~Store() = default;
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Atomic and synced; see the head of this file. An empty batch makes sure of the disk after a failure and else does
  // nothing. Errors: limit and bad_key (the batch is refused as it is), every error of the disk.
  virtual Status write(const Batch& batch) = 0;

  // Nothing when there is no such record; corrupt, naming it, when it is damaged.
  virtual Result<std::optional<Bytes>> read(ByteView key) = 0;

  // The records with from <= key < to in order of keys, as they were when the scan began, whatever is written
  // meanwhile; an empty `to` is the end of all. Damaged records are left out and reported. The store's own records do
  // not show.
  virtual Result<Scanned> scan(ByteView from, ByteView to, const Visitor& visit) = 0;

  virtual Result<std::uint64_t> disk_bytes() = 0;  // of all files; reads no record
  virtual Result<Stat> stat() = 0;

  // Reads and verifies every record and compares with the counts; changes nothing. Fails only when it could not begin.
  virtual Result<CheckReport> check(const Progress& progress = {}) = 0;

  // Moves damaged records into quarantine and notes there what is missing, in one document (or, without one, outside
  // documents), so that it can be used and counted anew. Reports what was wrong. Nothing is thrown away: the damaged
  // bytes lie in the quarantine until somebody removes their key there.
  virtual Result<CheckReport> settle(const std::optional<DocumentId>& document) = 0;
  // The same for all of the store.
  virtual Result<CheckReport> settle_all() = 0;
};

}  // namespace tlfs::storage
