// A node under everything that can happen to it, decided by one number.
//
// A run is setup, start, check: documents with people who write, read and watch them; then, for a while, random steps
// of the actors with random faults in between; then the faults end, time passes, and what must be true is looked at.
// Much of it is looked at all the time. The actors are the production's; the scheduler, the clock, randomness and the
// disk are simulated. The same seed gives the same run, step by step, and so the same trace hash. The disk keeps
// records as a store promises to, or it is the real store and the real LevelDB on a file system that fails
// (simulated_disk.h).
//
// Faults: any actor crashes; the power fails at a write (which is there afterwards, or is not), or with LevelDB at any
// call that changes the file system; the disk is full for a while, or slow; with LevelDB, a call fails, or no file can
// be opened; a record, or a byte of a file, is damaged while the node is down; documents are closed under the hands of
// those who use them; requests and changes from another device arrive twice and in any order.
//
// Always true: what was acknowledged is there; no transaction is half there, in any update that a subscriber sees;
// every request is answered while the node lives; queues stay bounded; subscribers end with the value; two devices that
// have exchanged everything have the same value.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/testing/test_node.h"
#include "tests/simulation/simulated_disk.h"

namespace tlfs::simulation {

struct Report {
  std::uint64_t hash = 0;  // of every step and every answer
  std::uint64_t steps = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t crashes = 0;  // of actors
  std::uint64_t power_losses = 0;
  std::uint64_t refused = 0;         // writes, by a disk that took nothing
  std::vector<std::string> damaged;  // records
  std::vector<std::string> faults;   // what was not true
};

enum class DiskKind : std::uint8_t { records, leveldb };

struct Options {
  DiskKind disk = DiskKind::records;
  std::size_t events = 120;  // faults, requests and pauses
  bool damage = true;        // some seeds damage records
};

Report simulate(std::uint64_t seed, const Options& options = {});

}  // namespace tlfs::simulation
