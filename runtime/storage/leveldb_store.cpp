#include "runtime/storage/leveldb_store.h"

#include "runtime/storage/leveldb_engine.h"
#include "runtime/storage/leveldb_files.h"
#include "runtime/storage/record_store.h"

namespace tlfs::storage {

Result<std::unique_ptr<Store>> open_leveldb_store(const LevelDbOptions& options) {
  auto engine = LevelDbEngine::open(options);
  if (!engine) return engine.error();
  return open_record_store(std::move(*engine), Opening::normal);
}

bool leveldb_store_exists(const LevelDbOptions& options) {
  leveldb::Env& env = env_of(options);
  return presence_of(env, options.directory) != Presence::none ||
         presence_of(env, options.directory + std::string(kRepairedSuffix)) == Presence::whole;
}

}  // namespace tlfs::storage
