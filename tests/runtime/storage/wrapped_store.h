// A store around another one: what a test wants to see, break or hold up it overrides, the rest goes through.
#pragma once

#include <memory>
#include <utility>

#include "runtime/storage/store.h"

namespace tlfs::storage {

class WrappedStore : public Store {
 public:
  explicit WrappedStore(std::unique_ptr<Store> inside) : inside_(std::move(inside)) {}

  Status write(const Batch& batch) override { return inside_->write(batch); }
  Result<std::optional<Bytes>> read(ByteView key) override { return inside_->read(key); }
  Result<Scanned> scan(ByteView from, ByteView to, const Visitor& visit) override {
    return inside_->scan(from, to, visit);
  }
  Result<std::uint64_t> disk_bytes() override { return inside_->disk_bytes(); }
  Result<Stat> stat() override { return inside_->stat(); }
  Result<CheckReport> check(const Progress& progress) override { return inside_->check(progress); }
  Result<CheckReport> settle(const std::optional<DocumentId>& document) override { return inside_->settle(document); }
  Result<CheckReport> settle_all() override { return inside_->settle_all(); }

 protected:
  Store& inside() { return *inside_; }

 private:
  std::unique_ptr<Store> inside_;
};

}  // namespace tlfs::storage
