// A schema node: one place in a schema, born once, for ever. Operations, statements and compartments name schema nodes;
// names in a version are only a view of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/value.h"

namespace tlfs::schema {

// The numbers are part of every binary format.
enum class Kind : std::uint8_t { structure = 1, table = 2, array = 3, text = 4, reg = 5, flag = 6, counter = 7 };

// Permanent and the same in every package that gives birth to the same place in the same way.
using NodeId = std::array<std::uint8_t, 16>;

// Index into Package::nodes(), in order of birth; a parent precedes its children.
using Ordinal = std::uint32_t;
inline constexpr Ordinal kRoot = 0;
inline constexpr Ordinal kNoOrdinal = 0xffffffff;

// Birth names of nodes that are not fields.
inline constexpr std::string_view kArrayValue = "[]";
inline constexpr std::string_view kTableValue = "{}";

struct Node {
  NodeId id{};
  Ordinal parent = kNoOrdinal;  // at birth; kNoOrdinal for the root
  Kind kind = Kind::structure;
  Primitive primitive = Primitive::none;  // register: what it holds; table: its keys; none otherwise
  std::string birth_name;                 // field: its first name; "[]" array value, "{}" table value, "" root
  bool compartment = false;               // marked @compartment

  friend bool operator==(const Node&, const Node&) = default;
};

// The first 16 bytes of the hash in domain "tlfs schema node" of: the parent's id (zeros for the root), kind,
// primitive, compartment mark (one byte each), length and bytes of the name at birth, and the number of children the
// parent had given birth to under that name before (both numbers as LEB128).
NodeId node_id(const NodeId& parent, Kind kind, Primitive primitive, bool compartment, std::string_view birth_name,
               std::uint64_t born_before);

// Whether `primitive` is what a node of this kind must carry.
bool fits(Kind kind, Primitive primitive);

// A letter, then letters, digits and underscores; ASCII; at most kMaxNameBytes.
bool is_identifier(std::string_view name);

// As a .tlfs text spells it: "MVReg<String>", "Table<u64>", "Struct".
std::string type_name(Kind kind, Primitive primitive);
// As a .tlfs text spells it: "bool", "u64", "String"; "none" for Primitive::none.
std::string_view primitive_name(Primitive primitive);

}  // namespace tlfs::schema
