// A random life of a document on one device, with a second one that writes to it.
#pragma once

#include "tests/runtime/document/random_edit.h"
#include "tests/runtime/replica/devices.h"

namespace tlfs::replica::testing {

class Workload {
 public:
  explicit Workload(std::uint64_t seed) : random(seed), alice(2 * seed + 1), bob(2 * seed + 2) {
    alice.create();
    REQUIRE(alice.grant(Level::write, bob.principal()).ok());
    bob.join(alice);
    alice.give(bob);
  }

  // Something happens on alice's device, and is on her disk.
  void step() {
    const std::uint64_t what = random.below(100);
    if (what < 60) {
      edit(alice);
    } else if (what < 68) {
      take_back();
    } else if (what < 80) {
      for (std::uint64_t n = 1 + random.below(3); n > 0; --n) edit(bob);
      retry([&] { bob.give(alice); });
      retry([&] { alice.give(bob); });
    } else if (what < 84) {
      const Principal someone = Principal::of_key(crypto::SigningKey::generate(random).public_key());
      retry([&] { REQUIRE(alice.grant(Level::read, someone).ok()); });
      if (random.chance(0.5))
        retry([&] {
          (void)alice.replica->document().revoke({}, Level::read, someone);
          alice.replica->observe();
          alice.save();
        });
    } else if (what < 88) {
      alice.content().seal();
      alice.replica->observe();
      alice.save();
    } else if (what < 94) {
      compact(random.chance(0.5));
    } else if (what < 96) {
      alice.reopen();
    } else {
      const WriteId write{5, ++named};
      (void)alice.replica->run(write, [](document::Document& d) -> Result<document::Commit> {
        document::Commit nothing;
        nothing.revision = d.revision();
        return nothing;
      });
      writes.push_back(write);
      alice.save();
    }
  }

  void compact(bool merge) {
    retry([&] {
      alice.replica->compact(merge);
      alice.save();
    });
  }

  // Does it again on a replica with its history when it needs that.
  template <class F>
  void retry(F&& f) {
    try {
      f();
    } catch (const HistoryNeeded&) {
      ++history_needed;
      alice.save();
      alice.reopen(true);
      f();
    }
  }

  SeededRandom random;
  Device alice, bob;
  std::vector<WriteId> writes;  // that were done, in their order
  std::size_t history_needed = 0;
  std::uint64_t named = 0;

 private:
  void edit(Device& device) {
    const bool name = &device == &alice && random.chance(0.5);
    const WriteId write = name ? WriteId{5, ++named} : WriteId{};
    retry([&] {
      const Status done = device.edit(
          [&](document::Transaction& tx) -> Status {
            for (std::uint64_t n = 1 + random.below(4); n > 0; --n) (void)document::testing::random_edit(tx, random);
            return {};
          },
          write);
      if (done.ok() && name) writes.push_back(write);
    });
  }
  void take_back() {
    const bool redo = random.chance(0.3);
    retry([&] {
      (void)alice.replica->run({}, [&](document::Document& d) { return redo ? d.redo("window") : d.undo("window"); });
      alice.save();
    });
  }
};

// Which of the writes a replica knows as done, with what they led to.
inline std::vector<std::optional<std::uint64_t>> done_of(const Replica& replica, const std::vector<WriteId>& writes) {
  std::vector<std::optional<std::uint64_t>> out;
  for (const WriteId& w : writes) out.push_back(replica.done(w));
  return out;
}

}  // namespace tlfs::replica::testing
