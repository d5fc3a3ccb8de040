// The real store over the real LevelDB on a file system that fails; see simulated_disk.h.
#include <cerrno>

#include "runtime/storage/leveldb_engine.h"
#include "runtime/storage/record_store.h"
#include "runtime/storage/repair.h"
#include "tests/runtime/storage/faulty_env.h"
#include "tests/simulation/simulated_disk.h"

namespace tlfs::simulation {
namespace {

using storage::FaultyEnv;

constexpr std::uint64_t kCallsToPowerLoss = 60;  // at most; a write makes two or three, an opening about twenty
constexpr std::uint64_t kCallsToFailure = 20;
constexpr std::uint64_t kRoomLeft = 8u << 10;  // at most, on a disk that fills up

// A LevelDB without a thread of its own: what it has scheduled is done after every call, and before it is closed. When
// the power has gone in a call, nobody learns what came of it.
class ForegroundEngine final : public storage::Engine {
 public:
  ForegroundEngine(std::shared_ptr<FaultyEnv> env, std::unique_ptr<storage::Engine> inside)
      : env_(std::move(env)), inside_(std::move(inside)) {
    env_->work();
  }
  ~ForegroundEngine() override { env_->work(); }

  Status write(const std::vector<storage::Batch::Write>& writes) override { return after(inside_->write(writes)); }
  bool must_recover() const override { return inside_->must_recover(); }
  Status recover() override { return after(inside_->recover()); }
  Result<std::optional<Bytes>> read(ByteView key) override { return after(inside_->read(key)); }
  Status visit(ByteView from, ByteView to, const Visitor& visitor) override {
    return after(inside_->visit(from, to, visitor));
  }
  Result<std::uint64_t> disk_bytes() override { return inside_->disk_bytes(); }
  std::string name() const override { return inside_->name(); }

 private:
  template <class T>
  T after(T outcome) {
    if (env_->without_power()) throw PowerLoss();
    env_->work();
    if (env_->without_power()) throw PowerLoss();
    return outcome;
  }
  std::shared_ptr<FaultyEnv> env_;
  std::unique_ptr<storage::Engine> inside_;
};

class LevelDbDisk final : public Disk {
 public:
  explicit LevelDbDisk(std::uint64_t seed) : env_(std::make_shared<FaultyEnv>(seed)) {
    env_->hold_work(true);
    options_.directory = "/data/store";
    options_.env = env_.get();
    options_.write_buffer_bytes = 64u << 10;  // so that tables are written and merged
  }

  // What open_leveldb_store() does, with the foreground in between.
  Result<std::unique_ptr<storage::Store>> open() override {
    auto opened = storage::LevelDbEngine::open(options_);
    std::unique_ptr<ForegroundEngine> engine;
    if (opened) engine = std::make_unique<ForegroundEngine>(env_, std::move(*opened));
    if (env_->without_power()) throw PowerLoss();
    if (!opened) return opened.error();
    return storage::open_record_store(std::move(engine), storage::Opening::normal);
  }

  void lose_power_soon(SeededRandom& random) override { env_->lose_power_at(1 + random.below(kCallsToPowerLoss)); }
  void refuse(SeededRandom& random) override {
    switch (random.below(5)) {
      case 0:
        return env_->refuse_writes(EIO);
      case 1:
        return env_->refuse_opening(EMFILE);
      case 2:
        return env_->fail_at(1 + random.below(kCallsToFailure), random.chance(0.5) ? EIO : ENOSPC);
      default:
        return env_->set_capacity(env_->used() + random.below(kRoomLeft));
    }
  }
  void allow() override {
    env_->refuse_writes(0);
    env_->refuse_opening(0);
    env_->fail_at(0, 0);
    env_->set_capacity(UINT64_MAX);
  }
  void calm() override {
    allow();
    env_->lose_power_at(0);
  }
  bool power_lost() const override { return env_->without_power(); }

  std::optional<std::string> power_on(SeededRandom& random) override {
    allow();
    env_->restart(true);
    // It may go again while the store recovers.
    if (random.chance(0.3)) {
      env_->lose_power_at(1 + random.below(kCallsToPowerLoss));
      try {
        const auto interrupted = open();
      } catch (const PowerLoss&) {
      }
      env_->restart(true);
    }
    const auto store = open();
    if (!store) return "after a loss of power the store does not open: " + store.error().message();
    const auto report = (*store)->check();
    if (!report) return "after a loss of power the store cannot be checked: " + report.error().message();
    for (const storage::Finding& f : report->findings)  // what a repair has set aside is known
      if (f.trouble != storage::Finding::Trouble::set_aside) return "after a loss of power: " + f.message;
    return std::nullopt;
  }

  // Any byte of any log or table.
  std::optional<Damaged> damage(SeededRandom& random, const std::function<bool(ByteView key)>&) override {
    std::vector<std::string> names;
    for (const std::string& name : env_->names())
      if (name.starts_with(options_.directory + "/0") && !env_->content(name).empty()) names.push_back(name);
    if (names.empty()) return std::nullopt;
    const std::string& name = names[random.below(names.size())];
    const std::size_t offset = random.below(env_->content(name).size());
    env_->flip(name, offset);
    if (const auto wrong = mend()) throw std::runtime_error(*wrong);
    return Damaged{"byte " + std::to_string(offset) + " of " + name, {}, {}};
  }

  std::uint64_t fingerprint() const override { return env_->changing_calls(); }

 private:
  // As somebody does whose store says that it is damaged.
  std::optional<std::string> mend() {
    env_->hold_work(false);  // a repair waits for LevelDB's work itself, so that it is one thing after the other too
    const auto report = storage::repair_leveldb_store(options_);
    env_->hold_work(true);
    if (!report) return "a damaged store cannot be repaired: " + report.error().message();
    const auto store = open();
    if (!store) return "a repaired store does not open: " + store.error().message();
    return std::nullopt;
  }

  std::shared_ptr<FaultyEnv> env_;
  storage::LevelDbOptions options_;
};

}  // namespace

std::shared_ptr<Disk> make_leveldb_disk(std::uint64_t seed) { return std::make_shared<LevelDbDisk>(seed); }

}  // namespace tlfs::simulation
