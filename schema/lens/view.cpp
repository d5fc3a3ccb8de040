#include "schema/lens/view.h"

#include <algorithm>

namespace tlfs::schema {

View::View(const Tree& tree, std::string version) : version_(std::move(version)) {
  TLFS_CHECK(!tree.nodes().empty(), "a view needs a root");
  by_ordinal_.assign(tree.nodes().size(), kNoOrdinal);

  std::vector<std::pair<Ordinal, std::uint32_t>> todo{{kRoot, kNoOrdinal}};  // node, its parent in this view
  while (!todo.empty()) {
    const auto [node, parent] = todo.back();
    todo.pop_back();
    const Tree::Place& place = tree.place(node);
    const bool field = parent != kNoOrdinal && tree.nodes()[nodes_[parent].node].kind == Kind::structure;
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({node, field ? place.name : "", parent, {}, place.default_value});
    spelling_.push_back(place.name);
    by_ordinal_[node] = index;
    if (parent != kNoOrdinal) nodes_[parent].children.push_back(index);
    for (auto child = place.children.rbegin(); child != place.children.rend(); ++child) {
      if (tree.place(*child).shown) todo.emplace_back(*child, index);
    }
  }

  by_name_.resize(nodes_.size());
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) by_name_[i] = i;
  std::sort(by_name_.begin(), by_name_.end(), [this](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
}

View::Key View::key(std::uint32_t view_node) const { return {nodes_[view_node].parent, nodes_[view_node].name}; }

std::uint32_t View::field(std::uint32_t view_node, std::string_view name) const {
  if (name.empty()) return kNoOrdinal;
  const Key wanted(view_node, name);
  const auto found = std::lower_bound(by_name_.begin(), by_name_.end(), wanted,
                                      [this](std::uint32_t i, const Key& k) { return key(i) < k; });
  return found != by_name_.end() && key(*found) == wanted ? *found : kNoOrdinal;
}

std::uint32_t View::view_of(Ordinal node) const { return node < by_ordinal_.size() ? by_ordinal_[node] : kNoOrdinal; }

std::string View::path(std::uint32_t view_node) const {
  TLFS_CHECK(view_node < nodes_.size(), "no such view node");
  if (view_node == 0) return ".";
  std::vector<std::uint32_t> way;
  for (std::uint32_t at = view_node; at != 0; at = nodes_[at].parent) way.push_back(at);
  std::string out;
  for (auto it = way.rbegin(); it != way.rend(); ++it) out.append(".").append(spelling_[*it]);
  return out;
}

}  // namespace tlfs::schema
