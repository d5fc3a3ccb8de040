#include "runtime/document/undo.h"

#include <utility>

namespace tlfs::document {
namespace {

void push(std::deque<UndoEntry>& stack, UndoEntry entry) {
  if (stack.size() == kMaxUndoEntries) stack.pop_front();
  stack.push_back(std::move(entry));
}

UndoEntry pop(std::deque<UndoEntry>& stack) {
  UndoEntry entry = std::move(stack.back());
  stack.pop_back();
  return entry;
}

void capture_in(const State& state, const Cell& cell, NodeIndex compartment, UndoEntry& out,
                std::vector<LostContent>& lost) {
  if (cell.type != CellType::element && cell.node != kNoNode && state.nodes().at(cell.node).compartment != compartment)
    return;
  UndoStep step{};
  switch (cell.type) {
    case CellType::structure:
    case CellType::entry: {
      if (cell.type == CellType::entry && !static_cast<const EntryCell&>(cell).touches.empty()) {
        step.kind = UndoStep::Kind::retouch;
        step.address.node = cell.node;
        step.address.keys = state.address_of(cell).keys;
        step.replaced = sole_dot(static_cast<const EntryCell&>(cell).touches);
        out.push_back(step);
        step.replaced = kNoLv;
      }
      for (const Cell* c = static_cast<const BranchCell&>(cell).first; c; c = c->next)
        capture_in(state, *c, compartment, out, lost);
      return;
    }
    case CellType::table:
      for (const EntryCell* e : static_cast<const TableCell&>(cell).entries)
        if (State::exists(*e)) capture_in(state, *e, compartment, out, lost);
      return;
    case CellType::array: {
      const auto& array = static_cast<const ArrayCell&>(cell);
      step.address = state.address_of(cell);
      // Steps are taken in reverse: the elements come back before what is in them.
      array.sequence.for_each_span([&](const Span& s, std::string_view) {
        for (Lv slot = s.id; slot < s.id + s.length; ++slot) {
          const ElementCell* e = state.element(slot);
          if (!e || e->slot != slot || !e->first) continue;  // or only a place that it was moved away from
          LostContent hidden{e->id, {}};
          UndoEntry& held = s.visible ? out : hidden.steps;
          for (const Cell* c = e->first; c; c = c->next) capture_in(state, *c, compartment, held, lost);
          for (UndoStep& held_step : hidden.steps)
            if (held_step.within == kNoLv) held_step.within = e->id;
          if (!hidden.steps.empty()) lost.push_back(std::move(hidden));
        }
      });
      array.sequence.for_each_span([&](const Span& s, std::string_view) {
        if (!s.visible) return;
        for (Lv slot = s.id; slot < s.id + s.length; ++slot) {
          const ElementCell* e = state.element(slot);
          const Lv id = e ? e->id : slot;
          UndoStep* last = out.empty() ? nullptr : &out.back();
          if (last && last->kind == UndoStep::Kind::restore_elements && last->id + last->count == id &&
              last->address == step.address) {
            ++last->count;
          } else {
            step.kind = UndoStep::Kind::restore_elements;
            step.id = id;
            out.push_back(step);
          }
        }
      });
      return;
    }
    case CellType::text:
      static_cast<const TextCell&>(cell).sequence.for_each_span([&](const Span& s, std::string_view) {
        if (!s.visible) return;
        step.kind = UndoStep::Kind::restore_text;
        if (step.address.keys.empty()) step.address = state.address_of(cell);
        step.id = s.id;
        step.count = s.length;
        out.push_back(step);
      });
      return;
    case CellType::reg: {
      const auto& values = static_cast<const RegisterCell&>(cell).values;
      if (values.empty()) return;
      step.kind = UndoStep::Kind::reassign;
      step.address = state.address_of(cell);
      for (const auto& a : values) step.values.push_back(a.value);
      step.replaced = sole_dot(static_cast<const RegisterCell&>(cell));
      out.push_back(step);
      return;
    }
    case CellType::flag:
      if (static_cast<const FlagCell&>(cell).enables.empty()) return;
      step.kind = UndoStep::Kind::set_flag;
      step.address = state.address_of(cell);
      step.on = true;
      out.push_back(step);
      return;
    case CellType::counter:
      if (static_cast<const CounterCell&>(cell).increments.empty()) return;
      step.kind = UndoStep::Kind::add;
      step.address = state.address_of(cell);
      step.amount = static_cast<const CounterCell&>(cell).value();
      out.push_back(step);
      return;
    case CellType::element:
      return;
  }
}

}  // namespace

Lv sole_dot(const RegisterCell& cell) {
  Lv only = kNoLv;
  for (const auto& a : cell.values) {
    if (only != kNoLv && a.dot != only) return kNoLv;
    only = a.dot;
  }
  return only;
}

Lv current_id(const Revived& revived, Lv id) {
  for (auto at = revived.find(id); at != revived.end(); at = revived.find(id))
    id = at->second;  // ends: newer ids are larger
  return id;
}

Lv sole_dot(const DotSet& dots) {
  Lv only = kNoLv;
  std::size_t count = 0;
  dots.for_each([&](Lv dot) {
    only = dot;
    ++count;
  });
  return count == 1 ? only : kNoLv;
}

void capture(const State& state, const Cell& cell, UndoEntry& out, std::vector<LostContent>& lost) {
  const NodeIndex node = cell.node;
  capture_in(state, cell, node == kNoNode ? 0 : state.nodes().at(node).compartment, out, lost);
}

void UndoStacks::did(const std::string& origin, UndoEntry entry) {
  Pair& p = by_origin_[origin];
  p.redo.clear();
  push(p.undo, std::move(entry));
}
void UndoStacks::undid(const std::string& origin, UndoEntry entry) { push(by_origin_[origin].redo, std::move(entry)); }
void UndoStacks::redid(const std::string& origin, UndoEntry entry) { push(by_origin_[origin].undo, std::move(entry)); }

bool UndoStacks::can_undo(const std::string& origin) const {
  auto at = by_origin_.find(origin);
  return at != by_origin_.end() && !at->second.undo.empty();
}
bool UndoStacks::can_redo(const std::string& origin) const {
  auto at = by_origin_.find(origin);
  return at != by_origin_.end() && !at->second.redo.empty();
}

void UndoStacks::rename(const Revived& revived) {
  if (revived.empty()) return;
  const auto in = [&](std::deque<UndoEntry>& stack) {
    for (UndoEntry& entry : stack) {
      for (UndoStep& step : entry) {
        step.replaced = current_id(revived, step.replaced);
        if (step.kind != UndoStep::Kind::reassign && step.kind != UndoStep::Kind::untouch &&
            step.kind != UndoStep::Kind::move_back)
          continue;
        step.id = current_id(revived, step.id);
      }
    }
  };
  for (auto& [origin, pair] : by_origin_) {
    in(pair.undo);
    in(pair.redo);
  }
}

void UndoStacks::lost(const std::vector<LostContent>& content) {
  if (content.empty()) return;
  std::map<Lv, const UndoEntry*> by_element;
  for (const LostContent& c : content) by_element.emplace(c.element, &c.steps);
  const auto in = [&](std::deque<UndoEntry>& stack) {
    for (UndoEntry& entry : stack) {
      for (std::size_t i = 0; i < entry.size(); ++i) {
        if (entry[i].kind != UndoStep::Kind::restore_elements) continue;
        // Steps are taken in reverse: before the one that brings the elements back, so after it.
        const Lv first = entry[i].id, end = first + entry[i].count;
        for (auto c = by_element.lower_bound(first); c != by_element.end() && c->first < end; ++c) {
          entry.insert(entry.begin() + static_cast<std::ptrdiff_t>(i), c->second->begin(), c->second->end());
          i += c->second->size();
        }
      }
    }
  };
  for (auto& [origin, pair] : by_origin_) {
    in(pair.undo);
    in(pair.redo);
  }
}

UndoEntry UndoStacks::take_undo(const std::string& origin) { return pop(by_origin_.at(origin).undo); }
UndoEntry UndoStacks::take_redo(const std::string& origin) { return pop(by_origin_.at(origin).redo); }

}  // namespace tlfs::document
