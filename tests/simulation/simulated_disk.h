// The disk of a simulated node: what survives the node, and everything that can go wrong with it, when the simulation
// says so. There are two, and a simulation runs on either.
//
// Records: a storage::Store in memory that keeps the promise of one, whose writes are atomic and synced. A loss of
// power at a write leaves all of it or nothing. Quick, and damage hits one known record.
//
// LevelDB: the real store over the real LevelDB, on a file system in memory that drops what was not synced, tears the
// last block, fails at the n-th call, fills up. LevelDB's background work is done in the foreground, after the call
// that asked for it, so that the same seed makes the same calls to the file system in the same order.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/base/environment.h"
#include "runtime/storage/memory_store.h"

namespace tlfs::simulation {

// Thrown in the middle of a call of the store when the power goes; the simulation ends the node before anybody acts
// again.
struct PowerLoss final : std::exception {
  const char* what() const noexcept override { return "the power is gone"; }
};

// What was damaged.
struct Damaged {
  std::string what;
  Bytes key, value;  // a record and its value before; empty when nobody knows which records are hit
};

class Disk {
 public:
  virtual ~Disk() = default;
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // For TestNode::Settings::open_store. Throws PowerLoss.
  virtual Result<std::unique_ptr<storage::Store>> open() = 0;

  // ---- faults ----
  // The power goes at one of the next writes.
  virtual void lose_power_soon(SeededRandom& random) = 0;
  // The disk takes nothing, or little more, or a single call fails.
  virtual void refuse(SeededRandom& random) = 0;
  // Takes that back.
  virtual void allow() = 0;
  // And the loss of power that was to come, if it has not.
  virtual void calm() = 0;
  virtual bool power_lost() const = 0;
  // To be called when no store is open: whatever was going to happen does not, and what survived is there. A sentence
  // when the disk is not what it should be after that.
  virtual std::optional<std::string> power_on(SeededRandom& random) = 0;
  // With the power on and no store open: changes a byte, of a record that `may` admits where records are known. Nothing
  // when there is none.
  virtual std::optional<Damaged> damage(SeededRandom& random, const std::function<bool(ByteView key)>& may) = 0;

  // Of what has been done to it: the same seed, the same number.
  virtual std::uint64_t fingerprint() const = 0;
};

std::shared_ptr<Disk> make_record_disk();
std::shared_ptr<Disk> make_leveldb_disk(std::uint64_t seed);

}  // namespace tlfs::simulation
