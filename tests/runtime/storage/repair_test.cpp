// Damage to LevelDB's files: what is refused, what is said, what a repair saves.
#include "runtime/storage/repair.h"

#include "tests/runtime/storage/rigs.h"

namespace tlfs::storage {
namespace {

constexpr std::uint64_t kRecords = 300;

Bytes value_of(std::uint64_t i) { return Bytes(500, static_cast<std::uint8_t>(i * 13 + i / 256)); }

std::vector<std::string> files(const LevelDbRig& rig, const std::string& part) {
  std::vector<std::string> names;
  for (const std::string& name : rig.env.names())
    if (name.starts_with("/data/store/") && name.find(part) != std::string::npos) names.push_back(name);
  return names;
}

std::size_t records_of(Store& store) {
  std::size_t wrong = 0;
  const std::size_t records = ok(store.scan({}, {}, [&](ByteView key, ByteView value) {
                                const auto place = parse_key(key);
                                if (place->region == static_cast<std::uint8_t>(Region::document))
                                  wrong += Bytes(value.begin(), value.end()) == value_of(*place->number) ? 0 : 1;
                                return true;
                              })).records;
  REQUIRE(wrong == 0);
  return records;
}

void fill(LevelDbRig& rig, std::uint64_t from = 0, std::uint64_t to = kRecords) {
  const auto store = ok(rig.open());
  for (std::uint64_t i = from; i < to; ++i) {
    Batch batch;
    batch.put(change_key(static_cast<std::uint8_t>(1 + i % 3), i), value_of(i));
    ok(store->write(batch));
  }
}

std::size_t lost_by(const CheckReport& report) {
  std::size_t lost = 0;
  for (const Finding& f : report.findings)
    if (f.trouble == Finding::Trouble::corrupt_record) {
      const auto place = parse_key(f.key);
      const bool counted = place->kind == static_cast<std::uint8_t>(Kind::change) && (*place->document)[0] <= 3 &&
                           *place->document == document_id((*place->document)[0]);
      lost += counted ? 1 : 0;
    } else if (f.trouble == Finding::Trouble::lost_records) {
      const std::size_t at = f.message.find("change: ");
      if (at != std::string::npos) lost += std::stoul(f.message.substr(at + 8));
    }
  return lost;
}

std::string all_messages(const CheckReport& report) {
  std::string text;
  for (const Finding& f : report.findings) text += f.message + "\n";
  return text;
}

// Repairs, and requires that losses are in the report: to the record when the counts survived, else by saying so.
RepairReport repair(LevelDbRig& rig, bool counts_survive = true) {
  RepairReport report = ok(repair_leveldb_store(rig.options));
  INFO(report.reason << "\n" << all_messages(report.lost));
  const auto store = ok(rig.open());
  const std::size_t quarantined = ok(store->stat()).quarantined;
  const std::size_t there = records_of(*store) - quarantined;
  if (counts_survive) REQUIRE(there + lost_by(report.lost) == kRecords);
  if (there < kRecords) REQUIRE_FALSE(report.lost.findings.empty());
  REQUIRE((quarantined > 0) == !report.original.empty());  // at least a note that there was a salvage
  for (const Finding& f : ok(store->check()).findings) REQUIRE(f.trouble == Finding::Trouble::set_aside);
  return report;
}

TEST_CASE("A store without damage is left as it is by a repair") {
  LevelDbRig rig;
  fill(rig);
  REQUIRE(ok(check_leveldb_store(rig.options)).findings.empty());
  const RepairReport report = repair(rig);
  REQUIRE(report.original.empty());
  REQUIRE(report.lost.findings.empty());
}

TEST_CASE("Checking and repairing do not make a store where there is none") {
  LevelDbRig rig;
  REQUIRE(check_leveldb_store(rig.options).error().is(Errc::missing));
  REQUIRE(repair_leveldb_store(rig.options).error().is(Errc::missing));
  REQUIRE_FALSE(leveldb_store_exists(rig.options));
}

TEST_CASE("A store that is open is not repaired") {
  LevelDbRig rig;
  const auto store = ok(rig.open());
  REQUIRE(repair_leveldb_store(rig.options).error().is(Errc::locked));
}

TEST_CASE("Damage amid the log is refused, not skipped, and repair names how many records it cost") {
  for (const std::size_t size : {1, 3'000})
    for (const double where : {0.1, 0.35, 0.6, 0.8}) {
      INFO(size << " bytes at " << where);
      LevelDbRig rig;
      rig.options.write_buffer_bytes = 4u << 20;
      fill(rig);
      const auto logs = files(rig, ".log");
      REQUIRE(logs.size() == 1);
      std::string damaged = rig.env.content(logs[0]);
      const auto from = static_cast<std::size_t>(static_cast<double>(damaged.size()) * where);
      for (std::size_t i = from; i < from + size; ++i) damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
      rig.env.set_content(logs[0], damaged);
      const auto opened = rig.open();
      REQUIRE_FALSE(opened.ok());
      REQUIRE(opened.error().is(Errc::corrupt));
      REQUIRE(ok(check_leveldb_store(rig.options)).unreadable);
      const RepairReport report = repair(rig);
      INFO(all_messages(report.lost));
      if (size > 1) REQUIRE(report.lost.findings.size() > 1);
      if (size > 1) REQUIRE(lost_by(report.lost) > 0);
      REQUIRE(lost_by(report.lost) < kRecords / 2);
      REQUIRE(report.original == "/data/store.damaged-1");
      REQUIRE(rig.env.content(report.original + logs[0].substr(std::string("/data/store").size())) == damaged);
    }
}

TEST_CASE("A byte that flips in a table is found by reading everything, and repair names what it cost") {
  LevelDbRig rig;
  fill(rig);
  std::size_t damaged = 0;
  for (const std::string& table : files(rig, ".ldb")) {
    rig.env.flip(table, rig.env.content(table).size() / 3);
    ++damaged;
  }
  REQUIRE(damaged > 0);
  const CheckReport checked = ok(check_leveldb_store(rig.options));
  REQUIRE(checked.unreadable);
  const RepairReport report = repair(rig, false);
  REQUIRE_FALSE(report.original.empty());
  REQUIRE_FALSE(report.lost.findings.empty());
}

TEST_CASE("A table, the version file or CURRENT that is gone is never taken for an empty store") {
  for (const std::string part : {".ldb", "MANIFEST-", "CURRENT"}) {
    INFO(part);
    LevelDbRig rig;
    fill(rig);
    const auto gone = files(rig, part);
    REQUIRE_FALSE(gone.empty());
    REQUIRE(rig.env.RemoveFile(gone.front()).ok());
    const auto opened = rig.open();
    REQUIRE_FALSE(opened.ok());
    INFO(opened.error().message());
    REQUIRE(opened.error().is(Errc::corrupt));
    const RepairReport report = repair(rig, part != ".ldb");
    REQUIRE(report.lost.findings.size() > (part == ".ldb" ? 1 : 0));
  }
}

TEST_CASE("After a repair the last value of each key holds, not an older one from another file") {
  LevelDbRig rig;
  {
    const auto store = ok(rig.open());
    for (int round = 0; round < 40; ++round) {
      Batch batch;
      for (std::uint64_t i = 0; i < 20; ++i)
        batch.put(note_key(document_id(5), "note " + std::to_string(i)), Bytes(400, static_cast<std::uint8_t>(round)));
      ok(store->write(batch));
    }
  }
  REQUIRE(rig.env.RemoveFile("/data/store/CURRENT").ok());
  const RepairReport report = ok(repair_leveldb_store(rig.options));
  REQUIRE(report.lost.findings.size() == 1);
  CHECK_THAT(report.lost.findings[0].message, Catch::Contains("what was written last may be gone"));
  const auto store = ok(rig.open());
  for (std::uint64_t i = 0; i < 20; ++i)
    REQUIRE(ok(store->read(note_key(document_id(5), "note " + std::to_string(i)))) == Bytes(400, 39));
}

TEST_CASE("A repair that is interrupted at any call loses nothing and can be done again") {
  std::uint64_t calls = 0;
  const auto damage = [](LevelDbRig& rig) {
    rig.options.write_buffer_bytes = 4u << 20;
    fill(rig, 0, 60);
    const auto logs = files(rig, ".log");
    rig.env.flip(logs.back(), rig.env.content(logs.back()).size() / 2);
  };
  {
    LevelDbRig rig;
    damage(rig);
    const std::uint64_t before = rig.env.changing_calls();
    ok(repair_leveldb_store(rig.options));
    calls = rig.env.changing_calls() - before;
  }
  const auto interrupt = [&](std::uint64_t n, std::uint64_t seed) {
    INFO("power lost at call " << n << " of " << calls << " of the repair, seed " << seed);
    LevelDbRig rig(seed);
    damage(rig);
    rig.env.lose_power_at(n);
    const auto interrupted = repair_leveldb_store(rig.options);
    rig.env.lose_power();
    rig.env.restart(true);
    // Whoever opens it now gets an error or the repaired store, never a new one.
    auto opened = rig.open();
    if (opened) {
      REQUIRE(records_of(**opened) >= 59);
      opened->reset();
    } else {
      REQUIRE(opened.error().is(Errc::corrupt));
    }
    ok(repair_leveldb_store(rig.options));
    const auto store = ok(rig.open());
    const std::size_t noted = ok(store->stat()).quarantined;
    REQUIRE(noted > 0);
    REQUIRE(records_of(*store) - noted >= 59);
  };
  for (std::uint64_t n = 1; n <= calls; ++n) interrupt(n, n);
  // Between the renames.
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    for (std::uint64_t n = calls - 4; n <= calls; ++n) interrupt(n, seed);
}

}  // namespace
}  // namespace tlfs::storage
