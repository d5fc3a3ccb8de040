// What changed between two versions of one schema, place by place.
#pragma once

#include <string>
#include <vector>

#include "schema/lens/package.h"

namespace tlfs::schema {

struct Difference {
  enum class Kind { appears, vanishes, moves, renames, default_changes };
  Kind kind;
  Ordinal node;
  std::string before;  // path in the first version; for default_changes the default
  std::string after;   // path in the second version; for default_changes the default

  friend bool operator==(const Difference&, const Difference&) = default;
};

// In the order of the second version, then what vanishes in the order of the first. What only follows from something
// above it that was renamed, moved or hidden is left out; what appears is listed one by one.
std::vector<Difference> differences(const View& from, const View& to);

// One line each: `+ .a: Text`, `- .b: Array (and 3 places below it)`, `~ .c -> .d (renamed)`. Empty when there are
// none.
std::string show_differences(const Package& package, const View& from, const View& to);

}  // namespace tlfs::schema
