// What a store stands on: raw keys and values in order, atomic synced batches. Knows nothing of frames and counts.
//
// The file-private side of runtime/storage; record_store.h makes a Store of it. One thread at a time.
#pragma once

#include <functional>

#include "runtime/storage/store.h"

namespace tlfs::storage {

class Engine {
 public:
  using Visitor = std::function<bool(ByteView key, ByteView value)>;
  virtual ~Engine() = default;

  // Atomic and synced. After a failure nothing may be written until recover() has succeeded; reading goes on where it
  // can.
  virtual Status write(const std::vector<Batch::Write>& writes) = 0;
  virtual bool must_recover() const = 0;
  // Opens everything anew from what is on the disk. May show the batch that failed. busy inside a visit.
  virtual Status recover() = 0;

  virtual Result<std::optional<Bytes>> read(ByteView key) = 0;
  // A consistent view, in order; an empty `to` is the end. Fails with corrupt after it has visited all it could read.
  virtual Status visit(ByteView from, ByteView to, const Visitor& visitor) = 0;
  virtual Result<std::uint64_t> disk_bytes() = 0;
  // For messages: the directory.
  virtual std::string name() const = 0;
};

}  // namespace tlfs::storage
