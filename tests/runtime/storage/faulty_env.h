// A disk in memory under the real LevelDB that can be made to fail: power losses that drop what was not synced and tear
// the last write, calls that fail, a disk that fills up, files that may not be written or opened, bytes that flip.
//
// What it believes of a file system: content is durable up to the last sync of its file; names (creating, renaming and
// removing) become durable in order, all of them with any sync, and at a loss of power some first part of those that
// were not; that is ext4 with ordered data. What the seed decides is deterministic; when LevelDB's background thread
// runs is not, so the numbers of calls may differ a little between runs, unless its work is held.
//
// Thread-safe, since LevelDB calls from its own thread too.
#pragma once

#include <leveldb/env.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/environment.h"

namespace tlfs::storage {

class FaultyEnv final : public leveldb::EnvWrapper {
 public:
  explicit FaultyEnv(std::uint64_t seed);
  ~FaultyEnv() override;

  // ---- faults ----
  // The power goes at the n-th call from now that changes the disk (1: the next); a write is then done in part.
  // Everything fails until restart(). 0: it does not go.
  void lose_power_at(std::uint64_t n);
  void lose_power();
  bool without_power() const;
  // What is left after the power came back. `tear` leaves a part of what was not synced, perhaps with rubbish in it.
  void restart(bool tear);
  // The n-th changing call from now fails with this error number, and only that; 0 takes it back, as above.
  void fail_at(std::uint64_t n, int error);
  // All changing calls fail with it; 0 takes it back.
  void refuse_writes(int error);
  // Opening any file fails with it; 0 takes it back.
  void refuse_opening(int error);
  // How many bytes all files may have together; a write that goes beyond is done in part.
  void set_capacity(std::uint64_t bytes);
  void flip(const std::string& name, std::size_t offset);

  // ---- LevelDB's own thread ----
  // Its work waits until work() is called and is then done by the caller, so that everything happens on one thread and
  // in one order. Closing a database waits for its work, so work() comes first; so does a write that finds the memory
  // table and the one before it full, which does not happen when there is work() after every write.
  void hold_work(bool hold);
  void work();

  // ---- looking ----
  std::uint64_t changing_calls() const;
  std::uint64_t used() const;
  std::vector<std::string> names() const;  // whole paths
  std::string content(const std::string& name) const;
  void set_content(const std::string& name, std::string content);  // durable at once

  leveldb::Status NewSequentialFile(const std::string& name, leveldb::SequentialFile** file) override;
  leveldb::Status NewRandomAccessFile(const std::string& name, leveldb::RandomAccessFile** file) override;
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override;
  bool FileExists(const std::string& name) override;
  leveldb::Status GetChildren(const std::string& directory, std::vector<std::string>* names) override;
  leveldb::Status RemoveFile(const std::string& name) override;
  leveldb::Status CreateDir(const std::string& name) override;
  leveldb::Status RemoveDir(const std::string& name) override;
  leveldb::Status GetFileSize(const std::string& name, std::uint64_t* size) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& name, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  leveldb::Status NewLogger(const std::string& name, leveldb::Logger** logger) override;
  void Schedule(void (*function)(void* argument), void* argument) override;
  void SleepForMicroseconds(int micros) override;

  struct File;
  class Writer;
  class Reader;
  class Lock;

 private:
  struct Change {
    enum class What : std::uint8_t { create, remove, rename } what{};
    std::string name, to;
    std::shared_ptr<File> file;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;

  static leveldb::Status failed(const std::string& name, int error);
  // Counts a call that changes the disk; says how it fails. Under the mutex.
  leveldb::Status changing(const std::string& name);
  leveldb::Status append(File& file, const leveldb::Slice& data, std::uint64_t life);
  leveldb::Status sync(File& file, std::uint64_t life);
  static void apply(Names& names, const Change& change);
  std::uint64_t used_locked() const;

  mutable std::mutex mutex_;
  SeededRandom random_;
  Names live_, durable_;
  std::vector<Change> pending_;  // names that are not durable yet
  std::set<std::string> locks_;
  std::uint64_t life_ = 0;  // handles of an earlier one are dead
  std::uint64_t calls_ = 0, power_goes_at_ = 0, fails_at_ = 0;
  int fails_with_ = 0, refuses_writes_ = 0, refuses_opening_ = 0;
  std::uint64_t capacity_ = UINT64_MAX;
  bool dark_ = false;
  bool holds_work_ = false;
  std::deque<std::pair<void (*)(void*), void*>> work_;
};

}  // namespace tlfs::storage
