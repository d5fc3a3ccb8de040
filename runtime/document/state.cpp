#include "runtime/document/state.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.h"

namespace tlfs::document {
namespace {

using schema::Kind;

template <class T>
T& as(Cell& cell) {
  return static_cast<T&>(cell);
}

}  // namespace

bool DotSet::add(Lv dot, const Past& past) {
  const bool was_empty = empty();
  remove_seen(past);
  restore_dot(dot);
  return was_empty;
}

void DotSet::restore_dot(Lv dot) {
  if (one_ == kNoLv) {
    one_ = dot;
  } else {
    if (!more_) more_ = std::make_unique<std::vector<Lv>>();
    more_->push_back(dot);
  }
}

bool DotSet::remove_seen(const Past& past) {
  if (empty()) return false;
  if (more_) {
    std::erase_if(*more_, [&](Lv lv) { return past.saw(lv); });
    if (past.saw(one_)) {
      one_ = more_->empty() ? kNoLv : more_->back();
      if (!more_->empty()) more_->pop_back();
    }
    if (more_->empty()) more_.reset();
  } else if (past.saw(one_)) {
    one_ = kNoLv;
  }
  return empty();
}

std::size_t ValueHash::operator()(const Value& v) const {
  const auto mix = [](std::uint64_t x) {
    x ^= x >> 32;
    x *= 0x9e3779b97f4a7c15u;
    return static_cast<std::size_t>(x ^ (x >> 29));
  };
  switch (primitive_of(v)) {
    case Primitive::boolean:
      return mix(std::get<bool>(v) ? 1 : 2);
    case Primitive::u64:
      return mix(std::get<std::uint64_t>(v));
    case Primitive::i64:
      return mix(static_cast<std::uint64_t>(std::get<std::int64_t>(v)) + 3);
    case Primitive::string:
      return std::hash<std::string>{}(std::get<std::string>(v));
    default:
      return 0;
  }
}

State::State(const NodeTable& nodes, const ChangeGraph& graph, const CharacterSource& characters)
    : node_table_(&nodes),
      graph_(&graph),
      characters_(&characters),
      order_([this](Lv a, Lv b) { return graph_->ordered_before(a, b); }) {}

// ---- the tree of cells ----

Cell* State::make_cell(NodeIndex node, Cell* parent) {
  Cell* cell = nullptr;
  switch (node_table_->at(node).kind) {
    case Kind::structure:
      cell = structs_.make();
      break;
    case Kind::table:
      cell = tables_.make();
      break;
    case Kind::array:
      cell = arrays_.make(places_);
      break;
    case Kind::text:
      cell = texts_.make(places_);
      break;
    case Kind::reg:
      cell = registers_.make();
      break;
    case Kind::flag:
      cell = flags_.make();
      break;
    case Kind::counter:
      cell = counters_.make();
      break;
  }
  TLFS_CHECK(cell, "schema node of unknown kind");
  cell->parent = parent;
  cell->node = node;
  return cell;
}

Cell* State::make_root() {
  if (!root_) root_ = make_cell(0, nullptr);
  return root_;
}

Cell* State::child(BranchCell& branch, NodeIndex node) {
  if (Cell* there = branch.child(node)) return there;
  return new_child(branch, node);
}

Cell* State::new_child(BranchCell& branch, NodeIndex node) {
  Cell* made = make_cell(node, &branch);
  made->next = branch.first;
  branch.first = made;
  return made;
}

EntryCell* State::entry(TableCell& table, const Value& key, NodeIndex value_node) {
  if (EntryCell* there = table.find(key)) return there;
  EntryCell* made = entries_.make();
  made->parent = &table;
  made->node = value_node;
  made->key = key;
  table.entries.insert(made);
  return made;
}

ElementCell* State::materialize(ArrayCell& array, Lv id, NodeIndex value_node) {
  if (ElementCell* there = slots_.get(id)) return there->parent == &array && there->id == id ? there : nullptr;
  const Sequence::Spot spot = array.sequence.find(id);
  if (!spot) return nullptr;
  ElementCell* made = new_element(array, id, value_node);
  if (array.sequence.span(spot).visible) made->additions.restore_dot(id);
  return made;
}

ElementCell* State::new_element(ArrayCell& array, Lv id, NodeIndex value_node) {
  ElementCell* made = elements_.make();
  made->parent = &array;
  made->node = value_node;
  made->id = made->slot = id;
  slots_.set(id, made);
  return made;
}

bool State::key_fits(NodeIndex table, const Value& key) const {
  return primitive_of(key) == node_table_->at(table).primitive;
}

Cell* State::reach(NodeIndex node, const Key* keys, std::size_t key_count, const Past& past) {
  const std::vector<NodeIndex>& chain = node_table_->at(node).chain;
  Cell* cell = make_root();
  std::size_t k = 0;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    switch (cell->type) {
      case CellType::structure:
        cell = child(as<BranchCell>(*cell), chain[i]);
        break;
      case CellType::table: {
        if (k == key_count || keys[k].is_element() || !key_fits(chain[i - 1], keys[k].table_key)) return nullptr;
        cell = child(*entry(as<TableCell>(*cell), keys[k++].table_key, chain[i]), chain[i]);
        break;
      }
      case CellType::array: {
        if (k == key_count || !keys[k].is_element()) return nullptr;
        const Lv id = keys[k++].element;
        if (id >= graph_->ids().size() || !past.saw(id)) return nullptr;
        ElementCell* element = materialize(as<ArrayCell>(*cell), id, chain[i]);
        if (!element) return nullptr;
        cell = child(*element, chain[i]);
        break;
      }
      default:
        return nullptr;
    }
  }
  return k == key_count ? cell : nullptr;
}

EntryCell* State::reach_entry(NodeIndex value_node, const Key* keys, std::size_t key_count, const Past& past) {
  const NodeIndex table = node_table_->at(value_node).parent;
  if (table == kNoNode || node_table_->at(table).kind != Kind::table || key_count == 0) return nullptr;
  const Key& last = keys[key_count - 1];
  if (last.is_element() || !key_fits(table, last.table_key)) return nullptr;
  Cell* cell = reach(table, keys, key_count - 1, past);
  return cell ? entry(as<TableCell>(*cell), last.table_key, value_node) : nullptr;
}

Cell* State::find(NodeIndex node, const Key* keys, std::size_t key_count) const {
  const std::vector<NodeIndex>& chain = node_table_->at(node).chain;
  Cell* cell = root_;
  std::size_t k = 0;
  for (std::size_t i = 1; cell && i < chain.size(); ++i) {
    switch (cell->type) {
      case CellType::structure:
        cell = as<BranchCell>(*cell).child(chain[i]);
        break;
      case CellType::table: {
        if (k == key_count || keys[k].is_element()) return nullptr;
        EntryCell* e = as<TableCell>(*cell).find(keys[k++].table_key);
        cell = e ? e->child(chain[i]) : nullptr;
        break;
      }
      case CellType::array: {
        if (k == key_count || !keys[k].is_element()) return nullptr;
        ElementCell* e = slots_.get(keys[k].element);
        if (!e || e->parent != cell || e->id != keys[k].element) return nullptr;
        ++k;
        cell = e->child(chain[i]);
        break;
      }
      default:
        return nullptr;
    }
  }
  return k == key_count ? cell : nullptr;
}

Address State::address_of(const Cell& cell) const {
  Address a;
  a.node = cell.node;
  for (const Cell* c = &cell; c; c = c->parent) {
    if (c->type == CellType::entry) a.keys.push_back(Key::of_table(static_cast<const EntryCell*>(c)->key));
    if (c->type == CellType::element) a.keys.push_back(Key::of_element(static_cast<const ElementCell*>(c)->id));
  }
  std::reverse(a.keys.begin(), a.keys.end());
  return a;
}

void State::adjust_live(Cell& cell, std::int64_t by) {
  const bool before = cell.live > 0;
  cell.live = static_cast<std::uint32_t>(cell.live + by);
  const bool after = cell.live > 0;
  // Whether an element exists is said by its additions, not by what is below it.
  if (before != after && cell.parent && cell.type != CellType::element) adjust_live(*cell.parent, after ? 1 : -1);
}

bool State::exists(const Cell& cell) {
  if (cell.type == CellType::element) return !static_cast<const ElementCell&>(cell).additions.empty();
  return cell.live > 0;
}

const Value& State::winner(const RegisterCell& cell) {
  static const Value unset;
  return cell.values.empty() ? unset : cell.values.front().value;
}

// ---- notes ----

void State::begin_notes(Lv first) {
  noting_ = true;
  ++stamp_;
  notes_.clear();
  notes_.first = first;
}

void State::note(Cell& cell) {
  if (!noting_) return;
  for (Cell* c = &cell; c; c = c->parent) {
    Notes::Note n{c, false, 0};
    switch (c->type) {
      case CellType::structure:
      case CellType::table:
      case CellType::array:
        continue;
      default:
        break;
    }
    if (c->stamp == stamp_) return;
    switch (c->type) {
      case CellType::entry:
        n.existed = exists(*c);
        break;
      case CellType::element: {
        auto& e = as<ElementCell>(*c);
        n.existed = exists(e) && e.id < notes_.first;
        n.slot = e.slot;
        break;
      }
      case CellType::text:
        n.detail = static_cast<std::uint32_t>(notes_.text_count++);
        if (notes_.texts.size() < notes_.text_count) notes_.texts.emplace_back();
        break;
      case CellType::reg: {
        n.detail = static_cast<std::uint32_t>(notes_.registers.size());
        auto& values = notes_.registers.emplace_back();
        for (const auto& a : as<RegisterCell>(*c).values) values.push_back(a.value);
        break;
      }
      case CellType::flag:
        n.number = as<FlagCell>(*c).enables.empty() ? 0 : 1;
        break;
      case CellType::counter:
        n.number = as<CounterCell>(*c).value();
        break;
      default:
        break;
    }
    c->stamp = stamp_;
    c->note = static_cast<std::uint32_t>(notes_.notes.size());
    notes_.notes.push_back(n);
  }
}

void State::note_text(TextCell& cell, Lv id, std::uint32_t count, bool was_visible, std::uint64_t position,
                      std::string removed) {
  if (!noting_) return;
  if (was_visible && id >= notes_.first) return;  // came and went: its birth says all
  auto& runs = notes_.texts[notes_.notes[cell.note].detail];
  if (!runs.empty() && !was_visible) {
    Notes::TextRun& last = runs.back();
    if (!last.was_visible && last.id + last.count == id && last.position + last.count == position) {
      last.count += count;
      return;
    }
  }
  runs.push_back({id, count, was_visible, position, std::move(removed)});
}

// ---- operations ----

void State::apply(const OperationBatch& batch, std::size_t index, const Context& context) {
  const Operation& op = batch.operations[index];
  const Target& target = batch.targets[op.target];
  if (target.node >= context.nodes->size()) return;
  const NodeIndex node = (*context.nodes)[target.node];
  const Key* keys = batch.keys.data() + target.first_key;
  const Past& past = context.past;

  switch (op.kind) {
    case OperationKind::remove: {
      if (context.voided) return;
      const NodeInfo& info = node_table_->at(node);
      if (info.parent != kNoNode && target.key_count > 0 && node_table_->at(info.parent).kind == Kind::table) {
        // The value of a table entry: the entry goes with it.
        Cell* table = find(info.parent, keys, target.key_count - 1);
        if (!table || keys[target.key_count - 1].is_element()) return;
        if (EntryCell* e = as<TableCell>(*table).find(keys[target.key_count - 1].table_key))
          kill(*e, past, info.compartment);
      } else if (Cell* cell = find(node, keys, target.key_count)) {
        kill(*cell, past, info.compartment);
      }
      return;
    }
    case OperationKind::touch: {
      if (context.voided) return;
      EntryCell* e = reach_entry(node, keys, target.key_count, past);
      if (!e) return;
      note(*e);
      if (e->touches.add(op.id, past)) adjust_live(*e, 1);
      add_to_elements(*e, node, op.id, past);
      return;
    }
    default:
      break;
  }

  Cell* cell = reach(node, keys, target.key_count, past);
  if (!cell) return;
  const auto is = [&](CellType t) { return cell->type == t; };
  switch (op.kind) {
    case OperationKind::assign:
      if (is(CellType::reg) && !context.voided) assign(as<RegisterCell>(*cell), batch, op, past);
      return;
    case OperationKind::enable:
      if (!is(CellType::flag) || context.voided) return;
      note(*cell);
      if (as<FlagCell>(*cell).enables.add(op.id, past)) adjust_live(*cell, 1);
      add_to_elements(*cell, node, op.id, past);
      return;
    case OperationKind::disable:
      if (!is(CellType::flag) || context.voided) return;
      note(*cell);
      if (as<FlagCell>(*cell).enables.remove_seen(past)) adjust_live(*cell, -1);
      return;
    case OperationKind::increment: {
      if (!is(CellType::counter) || context.voided) return;
      note(*cell);
      auto& increments = as<CounterCell>(*cell).increments;
      if (increments.empty()) adjust_live(*cell, 1);
      if (!increments.empty() && increments.back().epoch == context.epoch) {
        auto& sum = increments.back().sum;
        sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) + static_cast<std::uint64_t>(op.amount));
      } else {
        increments.push_back({op.id, context.epoch, op.amount});
      }
      add_to_elements(*cell, node, op.id, past);
      return;
    }
    case OperationKind::reset: {
      if (!is(CellType::counter) || context.voided) return;
      note(*cell);
      auto& increments = as<CounterCell>(*cell).increments;
      if (std::erase_if(increments, [&](const auto& i) { return past.saw(i.first); }) > 0 && increments.empty())
        adjust_live(*cell, -1);
      return;
    }
    case OperationKind::insert:
      if (is(CellType::array)) insert_elements(as<ArrayCell>(*cell), op, context);
      return;
    case OperationKind::erase:
    case OperationKind::restore: {
      if (!is(CellType::array) || context.voided) return;
      auto& array = as<ArrayCell>(*cell);
      for (std::uint32_t i = 0; i < op.count; ++i) {
        const Lv id = op.subject + i;
        if (id >= graph_->ids().size() || !past.saw(id)) continue;
        ElementCell* e = materialize(array, id, kNoNode);
        if (!e) continue;
        note(*e);
        if (op.kind == OperationKind::erase) {
          if (e->additions.remove_seen(past)) show_element(*e, false);
        } else {
          if (e->additions.add(op.id + i, past)) show_element(*e, true);
          add_to_elements(array, node, op.id + i, past);
        }
      }
      return;
    }
    case OperationKind::move:
      if (is(CellType::array)) move_element(as<ArrayCell>(*cell), op, context);
      return;
    case OperationKind::text_insert:
      if (is(CellType::text)) insert_text(as<TextCell>(*cell), batch, op, context);
      return;
    case OperationKind::text_erase:
      if (!is(CellType::text) || context.voided) return;
      note(*cell);
      erase_characters(as<TextCell>(*cell), op.subject, op.count, past);
      return;
    case OperationKind::text_restore:
      if (!is(CellType::text) || context.voided) return;
      restore_text(as<TextCell>(*cell), op, past);
      return;
    default:
      return;
  }
}

// An addition below an element keeps it alive, in the element's compartment.
void State::add_to_elements(Cell& from, NodeIndex written, Lv dot, const Past& past) {
  const NodeIndex compartment = node_table_->at(written).compartment;
  for (Cell* c = &from; c; c = c->parent) {
    if (c->type != CellType::element) continue;
    if (node_table_->at(c->parent->node).compartment != compartment) return;  // compartments nest
    auto& e = as<ElementCell>(*c);
    if (e.additions.add(dot, past)) show_element(e, true);
  }
}

void State::show_element(ElementCell& element, bool visible) {
  auto& array = as<ArrayCell>(*element.parent);
  Span was;
  array.sequence.set_liveness(element.slot, 1, {visible, false, false}, {}, &was, nullptr);
  if (was.visible != visible) adjust_live(array, visible ? 1 : -1);
}

void State::assign(RegisterCell& cell, const OperationBatch& batch, const Operation& op, const Past& past) {
  const Primitive expected = node_table_->at(cell.node).primitive;
  for (std::uint32_t i = 0; i < op.length; ++i) {
    const Value& v = batch.values[op.first + i];
    if (primitive_of(v) != expected) return;
    if (expected == Primitive::f64 && !std::isfinite(std::get<double>(v))) return;
  }
  note(cell);
  const bool was_unset = cell.values.empty();
  cell.values.erase_if([&](const auto& a) { return past.saw(a.dot); });
  std::size_t at = 0;
  for (const Assignment& a : cell.values) at += graph_->ordered_before(op.id, a.dot) ? 1 : 0;
  for (std::uint32_t i = 0; i < op.length; ++i) cell.values.insert(at++, {op.id, batch.values[op.first + i]});
  if (was_unset) adjust_live(cell, 1);
  add_to_elements(cell, cell.node, op.id, past);
}

void State::kill(Cell& cell, const Past& past, NodeIndex compartment) {
  const auto same = [&](NodeIndex n) { return n == kNoNode || node_table_->at(n).compartment == compartment; };
  if (cell.type != CellType::element && !same(cell.node)) return;
  switch (cell.type) {
    case CellType::entry: {
      auto& e = as<EntryCell>(cell);
      note(e);
      if (e.touches.remove_seen(past)) adjust_live(e, -1);
      for (Cell* c = e.first; c; c = c->next) kill(*c, past, compartment);
      return;
    }
    case CellType::structure:
      for (Cell* c = as<BranchCell>(cell).first; c; c = c->next) kill(*c, past, compartment);
      return;
    case CellType::table:
      for (EntryCell* e : as<TableCell>(cell).entries) kill(*e, past, compartment);
      return;
    case CellType::array: {
      auto& array = as<ArrayCell>(cell);
      std::vector<LvRange> items;  // showing and hiding cuts the spans that we walk
      array.sequence.for_each_span([&](const Span& s, std::string_view) { items.push_back({s.id, s.length}); });
      for (const LvRange& r : items) {
        for (Lv id = r.first; id < r.first + r.count; ++id) {
          ElementCell* e = slots_.get(id);
          if (e ? e->id != id : !past.saw(id)) continue;  // a move's place, or not seen and nothing below it
          if (!e) e = materialize(array, id, kNoNode);
          note(*e);
          if (e->additions.remove_seen(past)) show_element(*e, false);
          for (Cell* c = e->first; c; c = c->next) kill(*c, past, compartment);
        }
      }
      return;
    }
    case CellType::text:
      note(cell);
      kill_text(as<TextCell>(cell), past);
      return;
    case CellType::reg: {
      auto& values = as<RegisterCell>(cell).values;
      if (values.empty()) return;
      note(cell);
      values.erase_if([&](const auto& a) { return past.saw(a.dot); });
      if (values.empty()) adjust_live(cell, -1);
      return;
    }
    case CellType::flag:
      note(cell);
      if (as<FlagCell>(cell).enables.remove_seen(past)) adjust_live(cell, -1);
      return;
    case CellType::counter: {
      auto& increments = as<CounterCell>(cell).increments;
      if (increments.empty()) return;
      note(cell);
      std::erase_if(increments, [&](const auto& i) { return past.saw(i.first); });
      if (increments.empty()) adjust_live(cell, -1);
      return;
    }
    case CellType::element:
      return;  // handled with its array
  }
}

// ---- arrays ----

void State::insert_elements(ArrayCell& cell, const Operation& op, const Context& context) {
  const bool visible = !context.voided;
  if (op.parent != kNoLv && (op.parent >= graph_->ids().size() || !context.past.saw(op.parent))) return;
  if (!cell.sequence.integrate(op.id, op.count, {op.parent, op.side}, {}, visible, false, order_, nullptr)) return;
  if (!visible) return;
  note(cell);
  if (noting_) notes_.births.push_back({&cell, op.id, op.count});
  adjust_live(cell, op.count);
  add_to_elements(cell, cell.node, op.id + op.count - 1, context.past);
}

void State::move_element(ArrayCell& cell, const Operation& op, const Context& context) {
  const Lv known = graph_->ids().size();
  if (op.subject >= known || !context.past.saw(op.subject)) return;
  if (op.parent != kNoLv && (op.parent >= known || !context.past.saw(op.parent))) return;
  if (!cell.sequence.find(op.subject)) return;
  ElementCell* e = materialize(cell, op.subject, kNoNode);
  if (!e) return;
  if (!cell.sequence.integrate(op.id, 1, {op.parent, op.side}, {}, false, false, order_, nullptr)) return;
  slots_.set(op.id, e);
  if (context.voided || !graph_->ordered_before(e->slot, op.id)) return;
  note(*e);
  const bool visible = exists(*e);
  if (visible) show_element(*e, false);
  e->slot = op.id;
  if (visible) show_element(*e, true);
}

// ---- text ----

Placement State::type(TextCell& cell, std::uint64_t at, Lv id, std::uint32_t count, std::string_view text) {
  note(cell);
  const Placement place = cell.sequence.insert_at(at, id, count, text);
  adjust_live(cell, count);
  note_text(cell, id, count, false, at, {});
  add_to_elements(cell, cell.node, id + count - 1, Past());
  return place;
}

void State::erase(TextCell& cell, const Sequence::Spot& spot, std::uint32_t count, std::uint64_t at) {
  note(cell);
  const Lv first = cell.sequence.id(spot);
  if (cell.sequence.span(spot).restored) {
    erase_characters(cell, first, count, Past());
    return;
  }
  std::string removed;
  cell.sequence.set_liveness_at(spot, count, {false, false, false}, {},
                                noting_ && first < notes_.first ? &removed : nullptr);
  adjust_live(cell, -static_cast<std::int64_t>(count));
  note_text(cell, first, count, true, at, std::move(removed));
}

void State::insert_text(TextCell& cell, const OperationBatch& batch, const Operation& op, const Context& context) {
  const bool visible = !context.voided;
  if (op.parent != kNoLv && (op.parent >= graph_->ids().size() || !context.past.saw(op.parent))) return;
  note(cell);
  std::uint64_t position = 0;
  const std::string_view text = std::string_view(batch.text).substr(op.first, op.length);
  if (!cell.sequence.integrate(op.id, op.count, {op.parent, op.side}, text, visible, visible, order_,
                               noting_ ? &position : nullptr))
    return;
  if (!visible) return;
  adjust_live(cell, op.count);
  note_text(cell, op.id, op.count, false, position, {});
  add_to_elements(cell, cell.node, op.id + op.count - 1, context.past);
}

void State::erase_characters(TextCell& cell, Lv first, std::uint32_t count, const Past& past) {
  Sequence& sequence = cell.sequence;
  while (count > 0) {
    if (first >= graph_->ids().size()) return;
    std::uint32_t n = past.uniform(first, count);
    const Sequence::Spot spot = past.saw(first) ? sequence.find(first) : Sequence::Spot{};
    if (past.saw(first) && !spot) n = 1;
    if (spot) {
      const Span span = sequence.span(spot);
      n = std::min(n, span.length - spot.offset);
      bool restored = false;
      if (span.restored) {
        n = 1;
        DotSet& dots = cell.restores[first];
        dots.remove_seen(past);
        restored = !dots.empty();
        if (!restored) cell.restores.erase(first);
      }
      if (span.visible) {
        std::string removed;
        const std::uint64_t position = noting_ ? sequence.position(spot) : 0;
        sequence.set_liveness_at(spot, n, {restored, false, restored}, {},
                                 noting_ && first < notes_.first ? &removed : nullptr);
        if (!restored) {
          adjust_live(cell, -static_cast<std::int64_t>(n));
          note_text(cell, first, n, true, position, std::move(removed));
        }
      }
    }
    first += n;
    count -= n;
  }
}

void State::kill_text(TextCell& cell, const Past& past) {
  std::vector<LvRange> visible;
  cell.sequence.for_each_span([&](const Span& s, std::string_view) {
    if (s.visible) visible.push_back({s.id, s.length});
  });
  for (const LvRange& r : visible) erase_characters(cell, r.first, r.count, past);
}

void State::restore_text(TextCell& cell, const Operation& op, const Past& past) {
  note(cell);
  for (std::uint32_t i = 0; i < op.count;) {
    const Lv id = op.subject + i;
    if (id >= graph_->ids().size()) return;
    std::uint32_t n = past.uniform(id, op.count - i);
    if (!past.saw(id)) {
      i += n;
      continue;
    }
    const Sequence::Spot spot = cell.sequence.find(id);
    if (!spot) {
      ++i;
      continue;
    }
    const Span span = cell.sequence.span(spot);
    n = std::min(n, span.length - spot.offset);
    for (std::uint32_t k = 0; k < n; ++k) cell.restores[id + k].add(op.id + i + k, past);
    Span was;
    std::uint64_t position;
    cell.sequence.set_liveness(id, n, {true, span.inserted, true},
                               span.visible ? std::string() : characters_->characters(id, n), &was, &position);
    if (!span.visible) {
      adjust_live(cell, n);
      note_text(cell, id, n, false, position, {});
    }
    add_to_elements(cell, cell.node, op.id + i + n - 1, past);
    i += n;
  }
}

}  // namespace tlfs::document
