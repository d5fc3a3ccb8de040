// The live tree of a node (schema/messages/tree.capnp) as JSON, for people and scripts. Pure.
#pragma once

#include "runtime/document/data.h"
#include "schema/messages/tree.capnp.h"

namespace tlfs::control {

// {"dead_letters":N,"stuck":N,"truncated":B,"tree":{"path":...,"children":[...]}}; tree is null when there is none.
// Members of a node: path, kind, state, incarnation, restarts, messages, busy_ns, mailbox {depth, high_water, limit},
// rejected, dropped, coalesced; and, only where they say something, last_error, stuck_ns, stuck_on, silent.
document::Data tree_data(messages::NodeTree::Reader tree);

// The same a line for each node, indented.
std::string tree_text(const document::Data& tree);

}  // namespace tlfs::control
