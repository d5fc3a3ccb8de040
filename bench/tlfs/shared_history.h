// How two replicas make the history that the friends rows read.
#pragma once

#include <vector>

#include "bench/tlfs/documents.h"
#include "bench/tlfs/inputs.h"

namespace tlfs::bench {

// Every edit is a transaction made on exactly its ancestors; what a writer does in a row, as far as the other writer
// first sees it, is one sealed change. In causal order, as a replica serves a fresh pull: of each writer only the last
// change is signed, which vouches for all before it. The merged text has been checked.
std::vector<document::Change> make_shared_history(const SharedSession& session, const Package& package);

}  // namespace tlfs::bench
