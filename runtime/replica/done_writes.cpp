#include <algorithm>
#include <limits>

#include "runtime/replica/parts.h"

namespace tlfs::replica {

const DoneEntry* DoneWrites::find(const WriteId& write) const {
  // Nearly every question is about a new write, and one client's numbers ascend.
  if (by_id_.empty() || by_id_.rbegin()->first < write) return nullptr;
  const auto at = by_id_.find(write);
  return at == by_id_.end() ? nullptr : &at->second;
}

std::uint64_t DoneWrites::last(std::uint64_t client) const {
  const auto after = by_id_.upper_bound({client, std::numeric_limits<std::uint64_t>::max()});
  if (after == by_id_.begin() || std::prev(after)->first.client != client) return 0;
  return std::prev(after)->first.number;
}

void DoneWrites::add(const DoneEntry& entry) {
  const std::size_t known = by_id_.size();
  by_id_.emplace_hint(by_id_.end(), entry.write, entry);
  if (by_id_.size() == known) return;
  order_.push_back(entry);
  next_serial_ = std::max(next_serial_, entry.serial + 1);
  if (order_.size() <= kMaxDoneWrites) return;
  by_id_.erase(order_.front().write);
  order_.pop_front();
}

DoneEntry DoneWrites::remember(const WriteId& write, std::uint64_t revision) {
  const DoneEntry entry{write, revision, next_serial_++};
  add(entry);
  return entry;
}

void DoneWrites::recall(std::uint64_t segment, DoneSegment content) {
  for (const DoneEntry& e : content.entries) recall(e);
  segments_.emplace_back(segment, std::move(content));
}

void DoneWrites::settle(std::uint64_t next_segment) {
  next_segment_ = next_segment;
  std::sort(recalled_.begin(), recalled_.end(),
            [](const DoneEntry& a, const DoneEntry& b) { return a.serial < b.serial; });
  for (const DoneEntry& e : recalled_) add(e);
  recalled_.clear();
}

void DoneWrites::store(const std::vector<DoneEntry>& entries, const DocumentId& document, const crypto::Secret& at_rest,
                       storage::Batch& out) {
  if (entries.empty()) return;
  const auto put_last = [&] {
    const auto& [number, segment] = segments_.back();
    const Bytes key = storage::note_key(document, done_note(number));
    out.put(key, seal_value(at_rest, key, segment.encode()));
  };
  for (const DoneEntry& entry : entries) {
    if (segments_.empty() || segments_.back().second.entries.size() >= kDonePerSegment) {
      if (&entry != &entries.front()) put_last();
      segments_.emplace_back(next_segment_++, DoneSegment{});
    }
    segments_.back().second.entries.push_back(entry);
  }
  put_last();
  // Entries come into segments nearly in the order of their serials.
  const auto forgotten = [&](const DoneEntry& e) { return !by_id_.contains(e.write); };
  while (segments_.size() > 1) {
    const std::vector<DoneEntry>& oldest = segments_.front().second.entries;
    if (!std::all_of(oldest.begin(), oldest.end(), forgotten)) break;
    out.remove(storage::note_key(document, done_note(segments_.front().first)));
    segments_.pop_front();
  }
}

}  // namespace tlfs::replica
