#include "schema/show/difference.h"

#include "schema/show/show.h"

namespace tlfs::schema {
namespace {

// The schema node a place hangs from in a view.
Ordinal parent_in(const View& view, std::uint32_t at) {
  const std::uint32_t parent = view.nodes()[at].parent;
  return parent == kNoOrdinal ? kNoOrdinal : view.nodes()[parent].node;
}

// Places in `view` that are below `at` and not in `other`: preorder, so they follow it.
std::size_t lost_below(const View& view, std::uint32_t at, const View& other) {
  std::size_t count = 0;
  std::vector<std::uint32_t> todo = view.nodes()[at].children;
  while (!todo.empty()) {
    const std::uint32_t place = todo.back();
    todo.pop_back();
    count += other.view_of(view.nodes()[place].node) == kNoOrdinal;
    todo.insert(todo.end(), view.nodes()[place].children.begin(), view.nodes()[place].children.end());
  }
  return count;
}

// Not in the other view, and the fault of no place above it.
bool is_topmost_missing(const View& view, std::uint32_t at, const View& other) {
  if (other.view_of(view.nodes()[at].node) != kNoOrdinal) return false;
  const Ordinal parent = parent_in(view, at);
  return parent == kNoOrdinal || other.view_of(parent) != kNoOrdinal;
}

std::string type_in(const Package& package, Ordinal node) {
  const Node& n = package.nodes()[node];
  return type_name(n.kind, n.primitive) + (n.compartment ? " @compartment" : "");
}

std::string spell_or_none(const std::string& spelled) { return spelled.empty() ? "none" : spelled; }

}  // namespace

std::vector<Difference> differences(const View& from, const View& to) {
  std::vector<Difference> out;
  for (std::uint32_t at = 0; at < to.nodes().size(); ++at) {
    const ViewNode& is = to.nodes()[at];
    const std::uint32_t before = from.view_of(is.node);
    if (before == kNoOrdinal) {
      out.push_back({Difference::Kind::appears, is.node, "", to.path(at)});
      continue;
    }
    const ViewNode& was = from.nodes()[before];
    if (parent_in(to, at) != parent_in(from, before)) {
      out.push_back({Difference::Kind::moves, is.node, from.path(before), to.path(at)});
    } else if (is.name != was.name) {
      out.push_back({Difference::Kind::renames, is.node, from.path(before), to.path(at)});
    }
    if (is.default_value != was.default_value) {
      out.push_back({Difference::Kind::default_changes, is.node, spell(was.default_value), spell(is.default_value)});
    }
  }
  for (std::uint32_t at = 0; at < from.nodes().size(); ++at) {
    if (is_topmost_missing(from, at, to))
      out.push_back({Difference::Kind::vanishes, from.nodes()[at].node, from.path(at), ""});
  }
  return out;
}

std::string show_differences(const Package& package, const View& from, const View& to) {
  std::string out;
  for (const Difference& d : differences(from, to)) {
    switch (d.kind) {
      case Difference::Kind::appears:
        out.append("+ ").append(d.after).append(": ").append(type_in(package, d.node));
        break;
      case Difference::Kind::vanishes: {
        out.append("- ").append(d.before).append(": ").append(type_in(package, d.node));
        const std::size_t below = lost_below(from, from.view_of(d.node), to);
        if (below > 0)
          out.append(" (and ")
              .append(std::to_string(below))
              .append(below == 1 ? " place" : " places")
              .append(" below it)");
        break;
      }
      case Difference::Kind::moves:
        out.append("~ ").append(d.before).append(" -> ").append(d.after).append(" (moved)");
        break;
      case Difference::Kind::renames:
        out.append("~ ").append(d.before).append(" -> ").append(d.after).append(" (renamed)");
        break;
      case Difference::Kind::default_changes:
        out.append("~ ").append(to.path(to.view_of(d.node))).append(" default ");
        out.append(spell_or_none(d.before)).append(" -> ").append(spell_or_none(d.after));
        break;
    }
    out += "\n";
  }
  return out;
}

}  // namespace tlfs::schema
