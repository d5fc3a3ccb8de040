#include "runtime/document/diff.h"

#include <algorithm>
#include <iterator>

#include "runtime/base/check.h"

namespace tlfs::document {
namespace {

using schema::Kind;

// Visible items of a sequence in order.
std::vector<LvRange> visible_runs(const Sequence& sequence) {
  std::vector<LvRange> out;
  sequence.for_each_span([&](const Span& s, std::string_view) {
    if (s.visible) out.push_back({s.id, s.length});
  });
  return out;
}

LvSet as_set(const std::vector<LvRange>& runs) {
  std::vector<LvRange> sorted = runs;
  std::sort(sorted.begin(), sorted.end(), [](const LvRange& a, const LvRange& b) { return a.first < b.first; });
  LvSet set;
  for (const LvRange& r : sorted) set.add(r.first, r.count);
  return set;
}

// Positions (into `values`) of a longest increasing subsequence (Schensted 1961), ascending.
std::vector<std::size_t> longest_increasing(const std::vector<std::size_t>& values) {
  std::vector<std::size_t> tails, previous(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto at = std::lower_bound(tails.begin(), tails.end(), values[i],
                               [&](std::size_t t, std::size_t v) { return values[t] < v; });
    previous[i] = at == tails.begin() ? values.size() : *(at - 1);
    if (at == tails.end()) {
      tails.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<std::size_t> out;
  for (std::size_t i = tails.empty() ? values.size() : tails.back(); i < values.size(); i = previous[i])
    out.push_back(i);
  std::reverse(out.begin(), out.end());
  return out;
}

class Differ {
 public:
  Differ(const State& before, const State& after, const BoundView& view)
      : before_(before, view), after_(after, view), view_(view) {}

  std::vector<Patch> run() {
    place(0, {nullptr, before_.state().root()}, {nullptr, after_.state().root()});
    // What came as a whole value says apart which of its registers have concurrent values.
    out_.insert(out_.end(), std::make_move_iterator(conflicts_.begin()), std::make_move_iterator(conflicts_.end()));
    return std::move(out_);
  }

 private:
  struct Side {
    const BranchCell* context;
    const Cell* cell;
  };

  Patch& add(PatchKind kind) {
    Patch& p = out_.emplace_back();
    p.kind = kind;
    p.path = path_;
    return p;
  }

  template <class T>
  static const T* as(const Cell* cell) {
    return static_cast<const T*>(cell);
  }

  void place(std::uint32_t view_node, Side a, Side b) {
    const schema::ViewNode& shown = view_.view->nodes()[view_node];
    const NodeIndex node = view_.node_of[view_node];
    switch (after_.state().nodes().at(node).kind) {
      case Kind::structure:
        for (std::uint32_t field : shown.children) {
          const NodeIndex n = view_.node_of[field];
          path_.push_back(PathStep::field(view_.view->nodes()[field].name));
          place(field, {a.context, before_.cell_in(a.context, n)}, {b.context, after_.cell_in(b.context, n)});
          path_.pop_back();
        }
        return;
      case Kind::table:
        table(shown, as<TableCell>(a.cell), as<TableCell>(b.cell));
        return;
      case Kind::array:
        if (!shown.children.empty()) array(shown.children[0], as<ArrayCell>(a.cell), as<ArrayCell>(b.cell));
        return;
      case Kind::text:
        text(as<TextCell>(a.cell), as<TextCell>(b.cell));
        return;
      case Kind::reg:
        reg(shown.default_value, as<RegisterCell>(a.cell), as<RegisterCell>(b.cell));
        return;
      case Kind::flag:
      case Kind::counter: {
        const Data was = before_.data_at(view_node, a.context, a.cell),
                   is = after_.data_at(view_node, b.context, b.cell);
        if (!(was == is)) add(PatchKind::set).value = is;
        return;
      }
    }
  }

  void reg(const Value& fallback, const RegisterCell* a, const RegisterCell* b) {
    static const RegisterCell kNone;
    const auto& was = (a ? *a : kNone).values;
    const auto& is = (b ? *b : kNone).values;
    const Value& before = was.empty() ? fallback : was.front().value;
    const Value& after = is.empty() ? fallback : is.front().value;
    if (before != after) add(PatchKind::set).value = after;
    const bool same = std::equal(was.begin(), was.end(), is.begin(), is.end(),
                                 [](const auto& x, const auto& y) { return x.value == y.value; });
    if ((was.size() > 1 || is.size() > 1) && !same) {
      Patch& p = add(PatchKind::conflict);
      for (const auto& v : is) p.values.emplace_back(v.value);
    }
  }

  void table(const schema::ViewNode& shown, const TableCell* a, const TableCell* b) {
    const std::vector<const EntryCell*> was = a ? Reader::entries(*a) : std::vector<const EntryCell*>();
    const std::vector<const EntryCell*> is = b ? Reader::entries(*b) : std::vector<const EntryCell*>();
    const std::uint32_t below = shown.children.empty() ? schema::kNoOrdinal : shown.children[0];
    const NodeIndex n = below == schema::kNoOrdinal ? kNoNode : view_.node_of[below];
    std::size_t i = 0, k = 0;
    while (i < was.size() || k < is.size()) {
      const bool gone = k == is.size() || (i < was.size() && was[i]->key < is[k]->key);
      const bool fresh = !gone && (i == was.size() || is[k]->key < was[i]->key);
      path_.push_back(PathStep::of_key(gone ? was[i]->key : is[k]->key));
      if (gone) {
        add(PatchKind::remove);
        ++i;
      } else if (fresh) {
        Patch& p = add(PatchKind::set);
        if (n != kNoNode) p.value = after_.data_at(below, is[k], is[k]->child(n), conflicts_);
        ++k;
      } else {
        if (n != kNoNode) place(below, {was[i], was[i]->child(n)}, {is[k], is[k]->child(n)});
        ++i;
        ++k;
      }
      path_.pop_back();
    }
  }

  // Elements in order, by their ids.
  static std::vector<Lv> elements(const State& state, const ArrayCell* array) {
    std::vector<Lv> out;
    if (!array) return out;
    for (const LvRange& r : visible_runs(array->sequence))
      for (Lv slot = r.first; slot < r.first + r.count; ++slot) {
        const ElementCell* e = state.element(slot);
        out.push_back(e ? e->id : slot);
      }
    return out;
  }

  void array(std::uint32_t below, const ArrayCell* a, const ArrayCell* b) {
    std::vector<Lv> was = elements(before_.state(), a);
    const std::vector<Lv> is = elements(after_.state(), b);
    tsl::robin_map<Lv, std::size_t> index_now;
    for (std::size_t i = 0; i < is.size(); ++i) index_now[is[i]] = i;
    // Removals from the back.
    std::vector<Lv> list;
    for (std::size_t i = was.size(); i-- > 0;) {
      if (index_now.contains(was[i])) {
        list.push_back(was[i]);
        continue;
      }
      Patch* last = out_.empty() ? nullptr : &out_.back();
      if (last && last->kind == PatchKind::remove && last->count > 0 && last->path == path_ && last->index == i + 1) {
        --last->index;
        ++last->count;
      } else {
        Patch& p = add(PatchKind::remove);
        p.index = i;
        p.count = 1;
      }
    }
    std::reverse(list.begin(), list.end());
    // Those that keep their order stay; the others are moved to where they belong, from the front.
    std::vector<std::size_t> order;
    for (Lv id : list) order.push_back(index_now[id]);
    tsl::robin_set<Lv> stays;
    for (std::size_t i : longest_increasing(order)) stays.insert(list[i]);
    tsl::robin_set<Lv> survivors(list.begin(), list.end());
    const NodeIndex n = view_.node_of[below];
    for (std::size_t i = 0; i < is.size(); ++i) {
      const Lv id = is[i];
      if (stays.contains(id)) continue;
      // Where it goes: directly behind its left neighbour, which is in place already.
      std::size_t to =
          i == 0 ? 0 : static_cast<std::size_t>(std::find(list.begin(), list.end(), is[i - 1]) - list.begin()) + 1;
      if (survivors.contains(id)) {
        const auto at = std::find(list.begin(), list.end(), id);
        const auto from = static_cast<std::size_t>(at - list.begin());
        list.erase(at);
        if (from < to) --to;
        if (from != to) {
          Patch& p = add(PatchKind::move);
          p.index = from;
          p.to = to;
        }
      } else {
        const ElementCell* e = after_.state().element(id);
        Data value = after_.data_at(below, e, e ? e->child(n) : nullptr, conflicts_);
        Patch* last = out_.empty() ? nullptr : &out_.back();
        if (last && last->kind == PatchKind::insert && last->path == path_ && last->index + last->values.size() == to) {
          last->values.push_back(std::move(value));
        } else {
          Patch& p = add(PatchKind::insert);
          p.index = to;
          p.values.push_back(std::move(value));
        }
      }
      list.insert(list.begin() + static_cast<std::ptrdiff_t>(to), id);
    }
    for (std::size_t i = 0; i < is.size(); ++i) {
      if (!survivors.contains(is[i])) continue;
      const ElementCell* x = before_.state().element(is[i]);
      const ElementCell* y = after_.state().element(is[i]);
      path_.push_back(PathStep::at(i));
      place(below, {x, x ? x->child(n) : nullptr}, {y, y ? y->child(n) : nullptr});
      path_.pop_back();
    }
  }

  void text(const TextCell* a, const TextCell* b) {
    const std::vector<LvRange> was = a ? visible_runs(a->sequence) : std::vector<LvRange>();
    const std::vector<LvRange> is = b ? visible_runs(b->sequence) : std::vector<LvRange>();
    const LvSet was_set = as_set(was), is_set = as_set(is);
    // What both show stands in the same order in both; between two such characters come the removed ones and then the
    // new ones.
    std::size_t i = 0, k = 0;
    std::uint32_t i_offset = 0, k_offset = 0;
    std::uint64_t at_before = 0, at = 0;
    TextLength position, removed;
    std::string inserted;
    TextLength start;
    const auto flush = [&] {
      if (removed == TextLength{} && inserted.empty()) return;
      Patch& p = add(PatchKind::splice);
      p.position = start;
      p.removed = removed;
      p.text = std::move(inserted);
      inserted.clear();
      removed = {};
    };
    while (i < was.size() || k < is.size()) {
      if (i < was.size()) {
        const Lv id = was[i].first + i_offset;
        std::uint32_t n = is_set.uniform(id, was[i].count - i_offset);
        if (!is_set.contains(id)) {
          if (removed == TextLength{} && inserted.empty()) start = position;
          removed += measure(a->sequence.text(at_before, n));
          at_before += n;
          if ((i_offset += n) == was[i].count) ++i, i_offset = 0;
          continue;
        }
      }
      if (k < is.size()) {
        const Lv id = is[k].first + k_offset;
        const std::uint32_t n = was_set.uniform(id, is[k].count - k_offset);
        if (!was_set.contains(id)) {
          if (removed == TextLength{} && inserted.empty()) start = position;
          const std::string text = b->sequence.text(at, n);
          inserted += text;
          position += measure(text);
          at += n;
          if ((k_offset += n) == is[k].count) ++k, k_offset = 0;
          continue;
        }
      }
      // Both stand before the same character.
      TLFS_CHECK(i < was.size() && k < is.size() && was[i].first + i_offset == is[k].first + k_offset,
                 "two states of one document order the same characters differently");
      flush();
      std::uint32_t n = std::min(was[i].count - i_offset, is[k].count - k_offset);
      n = std::min(n,
                   std::min(is_set.uniform(was[i].first + i_offset, n), was_set.uniform(was[i].first + i_offset, n)));
      position += measure(b->sequence.text(at, n));
      at += n;
      at_before += n;
      if ((i_offset += n) == was[i].count) ++i, i_offset = 0;
      if ((k_offset += n) == is[k].count) ++k, k_offset = 0;
    }
    flush();
  }

  Reader before_;
  Reader after_;
  const BoundView& view_;
  Path path_;
  std::vector<Patch> out_;
  std::vector<Patch> conflicts_;  // of what came as a whole; told last, where everything has its final place
};

}  // namespace

std::vector<Patch> diff_states(const State& before, const State& after, const BoundView& view) {
  return Differ(before, after, view).run();
}

}  // namespace tlfs::document
