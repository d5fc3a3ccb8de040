// LevelDB as an Engine. leveldb_store.h says what it promises.
#pragma once

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>

#include <memory>

#include "runtime/storage/engine.h"
#include "runtime/storage/leveldb_store.h"

namespace tlfs::storage {

class LevelDbEngine final : public Engine {
 public:
  static Result<std::unique_ptr<LevelDbEngine>> open(const LevelDbOptions& options);
  ~LevelDbEngine() override;

  Status write(const std::vector<Batch::Write>& writes) override;
  bool must_recover() const override { return shaky_; }
  Status recover() override;
  Result<std::optional<Bytes>> read(ByteView key) override;
  Status visit(ByteView from, ByteView to, const Visitor& visitor) override;
  Result<std::uint64_t> disk_bytes() override;
  std::string name() const override { return options_.directory; }
  // Merges all tables into one order. Long.
  void compact() { db_->CompactRange(nullptr, nullptr); }

 private:
  explicit LevelDbEngine(const LevelDbOptions& options);
  Status reopen();
  Status probe();
  // Opens again when an earlier attempt left nothing open.
  Status readable();

  LevelDbOptions options_;
  leveldb::Env* env_;
  std::unique_ptr<leveldb::Logger> silence_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;  // none after an attempt to open it again has failed
  bool shaky_ = false;               // since a write failed
  std::size_t visits_ = 0;
};

}  // namespace tlfs::storage
