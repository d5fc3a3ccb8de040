// Reading the visible value through a view.
#pragma once

#include <string>

#include "runtime/document/data.h"
#include "runtime/document/patch.h"
#include "runtime/document/state.h"

namespace tlfs::document {

inline constexpr std::size_t kMaxConflictsOfValue = 10'000;  // that come beside a whole value; the others stay untold

// One version's look at a State. Cheap to make; valid until the State changes.
class Reader {
 public:
  Reader(const State& state, const BoundView& view) : state_(state), view_(view) {}

  // The whole document.
  Data data() const { return data_at(0, nullptr, state_.root()); }
  std::string json(bool pretty = false) const;

  // A place in the view: its index in view->nodes(), the cell that holds its dynamic context (an entry or element; null
  // for the root's) and its own cell, if it was ever written. Two of them may show one cell through different versions.
  struct Place {
    std::uint32_t view_node = 0;
    const BranchCell* context = nullptr;
    const Cell* cell = nullptr;
    bool present = true;  // false: a table key that does not exist
    Address address;      // complete also where nothing was written
  };
  // no_such_place, out_of_range (an index), wrong_kind (a key of the wrong type) name the step that fails.
  Result<Place> locate(const Path& path) const;
  Data data_at(const Place& place) const { return data_at(place.view_node, place.context, place.cell); }
  // The same, with what no value holds: appended to `conflicts`, until that has kMaxConflictsOfValue, is a patch of
  // kind `conflict` for each register below that has concurrent values, with its path from the document's root.
  Data data_at(const Place& place, std::vector<Patch>& conflicts) const {
    return data_at(place.view_node, place.context, place.cell, conflicts);
  }
  std::string json_at(const Place& place, bool pretty = false) const;

  // The path of a shown cell; nothing when the view does not show it, or something around it does not exist.
  std::optional<Path> path_of(const Cell& cell) const;
  // The path of a shown node within a context.
  std::optional<Path> path_of(std::uint32_t view_node, const Cell* context) const;

  Data data_at(std::uint32_t view_node, const BranchCell* context, const Cell* cell) const;
  Data data_at(std::uint32_t view_node, const BranchCell* context, const Cell* cell,
               std::vector<Patch>& conflicts) const;
  // Elements of an array that are visible and in order, or entries that exist, by key.
  static std::vector<const EntryCell*> entries(const TableCell& table);
  const Cell* cell_in(const BranchCell* context, NodeIndex node) const;

  const State& state() const { return state_; }
  const BoundView& view() const { return view_; }

 private:
  template <class Sink>
  void walk(Sink& sink, std::uint32_t view_node, const BranchCell* context, const Cell* cell) const;
  const schema::ViewNode& shown(std::uint32_t view_node) const { return view_.view->nodes()[view_node]; }

  const State& state_;
  const BoundView& view_;
};

}  // namespace tlfs::document
