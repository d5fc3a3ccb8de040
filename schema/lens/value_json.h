// Primitive values as JSON text: integers beyond 2^53 and bytes (base64) are strings, as in documents. For what this
// module writes of schemas; document values have runtime/document/data.h.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/value.h"

namespace tlfs::schema {

// With its quotes. `text` is UTF-8.
std::string json_string(std::string_view text);

// The shortest decimal form that reads back as the same number. `value` is finite.
std::string spell_f64(double value);

// "null" for monostate. A double is finite.
std::string value_json(const Value& value);

}  // namespace tlfs::schema
