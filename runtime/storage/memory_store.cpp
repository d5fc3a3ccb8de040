#include "runtime/storage/memory_store.h"

#include <algorithm>

#include "runtime/storage/engine.h"
#include "runtime/storage/record_store.h"

namespace tlfs::storage {
namespace {

class MemoryEngine final : public Engine {
 public:
  explicit MemoryEngine(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) { disk_->open = true; }
  ~MemoryEngine() override { disk_->open = false; }

  Status write(const std::vector<Batch::Write>& writes) override {
    if (disk_->fails_with) {
      failed_ = true;
      return failure();
    }
    for (const Batch::Write& w : writes) {
      if (w.value)
        disk_->records[w.key] = *w.value;
      else
        disk_->records.erase(w.key);
    }
    return {};
  }
  bool must_recover() const override { return failed_; }
  Status recover() override {
    if (disk_->fails_with) return failure();
    failed_ = false;
    return {};
  }
  Result<std::optional<Bytes>> read(ByteView key) override {
    const auto found = disk_->records.find(Bytes(key.begin(), key.end()));
    if (found == disk_->records.end()) return std::optional<Bytes>();
    return std::optional<Bytes>(found->second);
  }
  Status visit(ByteView from, ByteView to, const Visitor& visitor) override {
    if (!to.empty() && !std::lexicographical_compare(from.begin(), from.end(), to.begin(), to.end())) return {};
    const std::map<Bytes, Bytes> view(
        disk_->records.lower_bound(Bytes(from.begin(), from.end())),
        to.empty() ? disk_->records.end() : disk_->records.lower_bound(Bytes(to.begin(), to.end())));
    for (const auto& [key, value] : view)
      if (!visitor(key, value)) break;
    return {};
  }
  Result<std::uint64_t> disk_bytes() override {
    std::uint64_t bytes = 0;
    for (const auto& [key, value] : disk_->records) bytes += key.size() + value.size();
    return bytes;
  }
  std::string name() const override { return "the store in memory"; }

 private:
  Error failure() const { return {*disk_->fails_with, name() + " fails, as it was told to"}; }

  std::shared_ptr<MemoryDisk> disk_;
  bool failed_ = false;
};

}  // namespace

Result<std::unique_ptr<Store>> open_memory_store(std::shared_ptr<MemoryDisk> disk) {
  if (disk->open) return Error(Errc::locked, "the store in memory is open already; close it first");
  return open_record_store(std::make_unique<MemoryEngine>(std::move(disk)), Opening::normal);
}

}  // namespace tlfs::storage
