// tlfs_bench: TLFS itself as an implementation of the protocol of bench/README.md.
#include "bench/tlfs/rows.h"

int main(int argc, char** argv) {
  using namespace tlfs::bench;
  std::vector<Row> rows;
  for (const auto& subject :
       {trace_rows, friends_rows, table_rows, todo_rows, access_rows, store_rows, node_rows, encrypted_rows, actor_rows,
        difference_rows, sync_rows, bridge_rows, crypto_rows, link_rows, engine_rows})
    for (Row& row : subject()) rows.push_back(std::move(row));
  return run(TLFS_VERSION, rows, argc, argv);
}
