// What can be wrong with a package, a lens or a version.
#pragma once

#include <string_view>

#include "runtime/base/result.h"

namespace tlfs::schema {

enum class Errc : int {
  ok = 0,
  malformed = 1,    // bytes that are not the canonical encoding of a package
  unsupported = 2,  // made by a newer format
  limit = 3,        // beyond a limit of limits.h
  bad_lens = 4,     // a lens that does not fit the tree it is applied to
  bad_version = 5,  // no version, a version twice or out of order
  no_such_version = 6,
  not_an_extension = 7,
};
std::string_view errc_module(Errc);

}  // namespace tlfs::schema
