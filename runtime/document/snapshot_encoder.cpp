#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/document/column.h"
#include "runtime/document/sections.h"
#include "runtime/document/snapshot.h"
#include "runtime/document/snapshot_format.h"
#include "runtime/document/snapshot_sequence.h"

namespace tlfs::document {
namespace {

using namespace snapshot;
using schema::Kind;
using Column = std::vector<std::uint64_t>;

template <class Container>
void put(Bytes& out, const Container& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_column(Bytes& out, const Column& column) {
  if (!column.empty()) write_column(out, column);
}

std::uint64_t difference(std::uint64_t is, std::uint64_t expected) {
  return zigzag(static_cast<std::int64_t>(is - expected));
}

// A column of Lvs, each as the difference to another one.
struct Dots {
  Column counts;  // per set
  Column dots;
  Lv last = 0;

  void add(const DotSet& set, Lv base) {
    std::vector<Lv> sorted;
    set.for_each([&](Lv lv) { sorted.push_back(lv); });
    std::sort(sorted.begin(), sorted.end());
    counts.push_back(sorted.size());
    for (Lv lv : sorted) dots.push_back(difference(lv, base));
  }
  void add_after_last(const DotSet& set) {
    add(set, last);
    Lv max = last;
    bool any = false;
    set.for_each([&](Lv lv) {
      max = any ? std::max(max, lv) : lv;
      any = true;
    });
    last = max;
  }
  void write(Bytes& out) const {
    put_column(out, counts);
    put_column(out, dots);
  }
};

bool has_content(const Cell& cell) {
  const auto any_below = [](const Cell& c) {
    for (const Cell* below = static_cast<const BranchCell&>(c).first; below; below = below->next)
      if (has_content(*below)) return true;
    return false;
  };
  switch (cell.type) {
    case CellType::structure:
    case CellType::element:
      return any_below(cell);
    case CellType::entry:
      return !static_cast<const EntryCell&>(cell).touches.empty() || any_below(cell);
    case CellType::table: {
      const auto& entries = static_cast<const TableCell&>(cell).entries;
      return std::any_of(entries.begin(), entries.end(), [](const EntryCell* e) { return has_content(*e); });
    }
    case CellType::array:
      return !static_cast<const ArrayCell&>(cell).sequence.empty();
    case CellType::text:
      return !static_cast<const TextCell&>(cell).sequence.empty();
    case CellType::reg:
      return !static_cast<const RegisterCell&>(cell).values.empty();
    case CellType::flag:
      return !static_cast<const FlagCell&>(cell).enables.empty();
    case CellType::counter:
      return !static_cast<const CounterCell&>(cell).increments.empty();
  }
  return false;
}

class CellEncoder {
 public:
  CellEncoder(const NodeTable& nodes, const Shape& shape, const State& state)
      : nodes_(nodes), shape_(shape), state_(state) {}

  Bytes cells, values, rows, texts;

  void encode() {
    const Cell* root = state_.root();
    const bool any = root && has_content(*root);
    cells.push_back(any ? 1 : 0);
    if (any) node(0, {root});
  }

 private:
  template <class Branch>
  void fields(NodeIndex above, const std::vector<const Branch*>& branches) {
    for (NodeIndex n : shape_.below[above]) {
      Column presence;
      std::vector<const Cell*> there;
      for (const Branch* b : branches) {
        const Cell* c = b->child(n);
        if (c && !has_content(*c)) c = nullptr;
        presence.push_back(c ? 1 : 0);
        if (c) there.push_back(c);
      }
      put_column(cells, presence);
      node(n, there);
    }
  }

  std::uint64_t made_for(NodeIndex above, NodeIndex n) const {
    const auto& below = shape_.below[above];
    const auto at = std::find(below.begin(), below.end(), n);
    return at == below.end() ? 0 : static_cast<std::uint64_t>(at - below.begin()) + 1;
  }

  void node(NodeIndex n, const std::vector<const Cell*>& all) {
    if (all.empty()) return;
    switch (nodes_.at(n).kind) {
      case Kind::structure: {
        std::vector<const BranchCell*> branches;
        for (const Cell* c : all) branches.push_back(static_cast<const BranchCell*>(c));
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
        Dots dots;
        for (const Cell* c : all) dots.add_after_last(static_cast<const FlagCell*>(c)->enables);
        return dots.write(cells);
      }
      case Kind::counter: {
        Column counts, firsts, sums;
        Lv last = 0;
        for (const Cell* c : all) {
          const auto& increments = static_cast<const CounterCell*>(c)->increments;
          counts.push_back(increments.size());
          for (const auto& i : increments) {
            firsts.push_back(difference(i.first, last));
            sums.push_back(zigzag(i.sum));
            last = i.first;
          }
        }
        put_column(cells, counts);
        put_column(cells, firsts);
        return put_column(cells, sums);
      }
    }
  }

  // The column of primitives of one type.
  struct Primitives {
    Column numbers;  // or lengths
    void add(const Value& v, Bytes& bytes) {
      switch (primitive_of(v)) {
        case Primitive::boolean:
          numbers.push_back(std::get<bool>(v) ? 1 : 0);
          break;
        case Primitive::u64:
          numbers.push_back(std::get<std::uint64_t>(v));
          break;
        case Primitive::i64:
          numbers.push_back(zigzag(std::get<std::int64_t>(v)));
          break;
        case Primitive::f64: {
          const auto bits = std::bit_cast<std::uint64_t>(std::get<double>(v));
          for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
          break;
        }
        case Primitive::string: {
          const auto& s = std::get<std::string>(v);
          numbers.push_back(s.size());
          put(bytes, s);
          break;
        }
        case Primitive::bytes: {
          const auto& b = std::get<Bytes>(v);
          numbers.push_back(b.size());
          put(bytes, b);
          break;
        }
        case Primitive::none:
          TLFS_CHECK(false, "a cell holds a value without type");
      }
    }
  };

  void registers(NodeIndex, const std::vector<const Cell*>& all) {
    Column counts, dots;
    Primitives primitives;
    Lv last = 0;
    for (const Cell* c : all) {
      const auto& assignments = static_cast<const RegisterCell*>(c)->values;
      counts.push_back(assignments.size());
      for (const auto& a : assignments) {
        dots.push_back(difference(a.dot, last));
        last = a.dot;
        primitives.add(a.value, values);
      }
    }
    put_column(cells, counts);
    put_column(cells, dots);
    put_column(cells, primitives.numbers);
  }

  void table(NodeIndex n, const std::vector<const Cell*>& all) {
    Column counts, made;
    Primitives keys;
    Dots touches;
    std::vector<const EntryCell*> entries;
    for (const Cell* c : all) {
      const std::size_t first = entries.size();
      for (const EntryCell* e : static_cast<const TableCell*>(c)->entries)
        if (has_content(*e)) entries.push_back(e);
      std::sort(entries.begin() + static_cast<std::ptrdiff_t>(first), entries.end(),
                [](const EntryCell* a, const EntryCell* b) { return a->key < b->key; });
      counts.push_back(entries.size() - first);
    }
    for (const EntryCell* e : entries) {
      made.push_back(made_for(n, e->node));
      keys.add(e->key, values);
      touches.add_after_last(e->touches);
    }
    put_column(cells, counts);
    put_column(cells, keys.numbers);
    put_column(cells, made);
    touches.write(cells);
    fields(n, entries);
  }

  void array(NodeIndex n, const std::vector<const Cell*>& all) {
    Column row_bytes, forms, moved, made, slots;
    Dots additions;
    std::vector<const ElementCell*> elements;
    for (const Cell* c : all) {
      const std::vector<Span> spans = joined_spans(static_cast<const ArrayCell*>(c)->sequence);
      const std::size_t before = rows.size();
      write_rows(rows, spans);
      row_bytes.push_back(rows.size() - before);
      for (const Span& s : spans) {
        for (Lv id = s.id; id < s.id + s.length; ++id) {
          const ElementCell* e = state_.element(id);
          forms.push_back(!e ? kBare : e->id == id ? kElement : kMoved);
          if (e && e->id != id) moved.push_back(difference(e->id, id));
          if (!e || e->id != id) continue;
          elements.push_back(e);
          made.push_back(made_for(n, e->node));
          slots.push_back(e->slot - id);
          additions.add(e->additions, id);
        }
      }
    }
    put_column(cells, row_bytes);
    put_column(cells, forms);
    put_column(cells, moved);
    put_column(cells, made);
    put_column(cells, slots);
    additions.write(cells);
    fields(n, elements);
  }

  void text(const std::vector<const Cell*>& all) {
    Column row_bytes, text_bytes, restored, characters;
    Dots dots;
    for (const Cell* c : all) {
      const auto* cell = static_cast<const TextCell*>(c);
      const std::size_t rows_before = rows.size();
      std::string visible;
      cell->sequence.append_text(visible);
      write_rows(rows, joined_spans(cell->sequence));
      put(texts, visible);
      row_bytes.push_back(rows.size() - rows_before);
      text_bytes.push_back(visible.size());
      std::vector<Lv> ids;
      for (const auto& [id, set] : cell->restores)
        if (!set.empty()) ids.push_back(id);
      std::sort(ids.begin(), ids.end());
      restored.push_back(ids.size());
      Lv last = 0;
      for (Lv id : ids) {
        characters.push_back(id - last);
        dots.add(cell->restores.at(id), id);
        last = id;
      }
    }
    put_column(cells, row_bytes);
    put_column(cells, text_bytes);
    put_column(cells, restored);
    put_column(cells, characters);
    dots.write(cells);
  }

  const NodeTable& nodes_;
  const Shape& shape_;
  const State& state_;
};

Bytes head_section(const SnapshotHead& head, const NodeTable& nodes, const ChangeGraph& graph) {
  Bytes out;
  put(out, head.document);
  put(out, head.own.device);
  put_varint(out, head.own.incarnation);
  put_varint(out, head.agent == kNoAgent ? 0 : std::uint64_t{head.agent} + 1);
  put_varint(out, head.packages.size());
  for (const crypto::Digest& p : head.packages) put(out, p);
  // Each node as it stands in the first package that has it.
  Column package(nodes.size()), ordinal(nodes.size());
  std::vector<bool> known(nodes.size(), false);
  for (std::size_t p = 0; p < head.packages.size(); ++p) {
    const auto& of_package = nodes.nodes_of(head.packages[p]);
    for (std::size_t o = 0; o < of_package.size(); ++o) {
      if (known[of_package[o]]) continue;
      known[of_package[o]] = true;
      package[of_package[o]] = p;
      ordinal[of_package[o]] = o;
    }
  }
  for (std::size_t i = nodes.size(); i-- > 1;) ordinal[i] = difference(ordinal[i], ordinal[i - 1]);
  if (!ordinal.empty()) ordinal[0] = zigzag(static_cast<std::int64_t>(ordinal[0]));
  put_varint(out, nodes.size());
  put_column(out, package);
  put_column(out, ordinal);
  // Chains, and the writers that they are of.
  const IdSpace& ids = graph.ids();
  put_varint(out, ids.agent_count());
  for (AgentIndex a = 0; a < ids.agent_count(); ++a) {
    put(out, ids.writer(a).device);
    put_varint(out, ids.writer(a).incarnation);
    const AgentIndex parent = ids.parent_of(a);
    put_varint(out, parent == kNoAgent ? 0 : std::uint64_t{parent} + 1);
    put_varint(out, ids.fork_counter(a));
  }
  return out;
}

Bytes graph_section(const ChangeGraph& graph) {
  Column agent, parent_count, parent, seq, lamport, counter, id_count, lawful;
  std::vector<ChangeIndex> last(graph.ids().agent_count(), kNoChange);
  for (ChangeIndex i = 0; i < graph.size(); ++i) {
    const ChangeRecord& r = graph.at(i);
    const ChangeRecord* before = last[r.agent] == kNoChange ? nullptr : &graph.at(last[r.agent]);
    agent.push_back(r.agent);
    parent_count.push_back(r.parents.size());
    for (ChangeIndex p : r.parents) parent.push_back(i - p);
    seq.push_back(difference(r.seq, before ? before->seq + 1 : 0));
    lamport.push_back(difference(r.lamport, graph.max_lamport(r.parents) + 1));
    counter.push_back(difference(r.first_counter, before ? before->first_counter + before->id_count : 0));
    id_count.push_back(r.id_count);
    lawful.push_back(r.lawful ? 1 : 0);
    last[r.agent] = i;
  }
  Bytes out;
  for (const Column* c : {&agent, &parent_count, &parent, &seq, &lamport, &counter, &id_count, &lawful})
    put_column(out, *c);
  return out;
}

}  // namespace

Bytes encode_snapshot(const SnapshotHead& head, const NodeTable& nodes, const ChangeGraph& graph,
                      const Unshown& unshown, const State& state, SnapshotPacking packing) {
  Shape shape;
  std::vector<NodeIndex> order(nodes.size());
  for (NodeIndex n = 0; n < order.size(); ++n) order[n] = n;
  TLFS_CHECK(Shape::make(nodes, std::move(order), shape), "nodes come after the ones above them");
  CellEncoder cells(nodes, shape, state);
  cells.encode();
  Bytes hashes;
  hashes.reserve(32 * graph.size());
  for (ChangeIndex i = 0; i < graph.size(); ++i) put(hashes, graph.at(i).hash);
  Bytes leaves, unread;
  const VoidedLeaves& voided = unshown.voided;
  if (!voided.empty()) {
    Column change, leaf;
    ChangeIndex last = 0;
    for (const auto& [c, l] : voided) {
      change.push_back(c - last);
      leaf.push_back(l);
      last = c;
    }
    put_varint(leaves, voided.size());
    put_column(leaves, change);
    put_column(leaves, leaf);
  }
  if (!unshown.unread.empty()) {
    Column change;
    ChangeIndex last = 0;
    for (const ChangeIndex c : unshown.unread) {
      change.push_back(c - last);
      last = c;
    }
    put_varint(unread, unshown.unread.size());
    put_column(unread, change);
  }

  Bytes out = {kVersion};
  SectionWriter compressed({3, packing == SnapshotPacking::plain ? kMaxSnapshotBytes : 256});
  SectionWriter raw({3, kMaxSnapshotBytes});
  const auto section = [&out](SectionWriter& writer, std::uint64_t number, const Bytes& content) {
    if (content.empty()) return;
    writer.begin(out, number);
    put(out, content);
    writer.end(out);
  };
  section(compressed, kHead, head_section(head, nodes, graph));
  section(compressed, kGraph, graph_section(graph));
  section(raw, kHashes, hashes);  // nothing to gain
  section(compressed, kVoided, leaves);
  section(compressed, kCells, cells.cells);
  section(compressed, kValues, cells.values);
  section(compressed, kRows, cells.rows);
  section(compressed, kTexts, cells.texts);
  section(compressed, kUnread, unread);
  return out;
}

}  // namespace tlfs::document
