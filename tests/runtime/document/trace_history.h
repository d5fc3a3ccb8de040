// Histories of changes made from an editing trace without the engine: a naive text that knows the ids of its
// characters.
#pragma once

#include <cstdint>
#include <vector>

#include "bridges/cli/trace.h"
#include "runtime/document/change.h"
#include "runtime/document/operation_block.h"

namespace tlfs::document::testing {

// The trace's transactions in order, `per_change` of them sealed in a change, one text_insert or text_erase per edit.
// Patches of another agent are taken as made on what is there, at the nearest position; every change of one agent
// depends on the last of the other. So the text of a concurrent trace comes out otherwise, but its history has the
// shape of the real one. A change never holds two agents' transactions. per_change 0: as many as one agent makes in a
// row.
std::vector<Change> history_of(const cli::Trace& trace, std::uint32_t per_change, const BlockOptions& options);

}  // namespace tlfs::document::testing
