// A view: what one version of a package shows. It maps the names of that version to schema nodes and back.
//
// Immutable once made; share it between threads as shared_ptr<const View>. Indexes into nodes() are meaningful within
// this view only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/lens/node.h"
#include "schema/lens/tree.h"

namespace tlfs::schema {

// One place as one version shows it.
struct ViewNode {
  Ordinal node = kNoOrdinal;            // which schema node it is
  std::string name;                     // field name in this version; "" for the root and for array and table values
  std::uint32_t parent = kNoOrdinal;    // index in View::nodes(); kNoOrdinal for the root. After hoist or plunge it
                                        // differs from the birth parent, but only through structs
  std::vector<std::uint32_t> children;  // struct: its fields in declared order; array, table: its value if declared
  Value default_value;                  // of a register; monostate when there is none

  friend bool operator==(const ViewNode&, const ViewNode&) = default;
};

class View {
 public:
  // What `tree` shows. The tree has a root.
  View(const Tree& tree, std::string version);

  // In preorder; the root is the first.
  const std::vector<ViewNode>& nodes() const { return nodes_; }
  const std::string& version() const { return version_; }

  // The field of a struct by its name in this version; kNoOrdinal when absent. O(log n).
  std::uint32_t field(std::uint32_t view_node, std::string_view name) const;
  // Where a schema node is shown; kNoOrdinal when it is not. O(1).
  std::uint32_t view_of(Ordinal node) const;
  // As .tlfs spells it: ".", ".tasks.[].title".
  std::string path(std::uint32_t view_node) const;

  // Same places in the same order; the version's number does not matter.
  friend bool operator==(const View& a, const View& b) { return a.nodes_ == b.nodes_ && a.spelling_ == b.spelling_; }

 private:
  using Key = std::pair<std::uint32_t, std::string_view>;  // parent, name
  Key key(std::uint32_t view_node) const;

  std::string version_;
  std::vector<ViewNode> nodes_;
  std::vector<std::string> spelling_;      // by view node: the step of a path that leads to it
  std::vector<std::uint32_t> by_name_;     // view nodes ordered by (parent, name)
  std::vector<std::uint32_t> by_ordinal_;  // ordinal -> view node
};

}  // namespace tlfs::schema
