// Losses of power and failing calls at every point of a run of batches, and what is there afterwards.
#include "tests/runtime/storage/random_batches.h"
#include "tests/runtime/storage/rigs.h"

namespace tlfs::storage {
namespace {

constexpr std::size_t kBatches = 24;

// A run of batches with known contents after each.
struct Run {
  explicit Run(std::uint64_t seed) {
    RandomBatches random(seed);
    Contents model;
    states.push_back(model);
    for (std::size_t i = 0; i < kBatches; ++i) {
      Batch batch = random.next();
      // Enough that tables are written.
      batch.put(numbered_key(document_id(9), Kind::snapshot, i % 5), Bytes(9'000, static_cast<std::uint8_t>(i)));
      batches.push_back(batch);
      apply_batch(model, batch);
      states.push_back(model);
    }
  }
  std::vector<Batch> batches;
  std::vector<Contents> states;  // after so many batches
};

std::uint64_t calls_of(const Run& run) {
  LevelDbRig rig;
  auto store = ok(rig.open());
  for (const Batch& batch : run.batches) ok(store->write(batch));
  store.reset();
  return rig.env.changing_calls();
}

TEST_CASE("After a loss of power at any call every acknowledged batch is there, and none is half there") {
  const Run run(5);
  const std::uint64_t calls = calls_of(run);
  REQUIRE(calls > 60);
  std::size_t last_was_there = 0, cut = 0;
  for (std::uint64_t n = 1; n <= calls; ++n)
    for (const bool tear : {false, true}) {
      INFO("power lost at call " << n << (tear ? ", torn" : ""));
      LevelDbRig rig(n);
      rig.env.lose_power_at(n);
      std::size_t acknowledged = 0;
      {
        auto opened = rig.open();
        if (opened)
          while (acknowledged < kBatches && (*opened)->write(run.batches[acknowledged]).ok()) ++acknowledged;
      }
      rig.env.lose_power();
      rig.env.restart(tear);
      auto store = ok(rig.open());
      const Contents there = contents(*store);
      const bool next = acknowledged < kBatches && there == run.states[acknowledged + 1];
      if (next && there != run.states[acknowledged]) ++last_was_there;
      REQUIRE((there == run.states[acknowledged] || next));
      require_sound(*store);
      for (const std::string& name : rig.env.names()) cut += name.find("/torn-") != std::string::npos ? 1 : 0;
      for (std::size_t i = acknowledged; i < kBatches; ++i) ok(store->write(run.batches[i]));
      REQUIRE(contents(*store) == run.states[kBatches]);
      require_sound(*store);
    }
  INFO("unacknowledged batches that were there: " << last_was_there << ", torn ends cut: " << cut);
  REQUIRE(cut > 0);
  REQUIRE(last_was_there > 0);
}

TEST_CASE("Losing the power while recovering from a loss of power loses nothing either") {
  const Run run(6);
  for (std::uint64_t first = 20; first <= 80; first += 12)
    for (std::uint64_t second = 1; second <= 24; ++second) {
      INFO("power lost at call " << first << ", then at call " << second);
      LevelDbRig rig(first * 100 + second);
      rig.env.lose_power_at(first);
      std::size_t acknowledged = 0;
      {
        auto opened = rig.open();
        if (opened)
          while (acknowledged < kBatches && (*opened)->write(run.batches[acknowledged]).ok()) ++acknowledged;
      }
      rig.env.restart(true);
      rig.env.lose_power_at(second);
      { const auto again = rig.open(); }
      rig.env.lose_power();
      rig.env.restart(true);
      const auto store = ok(rig.open());
      const Contents there = contents(*store);
      const bool next = acknowledged < kBatches && there == run.states[acknowledged + 1];
      REQUIRE((there == run.states[acknowledged] || next));
      require_sound(*store);
    }
}

TEST_CASE("Any one call may fail: what was acknowledged stays, the batch is tried again, and all is well") {
  const Run run(7);
  const std::uint64_t calls = calls_of(run);
  for (std::uint64_t n = 1; n <= calls; ++n)
    for (const int error : {EIO, ENOSPC}) {
      INFO("call " << n << " fails with " << error);
      LevelDbRig rig(n);
      rig.env.fail_at(n, error);
      auto opened = rig.open();
      auto store = opened ? std::move(*opened) : ok(rig.open());
      for (const Batch& batch : run.batches) {
        int tries = 1;
        while (!store->write(batch).ok()) REQUIRE(++tries <= 4);
      }
      REQUIRE(contents(*store) == run.states[kBatches]);
      store.reset();
      rig.lose_power();
      store = ok(rig.open());
      REQUIRE(contents(*store) == run.states[kBatches]);
      require_sound(*store);
    }
}

TEST_CASE("A disk that is full at any point and then has room loses nothing that was acknowledged") {
  const Run run(8);
  for (std::uint64_t capacity = 0; capacity < 260'000; capacity += 6'113) {
    INFO("full at " << capacity);
    LevelDbRig rig(capacity);
    rig.env.set_capacity(capacity);
    auto opened = rig.open();
    if (!opened) {
      CHECK(opened.error().is(Errc::full));
      rig.make_room();
    }
    auto store = opened ? std::move(*opened) : ok(rig.open());
    for (std::size_t i = 0; i < kBatches; ++i) {
      const Status status = store->write(run.batches[i]);
      if (status.ok()) continue;
      REQUIRE(status.error().is(Errc::full));
      REQUIRE_FALSE(store->write(run.batches[i]).ok());
      rig.make_room();
      ok(store->write(run.batches[i]));
    }
    store.reset();
    rig.make_room();
    rig.lose_power();
    store = ok(rig.open());
    REQUIRE(contents(*store) == run.states[kBatches]);
    require_sound(*store);
  }
}

}  // namespace
}  // namespace tlfs::storage
