#include "runtime/document/state_export.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/varint.h"
#include "runtime/document/snapshot_sequence.h"

namespace tlfs::document {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kEnd = 0;  // of the children of a branch; else 1

// Writes what is alive or anchors something. Ids are (change, offset), and changes are numbered in the order of their
// first mention, where their hash stands.
class Exporter {
 public:
  Exporter(const State& state, const ChangeGraph& graph) : state_(state), graph_(graph) {}

  Bytes run() {
    out_.u8(kFormat);
    const Cell* root = state_.root();
    if (root) {
      ByteWriter content = written(*root);
      out_.raw(content.view());
    }
    return out_.take();
  }

 private:
  // The bytes of a cell, none when it holds nothing.
  ByteWriter written(const Cell& cell) {
    ByteWriter before = std::move(out_);
    out_ = ByteWriter();
    this->cell(cell);
    ByteWriter content = std::move(out_);
    out_ = std::move(before);
    return content;
  }

  void id(Lv lv) {
    const ChangeIndex c = graph_.change_of(lv);
    TLFS_CHECK(c != kNoChange, "an id outside of every change");
    const auto [at, first] = numbers_.try_emplace(c, static_cast<std::uint32_t>(numbers_.size()));
    out_.varint(at->second);
    if (first) out_.raw(graph_.at(c).hash);
    out_.varint(lv - graph_.at(c).base);
  }

  // Sorted by operation order, which all replicas share.
  void dots(const DotSet& set) {
    std::vector<Lv> sorted;
    set.for_each([&](Lv lv) { sorted.push_back(lv); });
    std::sort(sorted.begin(), sorted.end(), [&](Lv a, Lv b) { return graph_.ordered_before(a, b); });
    out_.varint(sorted.size());
    for (Lv lv : sorted) id(lv);
  }

  void value(const Value& v) {
    out_.u8(static_cast<std::uint8_t>(primitive_of(v)));
    switch (primitive_of(v)) {
      case Primitive::none:
        return;
      case Primitive::boolean:
        return out_.u8(std::get<bool>(v) ? 1 : 0);
      case Primitive::u64:
        return out_.varint(std::get<std::uint64_t>(v));
      case Primitive::i64:
        return out_.signed_varint(std::get<std::int64_t>(v));
      case Primitive::f64:
        return out_.fixed64(std::bit_cast<std::uint64_t>(std::get<double>(v)));
      case Primitive::string:
        return out_.text(std::get<std::string>(v));
      case Primitive::bytes:
        return out_.bytes(std::get<Bytes>(v));
    }
  }

  void children(const BranchCell& branch) {
    std::vector<const Cell*> sorted;
    for (const Cell* c = branch.first; c; c = c->next) sorted.push_back(c);
    std::sort(sorted.begin(), sorted.end(), [&](const Cell* a, const Cell* b) {
      return state_.nodes().at(a->node).id < state_.nodes().at(b->node).id;
    });
    for (const Cell* c : sorted) {
      const ByteWriter content = written(*c);
      if (content.empty()) continue;
      out_.u8(1);
      out_.raw(state_.nodes().at(c->node).id);
      out_.raw(content.view());
    }
  }

  void cell(const Cell& c) {
    switch (c.type) {
      case CellType::structure:
        return branch(static_cast<const BranchCell&>(c));
      case CellType::table:
        return table(static_cast<const TableCell&>(c));
      case CellType::array:
        return array(static_cast<const ArrayCell&>(c));
      case CellType::text:
        return text(static_cast<const TextCell&>(c));
      case CellType::flag:
        if (!static_cast<const FlagCell&>(c).enables.empty()) dots(static_cast<const FlagCell&>(c).enables);
        return;
      case CellType::reg: {
        const auto& values = static_cast<const RegisterCell&>(c).values;
        if (!values.empty()) out_.varint(values.size());
        for (const auto& a : values) {
          id(a.dot);
          value(a.value);
        }
        return;
      }
      case CellType::counter: {
        auto increments = static_cast<const CounterCell&>(c).increments;
        std::sort(increments.begin(), increments.end(),
                  [&](const auto& a, const auto& b) { return graph_.ordered_before(a.first, b.first); });
        if (!increments.empty()) out_.varint(increments.size());
        for (const auto& i : increments) {
          id(i.first);
          out_.signed_varint(i.sum);
        }
        return;
      }
      case CellType::entry:
      case CellType::element:
        TLFS_CHECK(false, "entries and elements are written with what holds them");
    }
  }

  void branch(const BranchCell& b) {
    const std::size_t before = out_.size();
    children(b);
    if (out_.size() > before) out_.u8(kEnd);
  }

  void table(const TableCell& c) {
    std::vector<const EntryCell*> entries(c.entries.begin(), c.entries.end());
    std::sort(entries.begin(), entries.end(), [](const EntryCell* a, const EntryCell* b) { return a->key < b->key; });
    const std::size_t before = out_.size();
    for (const EntryCell* e : entries) {
      ByteWriter outer = std::move(out_);
      out_ = ByteWriter();
      children(*e);
      ByteWriter below = std::move(out_);
      out_ = std::move(outer);
      if (below.empty() && e->touches.empty()) continue;
      out_.u8(1);
      value(e->key);
      out_.raw(below.view());
      out_.u8(kEnd);
      dots(e->touches);
    }
    if (out_.size() > before) out_.u8(kEnd);
  }

  // Runs of items of one change: each the right child of the one before, alive in the same way.
  void items(const Sequence& sequence) {
    std::vector<Span> runs;
    for (Span s : joined_spans(sequence)) {
      while (s.length > 0) {
        const ChangeRecord& r = graph_.at(graph_.change_of(s.id));
        Span head = s;
        head.length = std::min(s.length, r.base + r.id_count - s.id);
        runs.push_back(head);
        s.id += head.length;
        s.length -= head.length;
        s.parent = s.id - 1;
        s.side = Side::right;
      }
    }
    out_.varint(runs.size());
    for (const Span& s : runs) {
      id(s.id);
      out_.varint(s.length);
      out_.u8(static_cast<std::uint8_t>((s.side == Side::left ? 1 : 0) | (s.visible ? 2 : 0) | (s.inserted ? 4 : 0) |
                                        (s.restored ? 8 : 0) | (s.parent == kNoLv ? 16 : 0)));
      if (s.parent != kNoLv) id(s.parent);
    }
  }

  void array(const ArrayCell& c) {
    if (c.sequence.empty()) return;
    items(c.sequence);
    c.sequence.for_each_span([&](const Span& s, std::string_view) {
      for (Lv item = s.id; item < s.id + s.length; ++item) {
        const ElementCell* e = state_.element(item);
        if (!e) continue;
        if (e->id != item) {  // a place to which an element was moved, once
          out_.u8(2);
          id(item);
          id(e->id);
          continue;
        }
        ByteWriter outer = std::move(out_);
        out_ = ByteWriter();
        children(*e);
        ByteWriter below = std::move(out_);
        out_ = std::move(outer);
        bool plain = e->slot == e->id;
        if (s.visible) {
          std::size_t n = 0;
          e->additions.for_each([&](Lv lv) { n += lv == e->id ? 1 : 2; });
          plain = plain && n == 1;
        } else {
          plain = plain && e->additions.empty();
        }
        if (plain && below.empty()) continue;  // nothing that its item does not say
        out_.u8(1);
        out_.raw(below.view());
        out_.u8(kEnd);
        id(item);
        id(e->slot);
        dots(e->additions);
      }
    });
    out_.u8(kEnd);
  }

  void text(const TextCell& c) {
    if (c.sequence.empty()) return;
    items(c.sequence);
    std::string visible;
    c.sequence.append_text(visible);
    out_.text(visible);
    std::vector<Lv> revived;
    for (const auto& [lv, set] : c.restores)
      if (!set.empty()) revived.push_back(lv);
    std::sort(revived.begin(), revived.end(), [&](Lv a, Lv b) { return graph_.ordered_before(a, b); });
    out_.varint(revived.size());
    for (Lv lv : revived) {
      id(lv);
      dots(c.restores.at(lv));
    }
  }

  const State& state_;
  const ChangeGraph& graph_;
  ByteWriter out_;
  tsl::robin_map<ChangeIndex, std::uint32_t> numbers_;
};

}  // namespace

Bytes export_state(const State& state, const ChangeGraph& graph) { return Exporter(state, graph).run(); }

}  // namespace tlfs::document
