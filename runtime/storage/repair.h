// Looks after a LevelDB store as a whole: checks one that may not open, and saves what can be read of one that is
// damaged.
//
// Repairing never destroys anything. When the store opens and every block of it can be read, damaged records go into
// its quarantine, missing ones are noted there, and that is all. Otherwise LevelDB's own repair works on a copy beside
// it (DIRECTORY.repairing, then DIRECTORY.repaired); what came out is compared with the counts; then the directory is
// renamed to DIRECTORY.damaged-N and the repaired copy takes its place. Interrupted anywhere, the next opening or
// repair goes on.
#pragma once

#include "runtime/storage/leveldb_store.h"

namespace tlfs::storage {

inline constexpr unsigned kMaxDamagedCopies = 1000;

struct RepairReport {
  CheckReport lost;              // what was wrong and is now set aside or gone
  std::string original;          // where the damaged directory lies now; empty when the store was mended in place
  std::string reason;            // why the copy was needed, with it
  std::uint64_t last_batch = 0;  // that the repaired copy has, with it; a device must go on as a new incarnation
};

// `options.create` is ignored: neither makes a store. Errors of checking: those of opening, but damage is a finding.
Result<CheckReport> check_leveldb_store(LevelDbOptions options, const Store::Progress& progress = {});
Result<RepairReport> repair_leveldb_store(LevelDbOptions options, const Store::Progress& progress = {});

}  // namespace tlfs::storage
