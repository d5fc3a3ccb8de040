// Whatever prefix of the batches is on the disk, the document is what it was then.
#include <catch2/catch.hpp>

#include "tests/runtime/document/seeds.h"
#include "tests/runtime/replica/workload.h"

using namespace tlfs;
using namespace tlfs::replica;
using namespace tlfs::replica::testing;

namespace {

struct Moment {
  std::size_t batches = 0;  // that were written by then
  Picture picture;
  std::vector<std::optional<std::uint64_t>> done;
  std::size_t writes = 0;
};

// With all changes: where they are not in memory a second replica reads them.
Picture full_picture(Device& device) {
  try {
    return picture_of(*device.replica);
  } catch (const HistoryNeeded&) {
    const auto again = device.must_open(device.disk, true);
    return picture_of(*again);
  }
}

}  // namespace

TEST_CASE("After any prefix of the batches a replica opens as it was at that point") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    Workload w(seed);
    std::vector<Moment> moments;
    for (int i = 0; i < 60; ++i) {
      w.step();
      if (!moments.empty() && moments.back().batches == w.alice.batches.size()) continue;
      moments.push_back(
          {w.alice.batches.size(), full_picture(w.alice), done_of(*w.alice.replica, w.writes), w.writes.size()});
    }
    Disk disk;
    auto moment = moments.begin();
    for (std::size_t i = 0; i < w.alice.batches.size(); ++i) {
      write(disk, w.alice.batches[i]);
      INFO("after batch " << i + 1 << " of " << w.alice.batches.size());
      while (moment != moments.end() && moment->batches < i + 1) ++moment;
      const auto opened = w.alice.must_open(disk);
      CHECK(opened->lost().empty());
      CHECK(opened->take_writes().empty());
      if (moment == moments.end() || moment->batches != i + 1) continue;
      const document::Document& d = opened->document().content();
      REQUIRE(d.json() == moment->picture.json);
      REQUIRE(d.revision() == moment->picture.revision);
      REQUIRE(d.writer() == moment->picture.writer);
      REQUIRE(d.graph().ids().size() == moment->picture.next_id);
      const std::vector<WriteId> writes(w.writes.begin(),
                                        w.writes.begin() + static_cast<std::ptrdiff_t>(moment->writes));
      REQUIRE(done_of(*opened, writes) == moment->done);
      const auto whole = w.alice.must_open(disk, true);
      REQUIRE(picture_of(*whole) == moment->picture);
    }
  }
}

TEST_CASE("A replica that was closed and opened all the time converges with one that never was") {
  for (std::uint64_t seed = 100; seed < 106; ++seed) {
    INFO("seed " << seed);
    Workload w(seed);
    for (int i = 0; i < 80; ++i) {
      w.step();
      if (i % 3 == 0) w.alice.reopen(w.random.chance(0.2));
      if (i % 11 == 0) w.compact(true);
    }
    w.retry([&] { w.alice.give(w.bob); });
    w.retry([&] { w.bob.give(w.alice); });
    CHECK(w.alice.content().json() == w.bob.content().json());
    w.alice.reopen(true);
    CHECK(w.alice.content().json() == w.bob.content().json());
    CHECK(picture_of(*w.alice.replica).changes.size() == w.bob.content().graph().size());
  }
}
