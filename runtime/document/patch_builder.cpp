#include "runtime/document/patch_builder.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "runtime/base/check.h"

namespace tlfs::document {
namespace {

using schema::Kind;

// One place of an array's sequence that is or was visible and changed.
struct Event {
  Sequence::Spot spot;
  bool departs = false;      // visible before, not now
  bool moves = false;        // the element is visible before and now, elsewhere
  Lv id = kNoLv;             // slot
  std::size_t partner = 0;   // of a move: index of the other event
  std::uint64_t before = 0;  // visible index in the value before (departures)
  std::uint64_t after = 0;   // visible index in the value now of what is at or right of it
};

class PatchBuilder {
 public:
  PatchBuilder(const State& state, const BoundView& view)
      : state_(state), notes_(state.notes()), reader_(state, view), view_(view) {}

  std::vector<Patch> build() {
    if (notes_.notes.size() == 1 && notes_.births.empty() && notes_.notes[0].cell->type == CellType::text) {
      text(notes_.notes[0]);  // typing
      return std::move(out_);
    }
    containers();
    // What came as a whole value says apart which of its registers have concurrent values.
    out_.insert(out_.end(), std::make_move_iterator(conflicts_.begin()), std::make_move_iterator(conflicts_.end()));
    for (const Notes::Note& n : notes_.notes) {
      switch (n.cell->type) {
        case CellType::text:
          if (stable(n.cell->parent)) text(n);
          break;
        case CellType::reg:
          reg(n);
          break;
        case CellType::flag:
          primitive(n, Value(n.number != 0), Value(!static_cast<const FlagCell*>(n.cell)->enables.empty()));
          break;
        case CellType::counter:
          primitive(n, Value(n.number), Value(static_cast<const CounterCell*>(n.cell)->value()));
          break;
        default:
          break;
      }
    }
    return std::move(out_);
  }

 private:
  const Notes::Note* note_of(const Cell& cell) const {
    const bool noted = cell.note < notes_.notes.size() && notes_.notes[cell.note].cell == &cell;
    return noted ? &notes_.notes[cell.note] : nullptr;
  }

  // Whether every entry and element from `cell` outwards was visible before and is now: nothing around it was reported
  // as a whole.
  bool stable(const Cell* cell) const {
    for (; cell; cell = cell->parent) {
      if (cell->type != CellType::entry && cell->type != CellType::element) continue;
      if (!State::exists(*cell)) return false;
      if (const Notes::Note* n = note_of(*cell); n && !n->existed) return false;
    }
    return true;
  }

  static std::size_t depth(const Cell* cell) {
    std::size_t n = 0;
    for (; cell; cell = cell->parent)
      if (cell->type == CellType::entry || cell->type == CellType::element) ++n;
    return n;
  }

  Patch& add(PatchKind kind, Path path) {
    Patch& p = out_.emplace_back();
    p.kind = kind;
    p.path = std::move(path);
    return p;
  }

  // ---- entries and elements, outermost first ----
  void containers() {
    struct Item {
      std::size_t depth;
      const Cell* cell;  // an entry or an array
    };
    std::vector<Item> items;
    std::map<const ArrayCell*, std::vector<const Notes::Note*>> by_array;
    for (const Notes::Birth& b : notes_.births) by_array.try_emplace(b.array);
    for (const Notes::Note& n : notes_.notes) {
      if (n.cell->type == CellType::entry && n.existed != State::exists(*n.cell))
        items.push_back({depth(n.cell), n.cell});
      if (n.cell->type == CellType::element) {
        const auto* e = static_cast<const ElementCell*>(n.cell);
        if (e->id >= notes_.first && !n.existed) {
          by_array.try_emplace(static_cast<const ArrayCell*>(e->parent));
        } else if (n.existed != State::exists(*e) || (n.existed && n.slot != e->slot)) {
          by_array[static_cast<const ArrayCell*>(e->parent)].push_back(&n);
        }
      }
    }
    std::map<const ArrayCell*, std::vector<LvRange>> births;
    for (const Notes::Birth& b : notes_.births) births[b.array].push_back({b.id, b.count});
    for (const auto& [array, changes] : by_array) items.push_back({depth(array), array});
    std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.depth < b.depth; });
    for (const Item& item : items) {
      if (!stable(item.cell->parent)) continue;
      if (item.cell->type == CellType::entry) {
        entry(static_cast<const EntryCell&>(*item.cell));
      } else {
        const auto& a = static_cast<const ArrayCell&>(*item.cell);
        array(a, by_array[&a], births[&a]);
      }
    }
  }

  void entry(const EntryCell& e) {
    const std::uint32_t table = view_.shown(e.parent->node);
    if (table == schema::kNoOrdinal) return;
    std::optional<Path> path = reader_.path_of(*e.parent);
    if (!path) return;
    path->push_back(PathStep::of_key(e.key));
    if (!State::exists(e)) {
      add(PatchKind::remove, std::move(*path));
      return;
    }
    const auto& children = view_.view->nodes()[table].children;
    Patch& p = add(PatchKind::set, std::move(*path));
    if (!children.empty()) p.value = reader_.data_at(children[0], &e, e.child(view_.node_of[children[0]]), conflicts_);
  }

  void array(const ArrayCell& cell, const std::vector<const Notes::Note*>& changes,
             const std::vector<LvRange>& births) {
    const std::uint32_t place = view_.shown(cell.node);
    if (place == schema::kNoOrdinal || view_.view->nodes()[place].children.empty()) return;
    const std::optional<Path> path = reader_.path_of(cell);
    if (!path) return;
    const Sequence& sequence = cell.sequence;

    std::vector<Event> events;
    const auto event = [&](Lv slot, bool departs, bool moves) {
      Event e;
      e.spot = sequence.find(slot);
      e.departs = departs;
      e.moves = moves;
      e.id = slot;
      events.push_back(e);
    };
    std::size_t moves = 0;
    for (const Notes::Note* n : changes)
      if (n->existed && State::exists(*n->cell)) ++moves;
    const bool report_moves = moves <= kMaxReportedMoves;
    for (const Notes::Note* n : changes) {
      const auto& e = static_cast<const ElementCell&>(*n->cell);
      const bool exists = State::exists(e);
      const bool moved = n->existed && exists && report_moves;
      if (n->existed) event(n->slot, true, moved);
      if (exists) event(e.slot, false, moved);
    }
    for (const LvRange& born : births) {
      for (Lv id = born.first; id < born.first + born.count; ++id) {
        const ElementCell* e = state_.element(id);
        if (e && !State::exists(*e)) continue;
        const Lv slot = e ? e->slot : id;
        if (!e && !sequence.span(sequence.find(id)).visible) continue;
        event(slot, false, false);
      }
    }
    if (events.empty()) return;
    // Both ends of a move know each other by the element.
    std::sort(events.begin(), events.end(),
              [&](const Event& a, const Event& b) { return sequence.before(a.spot, b.spot); });
    std::map<const ElementCell*, std::size_t> ends;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (!events[i].moves) continue;
      auto [at, fresh] = ends.try_emplace(state_.element(events[i].id), i);
      if (!fresh) {
        events[i].partner = at->second;
        events[at->second].partner = i;
      }
    }
    std::uint64_t arrived = 0, departed = 0;
    for (Event& e : events) {
      e.after = sequence.position(e.spot);
      e.before = e.after - arrived + departed;
      (e.departs ? departed : arrived) += 1;
    }
    // Removals from the back, so that indices before them stay what they were.
    for (std::size_t i = events.size(); i-- > 0;) {
      const Event& e = events[i];
      if (!e.departs || e.moves) continue;
      if (!out_.empty() && out_.back().kind == PatchKind::remove && out_.back().count > 0 &&
          out_.back().path == *path && out_.back().index == e.before + 1) {
        --out_.back().index;
        ++out_.back().count;
        continue;
      }
      Patch& p = add(PatchKind::remove, *path);
      p.index = e.before;
      p.count = 1;
    }
    arrivals(events, *path, view_.view->nodes()[place].children[0]);
  }

  // Insertions and moves from the front. Everything left of the sweep is as it will be, but for elements that still
  // wait to be moved to the right.
  void arrivals(std::vector<Event>& events, const Path& path, std::uint32_t below) {
    std::vector<std::size_t> movers;  // departures of moves
    std::uint64_t removed = 0;
    std::vector<std::uint64_t> start(events.size());  // index after the removals
    for (std::size_t i = 0; i < events.size(); ++i) {
      start[i] = events[i].before - removed;
      if (events[i].departs && events[i].moves) movers.push_back(i);
      if (events[i].departs && !events[i].moves) ++removed;
    }
    std::vector<std::size_t> placed;  // arrivals so far, by event
    std::vector<bool> gone(events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      const Event& e = events[i];
      if (e.departs) continue;
      std::uint64_t waiting = 0;
      for (std::size_t m : movers) waiting += m < i && !gone[m] ? 1 : 0;
      std::uint64_t to = e.after + waiting;
      if (e.moves) {
        const std::size_t from_event = e.partner;
        std::uint64_t from = start[from_event];
        for (std::size_t a : placed) from += a < from_event ? 1 : 0;
        for (std::size_t m : movers) from -= m < from_event && gone[m] ? 1 : 0;
        gone[from_event] = true;
        if (from_event < i) --to;
        if (from != to) {
          Patch& p = add(PatchKind::move, path);
          p.index = from;
          p.to = to;
        }
      } else {
        const ElementCell* element = state_.element(e.id);
        Data value =
            reader_.data_at(below, element, element ? element->child(view_.node_of[below]) : nullptr, conflicts_);
        Patch* last = out_.empty() ? nullptr : &out_.back();
        if (last && last->kind == PatchKind::insert && last->path == path && last->index + last->values.size() == to) {
          last->values.push_back(std::move(value));
        } else {
          Patch& p = add(PatchKind::insert, path);
          p.index = to;
          p.values.push_back(std::move(value));
        }
      }
      if (!movers.empty()) placed.push_back(i);
    }
  }

  // ---- leaves ----
  void primitive(const Notes::Note& n, const Value& before, const Value& now) {
    if (before == now || !stable(n.cell->parent)) return;
    if (std::optional<Path> path = reader_.path_of(*n.cell)) add(PatchKind::set, std::move(*path)).value = now;
  }

  void reg(const Notes::Note& n) {
    if (!stable(n.cell->parent)) return;
    const std::uint32_t place = view_.shown(n.cell->node);
    if (place == schema::kNoOrdinal) return;
    const std::vector<Value>& before = notes_.registers[n.detail];
    const auto& now = static_cast<const RegisterCell*>(n.cell)->values;
    const Value& fallback = view_.view->nodes()[place].default_value;
    const Value& value_before = before.empty() ? fallback : before.front();
    const Value& value_now = now.empty() ? fallback : now.front().value;
    const bool conflict_changed = (before.size() > 1 || now.size() > 1) &&
                                  !std::equal(before.begin(), before.end(), now.begin(), now.end(),
                                              [](const Value& v, const auto& a) { return v == a.value; });
    if (value_before == value_now && !conflict_changed) return;
    const std::optional<Path> path = reader_.path_of(*n.cell);
    if (!path) return;
    if (value_before != value_now) add(PatchKind::set, *path).value = value_now;
    if (conflict_changed) {
      Patch& p = add(PatchKind::conflict, *path);
      for (const auto& a : now) p.values.emplace_back(a.value);
    }
  }

  void text(const Notes::Note& n) {
    const std::vector<Notes::TextRun>& runs = notes_.texts[n.detail];
    if (runs.empty()) return;
    std::optional<Path> path = reader_.path_of(*n.cell);
    if (!path) return;
    const Sequence& sequence = static_cast<const TextCell*>(n.cell)->sequence;
    const Notes::TextRun& r = runs[0];
    const Sequence::Spot spot = sequence.find(r.id);
    const Span& span = sequence.span(spot);
    if (runs.size() == 1 && r.count <= span.length - spot.offset && span.visible != r.was_visible) {
      Patch& p = add(PatchKind::splice, std::move(*path));
      p.position = {r.position, sequence.utf16_at(r.position)};
      if (r.was_visible) {
        p.removed = measure(r.removed);
      } else {
        p.text = sequence.text(r.position, r.count);
      }
      return;
    }
    text_runs(runs, sequence, *path);
  }

  // Many edits: what counts is which characters were visible before and which are now.
  void text_runs(const std::vector<Notes::TextRun>& runs, const Sequence& sequence, const Path& path) {
    struct Piece {
      Lv id;
      std::uint32_t count;
      bool was_visible;
      std::string_view removed;
      Sequence::Spot spot;
    };
    // The first time that a character is mentioned says whether it was visible. Sort by id, keep the order among
    // equals, and cut overlaps off.
    std::vector<std::size_t> order(runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) order[i] = i;
    LvSet mentioned;
    std::vector<Piece> pieces;
    for (const Notes::TextRun& r : runs) {
      std::string_view removed = r.removed;
      for (std::uint32_t i = 0; i < r.count;) {
        const std::uint32_t n = mentioned.uniform(r.id + i, r.count - i);
        const std::size_t bytes = r.was_visible ? byte_offset_of_code_point(removed, n) : 0;
        if (!mentioned.contains(r.id + i)) pieces.push_back({r.id + i, n, r.was_visible, removed.substr(0, bytes), {}});
        removed.remove_prefix(bytes);
        i += n;
      }
      mentioned.add(r.id, r.count);
    }
    // Cut at span borders; drop what is as it was.
    std::vector<Piece> changed;
    for (Piece piece : pieces) {
      while (piece.count > 0) {
        Piece head = piece;
        head.spot = sequence.find(piece.id);
        const Span& span = sequence.span(head.spot);
        head.count = std::min(piece.count, span.length - head.spot.offset);
        const std::size_t bytes = piece.was_visible ? byte_offset_of_code_point(piece.removed, head.count) : 0;
        head.removed = piece.removed.substr(0, bytes);
        if (span.visible != piece.was_visible) changed.push_back(head);
        piece.id += head.count;
        piece.count -= head.count;
        piece.removed.remove_prefix(bytes);
      }
    }
    std::sort(changed.begin(), changed.end(),
              [&](const Piece& a, const Piece& b) { return sequence.before(a.spot, b.spot); });
    // From left to right: everything left of a splice is as it will be.
    std::uint64_t end = 0;  // of the last splice's text
    for (const Piece& piece : changed) {
      const std::uint64_t at = sequence.position(piece.spot);
      Patch* last = out_.empty() ? nullptr : &out_.back();
      const bool joins = last && last->kind == PatchKind::splice && &piece != &changed.front() && end == at;
      if (!joins) {
        last = &add(PatchKind::splice, path);
        last->position = {at, sequence.utf16_at(at)};
      }
      if (piece.was_visible) {
        last->removed += measure(piece.removed);
      } else {
        last->text += sequence.text(at, piece.count);
      }
      end = piece.was_visible ? at : at + piece.count;
    }
  }

  const State& state_;
  const Notes& notes_;
  Reader reader_;
  const BoundView& view_;
  std::vector<Patch> out_;
  std::vector<Patch> conflicts_;  // of what came as a whole; told when everything around has its final place
};

}  // namespace

std::vector<Patch> build_patches(const State& state, const BoundView& view) {
  return PatchBuilder(state, view).build();
}

}  // namespace tlfs::document
