// The messages of one poll(); for the files of this folder.
#pragma once

#include "runtime/document_sync/session.h"

namespace tlfs::document_sync {

struct SyncSession::Out {
  std::size_t credit = 0;
  std::vector<Bytes> messages;
  std::size_t bytes = 0;
  std::size_t left() const { return bytes < credit ? credit - bytes : 0; }
};

}  // namespace tlfs::document_sync
