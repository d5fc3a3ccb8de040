#include "runtime/storage/leveldb_engine.h"

#include <leveldb/write_batch.h>

#include "runtime/storage/leveldb_files.h"
#include "runtime/storage/leveldb_status.h"

namespace tlfs::storage {
namespace {

constexpr int kFilterBitsPerKey = 10;
constexpr int kMaxOpenFiles = 256;

leveldb::Slice slice(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
ByteView view(const leveldb::Slice& s) { return as_bytes({s.data(), s.size()}); }

// LevelDB would keep a journal of its compactions in the directory otherwise.
class Silence final : public leveldb::Logger {
  void Logv(const char*, std::va_list) override {}
};

leveldb::ReadOptions verified() {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

}  // namespace

LevelDbEngine::LevelDbEngine(const LevelDbOptions& options)
    : options_(options),
      env_(&env_of(options)),
      silence_(std::make_unique<Silence>()),
      cache_(leveldb::NewLRUCache(options.block_cache_bytes)),
      filter_(leveldb::NewBloomFilterPolicy(kFilterBitsPerKey)) {}

LevelDbEngine::~LevelDbEngine() = default;

Result<std::unique_ptr<LevelDbEngine>> LevelDbEngine::open(const LevelDbOptions& options) {
  std::unique_ptr<LevelDbEngine> engine(new LevelDbEngine(options));
  if (const Status s = finish_repair(*engine->env_, options.directory); !s) return s.error();
  switch (presence_of(*engine->env_, options.directory)) {
    case Presence::whole:
      break;
    case Presence::headless:
      return Error(Errc::corrupt, options.directory +
                                      ": the file CURRENT is gone, and without it the rest cannot be opened; "
                                      "`tlfs store repair` saves what can be read");
    case Presence::none:
      if (!options.create) return Error(Errc::missing, options.directory + ": there is no store in this directory");
  }
  if (const Status s = engine->reopen(); !s) return s.error();
  return engine;
}

Status LevelDbEngine::reopen() {
  db_.reset();
  leveldb::Options options;
  options.env = env_;
  options.create_if_missing = options_.create;
  options.paranoid_checks = true;
  options.write_buffer_size = options_.write_buffer_bytes;
  options.max_open_files = kMaxOpenFiles;
  options.info_log = silence_.get();
  options.block_cache = cache_.get();
  options.filter_policy = filter_.get();
  leveldb::DB* opened = nullptr;
  leveldb::Status s = leveldb::DB::Open(options, options_.directory, &opened);
  // LevelDB says some kinds of damage as input or output errors; a lock that is held is never damage.
  Error error = s.ok() ? Error(Errc::ok, "") : error_of(s, options_.directory, "opening the store");
  if (error.is(Errc::corrupt)) {
    const Result<bool> cut = cut_torn_tails(*env_, options_.directory);
    if (!cut) return cut.error();
    if (!*cut) return error;
    s = leveldb::DB::Open(options, options_.directory, &opened);
    if (!s.ok()) error = error_of(s, options_.directory, "opening the store after its torn end was cut");
  }
  if (!s.ok()) return error;
  db_.reset(opened);
  return {};
}

Status LevelDbEngine::probe() {
  std::uint64_t bytes = kProbeBytes;
  for (const std::string& name : files_in(*env_, options_.directory)) {
    std::uint64_t size = 0;
    if (is_log(name) && env_->GetFileSize(options_.directory + "/" + name, &size).ok()) bytes += size;
  }
  if (bytes > kMaxLogBytes) bytes = kMaxLogBytes;
  const std::string name = options_.directory + "/probe.tmp";
  const leveldb::Status s = write_file(*env_, name, Bytes(static_cast<std::size_t>(bytes), 0));
  if (!s.ok()) return error_of(s, options_.directory, "trying whether it can be written again");
  env_->RemoveFile(name);
  return {};
}

Status LevelDbEngine::recover() {
  if (visits_ > 0) return Error(Errc::busy, options_.directory + ": cannot be opened anew inside a scan");
  if (db_)
    if (Status s = probe(); !s) return s;
  if (Status s = reopen(); !s) return s;
  shaky_ = false;
  return {};
}

Status LevelDbEngine::readable() {
  if (db_) return {};
  return reopen();
}

Status LevelDbEngine::write(const std::vector<Batch::Write>& writes) {
  TLFS_CHECK(!shaky_ && db_, "written to before it has recovered");
  leveldb::WriteBatch batch;
  for (const Batch::Write& w : writes) {
    if (w.value)
      batch.Put(slice(w.key), slice(*w.value));
    else
      batch.Delete(slice(w.key));
  }
  leveldb::WriteOptions options;
  options.sync = true;
  const leveldb::Status s = db_->Write(options, &batch);
  if (s.ok()) return {};
  shaky_ = true;
  return error_of(s, options_.directory, "saving");
}

Result<std::optional<Bytes>> LevelDbEngine::read(ByteView key) {
  if (const Status s = readable(); !s) return s.error();
  std::string value;
  const leveldb::Status s = db_->Get(verified(), slice(key), &value);
  if (s.IsNotFound()) return std::optional<Bytes>();
  if (!s.ok()) return error_of(s, options_.directory, "reading");
  const ByteView bytes = as_bytes(value);
  return std::optional<Bytes>(Bytes(bytes.begin(), bytes.end()));
}

Status LevelDbEngine::visit(ByteView from, ByteView to, const Visitor& visitor) {
  if (Status s = readable(); !s) return s;
  struct Counted {
    std::size_t& n;
    explicit Counted(std::size_t& count) : n(count) { ++n; }
    ~Counted() { --n; }
  } const counted(visits_);
  const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator(verified()));
  for (it->Seek(slice(from)); it->Valid(); it->Next()) {
    if (!to.empty() && it->key().compare(slice(to)) >= 0) break;
    if (!visitor(view(it->key()), view(it->value()))) break;
  }
  if (!it->status().ok()) return error_of(it->status(), options_.directory, "reading");
  return {};
}

Result<std::uint64_t> LevelDbEngine::disk_bytes() {
  std::uint64_t total = 0;
  for (const std::string& name : files_in(*env_, options_.directory)) {
    std::uint64_t size = 0;
    // A file that goes between listing and asking is one that compaction has done with.
    if (env_->GetFileSize(options_.directory + "/" + name, &size).ok()) total += size;
  }
  return total;
}

}  // namespace tlfs::storage
