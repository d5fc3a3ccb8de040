#include "runtime/document/lv_set.h"

#include <algorithm>

namespace tlfs::document {

namespace {

// The first range that ends after `lv`.
auto range_at(const std::vector<LvRange>& ranges, Lv lv) {
  return std::partition_point(ranges.begin(), ranges.end(), [lv](const LvRange& r) { return r.end() <= lv; });
}

}  // namespace

void LvSet::add(Lv first, std::uint32_t count) {
  if (count == 0) return;
  const Lv end = first + count;
  if (ranges_.empty() || first > ranges_.back().end()) {
    ranges_.push_back({first, count});
    return;
  }
  // Everything that overlaps or touches [first, end) becomes one range.
  auto from =
      std::partition_point(ranges_.begin(), ranges_.end(), [first](const LvRange& r) { return r.end() < first; });
  auto to = std::partition_point(from, ranges_.end(), [end](const LvRange& r) { return r.first <= end; });
  if (from == to) {
    ranges_.insert(from, {first, count});
    return;
  }
  const Lv joined_first = std::min(first, from->first);
  const Lv joined_end = std::max(end, (to - 1)->end());
  *from = {joined_first, joined_end - joined_first};
  ranges_.erase(from + 1, to);
}

bool LvSet::search(Lv lv) const {
  const auto r = range_at(ranges_, lv);
  return r != ranges_.end() && lv >= r->first;
}

std::uint32_t LvSet::uniform(Lv lv, std::uint32_t limit) const {
  const auto r = range_at(ranges_, lv);
  if (r == ranges_.end()) return limit;
  return std::min(limit, (lv >= r->first ? r->end() : r->first) - lv);
}

void LvSet::intersect(const LvSet& other) {
  std::vector<LvRange> both;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const Lv first = std::max(a->first, b->first);
    const Lv end = std::min(a->end(), b->end());
    if (first < end) both.push_back({first, end - first});
    if (a->end() < b->end())
      ++a;
    else
      ++b;
  }
  ranges_ = std::move(both);
}

}  // namespace tlfs::document
