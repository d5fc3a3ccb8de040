// A primitive value, tagged with its type: what a register holds, a table key, a default.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "runtime/base/bytes.h"

namespace tlfs {

// The numbers are part of every binary format.
enum class Primitive : std::uint8_t { none = 0, boolean = 1, u64 = 2, i64 = 3, f64 = 4, string = 5, bytes = 6 };

// The alternative's index equals the number of its Primitive.
using Value = std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string, Bytes>;

inline Primitive primitive_of(const Value& v) { return static_cast<Primitive>(v.index()); }

}  // namespace tlfs
