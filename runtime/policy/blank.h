// When a value counts as nothing, and when two values count as the same, in the eyes of someone who reads a scenario.
//
// A register that is not set, a flag that is off, a counter at zero, an empty text, array or table, and a struct of
// nothing but such are nothing. So a person who may not see a compartment sees nothing there, whatever its kind.
#pragma once

#include "runtime/document/data.h"
#include "runtime/document/node_table.h"

namespace tlfs::policy {

// `view_node`: where `data` stands.
bool is_blank(const document::BoundView& view, std::uint32_t view_node, const document::Data& data);

// Equal as JSON: members in any order, numbers by value, 64-bit integers and bytes also as strings; what one of them
// does not name must be nothing in the other; null stands for nothing.
bool same_value(const document::BoundView& view, std::uint32_t view_node, const document::Data& expected,
                const document::Data& seen);

}  // namespace tlfs::policy
