#include "schema/lens/tree.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "runtime/base/utf.h"
#include "schema/lens/limits.h"

namespace tlfs::schema {

const Tree::Place& Tree::place(Ordinal node) const {
  TLFS_CHECK(node < places_.size(), "no such schema node");
  return places_[node];
}

bool Tree::visible(Ordinal node) const {
  if (node >= places_.size()) return false;
  for (; node != kNoOrdinal; node = places_[node].parent) {
    if (!places_[node].shown) return false;
  }
  return true;
}

Ordinal Tree::child(Ordinal parent, std::string_view name) const {
  const auto found = shown_.find(KeyLess::Ref{parent, name});
  return found == shown_.end() ? kNoOrdinal : found->second;
}

std::size_t Tree::depth(Ordinal node) const {
  std::size_t steps = 0;
  for (node = place(node).parent; node != kNoOrdinal; node = places_[node].parent) ++steps;
  return steps;
}

std::string Tree::path(Ordinal node) const {
  if (node == kRoot) return ".";
  std::vector<Ordinal> way;
  for (Ordinal at = node; at != kRoot && at != kNoOrdinal; at = place(at).parent) way.push_back(at);
  std::string out;
  for (auto it = way.rbegin(); it != way.rend(); ++it) out.append(".").append(places_[*it].name);
  return out;
}

// Applies one lens: each overload checks everything first and changes the tree last.
class Applier {
 public:
  explicit Applier(Tree& tree) : tree_(tree) {}

  Status operator()(const Make& l) {
    if (l.node != tree_.nodes_.size()) return bad("a node is born under the next ordinal");
    if (tree_.nodes_.size() >= kMaxNodes) return limit("a package has at most " + std::to_string(kMaxNodes) + " nodes");
    if (!fits(l.kind, l.primitive)) return bad("there is no type " + type_name(l.kind, l.primitive));
    if (Status s = check_birthplace(l); !s) return s;

    const bool root = l.parent == kNoOrdinal;
    if (!root) {
      if (tree_.birth_depth_[l.parent] + 1 > kMaxDepth || tree_.depth(l.parent) + 1 > kMaxDepth) return too_deep();
    }
    std::uint64_t& born_before = tree_.births_[{l.parent, l.name}];
    Node node{
        node_id(root ? NodeId{} : tree_.nodes_[l.parent].id, l.kind, l.primitive, l.compartment, l.name, born_before),
        l.parent,
        l.kind,
        l.primitive,
        l.name,
        l.compartment};
    ++born_before;
    tree_.birth_depth_.push_back(root ? 0 : tree_.birth_depth_[l.parent] + 1);
    tree_.nodes_.push_back(std::move(node));
    tree_.places_.push_back({l.name, l.parent, {}, true, {}});
    if (!root) tree_.places_[l.parent].children.push_back(l.node);
    tree_.shown_[{l.parent, l.name}] = l.node;
    return {};
  }

  Status operator()(const Hide& l) {
    if (Status s = check_visible(l.node); !s) return s;
    if (l.node == kRoot) return bad("the root cannot be hidden");
    Tree::Place& place = tree_.places_[l.node];
    tree_.shown_.erase({place.parent, place.name});
    place.shown = false;
    return {};
  }

  Status operator()(const Show& l) {
    if (l.node >= tree_.places_.size()) return bad("there is no such node");
    Tree::Place& place = tree_.places_[l.node];
    if (place.shown) return bad(tree_.path(l.node) + " is not hidden");
    if (!tree_.visible(place.parent)) return bad("what holds " + tree_.path(l.node) + " is hidden itself");
    if (tree_.child(place.parent, place.name) != kNoOrdinal) return bad(tree_.path(l.node) + " is taken");
    place.shown = true;
    tree_.shown_[{place.parent, place.name}] = l.node;
    return {};
  }

  Status operator()(const Rename& l) {
    if (Status s = check_field(l.node); !s) return s;
    Tree::Place& place = tree_.places_[l.node];
    if (place.name != l.from) return bad(tree_.path(l.node) + " is not called " + l.from);
    if (!is_identifier(l.to)) return bad("a field's name is a letter, then letters, digits and underscores");
    if (tree_.child(place.parent, l.to) != kNoOrdinal) return bad("the name " + l.to + " is taken");
    tree_.shown_.erase({place.parent, place.name});
    place.name = l.to;
    tree_.shown_[{place.parent, place.name}] = l.node;
    return {};
  }

  Status operator()(const Hoist& l) {
    if (Status s = check_field(l.node); !s) return s;
    const Ordinal inner = tree_.places_[l.node].parent;
    if (inner != l.host) return bad(tree_.path(l.node) + " is not in that struct");
    const Ordinal outer = tree_.places_[inner].parent;
    if (outer == kNoOrdinal || tree_.nodes_[outer].kind != Kind::structure) {
      return bad("around " + tree_.path(inner) + " there is no struct");
    }
    if (Status s = check_crossing(l.node, inner, outer); !s) return s;
    return move(l.node, inner, l.inside, outer, l.outside);
  }

  Status operator()(const Plunge& l) {
    if (Status s = check_field(l.node); !s) return s;
    if (!tree_.visible(l.host)) return bad("what shall hold " + tree_.path(l.node) + " is not there");
    const Ordinal outer = tree_.places_[l.node].parent;
    if (l.host == l.node || tree_.places_[l.host].parent != outer || tree_.nodes_[l.host].kind != Kind::structure) {
      return bad(tree_.path(l.host) + " is not a struct beside " + tree_.path(l.node));
    }
    if (Status s = check_crossing(l.node, l.host, l.host); !s) return s;
    if (tree_.depth(l.host) + 1 + height(l.node) > kMaxDepth) return too_deep();
    return move(l.node, outer, l.outside, l.host, l.inside);
  }

  Status operator()(const SetDefault& l) {
    if (Status s = check_visible(l.node); !s) return s;
    const Node& node = tree_.nodes_[l.node];
    if (node.kind != Kind::reg) return bad("only a register has a default");
    Tree::Place& place = tree_.places_[l.node];
    if (place.default_value != l.from) return bad(tree_.path(l.node) + " has another default");
    if (Status s = check_default(node.primitive, l.to); !s) return s;
    place.default_value = l.to;
    return {};
  }

 private:
  static Error bad(std::string message) { return {Errc::bad_lens, std::move(message)}; }
  static Error limit(std::string message) { return {Errc::limit, std::move(message)}; }
  static Error too_deep() {
    return limit("a place lies at most " + std::to_string(kMaxDepth) + " steps below the root");
  }

  Status check_visible(Ordinal node) const {
    if (node >= tree_.places_.size()) return bad("there is no such node");
    if (!tree_.visible(node)) return bad(tree_.path(node) + " is not there");
    return {};
  }

  Status check_field(Ordinal node) const {
    if (Status s = check_visible(node); !s) return s;
    const Ordinal parent = tree_.places_[node].parent;
    if (parent == kNoOrdinal || tree_.nodes_[parent].kind != Kind::structure) {
      return bad(tree_.path(node) + " is not a field of a struct");
    }
    return {};
  }

  Status check_birthplace(const Make& l) const {
    if (l.parent == kNoOrdinal) {
      if (l.node != kRoot) return bad("the root is declared once");
      if (!l.name.empty()) return bad("the root has no name");
      if (l.compartment) return bad("the root is a compartment already");
      return {};
    }
    if (!tree_.visible(l.parent)) return bad("the parent is not there");
    switch (tree_.nodes_[l.parent].kind) {
      case Kind::structure:
        if (!is_identifier(l.name)) return bad("a field's name is a letter, then letters, digits and underscores");
        break;
      case Kind::array:
        if (l.name != kArrayValue) return bad("an array holds [] only");
        break;
      case Kind::table:
        if (l.name != kTableValue) return bad("a table holds {} only");
        break;
      case Kind::text:
      case Kind::reg:
      case Kind::flag:
      case Kind::counter:
        return bad(tree_.path(l.parent) + " holds nothing below it");
    }
    if (tree_.child(l.parent, l.name) != kNoOrdinal) return bad(tree_.path(l.parent) + " has " + l.name + " already");
    return {};
  }

  Status check_crossing(Ordinal node, Ordinal inner, Ordinal outer) const {
    if (tree_.nodes_[inner].compartment) {
      return bad(tree_.path(node) + " cannot cross the boundary of the compartment " + tree_.path(inner));
    }
    const Ordinal there = tree_.child(outer, tree_.places_[node].name);
    if (there != kNoOrdinal) return bad(tree_.path(there) + " is there already");
    return {};
  }

  static Status check_default(Primitive primitive, const Value& value) {
    if (primitive_of(value) == Primitive::none) return {};
    if (primitive_of(value) != primitive) return bad("the default is not of the register's type");
    std::size_t size = 0;
    if (const auto* f = std::get_if<double>(&value); f && !std::isfinite(*f))
      return bad("a default is a finite number");
    if (const auto* s = std::get_if<std::string>(&value)) {
      if (!is_valid_utf8(*s)) return bad("a String default is UTF-8");
      size = s->size();
    }
    if (const auto* b = std::get_if<Bytes>(&value)) size = b->size();
    if (size > kMaxDefaultBytes) return limit("a default has at most " + std::to_string(kMaxDefaultBytes) + " bytes");
    return {};
  }

  // Steps from `node` to the deepest place below it, hidden ones included.
  std::size_t height(Ordinal node) const {
    std::size_t deepest = 0;
    std::vector<std::pair<Ordinal, std::size_t>> todo{{node, 0}};
    while (!todo.empty()) {
      const auto [at, below] = todo.back();
      todo.pop_back();
      deepest = std::max(deepest, below);
      for (Ordinal child : tree_.places_[at].children) todo.emplace_back(child, below + 1);
    }
    return deepest;
  }

  Status move(Ordinal node, Ordinal from, std::uint32_t at, Ordinal to, std::uint32_t position) {
    std::vector<Ordinal>& source = tree_.places_[from].children;
    std::vector<Ordinal>& goal = tree_.places_[to].children;
    if (at >= source.size() || source[at] != node || position > goal.size()) {
      return bad(tree_.path(node) + " is not at that position");
    }
    Tree::Place& place = tree_.places_[node];
    tree_.shown_.erase({from, place.name});
    source.erase(source.begin() + at);
    goal.insert(goal.begin() + position, node);
    place.parent = to;
    tree_.shown_[{to, place.name}] = node;
    return {};
  }

  Tree& tree_;
};

Status apply_lens(Tree& tree, const Lens& lens) { return std::visit(Applier(tree), lens); }

namespace {

std::uint32_t position_of(const Tree& tree, Ordinal parent, Ordinal node) {
  const auto& children = tree.place(parent).children;
  return static_cast<std::uint32_t>(std::find(children.begin(), children.end(), node) - children.begin());
}

bool born(const Tree& tree, Ordinal node) { return node < tree.nodes().size(); }

}  // namespace

Lens make(const Tree& tree, Ordinal parent, Kind kind, Primitive primitive, bool compartment, std::string name) {
  return Make{static_cast<Ordinal>(tree.nodes().size()), parent, kind, primitive, compartment, std::move(name)};
}

Lens hide(Ordinal node) { return Hide{node}; }

Lens show(Ordinal node) { return Show{node}; }

Lens rename(const Tree& tree, Ordinal node, std::string to) {
  return Rename{node, born(tree, node) ? tree.place(node).name : "", std::move(to)};
}

Lens hoist(const Tree& tree, Ordinal node) {
  Hoist lens{node, kNoOrdinal, 0, 0};
  if (!born(tree, node) || tree.place(node).parent == kNoOrdinal) return lens;
  lens.host = tree.place(node).parent;
  lens.inside = position_of(tree, lens.host, node);
  const Ordinal outer = tree.place(lens.host).parent;
  if (outer != kNoOrdinal) lens.outside = static_cast<std::uint32_t>(tree.place(outer).children.size());
  return lens;
}

Lens plunge(const Tree& tree, Ordinal node, Ordinal into) {
  Plunge lens{node, into, 0, 0};
  if (!born(tree, node) || !born(tree, into) || tree.place(node).parent == kNoOrdinal) return lens;
  lens.inside = static_cast<std::uint32_t>(tree.place(into).children.size());
  lens.outside = position_of(tree, tree.place(node).parent, node);
  return lens;
}

Lens set_default(const Tree& tree, Ordinal node, Value to) {
  return SetDefault{node, born(tree, node) ? tree.place(node).default_value : Value{}, std::move(to)};
}

namespace {

struct Describer {
  const Tree& before;

  std::string path(Ordinal node) const { return born(before, node) ? before.path(node) : "nothing"; }

  std::string operator()(const Make& l) const {
    std::string at = ".";
    if (l.parent != kNoOrdinal) at = (l.parent == kRoot ? "" : path(l.parent)) + "." + l.name;
    return "declare " + at + ": " + type_name(l.kind, l.primitive) + (l.compartment ? " @compartment" : "");
  }
  std::string operator()(const Hide& l) const { return "remove " + path(l.node); }
  std::string operator()(const Show& l) const { return "restore " + path(l.node); }
  std::string operator()(const Rename& l) const { return "rename " + path(l.node) + " to " + l.to; }
  std::string operator()(const Hoist& l) const { return "hoist " + path(l.node); }
  std::string operator()(const Plunge& l) const { return "plunge " + path(l.node) + " into " + path(l.host); }
  std::string operator()(const SetDefault& l) const { return "set the default of " + path(l.node); }
};

}  // namespace

std::string describe(const Tree& before, const Lens& lens) { return std::visit(Describer{before}, lens); }

}  // namespace tlfs::schema
