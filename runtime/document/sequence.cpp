#include <tsl/robin_set.h>

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/document/sequence_tree.h"

namespace tlfs::document {
namespace {

bool continues(const Span& left, const Span& right) {
  return right.id == left.id + left.length && right.parent == right.id - 1 && right.side == Side::right &&
         left.visible == right.visible && left.inserted == right.inserted && left.restored == right.restored;
}

Lv parent_of(const Span& s, std::uint32_t offset) { return offset > 0 ? s.id + offset - 1 : s.parent; }
Lv anchor_of(const Span& s, std::uint32_t offset) { return offset > 0 ? s.id + offset - 1 : s.anchor; }
Side side_of(const Span& s, std::uint32_t offset) { return offset > 0 ? Side::right : s.side; }

// Byte offset of the visible item number `index` of a leaf.
std::size_t byte_at(const SequenceLeaf& leaf, std::uint64_t index) {
  return leaf.text.size() == leaf.visible ? static_cast<std::size_t>(index)
                                          : byte_offset_of_code_point(leaf.text, index);
}

std::uint64_t visible_before(const SequenceLeaf& leaf, std::uint32_t span) {
  std::uint64_t n = 0;
  for (std::uint32_t i = 0; i < span; ++i) n += leaf.spans[i].visible ? leaf.spans[i].length : 0;
  return n;
}

}  // namespace

Sequence::Sequence(PlaceTable& table, bool with_text) : table_(&table), with_text_(with_text) {}

Sequence::~Sequence() {
  for (SequenceLeaf* leaf = first_; leaf;) {
    SequenceLeaf* next = leaf->next;
    delete leaf;
    leaf = next;
  }
  std::vector<SequenceInner*> stack;
  if (root_) stack.push_back(root_);
  while (!stack.empty()) {
    SequenceInner* node = stack.back();
    stack.pop_back();
    if (!node->above_leaves)
      for (std::uint32_t i = 0; i < node->size; ++i) stack.push_back(node->inner(i));
    delete node;
  }
}

// ---- the tree ----

SequenceLeaf* Sequence::locate(std::uint64_t index, std::uint64_t* start) const {
  if (recent_ && index >= recent_start_ && index - recent_start_ < recent_->visible) {
    *start = recent_start_;
    return recent_;
  }
  std::uint64_t left = index;
  SequenceLeaf* leaf = first_;
  if (root_) {
    const SequenceInner* node = root_;
    while (true) {
      std::uint32_t i = 0;
      while (left >= node->visible[i]) left -= node->visible[i++];
      if (node->above_leaves) {
        leaf = node->leaf(i);
        break;
      }
      node = node->inner(i);
    }
  }
  *start = index - left;
  if (recent_ != leaf) spans_change();
  recent_ = leaf;
  recent_start_ = *start;
  return leaf;
}

std::uint32_t Sequence::span_at(const SequenceLeaf* leaf, std::uint64_t& skip) const {
  std::uint32_t i = 0;
  std::uint64_t start = 0;
  if (leaf == recent_ && skip >= recent_span_start_) {
    i = recent_span_;
    start = recent_span_start_;
  }
  skip -= start;
  while (!leaf->spans[i].visible || skip >= leaf->spans[i].length) {
    if (leaf->spans[i].visible) {
      skip -= leaf->spans[i].length;
      start += leaf->spans[i].length;
    }
    ++i;
  }
  if (leaf == recent_) {
    recent_span_ = i;
    recent_span_start_ = start;
  }
  return i;
}

std::uint64_t Sequence::leaf_start(const SequenceLeaf* leaf) const {
  std::uint64_t n = 0;
  const void* below = leaf;
  for (const SequenceInner* node = leaf->parent; node; node = node->parent) {
    for (std::uint32_t i = 0; node->child[i] != below; ++i) n += node->visible[i];
    below = node;
  }
  return n;
}

void Sequence::add_counts(SequenceLeaf* leaf, Delta d) {
  if (recent_ != leaf) recent_ = nullptr;
  const auto v = static_cast<std::uint64_t>(d.visible), u = static_cast<std::uint64_t>(d.utf16);  // wraps as intended
  leaf->visible += v;
  leaf->utf16 += u;
  visible_ += v;
  utf16_ += u;
  const void* below = leaf;
  for (SequenceInner* node = leaf->parent; node; node = node->parent) {
    const std::uint32_t i = node->index_of(below);
    node->visible[i] += v;
    node->utf16[i] += u;
    below = node;
  }
}

namespace {

struct Counts {
  std::uint64_t visible, utf16;
};

// Puts `right` behind `left`, which was just split and has `left_counts` now. A full node is split first; its new
// sibling is returned.
SequenceInner* insert_behind(SequenceInner* node, const void* left, Counts left_counts, void* right,
                             Counts right_counts) {
  const std::uint32_t i = node->index_of(left);
  node->visible[i] = left_counts.visible;
  node->utf16[i] = left_counts.utf16;
  SequenceInner* target = node;
  SequenceInner* sibling = nullptr;
  if (node->size == kFanout) {
    sibling = new SequenceInner;
    sibling->above_leaves = node->above_leaves;
    const std::uint32_t half = kFanout / 2;
    for (std::uint32_t k = half; k < kFanout; ++k)
      sibling->insert(k - half, node->child[k], node->visible[k], node->utf16[k]);
    node->size = half;
    if (i >= half) target = sibling;
  }
  target->insert(target->index_of(left) + 1, right, right_counts.visible, right_counts.utf16);
  return sibling;
}

}  // namespace

void Sequence::insert_child(SequenceLeaf* left, SequenceLeaf* right) {
  right->previous = left;
  right->next = left->next;
  if (left->next) left->next->previous = right;
  left->next = right;
  if (last_ == left) last_ = right;
  if (!root_) {
    root_ = new SequenceInner;
    root_->insert(0, left, left->visible, left->utf16);
    root_->insert(1, right, right->visible, right->utf16);
    return;
  }
  SequenceInner* node = left->parent;
  if (SequenceInner* sibling =
          insert_behind(node, left, {left->visible, left->utf16}, right, {right->visible, right->utf16}))
    insert_inner(node, sibling);
}

void Sequence::insert_inner(SequenceInner* left, SequenceInner* right) {
  SequenceInner* parent = left->parent;
  if (!parent) {
    root_ = new SequenceInner;
    root_->above_leaves = false;
    root_->insert(0, left, left->sum_visible(), left->sum_utf16());
    root_->insert(1, right, right->sum_visible(), right->sum_utf16());
    return;
  }
  if (SequenceInner* sibling = insert_behind(parent, left, {left->sum_visible(), left->sum_utf16()}, right,
                                             {right->sum_visible(), right->sum_utf16()}))
    insert_inner(parent, sibling);
}

// Splits a leaf in two of about equal weight.
void Sequence::split_leaf(SequenceLeaf* leaf) {
  recent_ = nullptr;
  spans_change();
  auto* right = new SequenceLeaf;
  right->owner = this;
  std::uint32_t at = static_cast<std::uint32_t>(leaf->spans.size() / 2);
  if (with_text_ && leaf->text.size() > kMaxLeafText) {
    // By text: find the span that straddles the middle and cut it there.
    const std::uint64_t half = leaf->visible / 2;
    std::uint64_t seen = 0;
    for (at = 0; at < leaf->spans.size(); ++at) {
      const Span& s = leaf->spans[at];
      const std::uint64_t here = s.visible ? s.length : 0;
      if (seen + here > half) {
        const auto offset = static_cast<std::uint32_t>(half - seen);
        if (offset > 0) {
          Span tail = s;
          tail.id += offset;
          tail.length -= offset;
          tail.parent = tail.anchor = tail.id - 1;
          tail.side = Side::right;
          leaf->spans[at].length = offset;
          leaf->spans.insert(leaf->spans.begin() + at + 1, tail);
          ++at;
        }
        break;
      }
      seen += here;
    }
  }
  const std::uint64_t stays = visible_before(*leaf, at);
  right->spans.reserve(kMaxSpans);
  right->spans.assign(leaf->spans.begin() + at, leaf->spans.end());
  leaf->spans.resize(at);
  right->visible = leaf->visible - stays;
  if (with_text_) {
    const std::size_t byte = byte_at(*leaf, stays);
    right->text.assign(leaf->text, byte, std::string::npos);
    leaf->text.resize(byte);
    right->utf16 = right->text.size() == right->visible ? right->visible : measure(right->text).utf16;
    leaf->utf16 -= right->utf16;
  }
  leaf->visible = stays;
  for (const Span& s : right->spans) table_->set(s.id, s.length, right);
  insert_child(leaf, right);
}

// Makes room for two more spans (an insertion may cut one) and keeps `index` pointing at the same span.
void Sequence::split_leaf_if_full(SequenceLeaf*& leaf, std::uint32_t& index) {
  if (leaf->spans.size() + 2 <= kMaxSpans) return;
  split_leaf(leaf);
  if (index > leaf->spans.size()) {
    index -= static_cast<std::uint32_t>(leaf->spans.size());
    leaf = leaf->next;
  }
}

// Inserts `span` as number `at` of a leaf with room; its text goes to `byte_offset` when it is visible.
void Sequence::insert_span(SequenceLeaf* leaf, std::uint32_t at, const Span& span, std::string_view text,
                           std::size_t byte_offset) {
  spans_change();
  leaf->spans.insert(leaf->spans.begin() + at, span);
  table_->set(span.id, span.length, leaf);
  if (!span.visible) return;
  std::uint64_t units = 0;
  if (with_text_) {
    leaf->text.insert(byte_offset, text);
    units = text.size() == span.length ? span.length : measure(text).utf16;
  }
  add_counts(leaf, {static_cast<std::int64_t>(span.length), static_cast<std::int64_t>(units)});
}

// Cuts a span so that item `offset` (0 < offset < length) starts one of its own; returns that span's index. The leaf
// may be split.
std::uint32_t Sequence::split_span(SequenceLeaf*& leaf, std::uint32_t index, std::uint32_t offset) {
  split_leaf_if_full(leaf, index);
  if (index == leaf->spans.size()) {  // the span moved to the right leaf as its first
    leaf = leaf->next;
    index = 0;
  }
  spans_change();
  Span tail = leaf->spans[index];
  tail.id += offset;
  tail.length -= offset;
  tail.parent = tail.anchor = tail.id - 1;
  tail.side = Side::right;
  leaf->spans[index].length = offset;
  leaf->spans.insert(leaf->spans.begin() + index + 1, tail);
  return index + 1;
}

bool Sequence::try_merge(SequenceLeaf* leaf, std::uint32_t left) {
  if (left + 1 >= leaf->spans.size() || !continues(leaf->spans[left], leaf->spans[left + 1])) return false;
  spans_change();
  leaf->spans[left].length += leaf->spans[left + 1].length;
  leaf->spans.erase(leaf->spans.begin() + left + 1);
  return true;
}

// ---- placing ----

Placement Sequence::insert_at(std::uint64_t at, Lv id, std::uint32_t count, std::string_view text) {
  wake();
  Span run{.id = id, .length = count, .visible = true, .inserted = true};
  if (!first_) {
    place_run({}, run, text);
    return {};
  }
  if (at == 0) {
    run.parent = first_->spans[0].id;
    run.side = Side::left;
    place_run({first_, 0, 0}, run, text);
    return {run.parent, run.side};
  }
  std::uint64_t start;
  SequenceLeaf* leaf = locate(at - 1, &start);
  std::uint64_t skip = at - 1 - start;
  const std::uint32_t i = span_at(leaf, skip);
  Span& left = leaf->spans[i];
  const auto offset = static_cast<std::uint32_t>(skip);
  run.anchor = left.id + offset;
  if (offset + 1 == left.length) {
    const Span* next = i + 1 < leaf->spans.size() ? &leaf->spans[i + 1] : leaf->next ? &leaf->next->spans[0] : nullptr;
    if (!next || next->anchor != run.anchor) {
      run.parent = run.anchor;
      if (id == left.id + left.length && left.inserted && !left.restored &&
          leaf->text.size() + text.size() <= kMaxLeafText) {
        // Typing goes on: the run grows in place.
        left.length += count;
        table_->set(id, count, leaf);
        std::uint64_t units = 0;
        if (with_text_) {
          const std::size_t byte = byte_at(*leaf, at - start);
          if (byte == leaf->text.size()) {
            leaf->text.append(text);
          } else {
            leaf->text.insert(byte, text);
          }
          units = text.size() == count ? count : measure(text).utf16;
        }
        add_counts(leaf, {static_cast<std::int64_t>(count), static_cast<std::int64_t>(units)});
        return {run.parent, Side::right};
      }
      place_run({leaf, i + 1, 0}, run, text);
      return {run.parent, Side::right};
    }
    run.parent = next->id;
    run.side = Side::left;
    place_run({leaf, i + 1, 0}, run, text);
    return {run.parent, run.side};
  }
  run.parent = run.anchor + 1;
  run.side = Side::left;
  place_run({leaf, i, offset + 1}, run, text);
  return {run.parent, run.side};
}

Placement Sequence::placement_at(std::uint64_t at) const {
  wake();
  if (!first_) return {};
  if (at == 0) return {first_->spans[0].id, Side::left};
  return placement_after(this->at(at - 1));
}

Placement Sequence::placement_after(const Spot& left) const {
  const Spot next = after(left);
  const Lv l = id(left);
  if (next && anchor_of(span(next), next.offset) == l) return {id(next), Side::left};
  return {l, Side::right};
}

// Puts a run directly before `before`, or at the end when that is empty. A spot may also be one past a leaf's last
// span.
void Sequence::place_run(Spot before, Span run, std::string_view text) {
  if (!first_) {
    first_ = last_ = new SequenceLeaf;
    first_->owner = this;
    before = {first_, 0, 0};
  } else if (!before) {
    before = {last_, static_cast<std::uint32_t>(last_->spans.size()), 0};
  } else if (before.offset > 0) {
    before.span = split_span(before.leaf, before.span, before.offset);
    before.offset = 0;
  }
  split_leaf_if_full(before.leaf, before.span);
  // After a leaf's first span the run may continue the previous leaf's last one, which is fine as a span of its own.
  const std::uint64_t index = visible_before(*before.leaf, before.span);
  insert_span(before.leaf, before.span, run, text, with_text_ && run.visible ? byte_at(*before.leaf, index) : 0);
  if (before.span > 0) try_merge(before.leaf, before.span - 1);
  if (with_text_ && before.leaf->text.size() > kMaxLeafText) {
    std::vector<SequenceLeaf*> big{before.leaf};
    while (!big.empty()) {
      SequenceLeaf* leaf = big.back();
      big.pop_back();
      if (leaf->text.size() <= kMaxLeafText) continue;
      split_leaf(leaf);
      big.push_back(leaf->next);
      big.push_back(leaf);
    }
  }
}

bool Sequence::integrate(Lv id, std::uint32_t count, Placement place, std::string_view text, bool visible,
                         bool inserted, const Order& order, std::uint64_t* position) {
  wake();
  Span run{
      .id = id, .length = count, .parent = place.parent, .side = place.side, .visible = visible, .inserted = inserted};
  Spot before;
  if (place.parent == kNoLv) {
    if (place.side == Side::left) return false;
    if (first_) before = scan_for_place(id, place, {}, order);
  } else {
    const Spot parent = find(place.parent);
    if (!parent) return false;
    if (place.side == Side::right) {
      run.anchor = place.parent;
      before = after(parent);
      if (before && anchor_of(span(before), before.offset) == place.parent)
        before = scan_for_place(id, place, parent, order);
    } else {
      run.anchor = anchor_of(span(parent), parent.offset);
      before = left_of(parent) == run.anchor ? parent : scan_for_place(id, place, parent, order);
    }
  }
  if (position) *position = before ? this->position(before) : visible_;
  place_run(before, run, visible ? text : std::string_view{});
  return true;
}

// The slow way, needed only when the place has siblings, that is, among concurrent insertions: walks the items from the
// common anchor on and stops at the first one that belongs behind `id`.
Sequence::Spot Sequence::scan_for_place(Lv id, Placement place, const Spot& parent, const Order& order) const {
  const auto top_of = [this](Spot c, Lv stop) {  // up the left chain, to its top or to a left child of `stop`
    while (side_of(span(c), c.offset) == Side::left && parent_of(span(c), c.offset) != stop)
      c = find(parent_of(span(c), c.offset));
    return c;
  };
  if (place.side == Side::right) {
    tsl::robin_set<Lv> walked;  // first ids of the spans that lie in the parent's right subtree
    const auto in_subtree = [&](Lv anchor) {
      if (anchor == kNoLv) return false;
      const Spot s = find(anchor);
      if (parent && s.leaf == parent.leaf && s.span == parent.span) return s.offset > parent.offset;
      return walked.contains(span(s).id);
    };
    Lv sibling = kNoLv;  // whose subtree we walk, until its top was passed
    for (Spot x = parent ? after(parent) : first_span(); x; x = next_span(x)) {
      const Lv anchor = anchor_of(span(x), x.offset);
      if (anchor == place.parent) {
        if (sibling == kNoLv) {
          sibling = this->id(top_of(x, kNoLv));
          if (order(id, sibling)) return x;
        }
        if (this->id(x) == sibling) sibling = kNoLv;
      } else if (!in_subtree(anchor)) {
        return x;
      }
      walked.insert(span(x).id);
    }
    return {};
  }
  const Lv anchor = anchor_of(span(parent), parent.offset);
  Lv sibling = kNoLv;
  for (Spot x = anchor == kNoLv ? first_span() : after(find(anchor)); x && this->id(x) != place.parent;
       x = next_span(x)) {
    if (anchor_of(span(x), x.offset) != anchor) continue;  // hangs right of something already walked
    if (sibling == kNoLv) {
      const Spot top = top_of(x, place.parent);
      if (side_of(span(top), top.offset) == Side::right) continue;  // a neighbour's subtree
      sibling = this->id(top);
      if (order(id, sibling)) return x;
    }
    if (this->id(x) == sibling) sibling = kNoLv;
  }
  return parent;
}

// ---- looking up ----

Sequence::Spot Sequence::find(Lv id) const {
  wake();
  SequenceLeaf* leaf = table_->get(id);
  if (!leaf || leaf->owner != this) return {};
  for (std::uint32_t i = 0; i < leaf->spans.size(); ++i) {
    const Span& s = leaf->spans[i];
    if (id - s.id < s.length) return {leaf, i, id - s.id};  // wraps to a large number when id < s.id
  }
  TLFS_CHECK(false, "the place table points to a leaf that does not hold the id");
}

Sequence::Spot Sequence::at(std::uint64_t index) const {
  TLFS_CHECK(index < visible_, "visible index out of range");
  wake();
  std::uint64_t start;
  SequenceLeaf* leaf = locate(index, &start);
  std::uint64_t skip = index - start;
  const std::uint32_t i = span_at(leaf, skip);
  return {leaf, i, static_cast<std::uint32_t>(skip)};
}

const Span& Sequence::span(const Spot& s) const { return s.leaf->spans[s.span]; }
Lv Sequence::id(const Spot& s) const { return s.leaf->spans[s.span].id + s.offset; }

std::uint64_t Sequence::position(const Spot& s) const {
  return leaf_start(s.leaf) + visible_before(*s.leaf, s.span) + (span(s).visible ? s.offset : 0);
}

Sequence::Spot Sequence::first_span() const {
  wake();
  return first_ ? Spot{first_, 0, 0} : Spot{};
}

Sequence::Spot Sequence::next_span(const Spot& s) const {
  if (s.span + 1 < s.leaf->spans.size()) return {s.leaf, s.span + 1, 0};
  return s.leaf->next ? Spot{s.leaf->next, 0, 0} : Spot{};
}

Sequence::Spot Sequence::after(const Spot& s) const {
  return s.offset + 1 < span(s).length ? Spot{s.leaf, s.span, s.offset + 1} : next_span(s);
}

Lv Sequence::left_of(const Spot& s) const {
  if (s.offset > 0) return id(s) - 1;
  const Span* previous = s.span > 0         ? &s.leaf->spans[s.span - 1]
                         : s.leaf->previous ? &s.leaf->previous->spans.back()
                                            : nullptr;
  return previous ? previous->id + previous->length - 1 : kNoLv;
}

bool Sequence::before(const Spot& a, const Spot& b) const {
  if (a.leaf == b.leaf) return a.span != b.span ? a.span < b.span : a.offset < b.offset;
  // Compare the leaves where their paths to the root meet.
  const void* x = a.leaf;
  const void* y = b.leaf;
  const SequenceInner* p = a.leaf->parent;
  const SequenceInner* q = b.leaf->parent;
  while (p != q) {
    x = p;
    y = q;
    p = p->parent;
    q = q->parent;
  }
  return p->index_of(x) < p->index_of(y);
}

// ---- liveness ----

std::uint32_t Sequence::set_liveness(Lv id, std::uint32_t count, Liveness liveness, std::string_view text, Span* was,
                                     std::uint64_t* position) {
  Spot s = find(id);
  if (!s) return 0;
  count = std::min(count, span(s).length - s.offset);
  *was = span(s);
  if (position) *position = this->position(s);
  set_liveness_at(s, count, liveness, text, nullptr);
  return count;
}

void Sequence::set_liveness_at(Spot s, std::uint32_t count, Liveness liveness, std::string_view text,
                               std::string* removed) {
  const Span& was = span(s);
  if (was.visible == liveness.visible && was.inserted == liveness.inserted && was.restored == liveness.restored) return;
  SequenceLeaf* leaf = s.leaf;
  std::uint32_t i = s.span;
  if (s.offset > 0) i = split_span(leaf, i, s.offset);
  if (count < leaf->spans[i].length) i = split_span(leaf, i, count) - 1;
  Span& changed = leaf->spans[i];
  const bool was_visible = changed.visible;
  if (was_visible != liveness.visible) {
    std::uint64_t units = count;
    if (with_text_) {
      const std::size_t from = byte_at(*leaf, visible_before(*leaf, i));
      if (was_visible) {
        std::size_t bytes = count;
        if (leaf->text.size() != leaf->visible)
          bytes = byte_offset_of_code_point(std::string_view(leaf->text).substr(from), count);
        if (bytes != count) units = measure(std::string_view(leaf->text).substr(from, bytes)).utf16;
        if (removed) removed->assign(leaf->text, from, bytes);
        leaf->text.erase(from, bytes);
      } else {
        if (text.size() != count) units = measure(text).utf16;
        leaf->text.insert(from, text);
      }
    } else {
      units = 0;
    }
    spans_change();
    changed.visible = liveness.visible;
    const auto n = static_cast<std::int64_t>(count), u = static_cast<std::int64_t>(units);
    add_counts(leaf, was_visible ? Delta{-n, -u} : Delta{n, u});
  }
  changed.inserted = liveness.inserted;
  changed.restored = liveness.restored;
  try_merge(leaf, i);
  if (i > 0) try_merge(leaf, i - 1);
  if (with_text_ && leaf->text.size() > 2 * kMaxLeafText) split_leaf(leaf);
}

// ---- text ----

void Sequence::append_text(std::string& out) const {
  if (asleep_) {
    out += asleep_->text();
    return;
  }
  for (const SequenceLeaf* leaf = first_; leaf; leaf = leaf->next) out += leaf->text;
}

std::string Sequence::text(std::uint64_t from, std::uint64_t count) const {
  std::string out;
  if (count == 0) return out;
  wake();
  std::uint64_t start;
  for (const SequenceLeaf* leaf = locate(from, &start); leaf && count > 0; leaf = leaf->next) {
    const std::uint64_t begin = from > start ? from - start : 0;
    const std::uint64_t end = std::min(leaf->visible, begin + count);
    const std::size_t first_byte = byte_at(*leaf, begin);
    out.append(leaf->text, first_byte, byte_at(*leaf, end) - first_byte);
    count -= end - begin;
    start += leaf->visible;
    from = start;
  }
  return out;
}

std::optional<std::uint64_t> Sequence::code_points_at_utf16(std::uint64_t units) const {
  if (units > utf16_) return std::nullopt;
  if (utf16_ == visible_) return units;
  wake();
  std::uint64_t points = 0;
  const SequenceLeaf* leaf = first_;
  if (root_) {
    const SequenceInner* node = root_;
    while (true) {
      std::uint32_t i = 0;
      while (i + 1 < node->size && units >= node->utf16[i]) {
        units -= node->utf16[i];
        points += node->visible[i++];
      }
      if (node->above_leaves) {
        leaf = node->leaf(i);
        break;
      }
      node = node->inner(i);
    }
  }
  if (!leaf || leaf->utf16 == leaf->visible) return points + units;
  for (std::size_t byte = 0; units > 0; ++points) {
    const std::size_t width = utf8_width(static_cast<unsigned char>(leaf->text[byte]));
    const std::uint64_t here = width == 4 ? 2 : 1;
    if (units < here) return std::nullopt;
    units -= here;
    byte += width;
  }
  return points;
}

std::uint64_t Sequence::utf16_at(std::uint64_t index) const {
  if (utf16_ == visible_) return index;
  if (index >= visible_) return utf16_;
  wake();
  std::uint64_t start;
  const SequenceLeaf* leaf = locate(index, &start);
  std::uint64_t units = measure(std::string_view(leaf->text).substr(0, byte_at(*leaf, index - start))).utf16;
  const void* below = leaf;
  for (const SequenceInner* node = leaf->parent; node; node = node->parent) {
    for (std::uint32_t i = 0; node->child[i] != below; ++i) units += node->utf16[i];
    below = node;
  }
  return units;
}

}  // namespace tlfs::document
