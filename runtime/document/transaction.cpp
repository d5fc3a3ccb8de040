#include "runtime/document/transaction.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.h"

namespace tlfs::document {

using schema::Kind;

namespace {

TextCell& as_text(Cell& c) { return static_cast<TextCell&>(c); }
ArrayCell& as_array(Cell& c) { return static_cast<ArrayCell&>(c); }

CellType cell_type(Kind kind) {
  switch (kind) {
    case Kind::structure:
      return CellType::structure;
    case Kind::table:
      return CellType::table;
    case Kind::array:
      return CellType::array;
    case Kind::text:
      return CellType::text;
    case Kind::reg:
      return CellType::reg;
    case Kind::flag:
      return CellType::flag;
    case Kind::counter:
      return CellType::counter;
  }
  return CellType::structure;
}

}  // namespace

Transaction::Transaction(const EditContext& context)
    : in_(context), state_(context.state), view_(context.view), first_(context.graph.ids().size()) {}

std::string Transaction::where(const Address& at) const {
  const std::uint32_t place = view_.shown(at.node);
  std::string out = place == schema::kNoOrdinal ? "a place that this version does not show" : view_.view->path(place);
  for (const Key& k : at.keys) out += k.is_element() ? " [element]" : " [\"" + key_text(k.table_key) + "\"]";
  return out;
}

Result<const NodeInfo*> Transaction::expect(const Address& at, Kind kind) const {
  const NodeTable& nodes = state_.nodes();
  if (at.node >= nodes.size() || at.node >= in_.ordinals.size() || in_.ordinals[at.node] == schema::kNoOrdinal)
    return Error(Errc::no_such_place, "the document's schema has no such place");
  const NodeInfo& info = nodes.at(at.node);
  if (info.kind != kind)
    return Error(
        Errc::wrong_kind,
        where(at) + " is a " + schema::type_name(info.kind, info.primitive) + ", not a " +
            schema::type_name(kind, kind == Kind::reg || kind == Kind::table ? Primitive::string : Primitive::none));
  if (info.key_count != at.keys.size())
    return Error(Errc::no_such_place, where(at) + " needs " + std::to_string(info.key_count) + " keys, not " +
                                          std::to_string(at.keys.size()));
  if (!at.keys.empty())
    if (Status s = place_exists(at); !s) return s.error();
  return &info;
}

// That the keys are of the right type and the elements visible. Table keys come into being with what is written below
// them.
Status Transaction::place_exists(const Address& at) const {
  const NodeTable& nodes = state_.nodes();
  const NodeInfo& info = nodes.at(at.node);
  std::size_t k = 0;
  for (std::size_t i = 1; i < info.chain.size(); ++i) {
    const NodeInfo& above = nodes.at(info.chain[i - 1]);
    if (above.kind == Kind::table) {
      const Key& key = at.keys[k++];
      if (key.is_element() || primitive_of(key.table_key) != above.primitive)
        return Error(Errc::wrong_kind,
                     where(at) + ": keys are of type " + std::string(schema::primitive_name(above.primitive)));
      if (const auto* text = std::get_if<std::string>(&key.table_key)) {
        if (text->size() > kMaxKeyBytes)
          return Error(Errc::limit_exceeded,
                       where(at) + ": a key has at most " + std::to_string(kMaxKeyBytes) + " bytes");
        if (!is_valid_utf8(*text)) return Error(Errc::invalid_text, where(at) + ": a key is not valid UTF-8");
      }
    } else if (above.kind == Kind::array) {
      const Key& key = at.keys[k++];
      const Cell* cell = key.is_element() ? state_.find(info.chain[i - 1], at.keys.data(), k - 1) : nullptr;
      const auto* array = static_cast<const ArrayCell*>(cell);
      const ElementCell* e = array ? state_.element(key.element) : nullptr;
      bool visible = false;
      if (e) {
        visible = e->parent == array && State::exists(*e);
      } else if (array) {
        const Sequence::Spot spot = array->sequence.find(key.element);
        visible = spot && array->sequence.span(spot).visible;
      }
      if (!visible) return Error(Errc::out_of_range, where(at) + ": the element is not there");
    }
  }
  return {};
}

Lv Transaction::new_ids(std::uint32_t count) {
  const Lv first = in_.graph.ids().append(in_.agent, in_.next_counter, count);
  in_.next_counter += count;
  id_count_ += count;
  return first;
}

Operation& Transaction::add(OperationKind kind, const Address& at, std::uint32_t ids) {
  OperationBatch& batch = in_.batch;
  Operation op;
  op.kind = kind;
  op.id = new_ids(ids);
  op.count = ids;
  op.target = batch.add_target(in_.ordinals[at.node], at.keys.data(), at.keys.size());
  return batch.operations.emplace_back(op);
}

void Transaction::apply_last() {
  State::Context context;
  context.epoch = in_.epoch;
  context.nodes = &in_.nodes;
  state_.apply(in_.batch, in_.batch.operations.size() - 1, context);
}

// ---- registers, flags, counters ----

Status Transaction::assign(const Address& reg, Value value) {
  std::vector<Value> one;
  one.push_back(std::move(value));
  return assign(reg, std::move(one));
}

Status Transaction::assign(const Address& reg, std::vector<Value> values) {
  const auto info = expect(reg, Kind::reg);
  if (!info) return info.error();
  if (values.empty()) return unset(reg);
  for (const Value& v : values) {
    if (primitive_of(v) != (*info)->primitive)
      return Error(Errc::wrong_kind, where(reg) + " holds " + std::string(schema::primitive_name((*info)->primitive)) +
                                         ", not " + std::string(schema::primitive_name(primitive_of(v))));
    if (const auto* text = std::get_if<std::string>(&v)) {
      if (text->size() > kMaxValueBytes)
        return Error(Errc::limit_exceeded,
                     where(reg) + ": a value has at most " + std::to_string(kMaxValueBytes) + " bytes");
      if (!is_valid_utf8(*text)) return Error(Errc::invalid_text, where(reg) + ": the value is not valid UTF-8");
    }
    if (const auto* bytes = std::get_if<Bytes>(&v); bytes && bytes->size() > kMaxValueBytes)
      return Error(Errc::limit_exceeded,
                   where(reg) + ": a value has at most " + std::to_string(kMaxValueBytes) + " bytes");
    if (const auto* number = std::get_if<double>(&v); number && !std::isfinite(*number))
      return Error(Errc::wrong_kind, where(reg) + ": a number must be finite");
  }
  if (in_.with_undo) {
    UndoStep step{.kind = UndoStep::Kind::reassign, .address = reg};
    if (const auto* cell = static_cast<const RegisterCell*>(state_.find(reg))) {
      for (const auto& a : cell->values) step.values.push_back(a.value);
      step.replaced = sole_dot(*cell);
    }
    step.id = in_.graph.ids().size();
    undo_.push_back(std::move(step));
  }
  Operation& op = add(OperationKind::assign, reg);
  op.first = static_cast<std::uint32_t>(in_.batch.values.size());
  op.length = static_cast<std::uint32_t>(values.size());
  for (Value& v : values) in_.batch.values.push_back(std::move(v));
  apply_last();
  return {};
}

Status Transaction::unset(const Address& reg) {
  const auto info = expect(reg, Kind::reg);
  if (!info) return info.error();
  const auto* cell = static_cast<const RegisterCell*>(state_.find(reg));
  if (!cell || cell->values.empty()) return {};
  // A table key that was touched stays when its value goes.
  const EntryCell* entry = entry_at(reg);
  const bool touched = entry && !entry->touches.empty();
  const Lv touch_before = touched ? sole_dot(entry->touches) : kNoLv;
  if (Status s = remove(reg); !s || !touched) return s;
  if (Status s = touch(reg); !s) return s;
  if (in_.with_undo) undo_.pop_back();  // the removal's steps say all
  if (touch_before != kNoLv) revived_[touch_before] = in_.batch.operations.back().id;
  return {};
}

const EntryCell* Transaction::entry_at(const Address& value) const {
  const NodeInfo& info = state_.nodes().at(value.node);
  if (info.parent == kNoNode || state_.nodes().at(info.parent).kind != Kind::table || value.keys.empty())
    return nullptr;
  const Cell* table = state_.find(info.parent, value.keys.data(), value.keys.size() - 1);
  return table ? static_cast<const TableCell*>(table)->find(value.keys.back().table_key) : nullptr;
}

Status Transaction::set_flag(const Address& flag, bool on) {
  const auto info = expect(flag, Kind::flag);
  if (!info) return info.error();
  const auto* cell = static_cast<const FlagCell*>(state_.find(flag));
  const bool was = cell && !cell->enables.empty();
  if (!on && !was) return {};
  if (in_.with_undo) undo_.push_back({.kind = UndoStep::Kind::set_flag, .address = flag, .on = was});
  add(on ? OperationKind::enable : OperationKind::disable, flag);
  apply_last();
  return {};
}

Status Transaction::increment(const Address& counter, std::int64_t by) {
  const auto info = expect(counter, Kind::counter);
  if (!info) return info.error();
  if (in_.with_undo)
    undo_.push_back({.kind = UndoStep::Kind::add,
                     .address = counter,
                     .amount = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(by))});
  add(OperationKind::increment, counter).amount = by;
  apply_last();
  return {};
}

Status Transaction::reset(const Address& counter) {
  const auto info = expect(counter, Kind::counter);
  if (!info) return info.error();
  const auto* cell = static_cast<const CounterCell*>(state_.find(counter));
  if (!cell || cell->increments.empty()) return {};
  if (in_.with_undo) undo_.push_back({.kind = UndoStep::Kind::add, .address = counter, .amount = cell->value()});
  add(OperationKind::reset, counter);
  apply_last();
  return {};
}

// ---- containers ----

Status Transaction::touch(const Address& entry) {
  const NodeTable& nodes = state_.nodes();
  if (entry.node >= nodes.size()) return Error(Errc::no_such_place, "the document's schema has no such place");
  const auto info = expect(entry, nodes.at(entry.node).kind);
  if (!info) return info.error();
  if ((*info)->parent == kNoNode || nodes.at((*info)->parent).kind != Kind::table)
    return Error(Errc::wrong_kind, where(entry) + " is not an entry of a table");
  const EntryCell* cell = entry_at(entry);
  const bool again = cell && !cell->touches.empty();
  if (again) {
    if (const Lv before = sole_dot(cell->touches); before != kNoLv) revived_[before] = in_.graph.ids().size();
  } else if (in_.with_undo) {
    undo_.push_back({.kind = UndoStep::Kind::untouch, .address = entry, .id = in_.graph.ids().size()});
  }
  add(OperationKind::touch, entry);
  apply_last();
  return {};
}

Status Transaction::remove(const Address& place) {
  const NodeTable& nodes = state_.nodes();
  if (place.node >= nodes.size()) return Error(Errc::no_such_place, "the document's schema has no such place");
  const auto info = expect(place, nodes.at(place.node).kind);
  if (!info) return info.error();
  const bool entry = (*info)->parent != kNoNode && nodes.at((*info)->parent).kind == Kind::table && !place.keys.empty();
  const Cell* cell = nullptr;
  if (entry) {
    const Cell* table = state_.find((*info)->parent, place.keys.data(), place.keys.size() - 1);
    cell = table ? static_cast<const TableCell*>(table)->find(place.keys.back().table_key) : nullptr;
  } else {
    cell = state_.find(place);
  }
  if (!cell || cell->live == 0) return {};
  if (in_.with_undo) capture(state_, *cell, undo_, lost_);
  // One operation for each compartment below, innermost ones included.
  const NodeIndex own = (*info)->compartment;
  add(OperationKind::remove, place);
  apply_last();
  std::vector<Address> inner;
  const auto collect = [&](auto&& self, const Cell& c) -> void {
    const bool boundary = c.node != kNoNode && c.type != CellType::element && c.type != CellType::entry &&
                          nodes.at(c.node).compartment == c.node && c.node != own;
    if (boundary && c.live > 0) inner.push_back(state_.address_of(c));
    switch (c.type) {
      case CellType::structure:
      case CellType::entry:
      case CellType::element:
        for (const Cell* f = static_cast<const BranchCell&>(c).first; f; f = f->next) self(self, *f);
        return;
      case CellType::table:
        for (const EntryCell* e : static_cast<const TableCell&>(c).entries) self(self, *e);
        return;
      case CellType::array:
        static_cast<const ArrayCell&>(c).sequence.for_each_span([&](const Span& s, std::string_view) {
          for (Lv slot = s.id; slot < s.id + s.length; ++slot)
            if (const ElementCell* e = state_.element(slot); e && e->slot == slot) self(self, *e);
        });
        return;
      default:
        return;
    }
  };
  if (cell->live > 0) collect(collect, *cell);
  for (const Address& a : inner) {
    if (in_.ordinals[a.node] == schema::kNoOrdinal) continue;
    if (in_.with_undo)
      if (const Cell* c = state_.find(a)) capture(state_, *c, undo_, lost_);
    add(OperationKind::remove, a);
    apply_last();
  }
  return {};
}

ArrayCell* Transaction::array_at(const Address& at) const {
  Cell* cell = state_.find(at);
  return cell ? &as_array(*cell) : nullptr;
}

Result<Lv> Transaction::insert(const Address& array, std::uint64_t index, std::uint32_t count) {
  const auto info = expect(array, Kind::array);
  if (!info) return info.error();
  const ArrayCell* cell = array_at(array);
  const std::uint64_t size = cell ? cell->sequence.visible() : 0;
  if (index > size)
    return Error(Errc::out_of_range,
                 where(array) + ": index " + std::to_string(index) + " of an array of " + std::to_string(size));
  if (count == 0 || count > kMaxElementsPerEdit)
    return Error(Errc::limit_exceeded, "between 1 and " + std::to_string(kMaxElementsPerEdit) + " elements at once");
  const Placement place = cell ? cell->sequence.placement_at(index) : Placement{};
  Operation& op = add(OperationKind::insert, array, count);
  op.parent = place.parent;
  op.side = place.side;
  const Lv id = op.id;
  apply_last();
  if (in_.with_undo)
    undo_.push_back({.kind = UndoStep::Kind::erase_elements, .address = array, .id = id, .count = count});
  return id;
}

Status Transaction::erase(const Address& array, std::uint64_t index, std::uint64_t count) {
  const auto info = expect(array, Kind::array);
  if (!info) return info.error();
  ArrayCell* cell = array_at(array);
  const std::uint64_t size = cell ? cell->sequence.visible() : 0;
  if (index > size || count > size - index)
    return Error(Errc::out_of_range, where(array) + ": elements " + std::to_string(index) + " to " +
                                         std::to_string(index + count) + " of an array of " + std::to_string(size));
  const NodeTable& nodes = state_.nodes();
  while (count > 0) {
    const Sequence::Spot spot = cell->sequence.at(index);
    const Lv slot = cell->sequence.id(spot);
    const std::uint32_t left = cell->sequence.span(spot).length - spot.offset;
    std::uint32_t n = 0;
    Lv id = kNoLv;
    // Neighbours whose ids are neighbours go in one operation.
    while (n < left && n < count) {
      const ElementCell* e = state_.element(slot + n);
      const Lv next = e ? e->id : slot + n;
      if (n > 0 && next != id + n) break;
      if (n == 0) id = next;
      // What is below in other compartments is removed there.
      if (e) {
        for (const Cell* c = e->first; c; c = c->next) {
          if (nodes.at(c->node).compartment == c->node && nodes.at(c->node).compartment != (*info)->compartment &&
              c->live > 0) {
            if (Status s = remove(state_.address_of(*c)); !s) return s;
          }
        }
      }
      ++n;
    }
    Operation& op = add(OperationKind::erase, array, n);
    op.subject = id;
    apply_last();
    if (in_.with_undo)
      undo_.push_back({.kind = UndoStep::Kind::restore_elements, .address = array, .id = id, .count = n});
    count -= n;
  }
  return {};
}

Status Transaction::move(const Address& array, std::uint64_t from, std::uint64_t to) {
  const auto info = expect(array, Kind::array);
  if (!info) return info.error();
  ArrayCell* cell = array_at(array);
  const std::uint64_t size = cell ? cell->sequence.visible() : 0;
  if (from >= size || to >= size)
    return Error(Errc::out_of_range, where(array) + ": move from " + std::to_string(from) + " to " +
                                         std::to_string(to) + " in an array of " + std::to_string(size));
  if (from == to) return {};
  const Lv slot = cell->sequence.id(cell->sequence.at(from));
  const ElementCell* e = state_.element(slot);
  const Lv subject = e ? e->id : slot;
  const Placement place = cell->sequence.placement_at(to < from ? to : to + 1);
  Operation& op = add(OperationKind::move, array);
  op.subject = subject;
  op.parent = place.parent;
  op.side = place.side;
  const Lv id = op.id;
  apply_last();
  if (in_.with_undo)
    undo_.push_back({.kind = UndoStep::Kind::move_back, .address = array, .id = id, .subject = subject, .slot = slot});
  return {};
}

// ---- text ----

Result<TextCell*> Transaction::text_at(const Address& at) {
  if (at.node == text_node_ && at.keys.empty()) return text_cell_;
  const auto info = expect(at, Kind::text);
  if (!info) return info.error();
  Cell* found = state_.reach(at.node, at.keys.data(), at.keys.size(), Past());
  if (!found || found->type != CellType::text)
    return Error(Errc::no_such_place, where(at) + ": the place is not there");
  if (at.keys.empty()) {
    text_node_ = at.node;
    text_cell_ = &as_text(*found);
  }
  return &as_text(*found);
}

Status Transaction::splice(const Address& text, std::uint64_t at, std::uint64_t remove, std::string_view insert,
                           TextUnit unit) {
  const Result<TextCell*> found = text_at(text);
  if (!found) return found.error();
  if (insert.size() > kMaxTextBytes)
    return Error(Errc::limit_exceeded, "at most " + std::to_string(kMaxTextBytes) + " bytes of text at once");
  if (!is_valid_utf8(insert)) return Error(Errc::invalid_text, where(text) + ": the text is not valid UTF-8");
  TextCell& cell = **found;
  const std::uint64_t length = unit == TextUnit::utf16 ? cell.sequence.utf16() : cell.sequence.visible();
  if (at > length || remove > length - at)
    return Error(Errc::out_of_range, where(text) + ": positions " + std::to_string(at) + " to " +
                                         std::to_string(at + remove) + " of a text of " + std::to_string(length));
  if (unit == TextUnit::utf16) {
    const auto begin = cell.sequence.code_points_at_utf16(at);
    const auto end = cell.sequence.code_points_at_utf16(at + remove);
    if (!begin || !end)
      return Error(Errc::invalid_text, where(text) + ": position " + std::to_string(begin ? at + remove : at) +
                                           " lies inside a surrogate pair");
    at = *begin;
    remove = *end - *begin;
  }
  OperationBatch& batch = in_.batch;
  const auto push = [&](const Operation& op) {
    if (batch.operations.empty() || !join_operations(batch.operations.back(), op)) batch.operations.push_back(op);
  };
  Operation op;
  op.target = batch.add_target(in_.ordinals[text.node], text.keys.data(), text.keys.size());
  while (remove > 0) {
    const Sequence::Spot spot = cell.sequence.at(at);
    const std::uint32_t left = cell.sequence.span(spot).length - spot.offset;
    op.kind = OperationKind::text_erase;
    op.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, remove));
    op.subject = cell.sequence.id(spot);
    op.id = new_ids(op.count);
    state_.erase(cell, spot, op.count, at);
    push(op);
    if (in_.with_undo)
      undo_.push_back({.kind = UndoStep::Kind::restore_text, .address = text, .id = op.subject, .count = op.count});
    remove -= op.count;
  }
  if (insert.empty()) return {};
  op.kind = OperationKind::text_insert;
  op.count = static_cast<std::uint32_t>(measure(insert).code_points);
  op.subject = kNoLv;
  op.first = static_cast<std::uint32_t>(batch.text.size());
  op.length = static_cast<std::uint32_t>(insert.size());
  op.id = new_ids(op.count);
  batch.text += insert;
  const Placement place = state_.type(cell, at, op.id, op.count, insert);
  op.parent = place.parent;
  op.side = place.side;
  push(op);
  if (in_.with_undo)
    undo_.push_back({.kind = UndoStep::Kind::erase_text, .address = text, .id = op.id, .count = op.count});
  return {};
}

// ---- undo ----

Status Transaction::take_back(const UndoEntry& entry) {
  const auto take = [this](const UndoStep& step) {
    const Status s = undo_step(step);
    // What is gone meanwhile stays gone, and what only another package can name cannot be written here.
    return !s && (s.error().is(Errc::out_of_range) || s.error().is(Errc::no_such_place)) ? Status() : s;
  };
  // A touch can be taken back only once nothing else is in the entry, so these come last, the innermost first.
  std::vector<const UndoStep*> touches;
  for (auto step = entry.rbegin(); step != entry.rend(); ++step) {
    if (step->kind == UndoStep::Kind::untouch) {
      touches.push_back(&*step);
    } else if (Status s = take(*step); !s) {
      return s;
    }
  }
  std::stable_sort(touches.begin(), touches.end(), [](const UndoStep* a, const UndoStep* b) {
    return a->address.keys.size() > b->address.keys.size();
  });
  for (const UndoStep* step : touches)
    if (Status s = take(*step); !s) return s;
  return {};
}

Status Transaction::undo_step(const UndoStep& step) {
  // What the operation just made brings back had the id `old`.
  const auto revives = [&](Lv old, Status done) {
    if (done && old != kNoLv) revived_[old] = in_.batch.operations.back().id;
    return done;
  };
  if (step.within != kNoLv && !came_back_.contains(step.within)) return {};
  const Lv made = current_id(revived_, step.id);  // a later step of the same entry may have brought it back
  switch (step.kind) {
    case UndoStep::Kind::reassign: {
      const auto* cell = static_cast<const RegisterCell*>(state_.find(step.address));
      if (made == kNoLv) {  // part of a removal: only into what is still empty
        if (cell && !cell->values.empty()) return {};
        return revives(step.replaced, assign(step.address, step.values));
      }
      if (!cell) return {};
      std::vector<Value> others;
      bool mine = false;
      for (const auto& a : cell->values) {
        if (a.dot == made) {
          mine = true;
        } else {
          others.push_back(a.value);
        }
      }
      if (!mine) return {};
      if (!others.empty()) return assign(step.address, others);
      if (step.values.empty()) return unset(step.address);
      return revives(step.replaced, assign(step.address, step.values));
    }
    case UndoStep::Kind::set_flag:
      return set_flag(step.address, step.on);
    case UndoStep::Kind::add:
      return increment(step.address, step.amount);
    case UndoStep::Kind::untouch: {
      const EntryCell* e = entry_at(step.address);
      if (!e || e->live != 1 || sole_dot(e->touches) != made) return {};
      return remove(step.address);
    }
    case UndoStep::Kind::retouch:
      return revives(step.replaced, touch(step.address));
    case UndoStep::Kind::move_back: {
      if (const auto info = expect(step.address, Kind::array); !info) return info.error();
      ArrayCell* cell = array_at(step.address);
      const ElementCell* e = state_.element(step.subject);
      if (!cell || !e || e->slot != made || !State::exists(*e)) return {};
      const Sequence::Spot old = cell->sequence.find(step.slot);
      const Placement place = cell->sequence.placement_after(old);
      Operation& op = add(OperationKind::move, step.address);
      op.subject = step.subject;
      op.parent = place.parent;
      op.side = place.side;
      const Lv id = op.id;
      apply_last();
      revived_[step.slot] = id;
      if (in_.with_undo)
        undo_.push_back({.kind = UndoStep::Kind::move_back,
                         .address = step.address,
                         .id = id,
                         .subject = step.subject,
                         .slot = made});
      return {};
    }
    default:
      break;
  }
  // Runs of elements or characters: those that are, or are not, visible now.
  const bool text = step.kind == UndoStep::Kind::erase_text || step.kind == UndoStep::Kind::restore_text;
  const bool erase = step.kind == UndoStep::Kind::erase_text || step.kind == UndoStep::Kind::erase_elements;
  if (const auto info = expect(step.address, text ? Kind::text : Kind::array); !info) return info.error();
  Cell* found = state_.find(step.address);
  if (!found) return {};
  const Sequence& sequence = text ? as_text(*found).sequence : as_array(*found).sequence;
  for (std::uint32_t i = 0; i < step.count;) {
    const auto visible = [&](Lv id) {
      const ElementCell* e = text ? nullptr : state_.element(id);
      const Sequence::Spot spot = sequence.find(e ? e->slot : id);
      return spot && sequence.span(spot).visible;
    };
    const Lv id = step.id + i;
    std::uint32_t n = 1;
    const bool is = visible(id);
    while (i + n < step.count && visible(id + n) == is) ++n;
    if (is == erase) {
      const OperationKind kind = text ? (erase ? OperationKind::text_erase : OperationKind::text_restore)
                                      : (erase ? OperationKind::erase : OperationKind::restore);
      add(kind, step.address, n).subject = id;
      apply_last();
      if (kind == OperationKind::restore)
        for (Lv back = id; back < id + n; ++back) came_back_.insert(came_back_.end(), back);
      if (in_.with_undo) {
        const UndoStep::Kind back = text ? (erase ? UndoStep::Kind::restore_text : UndoStep::Kind::erase_text)
                                         : (erase ? UndoStep::Kind::restore_elements : UndoStep::Kind::erase_elements);
        undo_.push_back({.kind = back, .address = step.address, .id = id, .count = n});
      }
    }
    i += n;
  }
  return {};
}

// ---- by path ----

Result<Address> Transaction::address(const Path& path) const {
  Result<Reader::Place> place = reader().locate(path);
  if (!place) return place.error();
  return std::move(place->address);
}

Result<Address> Transaction::address(std::string_view path) const {
  Result<Path> parsed = parse_path(path);
  if (!parsed) return parsed.error();
  return address(*parsed);
}

Status Transaction::set(std::string_view path, const Data& data) {
  Result<Path> parsed = parse_path(path);
  if (!parsed) return parsed.error();
  return set(*parsed, data);
}

Status Transaction::set(const Path& path, const Data& data) {
  Result<Reader::Place> place = reader().locate(path);
  if (!place) return place.error();
  if (Status s = check_data(state_.nodes(), view_, place->view_node, data, path); !s) return s;
  return write(place->view_node, place->address, data, false);
}

Status Transaction::remove(const Path& path) {
  Result<Reader::Place> place = reader().locate(path);
  if (!place) return place.error();
  if (!path.empty() && path.back().kind == PathStep::Kind::index) {
    Address array = place->address;
    array.keys.pop_back();
    array.node = state_.nodes().at(place->address.node).parent;
    return erase(array, path.back().index);
  }
  if (!place->present) return Error(Errc::no_such_place, path_text(path) + ": there is no such key");
  return remove(place->address);
}

Status Transaction::insert(const Path& path, std::uint64_t index, const std::vector<Data>& values) {
  Result<Reader::Place> place = reader().locate(path);
  if (!place) return place.error();
  const schema::ViewNode& node = view_.view->nodes()[place->view_node];
  if (const auto info = expect(place->address, Kind::array); !info) return info.error();
  if (node.children.empty())
    return Error(Errc::no_such_place, path_text(path) + ": the array's values have no declared type");
  for (std::size_t i = 0; i < values.size(); ++i) {
    Path element = path;
    element.push_back(PathStep::at(index + i));
    if (Status s = check_data(state_.nodes(), view_, node.children[0], values[i], element); !s) return s;
  }
  if (values.empty()) return {};
  if (values.size() > kMaxElementsPerEdit)
    return Error(Errc::limit_exceeded, "at most " + std::to_string(kMaxElementsPerEdit) + " elements at once");
  const Result<Lv> first = insert(place->address, index, static_cast<std::uint32_t>(values.size()));
  if (!first) return first.error();
  Address at = place->address;
  at.node = view_.node_of[node.children[0]];
  at.keys.push_back(Key::of_element(*first));
  for (const Data& d : values) {
    if (Status s = write(node.children[0], at, d, true); !s) return s;
    ++at.keys.back().element;
  }
  return {};
}

// `data` has been checked. `fresh`: nothing is there yet, so nothing needs to be compared or removed.
Status Transaction::write(std::uint32_t view_node, const Address& at, const Data& data, bool fresh) {
  const schema::ViewNode& node = view_.view->nodes()[view_node];
  const NodeInfo& info = state_.nodes().at(at.node);
  const Cell* cell = fresh ? nullptr : state_.find(at);
  switch (cell_type(info.kind)) {
    case CellType::reg: {
      if (data.is_null()) return fresh || !cell ? Status() : unset(at);
      return assign(at, *coerce(*data.value(), info.primitive));
    }
    case CellType::flag:
      return fresh && !std::get<bool>(*data.value()) ? Status() : set_flag(at, std::get<bool>(*data.value()));
    case CellType::counter: {
      const auto wanted = static_cast<std::uint64_t>(std::get<std::int64_t>(*coerce(*data.value(), Primitive::i64)));
      const auto now = cell ? static_cast<std::uint64_t>(static_cast<const CounterCell*>(cell)->value()) : 0;
      return wanted == now ? Status() : increment(at, static_cast<std::int64_t>(wanted - now));
    }
    case CellType::text: {
      const std::string& text = std::get<std::string>(*data.value());
      return splice(at, 0, cell ? static_cast<const TextCell*>(cell)->sequence.visible() : 0, text);
    }
    case CellType::structure: {
      for (const Member& m : *data.object()) {
        const std::uint32_t field = view_.view->field(view_node, m.name);
        Address below{view_.node_of[field], at.keys};
        if (Status s = write(field, below, m.value, fresh); !s) return s;
      }
      return {};
    }
    case CellType::table: {
      const Data::Object& object = *data.object();
      if (cell) {
        for (const EntryCell* e : Reader::entries(*static_cast<const TableCell*>(cell))) {
          if (data.find(key_text(e->key))) continue;
          Address gone{view_.node_of[node.children.empty() ? 0 : node.children[0]], at.keys};
          gone.keys.push_back(Key::of_table(e->key));
          if (!node.children.empty())
            if (Status s = remove(gone); !s) return s;
        }
      }
      for (const Member& m : object) {
        Address entry{view_.node_of[node.children[0]], at.keys};
        entry.keys.push_back(Key::of_table(*coerce(Value(m.name), info.primitive)));
        if (Status s = write(node.children[0], entry, m.value, fresh); !s) return s;
        // An entry of which nothing was written exists because it is touched.
        const Cell* table = state_.find(at);
        const EntryCell* e = table ? static_cast<const TableCell*>(table)->find(entry.keys.back().table_key) : nullptr;
        if (!e || !State::exists(*e))
          if (Status s = touch(entry); !s) return s;
      }
      return {};
    }
    case CellType::array:
      return write_array(view_node, at, *data.array());
    default:
      return {};
  }
}

Status Transaction::write_array(std::uint32_t view_node, const Address& at, const Data::Array& values) {
  if (const ArrayCell* cell = array_at(at); cell && cell->sequence.visible() > 0)
    if (Status s = erase(at, 0, cell->sequence.visible()); !s) return s;
  const schema::ViewNode& node = view_.view->nodes()[view_node];
  for (std::size_t done = 0; done < values.size();) {
    const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(values.size() - done, kMaxElementsPerEdit));
    const Result<Lv> first = insert(at, done, n);
    if (!first) return first.error();
    Address element{view_.node_of[node.children[0]], at.keys};
    element.keys.push_back(Key::of_element(*first));
    for (std::uint32_t i = 0; i < n; ++i, ++element.keys.back().element)
      if (Status s = write(node.children[0], element, values[done + i], true); !s) return s;
    done += n;
  }
  return {};
}

}  // namespace tlfs::document
