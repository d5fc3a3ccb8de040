#include "tests/runtime/storage/faulty_env.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tlfs::storage {

using leveldb::Slice;
using leveldb::Status;
using Guard = std::lock_guard<std::mutex>;

struct FaultyEnv::File {
  std::string content;
  std::size_t synced = 0;
};

class FaultyEnv::Writer final : public leveldb::WritableFile {
 public:
  Writer(FaultyEnv& env, std::shared_ptr<File> file, std::uint64_t life)
      : env_(env), file_(std::move(file)), life_(life) {}
  Status Append(const Slice& data) override { return env_.append(*file_, data, life_); }
  Status Close() override { return Status::OK(); }
  Status Flush() override { return Status::OK(); }
  Status Sync() override { return env_.sync(*file_, life_); }

 private:
  FaultyEnv& env_;
  std::shared_ptr<File> file_;
  std::uint64_t life_;
};

class FaultyEnv::Reader final : public leveldb::SequentialFile, public leveldb::RandomAccessFile {
 public:
  Reader(const FaultyEnv& env, std::shared_ptr<File> file) : env_(env), file_(std::move(file)) {}
  Status Read(std::uint64_t offset, std::size_t n, Slice* result, char* scratch) const override {
    const Guard guard(env_.mutex_);
    const std::string& content = file_->content;
    const std::size_t at = std::min<std::size_t>(offset, content.size());
    const std::size_t size = std::min(n, content.size() - at);
    std::memcpy(scratch, content.data() + at, size);
    *result = Slice(scratch, size);
    return Status::OK();
  }
  Status Read(std::size_t n, Slice* result, char* scratch) override {
    const Status s = Read(at_, n, result, scratch);
    at_ += result->size();
    return s;
  }
  Status Skip(std::uint64_t n) override { return at_ += n, Status::OK(); }

 private:
  const FaultyEnv& env_;
  std::shared_ptr<File> file_;
  std::uint64_t at_ = 0;
};

class FaultyEnv::Lock final : public leveldb::FileLock {
 public:
  explicit Lock(std::string locked) : name(std::move(locked)) {}
  std::string name;
};

namespace {
class Silent final : public leveldb::Logger {
  void Logv(const char*, std::va_list) override {}
};
}  // namespace

FaultyEnv::FaultyEnv(std::uint64_t seed) : EnvWrapper(leveldb::Env::Default()), random_(seed) {}
FaultyEnv::~FaultyEnv() = default;

Status FaultyEnv::failed(const std::string& name, int error) {
  return error == ENOENT ? Status::NotFound(name, std::strerror(error)) : Status::IOError(name, std::strerror(error));
}

void FaultyEnv::lose_power_at(std::uint64_t n) {
  const Guard guard(mutex_);
  power_goes_at_ = n == 0 ? 0 : calls_ + n;
}
void FaultyEnv::lose_power() {
  const Guard guard(mutex_);
  dark_ = true;
}
bool FaultyEnv::without_power() const {
  const Guard guard(mutex_);
  return dark_;
}
void FaultyEnv::fail_at(std::uint64_t n, int error) {
  const Guard guard(mutex_);
  fails_at_ = n == 0 ? 0 : calls_ + n;
  fails_with_ = error;
}
void FaultyEnv::refuse_writes(int error) {
  const Guard guard(mutex_);
  refuses_writes_ = error;
}
void FaultyEnv::refuse_opening(int error) {
  const Guard guard(mutex_);
  refuses_opening_ = error;
}
void FaultyEnv::set_capacity(std::uint64_t bytes) {
  const Guard guard(mutex_);
  capacity_ = bytes;
}
void FaultyEnv::flip(const std::string& name, std::size_t offset) {
  const Guard guard(mutex_);
  std::string& content = live_.at(name)->content;
  content.at(offset) = static_cast<char>(content.at(offset) ^ 0x40);
}
std::uint64_t FaultyEnv::changing_calls() const {
  const Guard guard(mutex_);
  return calls_;
}
std::uint64_t FaultyEnv::used_locked() const {
  std::uint64_t bytes = 0;
  for (const auto& [name, file] : live_) bytes += file->content.size();
  return bytes;
}
std::uint64_t FaultyEnv::used() const {
  const Guard guard(mutex_);
  return used_locked();
}
std::vector<std::string> FaultyEnv::names() const {
  const Guard guard(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, file] : live_) names.push_back(name);
  return names;
}
std::string FaultyEnv::content(const std::string& name) const {
  const Guard guard(mutex_);
  return live_.at(name)->content;
}
void FaultyEnv::set_content(const std::string& name, std::string content) {
  const Guard guard(mutex_);
  auto file = std::make_shared<File>();
  file->synced = content.size();
  file->content = std::move(content);
  live_[name] = durable_[name] = std::move(file);
}

void FaultyEnv::apply(Names& names, const Change& change) {
  switch (change.what) {
    case Change::What::create:
      names[change.name] = change.file;
      break;
    case Change::What::remove:
      names.erase(change.name);
      break;
    case Change::What::rename: {
      Names moved;  // the file itself, or all that lies in a directory
      for (auto it = names.begin(); it != names.end();) {
        const bool it_is = it->first == change.name || it->first.starts_with(change.name + "/");
        if (it_is) moved[change.to + it->first.substr(change.name.size())] = it->second;
        it = it_is ? names.erase(it) : std::next(it);
      }
      for (auto& [name, file] : moved) names[name] = file;
      break;
    }
  }
}

void FaultyEnv::restart(bool tear) {
  const Guard guard(mutex_);
  const std::size_t survives = tear ? random_.below(pending_.size() + 1) : 0;
  for (std::size_t i = 0; i < survives; ++i) apply(durable_, pending_[i]);
  pending_.clear();
  for (auto& [name, file] : durable_) {
    const std::size_t unsynced = file->content.size() - file->synced;
    std::size_t stays = tear && unsynced > 0 ? random_.below(unsynced + 1) : 0;
    if (stays > 0 && random_.chance(0.5)) stays = unsynced;
    file->content.resize(file->synced + stays);
    if (stays > 0 && random_.chance(0.5)) {  // the size reached the disk, some of the data did not
      const std::size_t from = file->synced + random_.below(stays);
      const bool zeros = random_.chance(0.5);
      for (std::size_t i = from; i < file->content.size(); ++i)
        file->content[i] = zeros ? '\0' : static_cast<char>(random_.next());
    }
    file->synced = file->content.size();
  }
  live_ = durable_;
  locks_.clear();
  ++life_;
  dark_ = false;
  power_goes_at_ = fails_at_ = 0;
}

Status FaultyEnv::changing(const std::string& name) {
  if (dark_) return failed(name, EIO);
  ++calls_;
  if (power_goes_at_ != 0 && calls_ >= power_goes_at_) {
    dark_ = true;
    return failed(name, EIO);
  }
  if (fails_at_ != 0 && calls_ == fails_at_) return failed(name, fails_with_);
  if (refuses_writes_ != 0) return failed(name, refuses_writes_);
  return Status::OK();
}

Status FaultyEnv::append(File& file, const Slice& data, std::uint64_t life) {
  const Guard guard(mutex_);
  if (life != life_) return failed("a file of before the loss of power", EIO);
  const bool was_dark = dark_;
  Status s = changing("a file");
  std::size_t size = data.size();
  if (!s.ok()) {
    size = was_dark || size == 0 ? 0 : random_.below(size + 1);  // a write that fails is done in part
    if (refuses_writes_ != 0) size = 0;
  } else if (const std::uint64_t used = used_locked(); used + size > capacity_) {
    size = used < capacity_ ? static_cast<std::size_t>(capacity_ - used) : 0;
    s = failed("a file", ENOSPC);
  }
  file.content.append(data.data(), size);
  return s;
}

Status FaultyEnv::sync(File& file, std::uint64_t life) {
  const Guard guard(mutex_);
  if (life != life_) return failed("a file of before the loss of power", EIO);
  Status s = changing("a file");
  if (!s.ok()) return s;
  file.synced = file.content.size();
  for (const Change& change : pending_) apply(durable_, change);
  pending_.clear();
  return s;
}

Status FaultyEnv::NewWritableFile(const std::string& name, leveldb::WritableFile** file) {
  const Guard guard(mutex_);
  *file = nullptr;
  if (refuses_opening_ != 0) return failed(name, refuses_opening_);
  if (Status s = changing(name); !s.ok()) return s;
  auto made = std::make_shared<File>();
  live_[name] = made;
  pending_.push_back({Change::What::create, name, "", made});
  *file = new Writer(*this, std::move(made), life_);
  return Status::OK();
}

Status FaultyEnv::NewAppendableFile(const std::string& name, leveldb::WritableFile**) {
  return Status::NotSupported(name);
}

Status FaultyEnv::NewSequentialFile(const std::string& name, leveldb::SequentialFile** file) {
  const Guard guard(mutex_);
  *file = nullptr;
  const auto found = live_.find(name);
  if (dark_ || refuses_opening_ != 0) return failed(name, dark_ ? EIO : refuses_opening_);
  if (found == live_.end()) return failed(name, ENOENT);
  *file = new Reader(*this, found->second);
  return Status::OK();
}

Status FaultyEnv::NewRandomAccessFile(const std::string& name, leveldb::RandomAccessFile** file) {
  const Guard guard(mutex_);
  *file = nullptr;
  const auto found = live_.find(name);
  if (dark_ || refuses_opening_ != 0) return failed(name, dark_ ? EIO : refuses_opening_);
  if (found == live_.end()) return failed(name, ENOENT);
  *file = new Reader(*this, found->second);
  return Status::OK();
}

bool FaultyEnv::FileExists(const std::string& name) {
  const Guard guard(mutex_);
  return !dark_ && live_.contains(name);
}

Status FaultyEnv::GetChildren(const std::string& directory, std::vector<std::string>* names) {
  const Guard guard(mutex_);
  names->clear();
  if (dark_) return failed(directory, EIO);
  const std::string prefix = directory + "/";
  for (const auto& [name, file] : live_)
    if (name.starts_with(prefix) && name.find('/', prefix.size()) == std::string::npos)
      names->push_back(name.substr(prefix.size()));
  return Status::OK();
}

Status FaultyEnv::RemoveFile(const std::string& name) {
  const Guard guard(mutex_);
  if (Status s = changing(name); !s.ok()) return s;
  if (live_.erase(name) == 0) return failed(name, ENOENT);
  pending_.push_back({Change::What::remove, name, "", nullptr});
  return Status::OK();
}

Status FaultyEnv::CreateDir(const std::string& name) {
  const Guard guard(mutex_);
  return changing(name);
}

Status FaultyEnv::RemoveDir(const std::string& name) {
  const Guard guard(mutex_);
  return changing(name);
}

Status FaultyEnv::GetFileSize(const std::string& name, std::uint64_t* size) {
  const Guard guard(mutex_);
  const auto found = live_.find(name);
  if (dark_ || found == live_.end()) return failed(name, dark_ ? EIO : ENOENT);
  *size = found->second->content.size();
  return Status::OK();
}

Status FaultyEnv::RenameFile(const std::string& from, const std::string& to) {
  const Guard guard(mutex_);
  if (Status s = changing(from); !s.ok()) return s;
  const bool exists = std::any_of(live_.begin(), live_.end(), [&](const auto& entry) {
    return entry.first == from || entry.first.starts_with(from + "/");
  });
  if (!exists) return failed(from, ENOENT);
  const Change change{Change::What::rename, from, to, nullptr};
  apply(live_, change);
  pending_.push_back(change);
  return Status::OK();
}

Status FaultyEnv::LockFile(const std::string& name, leveldb::FileLock** lock) {
  const Guard guard(mutex_);
  *lock = nullptr;
  if (dark_) return failed(name, EIO);
  if (refuses_opening_ != 0) return failed(name, refuses_opening_);
  if (refuses_writes_ == EACCES || refuses_writes_ == EROFS) return failed(name, refuses_writes_);
  if (!locks_.insert(name).second) return Status::IOError("lock " + name, "already held by process");
  *lock = new Lock(name);
  return Status::OK();
}

Status FaultyEnv::UnlockFile(leveldb::FileLock* lock) {
  const Guard guard(mutex_);
  const std::unique_ptr<Lock> held(static_cast<Lock*>(lock));
  locks_.erase(held->name);
  return Status::OK();
}

Status FaultyEnv::NewLogger(const std::string&, leveldb::Logger** logger) {
  *logger = new Silent;
  return Status::OK();
}

void FaultyEnv::hold_work(bool hold) {
  const Guard guard(mutex_);
  holds_work_ = hold;
}

void FaultyEnv::Schedule(void (*function)(void*), void* argument) {
  {
    const Guard guard(mutex_);
    if (holds_work_) return work_.emplace_back(function, argument), void();
  }
  EnvWrapper::Schedule(function, argument);
}

void FaultyEnv::work() {
  while (true) {
    std::pair<void (*)(void*), void*> next;
    {
      const Guard guard(mutex_);
      if (work_.empty()) return;
      next = work_.front();
      work_.pop_front();
    }
    next.first(next.second);
  }
}

// LevelDB slows writers down to let its thread catch up, which is of no use to one that waits for them.
void FaultyEnv::SleepForMicroseconds(int micros) {
  bool held = false;
  {
    const Guard guard(mutex_);
    held = holds_work_;
  }
  if (!held) EnvWrapper::SleepForMicroseconds(micros);
}

}  // namespace tlfs::storage
