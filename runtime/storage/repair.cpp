#include "runtime/storage/repair.h"

#include <leveldb/db.h>

#include <utility>

#include "runtime/storage/audit.h"
#include "runtime/storage/leveldb_engine.h"
#include "runtime/storage/leveldb_files.h"
#include "runtime/storage/leveldb_status.h"
#include "runtime/storage/record_store.h"

namespace tlfs::storage {
namespace {

constexpr std::string_view kRepairingSuffix = ".repairing";
constexpr std::string_view kLost = "/lost";  // where LevelDB's repair puts files it has done with

class Silence final : public leveldb::Logger {
  void Logv(const char*, std::va_list) override {}
};

Result<std::unique_ptr<Store>> open_for_repair(const LevelDbOptions& options, Opening opening) {
  auto engine = LevelDbEngine::open(options);
  if (!engine) return engine.error();
  // Reading one key looks into the files by their age, and a repair may give older records to younger files.
  if (opening == Opening::salvage) (*engine)->compact();
  return open_record_store(std::move(*engine), opening);
}

void remove_all(leveldb::Env& env, const std::string& directory) {
  for (const std::string& name : files_in(env, directory + std::string(kLost)))
    env.RemoveFile(directory + std::string(kLost) + "/" + name);
  env.RemoveDir(directory + std::string(kLost));
  for (const std::string& name : files_in(env, directory)) env.RemoveFile(directory + "/" + name);
  env.RemoveDir(directory);
}

Status copy_all(leveldb::Env& env, const std::string& from, const std::string& to) {
  env.CreateDir(to);
  for (const std::string& name : files_in(env, from)) {
    if (name == "LOCK" || name == kLost.substr(1)) continue;
    Bytes bytes;
    leveldb::Status s = load_file(env, from + "/" + name, bytes);
    if (s.ok()) s = write_file(env, to + "/" + name, bytes);
    if (!s.ok()) return error_of(s, from, "copying " + name + " for the repair");
  }
  return {};
}

std::string free_name(leveldb::Env& env, const std::string& directory) {
  for (unsigned n = 1; n <= kMaxDamagedCopies; ++n) {
    std::string name = directory + ".damaged-" + std::to_string(n);
    if (files_in(env, name).empty()) return name;
  }
  return "";
}

Status repair_copy(leveldb::Env& env, const std::string& copy) {
  Silence silence;
  leveldb::Options options;
  options.env = &env;
  options.paranoid_checks = true;  // else blocks whose checksum is wrong pass
  options.info_log = &silence;
  if (const auto s = leveldb::RepairDB(copy, options); !s.ok()) return error_of(s, copy, "repairing");
  for (const std::string& name : files_in(env, copy + std::string(kLost)))
    env.RemoveFile(copy + std::string(kLost) + "/" + name);
  env.RemoveDir(copy + std::string(kLost));
  return {};
}

Status move(leveldb::Env& env, const std::string& from, const std::string& to) {
  if (const auto s = env.RenameFile(from, to); !s.ok()) return error_of(s, from, "renaming it to " + to);
  return {};
}

Result<RepairReport> salvage(const LevelDbOptions& options, const std::string& reason) {
  leveldb::Env& env = env_of(options);
  const std::string& directory = options.directory;
  const DirectoryLock lock(env, directory);
  if (!lock.held()) return locked_error(directory);
  RepairReport report;
  report.reason = reason;
  report.original = free_name(env, directory);
  if (report.original.empty())
    return Error(Errc::limit, directory + ": too many damaged copies lie beside it; move some away");

  LevelDbOptions copy = options;
  copy.directory = directory + std::string(kRepairingSuffix);
  remove_all(env, copy.directory);  // what an interrupted repair left
  if (const Status s = copy_all(env, directory, copy.directory); !s) return s.error();
  if (const Status s = repair_copy(env, copy.directory); !s) return s.error();
  {
    auto store = open_for_repair(copy, Opening::salvage);
    if (!store) return store.error();
    auto settled = (*store)->settle_all();
    if (!settled) return settled.error();
    report.lost = std::move(*settled);
    const auto stat = (*store)->stat();
    if (!stat) return stat.error();
    report.last_batch = stat->batches;
    storage::report(report.lost, {Finding::Trouble::set_aside, std::nullopt, {}, salvage_note(stat->batches)});
  }
  const std::string repaired = directory + std::string(kRepairedSuffix);
  remove_all(env, repaired);
  if (const Status s = move(env, copy.directory, repaired); !s) return s.error();
  if (const Status s = move(env, directory, report.original); !s) return s.error();
  if (const Status s = move(env, repaired, directory); !s) return s.error();
  return report;
}

}  // namespace

Result<CheckReport> check_leveldb_store(LevelDbOptions options, const Store::Progress& progress) {
  options.create = false;
  const auto store = open_leveldb_store(options);
  if (store) return (*store)->check(progress);
  if (!store.error().is(Errc::corrupt)) return store.error();
  CheckReport damage;
  report(damage, {Finding::Trouble::unreadable, std::nullopt, {}, store.error().message()});
  return damage;
}

Result<RepairReport> repair_leveldb_store(LevelDbOptions options, const Store::Progress& progress) {
  options.create = false;
  auto store = open_for_repair(options, Opening::repair);
  if (!store) {
    if (!store.error().is(Errc::corrupt)) return store.error();
    return salvage(options, store.error().message());
  }
  const auto checked = (*store)->check(progress);
  if (!checked) return checked.error();
  if (checked->unreadable) {
    store->reset();
    return salvage(options, checked->findings.back().message);
  }
  auto settled = (*store)->settle_all();
  if (!settled) return settled.error();
  return RepairReport{std::move(*settled), "", ""};
}

}  // namespace tlfs::storage
