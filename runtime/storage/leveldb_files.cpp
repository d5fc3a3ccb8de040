#include "runtime/storage/leveldb_files.h"

#include <algorithm>
#include <memory>

#include "runtime/storage/leveldb_status.h"
#include "runtime/storage/log_tail.h"

namespace tlfs::storage {
namespace {

constexpr std::size_t kChunkBytes = 1u << 20;
constexpr std::string_view kTornPrefix = "torn-";

leveldb::Slice slice(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool numbered(const std::string& name, std::string_view extension) {
  if (!name.ends_with(extension) || name.size() == extension.size()) return false;
  return std::all_of(name.begin(), name.end() - static_cast<std::ptrdiff_t>(extension.size()),
                     [](char c) { return c >= '0' && c <= '9'; });
}

struct Cut {
  std::string name;
  Bytes whole;  // the file up to the cut
  Bytes torn;
};

Status keep_torn(leveldb::Env& env, const std::string& directory, const Cut& cut) {
  std::vector<std::string> kept;
  for (const std::string& name : files_in(env, directory))
    if (name.starts_with(kTornPrefix)) kept.push_back(name);
  for (std::size_t i = 0; i + kMaxTornFiles <= kept.size(); ++i) env.RemoveFile(directory + "/" + kept[i]);
  const std::string name = directory + "/" + std::string(kTornPrefix) + cut.name;
  if (const auto s = write_file(env, name, cut.torn); !s.ok())
    return error_of(s, directory, "keeping the end of a torn log");
  return {};
}

}  // namespace

leveldb::Env& env_of(const LevelDbOptions& options) { return options.env ? *options.env : *leveldb::Env::Default(); }

DirectoryLock::DirectoryLock(leveldb::Env& env, const std::string& directory) : env_(env) {
  if (!env_.LockFile(directory + "/LOCK", &lock_).ok()) lock_ = nullptr;
}

DirectoryLock::~DirectoryLock() {
  if (lock_) env_.UnlockFile(lock_);
}

std::vector<std::string> files_in(leveldb::Env& env, const std::string& directory) {
  std::vector<std::string> names;
  if (!env.GetChildren(directory, &names).ok()) names.clear();
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  std::sort(names.begin(), names.end());
  return names;
}

bool is_log(const std::string& name) { return numbered(name, ".log"); }
bool is_data(const std::string& name) { return is_log(name) || numbered(name, ".ldb") || numbered(name, ".sst"); }

Presence presence_of(leveldb::Env& env, const std::string& directory) {
  if (env.FileExists(directory + "/CURRENT")) return Presence::whole;
  for (const std::string& name : files_in(env, directory)) {
    std::uint64_t size = 0;
    if (is_data(name) && (!env.GetFileSize(directory + "/" + name, &size).ok() || size > 0)) return Presence::headless;
  }
  return Presence::none;
}

Status finish_repair(leveldb::Env& env, const std::string& directory) {
  const std::string repaired = directory + std::string(kRepairedSuffix);
  if (!env.FileExists(repaired + "/CURRENT") || !files_in(env, directory).empty()) return {};
  if (const auto s = env.RenameFile(repaired, directory); !s.ok())
    return error_of(s, directory, "putting the repaired store in its place");
  return {};
}

leveldb::Status write_file(leveldb::Env& env, const std::string& name, ByteView bytes) {
  leveldb::WritableFile* made = nullptr;
  leveldb::Status s = env.NewWritableFile(name, &made);
  if (!s.ok()) return s;
  std::unique_ptr<leveldb::WritableFile> file(made);
  for (std::size_t at = 0; s.ok() && at < bytes.size(); at += kChunkBytes)
    s = file->Append(slice(bytes.subspan(at, std::min(kChunkBytes, bytes.size() - at))));
  if (s.ok()) s = file->Sync();
  const leveldb::Status closed = file->Close();
  if (s.ok()) s = closed;
  if (!s.ok()) env.RemoveFile(name);
  return s;
}

leveldb::Status load_file(leveldb::Env& env, const std::string& name, Bytes& bytes) {
  std::uint64_t size = 0;
  leveldb::Status s = env.GetFileSize(name, &size);
  if (!s.ok()) return s;
  if (size > kMaxFileBytes) return leveldb::Status::IOError(name, "larger than any file of a store");
  leveldb::SequentialFile* opened = nullptr;
  s = env.NewSequentialFile(name, &opened);
  if (!s.ok()) return s;
  const std::unique_ptr<leveldb::SequentialFile> file(opened);
  bytes.clear();
  bytes.reserve(static_cast<std::size_t>(size));
  std::vector<char> scratch(kChunkBytes);
  while (bytes.size() < size) {
    leveldb::Slice read;
    s = file->Read(kChunkBytes, &read, scratch.data());
    if (!s.ok()) return s;
    if (read.empty()) break;
    bytes.insert(bytes.end(), read.data(), read.data() + read.size());
  }
  return s;
}

Result<bool> cut_torn_tails(leveldb::Env& env, const std::string& directory) {
  const DirectoryLock lock(env, directory);
  if (!lock.held()) return locked_error(directory);
  std::vector<std::string> logs;
  Bytes current;
  if (const auto s = load_file(env, directory + "/CURRENT", current); !s.ok())
    return error_of(s, directory, "reading CURRENT");
  logs.emplace_back(as_text(current));
  while (!logs[0].empty() && logs[0].back() == '\n') logs[0].pop_back();
  for (const std::string& name : files_in(env, directory))
    if (is_log(name)) logs.push_back(name);
  std::vector<Cut> cuts;
  for (const std::string& name : logs) {
    Bytes bytes;
    if (!env.FileExists(directory + "/" + name)) continue;
    if (const auto s = load_file(env, directory + "/" + name, bytes); !s.ok())
      return error_of(s, directory, "reading " + name);
    const LogTail tail = inspect_log(bytes);
    if (tail.shape == LogShape::damaged)
      return Error(Errc::corrupt, directory + ": " + name + " is damaged at byte " + std::to_string(tail.good_end) +
                                      ", with whole records behind; `tlfs store repair` saves what can be read");
    if (tail.shape == LogShape::whole) continue;
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(tail.good_end);
    cuts.push_back({name, Bytes(bytes.begin(), at), Bytes(at, bytes.end())});
  }
  for (const Cut& cut : cuts) {
    if (const Status s = keep_torn(env, directory, cut); !s) return s.error();
    const std::string name = directory + "/" + cut.name, fresh = directory + "/cut.tmp";
    leveldb::Status s = write_file(env, fresh, cut.whole);
    if (s.ok()) s = env.RenameFile(fresh, name);
    if (!s.ok()) return error_of(s, directory, "cutting " + cut.name);
  }
  return !cuts.empty();
}

}  // namespace tlfs::storage
