// The current value of a document as a tree of cells, one per place that was ever written.
//
// Every rule of merging is kept by *dots*: the ids of the additions (assignments, enables, increments, touches,
// insertions, restores) that nothing has removed. An operation removes the dots that are in its causal past, so what is
// concurrent survives. A place exists while a dot below it lives.
//
// Owned by State; parents own nothing, pools own the memory and free it with the State.
#pragma once

#include <tsl/robin_map.h>
#include <tsl/robin_set.h>

#include <memory>
#include <vector>

#include "runtime/document/change_graph.h"
#include "runtime/document/sequence.h"

namespace tlfs::document {

// Index of a schema node in the document's NodeTable: the union of all its packages' nodes.
using NodeIndex = std::uint32_t;
inline constexpr NodeIndex kNoNode = 0xffffffff;

// What an operation has seen: everything except the ids that are concurrent with its change.
class Past {
 public:
  Past() = default;  // has seen everything that was applied
  explicit Past(const LvSet* concurrent) : concurrent_(concurrent && !concurrent->empty() ? concurrent : nullptr) {}
  bool saw(Lv lv) const { return !concurrent_ || !concurrent_->contains(lv); }
  bool saw_all() const { return !concurrent_; }
  // How many of the Lvs from `lv` on, at most `limit`, were seen like `lv`.
  std::uint32_t uniform(Lv lv, std::uint32_t limit) const {
    return concurrent_ ? concurrent_->uniform(lv, limit) : limit;
  }

 private:
  const LvSet* concurrent_ = nullptr;
};

// A set of live dots. Only maximal ones are kept: a dot that a later one has seen proves nothing more. Nearly always
// one.
class DotSet {
 public:
  bool empty() const { return one_ == kNoLv; }
  // Returns whether the set was empty.
  bool add(Lv dot, const Past& past);
  // Removes what was seen; returns whether that emptied the set.
  bool remove_seen(const Past& past);
  template <class F>
  void for_each(F&& f) const {
    if (one_ != kNoLv) f(one_);
    if (more_)
      for (Lv lv : *more_) f(lv);
  }
  // As decoded from a snapshot.
  void restore_dot(Lv dot);

 private:
  Lv one_ = kNoLv;
  std::unique_ptr<std::vector<Lv>> more_;
};

enum class CellType : std::uint8_t { structure, table, entry, array, element, text, reg, flag, counter };

struct Cell {
  Cell* parent = nullptr;
  Cell* next = nullptr;      // sibling in the parent branch
  NodeIndex node = kNoNode;  // entry, element: that of the value it was made for
  CellType type;
  std::uint32_t live = 0;   // what exists directly below (children) or here (dots, visible items)
  std::uint32_t stamp = 0;  // last transaction that touched it
  std::uint32_t note = 0;   // index of its note in that transaction
  explicit Cell(CellType t) : type(t) {}
};

// A cell whose children are told apart by their schema node: the fields of a struct; the value of an entry or element
// (one, unless packages that evolved apart declared it differently).
struct BranchCell : Cell {
  Cell* first = nullptr;  // those that were ever written, any order
  using Cell::Cell;
  Cell* child(NodeIndex n) const {
    for (Cell* c = first; c; c = c->next)
      if (c->node == n) return c;
    return nullptr;
  }
};

struct StructCell : BranchCell {
  StructCell() : BranchCell(CellType::structure) {}
};

struct EntryCell : BranchCell {
  Value key;
  DotSet touches;
  EntryCell() : BranchCell(CellType::entry) {}
};

struct ValueHash {
  std::size_t operator()(const Value& v) const;
};
// As operator== and operator<, but quick for strings, which keys nearly always are.
inline bool same_key(const Value& a, const Value& b) {
  const auto* x = std::get_if<std::string>(&a);
  const auto* y = std::get_if<std::string>(&b);
  return x && y ? *x == *y : a == b;
}
inline bool key_before(const Value& a, const Value& b) {
  const auto* x = std::get_if<std::string>(&a);
  const auto* y = std::get_if<std::string>(&b);
  return x && y ? *x < *y : a < b;
}
struct EntryHash {
  std::size_t operator()(const EntryCell* e) const { return ValueHash{}(e->key); }
  std::size_t operator()(const Value& v) const { return ValueHash{}(v); }
};
struct EntryEqual {
  using is_transparent = void;
  bool operator()(const EntryCell* a, const EntryCell* b) const { return same_key(a->key, b->key); }
  bool operator()(const EntryCell* a, const Value& b) const { return same_key(a->key, b); }
  bool operator()(const Value& a, const EntryCell* b) const { return same_key(a, b->key); }
};

struct TableCell : Cell {
  tsl::robin_set<EntryCell*, EntryHash, EntryEqual> entries;
  TableCell() : Cell(CellType::table) {}
  EntryCell* find(const Value& key) const {
    auto it = entries.find(key);
    return it == entries.end() ? nullptr : *it;
  }
};

// Made when something below it is written or it is moved, erased or restored. Until then an element is only an item of
// its array's sequence, alive by its insertion.
struct ElementCell : BranchCell {
  Lv id = kNoLv;
  Lv slot = kNoLv;   // the place in the sequence that it occupies: its insertion or its highest move
  DotSet additions;  // its insertion, restores, and additions below it in its compartment; alive while there is one
  ElementCell() : BranchCell(CellType::element) {}
};

struct ArrayCell : Cell {
  Sequence sequence;
  explicit ArrayCell(PlaceTable& places) : Cell(CellType::array), sequence(places, false) {}
};

struct TextCell : Cell {
  Sequence sequence;
  tsl::robin_map<Lv, DotSet> restores;  // per character, where there are any
  explicit TextCell(PlaceTable& places) : Cell(CellType::text), sequence(places, true) {}
};

struct Assignment {
  Lv dot = kNoLv;
  Value value;
};

// Live assignments, the highest in operation order first; an assignment of several values has one entry for each, in
// its order. Nearly always one, which then lies inside.
class Assignments {
 public:
  std::size_t size() const { return more_ ? more_->size() : one_.dot == kNoLv ? 0 : 1; }
  bool empty() const { return size() == 0; }
  const Assignment* begin() const { return more_ ? more_->data() : &one_; }
  const Assignment* end() const { return begin() + size(); }
  const Assignment& front() const { return *begin(); }
  // So that it becomes number `at` <= size().
  void insert(std::size_t at, Assignment a) {
    if (!more_ && one_.dot == kNoLv) {
      one_ = std::move(a);
      return;
    }
    if (!more_) {
      more_ = std::make_unique<std::vector<Assignment>>();
      more_->push_back(std::move(one_));
      one_ = {};
    }
    more_->insert(more_->begin() + static_cast<std::ptrdiff_t>(at), std::move(a));
  }
  template <class F>
  void erase_if(F&& f) {
    if (!more_) {
      if (one_.dot != kNoLv && f(one_)) one_ = {};
      return;
    }
    std::erase_if(*more_, f);
    if (more_->size() > 1) return;
    const std::unique_ptr<std::vector<Assignment>> left = std::move(more_);
    if (!left->empty()) one_ = std::move(left->front());
  }

 private:
  Assignment one_;  // without a dot: none, or they are in more_
  std::unique_ptr<std::vector<Assignment>> more_;
};

struct RegisterCell : Cell {
  Assignments values;
  RegisterCell() : Cell(CellType::reg) {}
};

struct FlagCell : Cell {
  DotSet enables;
  FlagCell() : Cell(CellType::flag) {}
};

struct CounterCell : Cell {
  struct Increments {  // of one change, which every later reset has seen wholly or not at all
    Lv first;
    std::uint32_t epoch;
    std::int64_t sum;
  };
  std::vector<Increments> increments;
  CounterCell() : Cell(CellType::counter) {}
  std::int64_t value() const {
    std::uint64_t sum = 0;
    for (const Increments& i : increments) sum += static_cast<std::uint64_t>(i.sum);
    return static_cast<std::int64_t>(sum);
  }
};

// Grows in chunks and frees everything at once.
template <class T>
class Pool {
 public:
  template <class... Args>
  T* make(Args&&... args) {
    if (used_ == kChunk) {
      chunks_.push_back(std::make_unique<Chunk>());
      used_ = 0;
    }
    T* t = new (chunks_.back()->memory + used_ * sizeof(T)) T(std::forward<Args>(args)...);
    ++used_;
    return t;
  }
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    for (std::size_t c = 0; c < chunks_.size(); ++c) {
      const std::size_t n = c + 1 == chunks_.size() ? used_ : kChunk;
      for (std::size_t i = 0; i < n; ++i) std::launder(reinterpret_cast<T*>(chunks_[c]->memory + i * sizeof(T)))->~T();
    }
  }

 private:
  static constexpr std::size_t kChunk = 64;
  struct Chunk {
    alignas(T) std::byte memory[kChunk * sizeof(T)];
  };
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::size_t used_ = kChunk;
};

}  // namespace tlfs::document
