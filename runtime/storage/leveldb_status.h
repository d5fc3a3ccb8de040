// What LevelDB says, as errors of this module.
//
// LevelDB's status has no error numbers, only the system's sentence at its end; the codes are found by comparing with
// the sentences of this process.
#pragma once

#include <leveldb/status.h>

#include <string>

#include "runtime/storage/store.h"

namespace tlfs::storage {

// `doing` completes "DIRECTORY: while ...". Not for a status that is ok.
Error error_of(const leveldb::Status& status, const std::string& directory, std::string_view doing);
Error locked_error(const std::string& directory);

}  // namespace tlfs::storage
