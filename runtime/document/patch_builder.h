// Turns what a transaction touched into patches for one view.
#pragma once

#include <vector>

#include "runtime/document/patch.h"
#include "runtime/document/reader.h"
#include "runtime/document/state.h"

namespace tlfs::document {

// The minimal list that turns the value before into the value now: containers first, from the outside in, then what is
// inside of what stayed. To be called while the notes are fresh, that is, before the next transaction begins.
std::vector<Patch> build_patches(const State& state, const BoundView& view);

// A transaction that moves more elements than this in one array reports them as removed and inserted.
inline constexpr std::size_t kMaxReportedMoves = 1000;

}  // namespace tlfs::document
