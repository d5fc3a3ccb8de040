// The rows by subject; bench/README.md defines what each contains.
#pragma once

#include <vector>

#include "bench/tlfs/harness.h"

namespace tlfs::bench {

std::vector<Row> trace_rows();    // one writer's editing session
std::vector<Row> friends_rows();  // two writers' session, decoded and verified
std::vector<Row> table_rows();
std::vector<Row> todo_rows();
std::vector<Row> access_rows();      // judging statements and leaves
std::vector<Row> store_rows();       // batches and scans on a real disk
std::vector<Row> node_rows();        // a whole node: durable transactions, opening, recovery
std::vector<Row> actor_rows();       // messages, requests, spawning, memory
std::vector<Row> encrypted_rows();   // documents with keys and rights beside documents without
std::vector<Row> difference_rows();  // which documents differ between two nodes
std::vector<Row> sync_rows();        // two replicas made equal
std::vector<Row> bridge_rows();      // user interfaces over WebSockets
std::vector<Row> crypto_rows();      // for tuning; the runner does not know them
std::vector<Row> link_rows();        // for tuning; the runner does not know them
std::vector<Row> engine_rows();      // for tuning; the runner does not know them

}  // namespace tlfs::bench
