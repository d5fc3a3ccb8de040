#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "runtime/base/check.h"
#include "runtime/base/utf.h"
#include "runtime/document/column.h"
#include "runtime/document/sections.h"
#include "runtime/document/snapshot.h"
#include "runtime/document/snapshot_format.h"
#include "runtime/document/snapshot_sequence.h"

namespace tlfs::document {

using namespace snapshot;
using schema::Kind;

namespace {

constexpr std::size_t kMaxPackages = 1u << 16;

Error malformed(std::string problem) { return Error(Errc::malformed, "snapshot: " + std::move(problem)); }

std::uint64_t plus(std::uint64_t base, std::uint64_t difference) {
  return base + static_cast<std::uint64_t>(unzigzag(difference));
}

// What the decompressed sections live in, for as long as a text needs its bytes.
struct Room {
  std::vector<Bytes> unpacked;
  Bytes rows, texts;  // copies, where the sections were not compressed
};

}  // namespace

struct SnapshotReader::Parts {
  SnapshotHead head;
  struct Chain {
    WriterId writer;
    AgentIndex parent = kNoAgent;
    std::uint64_t fork_counter = 0;
  };
  std::vector<Chain> chains;
  std::vector<std::pair<std::uint32_t, schema::Ordinal>> nodes;  // package and place in it
  std::array<Section, kSectionCount> sections{};
  std::shared_ptr<Room> room = std::make_shared<Room>();

  Status read_head();
};

SnapshotReader::SnapshotReader(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SnapshotReader::~SnapshotReader() = default;
const SnapshotHead& SnapshotReader::head() const { return parts_->head; }

Result<std::unique_ptr<SnapshotReader>> SnapshotReader::read(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.u8();
  if (in.failed() || version != kVersion)
    return malformed("version " + std::to_string(version) + " is not the known one, " + std::to_string(kVersion));
  auto parts = std::make_unique<Parts>();
  if (Status s = read_sections(in, parts->sections, parts->room->unpacked, kMaxSnapshotBytes, "snapshot"); !s)
    return s.error();
  if (Status s = parts->read_head(); !s) return s.error();
  return std::unique_ptr<SnapshotReader>(new SnapshotReader(std::move(parts)));
}

Status SnapshotReader::Parts::read_head() {
  ByteReader in(sections[kHead].bytes);
  const auto copy = [&in](auto& to) {
    const ByteView from = in.raw(to.size());
    std::copy(from.begin(), from.end(), to.begin());
  };
  copy(head.document);
  copy(head.own.device);
  head.own.incarnation = in.varint();
  const std::uint64_t agent = in.varint();
  const std::uint64_t package_count = in.bounded(std::min(kMaxPackages, in.remaining() / 32));
  for (std::uint64_t i = 0; i < package_count; ++i) copy(head.packages.emplace_back());
  const std::uint64_t node_count = in.bounded(std::uint64_t{1} << 24);
  ColumnReader package(in, node_count);
  ColumnReader ordinal(in, node_count);
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < node_count; ++i) {
    const std::uint64_t p = package.next();
    last = plus(last, ordinal.next());
    if (package.failed() || ordinal.failed() || p >= package_count || last >= schema::kNoOrdinal)
      return malformed("a schema node of no package");
    nodes.emplace_back(static_cast<std::uint32_t>(p), static_cast<schema::Ordinal>(last));
  }
  const std::uint64_t chain_count = in.bounded(in.remaining() / 34);
  for (std::uint64_t i = 0; i < chain_count; ++i) {
    Chain c;
    copy(c.writer.device);
    c.writer.incarnation = in.varint();
    const std::uint64_t parent = in.varint();
    c.fork_counter = in.bounded(kMaxCounter);
    if (in.failed() || parent > i) return malformed("a chain of changes that continues a later one");
    if (parent > 0) {
      c.parent = static_cast<AgentIndex>(parent - 1);
      if (chains[c.parent].writer != c.writer) return malformed("a chain of changes that continues another writer's");
    }
    chains.push_back(c);
  }
  if (!in.finished()) return malformed("its head is cut off or too long");
  if (agent > chain_count) return malformed("its writer has a chain that is not there");
  if (agent > 0) head.agent = static_cast<AgentIndex>(agent - 1);
  return {};
}

namespace {

// Reads the changes into an empty graph.
Status read_graph(ByteView columns, ByteView hashes, std::size_t chains, ChangeGraph& graph) {
  if (hashes.size() % 32 != 0) return malformed("the hashes of its changes are cut off");
  const std::size_t count = hashes.size() / 32;
  if (count >= kNoChange) return malformed("more changes than a document holds");
  ByteReader in(columns);
  ColumnReader agent(in, count), parent_count(in, count);
  // The number of parents is needed before the column of parents can be read.
  std::vector<std::uint16_t> parents_of(count);
  std::uint64_t parents_total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t n = parent_count.next();
    if (n > kMaxDeps + 1) return malformed("a change with too many parents");
    parents_of[i] = static_cast<std::uint16_t>(n);
    parents_total += n;
  }
  ColumnReader parent(in, parents_total), seq(in, count), lamport(in, count), counter(in, count), id_count(in, count),
      lawful(in, count);
  graph.reserve(count);
  std::vector<ChangeIndex> parents;
  for (std::size_t i = 0; i < count; ++i) {
    const auto name = [i] { return "change " + std::to_string(i); };
    const std::uint64_t a = agent.next();
    if (a >= chains) return malformed(name() + " is in a chain that is not there");
    ChangeRecord r;
    std::copy_n(hashes.begin() + static_cast<std::ptrdiff_t>(32 * i), 32, r.hash.begin());
    r.agent = static_cast<AgentIndex>(a);
    parents.clear();
    for (std::uint16_t k = 0; k < parents_of[i]; ++k) {
      const std::uint64_t distance = parent.next();
      if (distance == 0 || distance > i) return malformed(name() + " has a parent that is not before it");
      parents.push_back(static_cast<ChangeIndex>(i - distance));
    }
    const ChangeIndex last = graph.last_of(r.agent);
    const ChangeRecord* before = last == kNoChange ? nullptr : &graph.at(last);
    const std::uint64_t counter_before = before ? before->first_counter + before->id_count : 0;
    r.seq = plus(before ? before->seq + 1 : 0, seq.next());
    r.lamport = plus(graph.max_lamport(parents) + 1, lamport.next());
    r.first_counter = plus(counter_before, counter.next());
    const std::uint64_t ids = id_count.next();
    r.lawful = lawful.next() != 0;
    if (r.seq > kMaxCounter || r.lamport > kMaxCounter || r.first_counter > kMaxCounter ||
        r.first_counter < counter_before)
      return malformed(name() + " has impossible numbers");
    if (r.seq > 0 && parents.empty()) return malformed(name() + " has no predecessor");
    if (ids == 0 || ids > kMaxIdsPerChange || ids > kMaxOperations - graph.ids().size())
      return malformed(name() + " takes an impossible number of ids");
    r.id_count = static_cast<std::uint32_t>(ids);
    r.parents = ParentList(parents);
    if (graph.restore(std::move(r)) == kNoChange) return malformed(name() + " is there twice");
  }
  for (const ColumnReader* c : {&agent, &parent_count, &parent, &seq, &lamport, &counter, &id_count, &lawful})
    if (count > 0 && c->failed()) return malformed("the columns of its changes are damaged");
  return {};
}

Status read_voided(ByteView bytes, const ChangeGraph& graph, VoidedLeaves& voided) {
  if (bytes.empty()) return {};
  ByteReader in(bytes);
  const std::uint64_t count = in.bounded(std::uint64_t{graph.size()} * kMaxLeaves);
  ColumnReader change(in, count), leaf(in, count);
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    last += change.next();
    const std::uint64_t l = leaf.next();
    if (change.failed() || leaf.failed() || last >= graph.size() || l >= kMaxLeaves)
      return malformed("a voided leaf of no change");
    const std::pair<ChangeIndex, std::uint32_t> next(static_cast<ChangeIndex>(last), static_cast<std::uint32_t>(l));
    if (!voided.empty() && next <= voided.back()) return malformed("voided leaves that do not ascend");
    voided.push_back(next);
  }
  return {};
}

Status read_unread(ByteView bytes, const ChangeGraph& graph, std::vector<ChangeIndex>& unread) {
  if (bytes.empty()) return {};
  ByteReader in(bytes);
  const std::uint64_t count = in.bounded(graph.size());
  ColumnReader change(in, count);
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t step = change.next();
    if (change.failed() || step >= graph.size() - last || (i > 0 && step == 0))
      return malformed("an unread leaf of no change");
    last += step;
    unread.push_back(static_cast<ChangeIndex>(last));
  }
  return {};
}

class CellDecoder {
 public:
  CellDecoder(const NodeTable& nodes, const Shape& shape, const ChangeGraph& graph, State& state)
      : nodes_(nodes), shape_(shape), graph_(graph), state_(state), end_(graph.ids().size()), taken_(end_) {}

  Status decode(ByteView cells, ByteView values, ByteView rows, ByteView texts, std::shared_ptr<const void> room) {
    in_ = ByteReader(cells);
    values_ = ByteReader(values);
    rows_ = ByteReader(rows);
    texts_ = ByteReader(texts);
    room_ = std::move(room);
    if (cells.empty()) return {};
    const std::uint8_t any = in_.u8();
    if (any == 1 && shape_.nodes.empty()) return malformed("a value without a schema");
    if (any == 1 && spend(1)) node(0, {state_.make_root()});
    if (problem_.empty() && (!in_.finished() || !values_.finished() || !rows_.finished() || !texts_.finished()))
      fail("its cells do not end where their bytes do");
    if (over_)
      return Error(Errc::limit_exceeded, "snapshot: more than " + std::to_string(kMaxSnapshotThings) + " things");
    if (!problem_.empty()) return malformed(problem_);
    return {};
  }

 private:
  bool fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }
  bool spend(std::uint64_t things) {
    if (things > kMaxSnapshotThings - spent_) {
      over_ = true;
      return fail("too much");
    }
    spent_ += things;
    return true;
  }
  // After all of a column was read, or too little of it was there.
  bool finish(const ColumnReader& column, std::uint64_t count, const char* name) {
    return count == 0 || column.finished() || fail(std::string("the column of ") + name + " is damaged");
  }

  // A column of counts, of which each is spent.
  bool counts(std::size_t count, std::vector<std::uint32_t>& out, std::uint64_t& total, const char* name) {
    ColumnReader column(in_, count);
    out.resize(count);
    total = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t n = column.next();
      if (!spend(n)) return false;
      out[i] = static_cast<std::uint32_t>(n);
      total += n;
    }
    return finish(column, count, name);
  }

  bool dot(std::uint64_t lv, Lv& out) {
    if (lv >= end_) return fail("the id of an operation that no change has");
    out = static_cast<Lv>(lv);
    return true;
  }

  // f(index, DotSet&) names the set; `base` gives what its dots are relative to, or the last set's highest dot.
  template <class Set, class Base>
  bool dots(std::size_t sets, Set&& set_of, Base&& base_of) {
    std::uint64_t total = 0;
    std::vector<std::uint32_t> n;
    if (!counts(sets, n, total, "numbers of dots")) return false;
    ColumnReader column(in_, total);
    for (std::size_t i = 0; i < sets; ++i) {
      if (n[i] == 0) continue;
      DotSet& set = set_of(i);
      const std::uint64_t base = base_of(i);
      for (std::uint32_t k = 0; k < n[i]; ++k) {
        Lv lv = kNoLv;
        if (!dot(plus(base, column.next()), lv)) return false;
        set.restore_dot(lv);
        last_dot_ = lv;
      }
    }
    return finish(column, total, "dots");
  }

  // Children of branches, and what they add to the branches' liveness.
  template <class Branch>
  void fields(NodeIndex above, const std::vector<Branch*>& branches) {
    for (NodeIndex n : shape_.below[above]) {
      ColumnReader presence(in_, branches.size());
      std::vector<Cell*> there;
      for (Branch* b : branches) {
        const std::uint64_t p = presence.next();
        if (p > 1 || presence.failed()) {
          fail("the column of what is there is damaged");
          return;
        }
        if (p == 1) there.push_back(state_.new_child(*b, n));
      }
      if (!finish(presence, branches.size(), "what is there") || !spend(there.size())) return;
      node(n, there);
      if (!problem_.empty()) return;
      for (Cell* c : there)
        if (c->live > 0) ++c->parent->live;
    }
  }

  void node(NodeIndex n, const std::vector<Cell*>& all) {
    if (all.empty()) return;
    switch (nodes_.at(n).kind) {
      case Kind::structure: {
        std::vector<BranchCell*> branches;
        branches.reserve(all.size());
        for (Cell* c : all) branches.push_back(static_cast<BranchCell*>(c));
        return fields(n, branches);
      }
      case Kind::table:
        return table(n, all);
      case Kind::array:
        return array(n, all);
      case Kind::text:
        return text(all);
      case Kind::reg:
        return registers(n, all);
      case Kind::flag: {
        last_dot_ = 0;
        if (!dots(
                all.size(), [&](std::size_t i) -> DotSet& { return static_cast<FlagCell*>(all[i])->enables; },
                [&](std::size_t) { return last_dot_; }))
          return;
        for (Cell* c : all) c->live = static_cast<FlagCell*>(c)->enables.empty() ? 0 : 1;
        return;
      }
      case Kind::counter:
        return counters(all);
    }
  }

  void counters(const std::vector<Cell*>& all) {
    std::uint64_t total = 0;
    std::vector<std::uint32_t> n;
    if (!counts(all.size(), n, total, "numbers of increments")) return;
    ColumnReader firsts(in_, total);
    ColumnReader sums(in_, total);
    Lv last = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto& increments = static_cast<CounterCell*>(all[i])->increments;
      for (std::uint32_t k = 0; k < n[i]; ++k) {
        if (!dot(plus(last, firsts.next()), last)) return;
        increments.push_back({last, graph_.change_of(last) + 1, unzigzag(sums.next())});
      }
      all[i]->live = increments.empty() ? 0 : 1;
    }
    if (finish(firsts, total, "increments")) finish(sums, total, "sums of increments");
  }

  // The next value of a type; `number` from the column of its numbers or lengths.
  bool value(Primitive type, std::uint64_t number, Value& out) {
    switch (type) {
      case Primitive::boolean:
        if (number > 1) return fail("a boolean that is none");
        out = number != 0;
        return true;
      case Primitive::u64:
        out = number;
        return true;
      case Primitive::i64:
        out = unzigzag(number);
        return true;
      case Primitive::f64: {
        const double d = std::bit_cast<double>(values_.fixed64());
        if (values_.failed() || !std::isfinite(d)) return fail("a number that is none");
        out = d;
        return true;
      }
      case Primitive::string: {
        if (number > values_.remaining()) return fail("a string that is cut off");
        const std::string_view s = as_text(values_.raw(static_cast<std::size_t>(number)));
        if (!is_valid_utf8(s)) return fail("a string that is not UTF-8");
        out.emplace<std::string>(s);
        return true;
      }
      case Primitive::bytes: {
        if (number > values_.remaining()) return fail("bytes that are cut off");
        const ByteView b = values_.raw(static_cast<std::size_t>(number));
        out = Bytes(b.begin(), b.end());
        return true;
      }
      case Primitive::none:
        break;
    }
    return fail("a value without a type");
  }

  void registers(NodeIndex n, const std::vector<Cell*>& all) {
    const Primitive type = nodes_.at(n).primitive;
    std::uint64_t total = 0;
    std::vector<std::uint32_t> per_cell;
    if (!counts(all.size(), per_cell, total, "numbers of values")) return;
    ColumnReader dots(in_, total);
    const std::uint64_t numbered = type == Primitive::f64 ? 0 : total;
    ColumnReader numbers(in_, numbered);
    Lv last = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto& values = static_cast<RegisterCell*>(all[i])->values;
      for (std::uint32_t k = 0; k < per_cell[i]; ++k) {
        Assignment a;
        if (!dot(plus(last, dots.next()), last) || !value(type, numbered > 0 ? numbers.next() : 0, a.value)) return;
        a.dot = last;
        values.insert(k, std::move(a));
      }
      all[i]->live = values.empty() ? 0 : 1;
    }
    if (finish(dots, total, "assignments")) finish(numbers, numbered, "values");
  }

  // 0: no node; else the place among those below.
  bool made_for(NodeIndex above, std::uint64_t number, NodeIndex& out) {
    const auto& below = shape_.below[above];
    if (number > below.size()) return fail("a value of no schema node");
    out = number == 0 ? kNoNode : below[number - 1];
    return true;
  }

  void table(NodeIndex n, const std::vector<Cell*>& all) {
    const Primitive type = nodes_.at(n).primitive;
    std::uint64_t total = 0;
    std::vector<std::uint32_t> per_table;
    if (!counts(all.size(), per_table, total, "numbers of keys")) return;
    ColumnReader numbers(in_, total);
    ColumnReader made(in_, total);
    std::vector<EntryCell*> entries;
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto& cell = static_cast<TableCell&>(*all[i]);
      for (std::uint32_t k = 0; k < per_table[i]; ++k) {
        Value key;
        NodeIndex node_made_for = kNoNode;
        if (type == Primitive::f64 || type == Primitive::bytes) {
          fail("table keys of a type that keys cannot have");
          return;
        }
        if (!value(type, numbers.next(), key) || !made_for(n, made.next(), node_made_for)) return;
        if (numbers.failed() || made.failed() || cell.find(key)) {
          fail("table keys that are damaged");
          return;
        }
        entries.push_back(state_.entry(cell, key, node_made_for));
      }
    }
    if (!finish(numbers, total, "keys") || !finish(made, total, "keys' nodes")) return;
    last_dot_ = 0;
    if (!dots(
            entries.size(), [&](std::size_t i) -> DotSet& { return entries[i]->touches; },
            [&](std::size_t) { return last_dot_; }))
      return;
    for (EntryCell* e : entries)
      if (!e->touches.empty()) ++e->live;
    fields(n, entries);
    if (!problem_.empty()) return;
    for (EntryCell* e : entries)
      if (e->live > 0) ++e->parent->live;
  }

  // The next sequence's rows, checked.
  bool rows(std::uint64_t bytes, bool text, ByteView& out, RowCounts& n) {
    if (bytes > rows_.remaining()) return fail("rows that are cut off");
    out = rows_.raw(static_cast<std::size_t>(bytes));
    if (const char* wrong = check_rows(out, text, taken_, n)) return fail(wrong);
    return n.spans > 0 ? spend(n.items) : fail("a sequence without items");
  }

  void array(NodeIndex n, const std::vector<Cell*>& all) {
    ColumnReader row_bytes(in_, all.size());
    std::uint64_t items = 0;
    std::vector<std::uint64_t> items_of;
    for (Cell* c : all) {
      auto& cell = static_cast<ArrayCell&>(*c);
      ByteView of_cell;
      RowCounts counted;
      if (!rows(row_bytes.next(), false, of_cell, counted)) return;
      build_rows(of_cell, {}, cell.sequence);
      cell.sequence.finish_build();
      cell.live = static_cast<std::uint32_t>(counted.visible);
      items_of.push_back(counted.items);
      items += counted.items;
    }
    if (!finish(row_bytes, all.size(), "sizes of sequences")) return;

    ElementColumns columns;
    if (!element_columns(items, columns)) return;
    std::vector<ElementCell*> elements;
    elements.reserve(columns.element_count);
    std::vector<MovedItem> moved;
    std::vector<ElementCell*> away;  // not where they were inserted
    for (Cell* c : all) {
      auto& cell = static_cast<ArrayCell&>(*c);
      cell.sequence.for_each_span([&](const Span& s, std::string_view) {
        for (Lv id = s.id; id < s.id + s.length && problem_.empty(); ++id) {
          const std::uint64_t form = columns.forms.next();
          if (form == kMoved) {
            Lv element = kNoLv;
            if (dot(plus(id, columns.moved.next()), element)) moved.push_back({id, element, &cell, s.visible});
          } else if (form == kElement) {
            ElementCell* e = element(n, cell, id, columns);
            if (!e) return;
            elements.push_back(e);
            if (e->slot != id) away.push_back(e);
            // An element shows at its place when it exists, and nowhere else.
            if (s.visible != (e->slot == id && !e->additions.empty())) fail("an element that shows where it is not");
          }
        }
      });
    }
    if (!problem_.empty() || !columns.finished(*this) || !places(moved, away)) return;
    fields(n, elements);
  }

  struct ElementColumns {
    std::uint64_t items = 0, element_count = 0, moved_count = 0, dot_count = 0;
    ColumnReader forms, moved, made, slots, counts, dots;
    bool finished(CellDecoder& d) const {
      return d.finish(forms, items, "forms of items") && d.finish(moved, moved_count, "moves") &&
             d.finish(made, element_count, "elements' nodes") && d.finish(slots, element_count, "places") &&
             d.finish(counts, element_count, "numbers of dots") && d.finish(dots, dot_count, "dots");
    }
  };

  bool element_columns(std::uint64_t items, ElementColumns& c) {
    c.items = items;
    c.forms = ColumnReader(in_, items);
    ColumnReader ahead = c.forms;
    for (std::uint64_t i = 0; i < items; ++i) {
      const std::uint64_t form = ahead.next();
      if (form > kMoved) return fail("an item of unknown form");
      c.element_count += form == kElement ? 1 : 0;
      c.moved_count += form == kMoved ? 1 : 0;
    }
    c.moved = ColumnReader(in_, c.moved_count);
    c.made = ColumnReader(in_, c.element_count);
    c.slots = ColumnReader(in_, c.element_count);
    c.counts = ColumnReader(in_, c.element_count);
    ahead = c.counts;
    for (std::uint64_t i = 0; i < c.element_count; ++i) {
      const std::uint64_t dots = ahead.next();
      if (!spend(dots + 1)) return false;
      c.dot_count += dots;
    }
    c.dots = ColumnReader(in_, c.dot_count);
    return true;
  }

  ElementCell* element(NodeIndex array, ArrayCell& cell, Lv id, ElementColumns& columns) {
    NodeIndex made_for_node = kNoNode;
    Lv slot = kNoLv;
    if (!made_for(array, columns.made.next(), made_for_node) || !dot(id + columns.slots.next(), slot)) return nullptr;
    ElementCell* e = state_.new_element(cell, id, made_for_node);
    e->slot = slot;
    for (std::uint64_t left = columns.counts.next(); left > 0; --left) {
      Lv lv = kNoLv;
      if (!dot(plus(id, columns.dots.next()), lv)) return nullptr;
      e->additions.restore_dot(lv);
    }
    return e;
  }

  struct MovedItem {
    Lv id, element;
    ArrayCell* array;
    bool visible;
  };

  bool places(const std::vector<MovedItem>& moved, const std::vector<ElementCell*>& away) {
    for (const MovedItem& m : moved) {
      ElementCell* e = state_.element(m.element);
      if (!e || e->id != m.element || e->parent != m.array) return fail("a place of no element");
      if (m.visible != (e->slot == m.id && !e->additions.empty())) return fail("an element that shows where it is not");
      state_.bind_slot(m.id, e);
    }
    for (const ElementCell* e : away)
      if (state_.element(e->slot) != e) return fail("an element at another one's place");
    return true;
  }

  void text(const std::vector<Cell*>& all) {
    ColumnReader row_bytes(in_, all.size());
    ColumnReader text_bytes(in_, all.size());
    for (Cell* c : all) {
      auto& cell = static_cast<TextCell&>(*c);
      ByteView of_cell;
      RowCounts counted;
      if (!rows(row_bytes.next(), true, of_cell, counted)) return;
      const std::uint64_t size = text_bytes.next();
      if (size > texts_.remaining()) {
        fail("a text that is cut off");
        return;
      }
      const std::string_view characters = as_text(texts_.raw(static_cast<std::size_t>(size)));
      const TextLength length = is_valid_utf8(characters) ? measure(characters) : TextLength{~std::uint64_t{0}, 0};
      if (length.code_points != counted.visible) {
        fail("a text that is not UTF-8, or longer or shorter than its visible items");
        return;
      }
      cell.live = static_cast<std::uint32_t>(counted.visible);
      cell.sequence.sleep(std::make_unique<SnapshotText>(room_, of_cell, characters, length));
    }
    if (!finish(row_bytes, all.size(), "sizes of sequences") || !finish(text_bytes, all.size(), "sizes of texts"))
      return;
    restores(all);
  }

  void restores(const std::vector<Cell*>& all) {
    std::uint64_t total = 0;
    std::vector<std::uint32_t> per_text;
    if (!counts(all.size(), per_text, total, "numbers of revived characters")) return;
    ColumnReader characters(in_, total);
    std::vector<Lv> ids;
    std::vector<TextCell*> cells;
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::uint64_t id = 0;
      for (std::uint32_t k = 0; k < per_text[i]; ++k) {
        const std::uint64_t step = characters.next();
        id += step;
        Lv lv = kNoLv;
        if (!dot(id, lv)) return;
        if (k > 0 && step == 0) {
          fail("a character that is revived twice");
          return;
        }
        ids.push_back(lv);
        cells.push_back(static_cast<TextCell*>(all[i]));
      }
    }
    if (!finish(characters, total, "revived characters")) return;
    dots(
        ids.size(), [&](std::size_t i) -> DotSet& { return cells[i]->restores[ids[i]]; },
        [&](std::size_t i) { return ids[i]; });
  }

  const NodeTable& nodes_;
  const Shape& shape_;
  const ChangeGraph& graph_;
  State& state_;
  Lv end_;
  TakenIds taken_;
  ByteReader in_{ByteView{}}, values_{ByteView{}}, rows_{ByteView{}}, texts_{ByteView{}};
  std::shared_ptr<const void> room_;
  std::string problem_;
  bool over_ = false;
  std::uint64_t spent_ = 0;
  Lv last_dot_ = 0;
};

}  // namespace

Status SnapshotReader::fill_graph(ChangeGraph& graph, Unshown& unshown) {
  for (const Parts::Chain& c : parts_->chains) graph.restore_agent(c.writer, c.parent, c.fork_counter);
  const auto& sections = parts_->sections;
  if (Status s = read_graph(sections[kGraph].bytes, sections[kHashes].bytes, parts_->chains.size(), graph); !s)
    return s;
  if (Status s = read_voided(sections[kVoided].bytes, graph, unshown.voided); !s) return s;
  return read_unread(sections[kUnread].bytes, graph, unshown.unread);
}

Status SnapshotReader::fill_state(const NodeTable& nodes, const ChangeGraph& graph, State& state) {
  Parts& parts = *parts_;
  std::vector<NodeIndex> order;
  for (const auto& [package, ordinal] : parts.nodes) {
    const auto& of_package = nodes.nodes_of(parts.head.packages[package]);
    if (ordinal >= of_package.size()) return malformed("a schema node that its package does not have");
    order.push_back(of_package[ordinal]);
  }
  Shape shape;
  if (!Shape::make(nodes, std::move(order), shape)) return malformed("schema nodes in an impossible order");

  // Texts outlive the caller's bytes.
  const auto keep = [&parts](SectionNumber number, Bytes& copy) {
    ByteView bytes = parts.sections[number].bytes;
    for (const Bytes& b : parts.room->unpacked)
      if (b.data() == bytes.data()) return bytes;
    copy.assign(bytes.begin(), bytes.end());
    return ByteView(copy);
  };
  const ByteView rows = keep(kRows, parts.room->rows);
  const ByteView texts = keep(kTexts, parts.room->texts);
  CellDecoder decoder(nodes, shape, graph, state);
  Status s = decoder.decode(parts.sections[kCells].bytes, parts.sections[kValues].bytes, rows, texts, parts.room);
  for (Bytes& b : parts.room->unpacked)
    if (b.data() != rows.data() && b.data() != texts.data()) Bytes().swap(b);
  return s;
}

}  // namespace tlfs::document
