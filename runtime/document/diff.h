// The difference between two states of one document, as patches: between versions, and when leaves are voided after the
// fact.
#pragma once

#include <vector>

#include "runtime/document/patch.h"
#include "runtime/document/reader.h"

namespace tlfs::document {

// What turns the value of `before` into the value of `after`. Both states share ids (they belong to one Document).
// Cost: the size of both values.
std::vector<Patch> diff_states(const State& before, const State& after, const BoundView& view);

}  // namespace tlfs::document
