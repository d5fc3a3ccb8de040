// A state as canonical bytes: the same on all replicas that hold the same changes and voided leaves, whatever the order
// in which the changes came. What a digest of the state is taken of. runtime/document/README.md describes the bytes.
#pragma once

#include "runtime/base/bytes.h"
#include "runtime/document/state.h"

namespace tlfs::document {

// Every id of the state is in a change of the graph.
Bytes export_state(const State& state, const ChangeGraph& graph);

}  // namespace tlfs::document
