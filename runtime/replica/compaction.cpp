// Snapshots, and changes that become history.
//
// The order of the batches: records of the history, which mean nothing until the note of progress counts them; one
// batch with the snapshot's blocks, its root and the note; then what is not needed any more goes. A reader who finds
// change records of what the snapshot contains, or records of the history that the note does not count, passes over
// them.
#include "runtime/base/check.h"
#include "runtime/replica/parts.h"

namespace tlfs::replica {

using document::Change;
using storage::Batch;
using storage::Kind;

namespace {

// Ends a batch where it has grown enough.
class Units {
 public:
  explicit Units(Replica::Parts& parts) : parts_(parts) {}
  void put(Bytes key, Bytes value) {
    bytes_ += value.size();
    unit_.put(std::move(key), std::move(value));
    end_if_large();
  }
  void remove(Bytes key) {
    unit_.remove(std::move(key));
    end_if_large();
  }
  void end() {
    TLFS_CHECK(parts_.add(std::exchange(unit_, {})), "a unit is far below the limits of a batch");
    bytes_ = 0;
  }

 private:
  void end_if_large() {
    if (unit_.writes().size() >= kUnitRecords || bytes_ >= kUnitBytes) end();
  }
  Replica::Parts& parts_;
  Batch unit_;
  std::size_t bytes_ = 0;
};

}  // namespace

bool Replica::wants_compaction() const {
  const Parts& p = *parts_;
  if (p.too_large_at != 0 && p.tail_bytes < 2 * p.too_large_at) return false;
  if (!p.blocks.root() && p.progress.history_end > p.progress.history_from) return true;
  return p.tail_bytes > std::max<std::size_t>(kTailBytes, p.blocks.stored_bytes() / 2) ||
         p.tail.size() + p.locals.size() > kTailRecords;
}

bool Replica::wants_mending() const {
  const Parts& p = *parts_;
  return !p.beyond_mending && p.past->here() && p.past->damaged() && p.document->content().lost_changes().empty();
}

std::vector<Bytes> Replica::Parts::tail_groups() const {
  std::vector<Bytes> out;
  std::vector<Change> group;
  std::size_t bytes = 0;
  const auto end_group = [&] {
    if (!group.empty()) out.push_back(encode_group(group));
    group.clear();
    bytes = 0;
  };
  const auto take = [&](const Tail& t) {
    if (bytes + t.bytes > kGroupBytes) end_group();
    group.push_back(document->content().history().change(t.index).value());
    bytes += t.bytes;
  };
  for (const Tail& t : extras) take(t);
  for (const Tail& t : tail) take(t);
  end_group();
  return out;
}

void Replica::compact(bool merge_history) {
  Parts& p = *parts_;
  p.content().sign();
  const Bytes snapshot = p.document->snapshot(document::SnapshotPacking::plain);
  p.collect();

  std::vector<Bytes> groups = p.tail_groups();
  std::size_t group_bytes = p.progress.group_bytes;
  for (const Bytes& g : groups) group_bytes += g.size();
  std::optional<Bytes> archive;
  if (merge_history &&
      (wants_mending() || group_bytes >= std::max<std::size_t>(kMergeBytes, p.progress.archive_bytes))) {
    Result<Bytes> made = p.document->archive(p.at_rest());
    if (made) archive = std::move(*made);  // else it is too much for an archive, and the groups stay
    p.beyond_mending = !archive;
  }

  Progress next = p.progress;
  std::vector<HistoryPart> parts;
  if (archive) {
    parts = split(HistoryPart::Kind::archive, *archive);
    next.history_from = next.history_end;
    next.archive_bytes = archive->size();
    next.group_bytes = 0;
  } else {
    for (const Bytes& g : groups)
      for (HistoryPart& part : split(HistoryPart::Kind::group, g)) parts.push_back(std::move(part));
    next.group_bytes = group_bytes;
  }
  next.history_end += parts.size();

  SnapshotRoot root;
  root.generation = p.blocks.generation() + 1;
  root.changes_below = p.next_change;
  root.packages.assign(p.packages.begin(), p.packages.end());
  Batch unit;
  const Status fits = p.blocks.replace(snapshot, std::move(root), p.id, p.at_rest(), unit);
  next.snapshot = p.blocks.generation() + 1;
  next.changes = p.waiting_changes.size();
  const Bytes note = storage::note_key(p.id, kProgressNote);
  unit.put(note, seal_value(p.at_rest(), note, next.encode()));
  if (!fits || !p.fits(unit)) {
    p.too_large_at = std::max<std::size_t>(p.tail_bytes, 1);
    p.beyond_mending = true;
    return;
  }

  Units units(p);
  std::uint64_t number = p.progress.history_end;
  for (const HistoryPart& part : parts) {
    Bytes key = storage::numbered_key(p.id, Kind::history, number++);
    Bytes value = seal_value(p.at_rest(), key, part.encode());
    units.put(std::move(key), std::move(value));
  }
  units.end();
  TLFS_CHECK(p.add(std::move(unit)), "it was seen to fit");
  for (const Parts::Tail& t : p.tail) units.remove(storage::numbered_key(p.id, Kind::change, t.number));
  for (const Parts::Tail& t : p.extras) units.remove(storage::numbered_key(p.id, Kind::change, t.number));
  for (std::uint64_t n = p.progress.history_from; n < next.history_from; ++n)
    units.remove(storage::numbered_key(p.id, Kind::history, n));
  units.end();

  p.blocks.accept();
  p.progress = next;
  p.tail.clear();
  p.extras.clear();
  p.tail_bytes = 0;
  p.unsigned_own.clear();
  p.too_large_at = 0;
  if (archive) {
    p.past->replace_all(std::move(*archive));
  } else {
    for (Bytes& g : groups) p.past->add(HistoryPart::Kind::group, std::move(g));
  }
}

}  // namespace tlfs::replica
