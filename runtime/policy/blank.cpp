#include "runtime/policy/blank.h"

#include <algorithm>

#include "runtime/document/transaction.h"

namespace tlfs::policy {

using document::BoundView;
using document::Data;
using schema::Kind;

namespace {

const schema::ViewNode& shown(const BoundView& view, std::uint32_t node) { return view.view->nodes()[node]; }
Kind kind_of(const BoundView& view, std::uint32_t node) { return view.package->nodes()[shown(view, node).node].kind; }

// The schema node of what an array or a table holds; kNoOrdinal where the version declares none.
std::uint32_t value_node(const BoundView& view, std::uint32_t node) {
  const auto& children = shown(view, node).children;
  return children.empty() ? schema::kNoOrdinal : children.front();
}

bool same_primitive(const Value& expected, const Value& seen) {
  if (expected == seen) return true;
  const std::optional<Value> as_seen = document::coerce(expected, primitive_of(seen));
  return as_seen && *as_seen == seen;
}

}  // namespace

bool is_blank(const BoundView& view, std::uint32_t node, const Data& data) {
  if (data.is_null()) return true;
  if (node == schema::kNoOrdinal) return false;
  switch (kind_of(view, node)) {
    case Kind::structure:
      return data.object() && std::ranges::all_of(*data.object(), [&](const document::Member& m) {
               return is_blank(view, view.view->field(node, m.name), m.value);
             });
    case Kind::table:
      return data.object() && data.object()->empty();
    case Kind::array:
      return data.array() && data.array()->empty();
    case Kind::text:
      return data == Data(Value(std::string()));
    case Kind::flag:
      return data == Data(Value(false));
    case Kind::counter:
      return data.value() && same_primitive(Value(std::int64_t{0}), *data.value());
    case Kind::reg:
      return false;
  }
  return false;
}

bool same_value(const BoundView& view, std::uint32_t node, const Data& expected, const Data& seen) {
  if (expected.is_null()) return is_blank(view, node, seen);
  if (seen.is_null()) return is_blank(view, node, expected);
  if (expected.array() && seen.array()) {
    const std::uint32_t of = node == schema::kNoOrdinal ? node : value_node(view, node);
    return std::equal(expected.array()->begin(), expected.array()->end(), seen.array()->begin(), seen.array()->end(),
                      [&](const Data& a, const Data& b) { return same_value(view, of, a, b); });
  }
  if (expected.object() && seen.object()) {
    const bool table = node != schema::kNoOrdinal && kind_of(view, node) == Kind::table;
    const auto child = [&](const std::string& name) {
      if (node == schema::kNoOrdinal) return node;
      return table ? value_node(view, node) : view.view->field(node, name);
    };
    // What only one of them names is nothing.
    const auto names_no_more = [&](const Data& one, const Data& other) {
      return std::ranges::all_of(*one.object(), [&](const document::Member& m) {
        return other.find(m.name) || m.value.is_null() || (!table && is_blank(view, child(m.name), m.value));
      });
    };
    const auto same_where_named = [&](const document::Member& m) {
      const Data* there = seen.find(m.name);
      return !there || same_value(view, child(m.name), m.value, *there);
    };
    return names_no_more(expected, seen) && names_no_more(seen, expected) &&
           std::ranges::all_of(*expected.object(), same_where_named);
  }
  return expected.value() && seen.value() && same_primitive(*expected.value(), *seen.value());
}

}  // namespace tlfs::policy
