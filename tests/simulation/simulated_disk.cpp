#include "tests/simulation/simulated_disk.h"

#include "runtime/storage/frame.h"

namespace tlfs::simulation {
namespace {

class SimulatedStore final : public storage::Store {
 public:
  SimulatedStore(std::shared_ptr<Disk> disk, std::unique_ptr<storage::Store> inside)
      : disk_(std::move(disk)), inside_(std::move(inside)) {}

  Status write(const storage::Batch& batch) override {
    const bool last = disk_->power_fails_at && disk_->writes == *disk_->power_fails_at;
    ++disk_->writes;
    if (last && !disk_->write_is_kept) fail();
    if (!last && disk_->refuses_with) return Error(*disk_->refuses_with, "the simulated disk takes nothing");
    Status status = inside_->write(batch);
    if (last) fail();
    return status;
  }
  Result<std::optional<Bytes>> read(ByteView key) override { return inside_->read(key); }
  Result<storage::Scanned> scan(ByteView from, ByteView to, const Visitor& visit) override {
    return inside_->scan(from, to, visit);
  }
  Result<storage::Stat> stat() override { return inside_->stat(); }
  Result<storage::CheckReport> check(const Progress& progress) override { return inside_->check(progress); }
  Result<storage::CheckReport> settle(const std::optional<storage::DocumentId>& document) override {
    return inside_->settle(document);
  }
  Result<storage::CheckReport> settle_all() override { return inside_->settle_all(); }

 private:
  [[noreturn]] void fail() {
    disk_->power_lost = true;
    throw PowerLoss();
  }
  std::shared_ptr<Disk> disk_;
  std::unique_ptr<storage::Store> inside_;
};

}  // namespace

Result<std::unique_ptr<storage::Store>> open(const std::shared_ptr<Disk>& disk) {
  auto inside = storage::open_memory_store(disk->records);
  if (!inside) return inside.error();
  return std::unique_ptr<storage::Store>(std::make_unique<SimulatedStore>(disk, std::move(*inside)));
}

std::optional<Damaged> damage(Disk& disk, SeededRandom& random, const std::function<bool(ByteView key)>& may) {
  std::vector<Bytes*> values;
  std::vector<Bytes> keys;
  for (auto& [key, value] : disk.records->records)
    if (!value.empty() && may(key)) {
      values.push_back(&value);
      keys.push_back(key);
    }
  if (values.empty()) return std::nullopt;
  const std::size_t which = random.below(values.size());
  Bytes& value = *values[which];
  Damaged out{keys[which], {}};
  if (const auto framed = storage::unframe(out.key, value))
    out.value.assign(framed->value.begin(), framed->value.end());
  value[random.below(value.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
  return out;
}

}  // namespace tlfs::simulation
