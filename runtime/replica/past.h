// The changes that a snapshot contains, as the history keeps them: one archive of all changes up to some point, and
// groups of later ones. Read when one of them is asked for.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "runtime/replica/records.h"

namespace tlfs::replica {

inline constexpr std::size_t kPartBytes = 1u << 20;   // of a segment, in one record
inline constexpr std::size_t kGroupBytes = 1u << 20;  // of changes, after which a group is ended
inline constexpr std::size_t kMaxGroupBytes = 2 * document::kMaxChangeBytes;
inline constexpr std::size_t kMaxNamedLost = 8;  // records in one error

// A segment as the parts of records.
std::vector<HistoryPart> split(HistoryPart::Kind kind, ByteView bytes);
// Changes, one after the other, compressed.
Bytes encode_group(const std::vector<document::Change>& changes);
Result<std::vector<document::Change>> decode_group(ByteView bytes);

class Past {
 public:
  using Unarchive = std::function<Result<std::vector<document::Change>>(ByteView)>;

  // There are such records, and they were not read.
  Past() = default;
  // All of them, ascending by number; parts that are not whole are left out, and damaged() is true. So it is when some
  // are gone: `lost` names them, with what is wrong with each.
  explicit Past(const std::map<std::uint64_t, HistoryPart>& parts, std::vector<std::string> lost = {});
  void set_unarchive(Unarchive unarchive) { unarchive_ = std::move(unarchive); }

  bool here() const { return here_; }
  bool has_any() const { return !segments_.empty() || damaged_; }
  bool damaged() const { return damaged_; }
  // Adds what has become history.
  void add(HistoryPart::Kind kind, Bytes bytes);
  void replace_all(Bytes archive);
  // HistoryNeeded when the records were not read. Where one of them cannot be read, the others are still looked into;
  // the error names those that may have held it.
  Result<document::Change> find(const document::ChangeHash& hash);
  // Those of the changes that cannot be found.
  std::vector<document::ChangeHash> lacking(std::vector<document::ChangeHash> changes);
  // All of them, in the order in which they came; those that cannot be read are left out, with a sentence in `lost`.
  std::vector<document::Change> all(std::vector<std::string>& lost);

 private:
  struct Segment {
    HistoryPart::Kind kind = HistoryPart::Kind::group;
    std::uint64_t number = 0;  // of its first record; only of those that were found
    Bytes bytes;
    bool read = false;
    std::size_t first = 0;  // once it is read: its changes in changes_
    std::size_t count = 0;
  };
  Status read(Segment& segment);

  bool here_ = false;
  bool damaged_ = false;
  std::vector<std::string> lost_;
  std::deque<Segment> segments_;
  Unarchive unarchive_;
  std::vector<document::Change> changes_;
  std::map<document::ChangeHash, std::size_t> by_hash_;
};

}  // namespace tlfs::replica
