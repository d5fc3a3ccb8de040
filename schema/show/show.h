// A version of a schema as people and as programs read it.
#pragma once

#include <string>

#include "schema/lens/package.h"

namespace tlfs::schema {

// One line per place: its path, type, mark and default, in the spelling of .tlfs. Read as the body of a version it
// declares the same places.
std::string show_text(const Package& package, const View& view);

// One JSON object: the package's name, hash and version, and under "root" the tree of places. Each place has "id"
// (hexadecimal), "ordinal", "kind", and where they apply "primitive", "compartment", "default", "fields" (in declared
// order, each with its "name") or "value". Integers beyond 2^53 and bytes (base64) are strings, as in documents.
std::string show_json(const Package& package, const View& view);

// A value as .tlfs spells it in default(...).
std::string spell(const Value& value);

}  // namespace tlfs::schema
