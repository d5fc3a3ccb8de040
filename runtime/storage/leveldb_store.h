// The store of a node on its disk: one LevelDB in one directory.
//
// LevelDB runs a thread of its own for compaction; everything here happens on the caller's. What LevelDB 1.23 does not
// do by itself is done here: after a failed write it would acknowledge writes that are gone at the next opening, so the
// store closes and opens it again, and sees that the last acknowledged batch is there, before it acknowledges anything
// more. While there is no room, a small file is tried first: so the open database stays readable for as long as the
// disk is full. A log whose last write a loss of power tore is cut there and opens; the bytes cut off stay beside it as
// torn-*.
#pragma once

#include <memory>

#include "runtime/storage/store.h"

namespace leveldb {
class Env;
}

namespace tlfs::storage {

inline constexpr std::size_t kMaxTornFiles = 8;  // kept in a directory; the oldest go
inline constexpr std::size_t kMaxLogBytes = 512u << 20;
inline constexpr std::size_t kProbeBytes = 256u
                                           << 10;  // that must fit on the disk, beside the log, before opening anew

struct LevelDbOptions {
  std::string directory;                      // its parent exists
  bool create = true;                         // when there is no store in it; else `missing`
  std::size_t write_buffer_bytes = 4u << 20;  // also the greatest log that opening has to read
  std::size_t block_cache_bytes = 8u << 20;
  leveldb::Env* env = nullptr;  // of the process when not given; outlives the store
};

// Errors: locked, missing, corrupt, too_new, and those of the disk.
Result<std::unique_ptr<Store>> open_leveldb_store(const LevelDbOptions& options);

// Whether there is a store (or what is left of one) in the directory.
bool leveldb_store_exists(const LevelDbOptions& options);

}  // namespace tlfs::storage
