// The order of the characters of a text or of the places in an array, tombstones included.
//
// A Fugue tree (Weidner and Kleppmann, "The Art of the Fugue", 2023) kept as its in-order traversal: runs of ids
// ("spans") in a B+ tree that counts visible code points and UTF-16 units. Every item was placed as a left or right
// child of another one; siblings stand in operation order. An item also remembers its *anchor*: the item directly to
// its left when it was placed. The next item after L lies in L's right subtree exactly when its anchor is L, so the
// common insertion needs no look at the tree at all.
//
// Visible text lies in the leaves beside its spans. Items are never removed. One writer, no locks; owned by a TextCell
// or ArrayCell of State, with the id look-up table shared by all sequences of a document.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/utf.h"
#include "runtime/document/lv_table.h"
#include "runtime/document/operation.h"

namespace tlfs::document {

struct Span {
  Lv id = 0;
  std::uint32_t length = 0;
  Lv parent = kNoLv;  // of the first item; every other item is the right child of its predecessor
  Lv anchor = kNoLv;
  Side side = Side::right;
  bool visible = false;
  bool inserted = false;  // text: the insertion itself keeps it alive
  bool restored = false;  // text: a restore keeps it alive; the dots are with the cell
};

struct Placement {
  Lv parent = kNoLv;
  Side side = Side::right;
};

struct SequenceLeaf;
struct SequenceInner;
using PlaceTable = LvTable<SequenceLeaf>;

class Sequence;

// The content of a sequence as a snapshot keeps it, checked already. Built into a tree when something needs more than
// the text.
class SequenceSource {
 public:
  virtual ~SequenceSource() = default;
  virtual std::uint64_t visible() const = 0;
  virtual std::uint64_t utf16() const = 0;
  virtual std::string_view text() const = 0;
  // Spans in order through build_append.
  virtual void build(Sequence& empty) const = 0;
};

class Sequence {
 public:
  // Where a run of ids lies: `offset` items into span number `span` of `leaf`.
  struct Spot {
    SequenceLeaf* leaf = nullptr;
    std::uint32_t span = 0;
    std::uint32_t offset = 0;
    explicit operator bool() const { return leaf != nullptr; }
  };
  using Order = std::function<bool(Lv, Lv)>;

  // `table` outlives the sequence. A sequence with text keeps one UTF-8 code point per visible item.
  Sequence(PlaceTable& table, bool with_text);
  ~Sequence();
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  std::uint64_t visible() const { return visible_; }
  std::uint64_t utf16() const { return utf16_; }
  bool empty() const { return first_ == nullptr && !asleep_; }

  // Places a visible run so that its first item gets the visible index `at` (≤ visible()), as an edit made here and
  // now. `text` has `count` code points (empty without text).
  Placement insert_at(std::uint64_t at, Lv id, std::uint32_t count, std::string_view text);

  // Places a run that was made elsewhere. False, and nothing changes, when the parent is not in this sequence.
  // `visible` says whether it is to be seen; `inserted` is stored with it. `order(a, b)`: a comes before b in operation
  // order. `position` receives the visible index of the run.
  bool integrate(Lv id, std::uint32_t count, Placement place, std::string_view text, bool visible, bool inserted,
                 const Order& order, std::uint64_t* position);

  // Where `id` is; empty when it is not in this sequence.
  Spot find(Lv id) const;
  // The item with visible index `index` < visible().
  Spot at(std::uint64_t index) const;
  const Span& span(const Spot& s) const;
  Lv id(const Spot& s) const;
  // Number of visible items before the spot.
  std::uint64_t position(const Spot& s) const;
  // The placement that a new item directly to the right of the visible index `at`-1 would get.
  Placement placement_at(std::uint64_t at) const;
  // The placement of a new item directly to the right of the one at `s`, tombstone or not.
  Placement placement_after(const Spot& s) const;
  // The item directly to the left of `id`, tombstones included; kNoLv at the beginning.
  Lv left_of(const Spot& s) const;

  // Changes how up to `count` items from `id` on are kept alive, as far as they are one span; returns how many were
  // changed (0 when `id` is not here). `text` is the characters that become visible, in UTF-8, needed only where items
  // become visible. `was` gets the span as it was; `position` the visible index.
  struct Liveness {
    bool visible, inserted, restored;
  };
  std::uint32_t set_liveness(Lv id, std::uint32_t count, Liveness liveness, std::string_view text, Span* was,
                             std::uint64_t* position);
  // The same for a run that lies in one span, at a spot that was just looked up. `removed` receives the text that
  // disappears.
  void set_liveness_at(Spot spot, std::uint32_t count, Liveness liveness, std::string_view text, std::string* removed);

  // Visible text.
  void append_text(std::string& out) const;
  std::string text(std::uint64_t from, std::uint64_t count) const;  // code points
  // Conversions; nothing when the position lies inside a surrogate pair or past the end.
  std::optional<std::uint64_t> code_points_at_utf16(std::uint64_t utf16) const;
  std::uint64_t utf16_at(std::uint64_t code_points) const;

  // Every span in order: f(const Span&, std::string_view visible_text).
  template <class F>
  void for_each_span(F&& f) const;
  // Every spot after `from` (or from the beginning): the next span's first item; empty at the end.
  Spot next_span(const Spot& s) const;
  Spot first_span() const;
  // Compares places in the sequence: true when a is before b.
  bool before(const Spot& a, const Spot& b) const;

  // Takes its content from `source`, later. Only into an empty sequence.
  void sleep(std::unique_ptr<SequenceSource> source);
  bool asleep() const { return asleep_ != nullptr; }

  // Bulk building, only into an empty sequence: spans in order, then finish_build() once.
  void build_append(const Span& span, std::string_view visible_text);
  void finish_build();

 private:
  struct Delta {
    std::int64_t visible, utf16;
  };
  SequenceLeaf* locate(std::uint64_t index, std::uint64_t* leaf_start) const;  // leaf that holds visible index
  // The span of `leaf` that holds its visible item number `skip`, which becomes the offset in it.
  std::uint32_t span_at(const SequenceLeaf* leaf, std::uint64_t& skip) const;
  void spans_change() const { recent_span_ = 0, recent_span_start_ = 0; }
  void add_counts(SequenceLeaf* leaf, Delta d);
  void insert_span(SequenceLeaf* leaf, std::uint32_t at, const Span& span, std::string_view text,
                   std::size_t byte_offset);
  std::uint32_t split_span(SequenceLeaf*& leaf, std::uint32_t index, std::uint32_t offset);
  void split_leaf_if_full(SequenceLeaf*& leaf, std::uint32_t& index);
  void split_leaf(SequenceLeaf* leaf);
  void insert_child(SequenceLeaf* left, SequenceLeaf* right);
  void insert_inner(SequenceInner* left, SequenceInner* right);
  std::uint64_t leaf_start(const SequenceLeaf* leaf) const;
  bool try_merge(SequenceLeaf* leaf, std::uint32_t left);
  Spot scan_for_place(Lv id, Placement place, const Spot& parent, const Order& order) const;
  void place_run(Spot before, Span span, std::string_view text);
  Spot after(const Spot& s) const;  // next item, tombstones included
  // Every public function that looks at spans begins with this. Const because waking changes nothing that can be
  // observed.
  void wake() const {
    if (asleep_) [[unlikely]]
      const_cast<Sequence*>(this)->build_from_source();
  }
  void build_from_source();

  std::unique_ptr<SequenceSource> asleep_;
  PlaceTable* table_;
  bool with_text_;
  SequenceLeaf* first_ = nullptr;
  SequenceLeaf* last_ = nullptr;
  SequenceInner* root_ = nullptr;  // null while there is at most one leaf
  std::uint64_t visible_ = 0;
  std::uint64_t utf16_ = 0;
  // Where the last edit was: typing goes on there.
  mutable SequenceLeaf* recent_ = nullptr;
  mutable std::uint64_t recent_start_ = 0;
  mutable std::uint32_t recent_span_ = 0;        // of recent_; reset whenever its spans change
  mutable std::uint64_t recent_span_start_ = 0;  // visible items of the leaf before it
};

struct SequenceLeaf {
  Sequence* owner = nullptr;
  SequenceInner* parent = nullptr;
  SequenceLeaf* previous = nullptr;
  SequenceLeaf* next = nullptr;
  std::uint64_t visible = 0;
  std::uint64_t utf16 = 0;
  std::vector<Span> spans;
  std::string text;
};

template <class F>
void Sequence::for_each_span(F&& f) const {
  wake();
  for (const SequenceLeaf* leaf = first_; leaf; leaf = leaf->next) {
    std::string_view rest = leaf->text;
    for (const Span& s : leaf->spans) {
      std::size_t bytes = 0;
      if (with_text_ && s.visible) bytes = byte_offset_of_code_point(rest, s.length);
      f(s, rest.substr(0, bytes));
      rest.remove_prefix(bytes);
    }
  }
}

}  // namespace tlfs::document
