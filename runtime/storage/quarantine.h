// What lies in quarantine: a damaged record as it was found, or a note of records that are gone.
#pragma once

#include "runtime/storage/store.h"

namespace tlfs::storage {

struct SetAside {
  Bytes key;  // where the record lay; of a note: the key of the manifest that did not fit
  Bytes raw;  // the record with its frame, as the engine gave it; empty in a note
  std::string message;

  Bytes encode() const;
  static Result<SetAside> decode(ByteView bytes);
};

}  // namespace tlfs::storage
