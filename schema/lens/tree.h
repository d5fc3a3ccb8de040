// The tree that lenses act upon: every node born so far, where it is shown, under which name, or that it is hidden.
//
// A plain value: copy it freely. A hidden node keeps its place among its parent's children, so that showing it again
// restores the order. Two invariants make lenses harmless to data and to access: on the way from the root to a node,
// the arrays and tables are the same by birth and as shown, and so are the compartments.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "schema/lens/errors.h"
#include "schema/lens/lens.h"
#include "schema/lens/node.h"

namespace tlfs::schema {

class Tree {
 public:
  struct Place {
    std::string name;               // "[]" and "{}" for values, "" for the root
    Ordinal parent = kNoOrdinal;    // where it is shown now
    std::vector<Ordinal> children;  // in declared order, hidden ones included
    bool shown = true;              // itself; what is above may be hidden
    Value default_value;            // monostate: none
  };

  // Every node born so far, by ordinal.
  const std::vector<Node>& nodes() const { return nodes_; }
  const Place& place(Ordinal node) const;

  // The node and everything above it are shown. False for an ordinal that was not born.
  bool visible(Ordinal node) const;
  // The shown child of that name ("[]" and "{}" for values); kNoOrdinal when there is none.
  Ordinal child(Ordinal parent, std::string_view name) const;
  // Steps from the root as shown.
  std::size_t depth(Ordinal node) const;
  // As .tlfs spells it: ".", ".tasks.[].title".
  std::string path(Ordinal node) const;

  // The same function in both directions: apply_lens(lens), then apply_lens(reverse(lens)), leaves the view as it was.
  // A lens that does not fit is refused with Errc::bad_lens or Errc::limit and leaves the tree unchanged.
  friend Status apply_lens(Tree& tree, const Lens& lens);

 private:
  friend class Applier;
  using Key = std::pair<Ordinal, std::string>;
  struct KeyLess {
    using is_transparent = void;
    using Ref = std::pair<Ordinal, std::string_view>;
    static Ref ref(const Key& k) { return {k.first, k.second}; }
    static Ref ref(const Ref& r) { return r; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return ref(a) < ref(b);
    }
  };

  std::vector<Node> nodes_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> birth_depth_;
  std::map<Key, Ordinal, KeyLess> shown_;         // (parent, name) of every node with place.shown
  std::map<Key, std::uint64_t, KeyLess> births_;  // (birth parent, birth name): how many were born
};

Status apply_lens(Tree& tree, const Lens& lens);

// Lenses as the tree at hand would have them. They are filled in from what is there; whether they fit, apply_lens()
// decides.
Lens make(const Tree& tree, Ordinal parent, Kind kind, Primitive primitive, bool compartment, std::string name);
Lens hide(Ordinal node);
Lens show(Ordinal node);
Lens rename(const Tree& tree, Ordinal node, std::string to);
Lens hoist(const Tree& tree, Ordinal node);
Lens plunge(const Tree& tree, Ordinal node, Ordinal into);
Lens set_default(const Tree& tree, Ordinal node, Value to);

// What the lens does, in the names of the tree before it: `rename .tasks to todos`.
std::string describe(const Tree& before, const Lens& lens);

}  // namespace tlfs::schema
