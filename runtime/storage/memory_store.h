// A store without a disk, for tests and simulations: the same records, frames and counts over a map.
#pragma once

#include <memory>

#include "runtime/storage/store.h"

namespace tlfs::storage {

// What survives the store: the map itself, framed records and all. One store at a time has it open.
struct MemoryDisk {
  std::map<Bytes, Bytes> records;
  bool open = false;
  std::optional<Errc> fails_with;  // every write, until it is taken back
};

Result<std::unique_ptr<Store>> open_memory_store(std::shared_ptr<MemoryDisk> disk);

}  // namespace tlfs::storage
