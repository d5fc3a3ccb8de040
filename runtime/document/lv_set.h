// A set of local versions, for example the operations that are concurrent with a change.
#pragma once

#include <span>
#include <vector>

#include "runtime/document/ids.h"

namespace tlfs::document {

struct LvRange {
  Lv first = 0;
  std::uint32_t count = 0;
  Lv end() const { return first + count; }
  friend bool operator==(const LvRange&, const LvRange&) = default;
};

// Sorted, disjoint, non-adjacent ranges.
class LvSet {
 public:
  // Any order; overlapping is fine. At the end it costs nothing.
  void add(Lv first, std::uint32_t count);
  bool contains(Lv lv) const { return !ranges_.empty() && lv >= ranges_.front().first && search(lv); }
  bool empty() const { return ranges_.empty(); }
  void clear() { ranges_.clear(); }
  std::span<const LvRange> ranges() const { return ranges_; }
  // How many of the Lvs from `lv` on (at most `limit`) agree with `lv` about being in the set.
  std::uint32_t uniform(Lv lv, std::uint32_t limit) const;
  // Leaves only what is in `other` too.
  void intersect(const LvSet& other);
  friend bool operator==(const LvSet&, const LvSet&) = default;

 private:
  bool search(Lv lv) const;
  std::vector<LvRange> ranges_;
};

}  // namespace tlfs::document
