// The disk of a simulated node: records that survive the node, and everything that can go wrong with them, when the
// simulation says so.
//
// What it stands for is a storage::Store, whose writes are atomic and synced: a loss of power at a write leaves all of
// it or nothing. That the real store keeps this promise over torn and dropped blocks is tested where it is made
// (tests/runtime/storage: the same faults under the real LevelDB).
#pragma once

#include <memory>
#include <optional>

#include "runtime/base/environment.h"
#include "runtime/storage/memory_store.h"

namespace tlfs::simulation {

// Thrown in the middle of a write when the power goes; the simulation ends the node before anybody acts again.
struct PowerLoss final : std::exception {
  const char* what() const noexcept override { return "the power is gone"; }
};

struct Disk {
  std::shared_ptr<storage::MemoryDisk> records = std::make_shared<storage::MemoryDisk>();
  std::uint64_t writes = 0;
  std::optional<std::uint64_t> power_fails_at;  // the number of a write
  bool write_is_kept = false;                   // that one
  bool power_lost = false;
  std::optional<storage::Errc> refuses_with;  // every write

  void power_on() {
    power_lost = false;
    power_fails_at.reset();
    refuses_with.reset();
    records->open = false;
  }
};

// For TestNode::Settings::open_store.
Result<std::unique_ptr<storage::Store>> open(const std::shared_ptr<Disk>& disk);

// A record, and its value before it was damaged.
struct Damaged {
  Bytes key, value;
};
// Changes a byte of a record, chosen at random among those that `may` admits; nothing when there is none.
std::optional<Damaged> damage(Disk& disk, SeededRandom& random, const std::function<bool(ByteView key)>& may);

}  // namespace tlfs::simulation
