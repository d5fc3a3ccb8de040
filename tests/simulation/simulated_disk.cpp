#include "tests/simulation/simulated_disk.h"

#include "runtime/storage/frame.h"
#include "runtime/storage/layout.h"
#include "tests/runtime/storage/wrapped_store.h"

namespace tlfs::simulation {
namespace {

struct State {
  std::shared_ptr<storage::MemoryDisk> records = std::make_shared<storage::MemoryDisk>();
  std::uint64_t writes = 0;
  std::optional<std::uint64_t> power_fails_at;  // the number of a write
  bool write_is_kept = false;                   // that one
  bool power_lost = false;
  std::optional<storage::Errc> refuses_with;  // every write
};

class SimulatedStore final : public storage::WrappedStore {
 public:
  SimulatedStore(std::shared_ptr<State> disk, std::unique_ptr<storage::Store> inside)
      : WrappedStore(std::move(inside)), disk_(std::move(disk)) {}

  Status write(const storage::Batch& batch) override {
    if (disk_->power_lost) fail();
    const bool last = disk_->power_fails_at && disk_->writes == *disk_->power_fails_at;
    ++disk_->writes;
    if (last && !disk_->write_is_kept) fail();
    if (!last && disk_->refuses_with) return Error(*disk_->refuses_with, "the simulated disk takes nothing");
    Status status = inside().write(batch);
    if (last) fail();
    return status;
  }

 private:
  [[noreturn]] void fail() {
    disk_->power_lost = true;
    throw PowerLoss();
  }
  std::shared_ptr<State> disk_;
};

class RecordDisk final : public Disk {
 public:
  Result<std::unique_ptr<storage::Store>> open() override {
    auto inside = storage::open_memory_store(state_->records);
    if (!inside) return inside.error();
    return std::unique_ptr<storage::Store>(std::make_unique<SimulatedStore>(state_, std::move(*inside)));
  }

  void lose_power_soon(SeededRandom& random) override {
    state_->power_fails_at = state_->writes + random.below(6);
    state_->write_is_kept = random.chance(0.5);
  }
  void refuse(SeededRandom& random) override {
    state_->refuses_with = random.chance(0.5) ? storage::Errc::full : storage::Errc::io;
  }
  void allow() override { state_->refuses_with.reset(); }
  void calm() override {
    allow();
    state_->power_fails_at.reset();
  }
  bool power_lost() const override { return state_->power_lost; }
  std::optional<std::string> power_on(SeededRandom&) override {
    calm();
    state_->power_lost = false;
    state_->records->open = false;
    return std::nullopt;
  }

  std::optional<Damaged> damage(SeededRandom& random, const std::function<bool(ByteView key)>& may) override {
    std::vector<Bytes*> values;
    std::vector<Bytes> keys;
    for (auto& [key, value] : state_->records->records)
      if (!value.empty() && may(key)) {
        values.push_back(&value);
        keys.push_back(key);
      }
    if (values.empty()) return std::nullopt;
    const std::size_t which = random.below(values.size());
    Bytes& value = *values[which];
    Damaged out{storage::describe_key(keys[which]), keys[which], {}};
    if (const auto framed = storage::unframe(out.key, value))
      out.value.assign(framed->value.begin(), framed->value.end());
    value[random.below(value.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
    return out;
  }

  std::uint64_t fingerprint() const override { return state_->writes; }

 private:
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace

std::shared_ptr<Disk> make_record_disk() { return std::make_shared<RecordDisk>(); }

}  // namespace tlfs::simulation
