// Random histories of changes, with everything that the format allows: several writers, forks, compartments, absent and
// encrypted leaves, compressed and foreign blocks, authority heads, packages, signatures.
#pragma once

#include <vector>

#include "runtime/document/change.h"

namespace tlfs::document::testing {

std::vector<Change> random_history(std::uint64_t seed, std::size_t size);

}  // namespace tlfs::document::testing
