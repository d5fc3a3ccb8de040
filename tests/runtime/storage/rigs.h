// Stores with a handle on what is below them, so that one acceptance suite can be put to each.
//
// A rig opens its store, takes the power away, fills its disk and damages its records. A new kind of store joins the
// suite by having one.
#pragma once

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>

#include "runtime/storage/layout.h"
#include "runtime/storage/leveldb_store.h"
#include "runtime/storage/memory_store.h"
#include "tests/runtime/storage/faulty_env.h"

namespace tlfs::storage {

class MemoryRig {
 public:
  explicit MemoryRig(std::uint64_t = 1) {}
  Result<std::unique_ptr<Store>> open() { return open_memory_store(disk_); }
  // The store that was open is gone already.
  void lose_power() {}
  void fill_disk() { disk_->fails_with = Errc::full; }
  void make_room() { disk_->fails_with.reset(); }
  void refuse(Errc code) { disk_->fails_with = code; }
  void allow() { disk_->fails_with.reset(); }
  // Both with the store closed.
  void damage(const Bytes& key) { disk_->records.at(key).back() ^= 0x40; }
  void drop(const Bytes& key) { REQUIRE(disk_->records.erase(key) == 1); }
  void put_raw(const Bytes& key, const Bytes& value) { disk_->records[key] = value; }

 private:
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
};

class LevelDbRig {
 public:
  explicit LevelDbRig(std::uint64_t seed = 1) : env(seed) {
    options.directory = "/data/store";
    options.env = &env;
    options.write_buffer_bytes = 64u << 10;  // so that tables are written and merged
  }
  Result<std::unique_ptr<Store>> open() { return open_leveldb_store(options); }
  void lose_power() {
    env.lose_power();
    env.restart(true);
  }
  void fill_disk() { env.set_capacity(env.used()); }
  void make_room() { env.set_capacity(UINT64_MAX); }
  void refuse(Errc code) {
    if (code == Errc::too_many_files)
      env.refuse_opening(EMFILE);
    else
      env.refuse_writes(code == Errc::denied ? EACCES : code == Errc::read_only ? EROFS : EIO);
  }
  void allow() {
    env.refuse_opening(0);
    env.refuse_writes(0);
  }
  void damage(const Bytes& key) {
    raw([&](leveldb::DB& db) {
      std::string value;
      REQUIRE(db.Get({}, text(key), &value).ok());
      value.back() = static_cast<char>(value.back() ^ 0x40);
      REQUIRE(db.Put(synced(), text(key), value).ok());
    });
  }
  void drop(const Bytes& key) {
    raw([&](leveldb::DB& db) { REQUIRE(db.Delete(synced(), text(key)).ok()); });
  }
  void put_raw(const Bytes& key, const Bytes& value) {
    raw([&](leveldb::DB& db) { REQUIRE(db.Put(synced(), text(key), text(value)).ok()); });
  }

  FaultyEnv env;
  LevelDbOptions options;

 private:
  static std::string text(const Bytes& bytes) { return std::string(as_text(bytes)); }
  static leveldb::WriteOptions synced() {
    leveldb::WriteOptions o;
    o.sync = true;
    return o;
  }
  void raw(const std::function<void(leveldb::DB&)>& work) {
    leveldb::Options o;
    o.env = &env;
    const std::unique_ptr<const leveldb::FilterPolicy> filter(leveldb::NewBloomFilterPolicy(10));
    o.filter_policy = filter.get();
    leveldb::DB* opened = nullptr;
    REQUIRE(leveldb::DB::Open(o, options.directory, &opened).ok());
    const std::unique_ptr<leveldb::DB> db(opened);
    work(*db);
  }
};

// ---- shorthand ----
inline DocumentId document_id(std::uint8_t n) {
  DocumentId id{};
  id.fill(n);
  return id;
}
inline Bytes change_key(std::uint8_t document, std::uint64_t number) {
  return numbered_key(document_id(document), Kind::change, number);
}
inline Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }
template <class T>
T ok(Result<T> result) {
  INFO((result.ok() ? "" : result.error().message()));
  REQUIRE(result.ok());
  return std::move(result).value();
}
inline void ok(const Status& status) {
  INFO((status.ok() ? "" : status.error().message()));
  REQUIRE(status.ok());
}
inline Batch batch_of(std::initializer_list<std::pair<Bytes, std::string_view>> puts) {
  Batch batch;
  for (const auto& [key, value] : puts) batch.put(key, bytes_of(value));
  return batch;
}
using Contents = std::map<Bytes, Bytes>;
inline Contents contents(Store& store) {
  Contents all;
  const Scanned scanned = ok(store.scan({}, {}, [&](ByteView key, ByteView value) {
    all[Bytes(key.begin(), key.end())] = Bytes(value.begin(), value.end());
    return true;
  }));
  REQUIRE(scanned.corrupt.empty());
  REQUIRE_FALSE(scanned.unreadable);
  REQUIRE(scanned.records == all.size());
  return all;
}
inline std::string first_finding(const CheckReport& report) {
  return report.findings.empty() ? "" : report.findings.front().message;
}
inline void require_sound(Store& store) {
  const CheckReport report = ok(store.check());
  INFO(first_finding(report));
  REQUIRE(report.findings.empty());
}

}  // namespace tlfs::storage
