// The files of a LevelDB directory, through its Env: which there are, and mending them before LevelDB reads them.
#pragma once

#include <leveldb/env.h>

#include "runtime/storage/leveldb_store.h"

namespace tlfs::storage {

// The Env of the options, or the process's.
leveldb::Env& env_of(const LevelDbOptions& options);

// The lock that LevelDB takes too, so that nobody opens the directory meanwhile.
class DirectoryLock {
 public:
  DirectoryLock(leveldb::Env& env, const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  bool held() const { return lock_ != nullptr; }

 private:
  leveldb::Env& env_;
  leveldb::FileLock* lock_ = nullptr;
};

inline constexpr std::string_view kRepairedSuffix = ".repaired";  // a finished repair that waits to take its place

// Names in the directory, sorted; nothing when it cannot be listed.
std::vector<std::string> files_in(leveldb::Env& env, const std::string& directory);
bool is_log(const std::string& name);
bool is_data(const std::string& name);  // a log or a table

// Whether CURRENT is there, and without it: whether there are data that LevelDB would throw away on opening.
enum class Presence : std::uint8_t { none, whole, headless };
Presence presence_of(leveldb::Env& env, const std::string& directory);

// A repair that was interrupted between taking the damaged directory away and putting the repaired one in its place.
Status finish_repair(leveldb::Env& env, const std::string& directory);

// Cuts the torn ends off logs and off the version file that CURRENT names. True when something was cut. Fails with
// corrupt when one of them is damaged elsewhere: nothing is cut then.
Result<bool> cut_torn_tails(leveldb::Env& env, const std::string& directory);

// Writes `bytes` and syncs; removes what it wrote when that failed.
leveldb::Status write_file(leveldb::Env& env, const std::string& name, ByteView bytes);
// At most kMaxFileBytes.
inline constexpr std::uint64_t kMaxFileBytes = 4ull << 30;
leveldb::Status load_file(leveldb::Env& env, const std::string& name, Bytes& bytes);

}  // namespace tlfs::storage
