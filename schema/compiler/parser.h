// From text to syntax. The grammar does not nest, so depth and time are bounded by the length of the text.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "schema/compiler/diagnostics.h"
#include "schema/compiler/syntax.h"

namespace tlfs::schema {

// The schemas of a text in its order, viewing `source`; or the first place where the text is not .tlfs.
std::variant<std::vector<syntax::Schema>, Diagnostic> parse(std::string_view source);

}  // namespace tlfs::schema
