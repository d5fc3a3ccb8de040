// Every record damaged or lost, one at a time.
#include <catch2/catch.hpp>

#include "tests/runtime/replica/workload.h"

using namespace tlfs;
using namespace tlfs::replica;
using namespace tlfs::replica::testing;

namespace {

// A document with all kinds of records.
void live(Workload& w) {
  for (int i = 0; i < 25; ++i) w.step();
  w.compact(false);
  for (int i = 0; i < 15; ++i) w.step();
  w.compact(true);
  for (int i = 0; i < 15; ++i) w.step();
  w.alice.content().seal();
  w.alice.replica->observe();
  w.alice.save();
  for (int i = 0; i < 3; ++i) REQUIRE(w.alice.set(".title", "not sealed " + std::to_string(i), {6, 1u + i}).ok());
  w.writes.clear();
}

// Opens, with the history when that is needed; null when it says clearly that it cannot.
std::unique_ptr<Replica> open_somehow(Device& device, const std::function<Records(bool)>& records, std::string& why) {
  for (const bool with_history : {false, true}) {
    try {
      auto opened = Replica::open(device.settings(device.id), records(with_history));
      if (opened) return std::move(*opened);
      why = opened.error().message();
      return nullptr;
    } catch (const HistoryNeeded&) {
      REQUIRE_FALSE(with_history);
    }
  }
  return nullptr;
}

// Writes, syncs with the other device, and opens again without complaint.
void goes_on(Device& device, std::unique_ptr<Replica> opened, Disk disk, Device& other) {
  Device& d = device;
  d.replica = std::move(opened);
  d.disk = std::move(disk);
  d.save();
  const std::string json = d.content().json();
  const document::WriterId writer = d.content().writer();
  d.reopen();
  CHECK(d.content().json() == json);
  CHECK(d.content().writer() == writer);
  const auto sync = [&] {
    const auto taken = d.replica->take(other.replica->document().statements(), other.content().all_changes());
    d.save();
  };
  try {
    sync();
  } catch (const HistoryNeeded&) {
    d.save();
    d.reopen(true);
    sync();
  }
}

}  // namespace

TEST_CASE("Any one record may be damaged or gone: what can be read opens, and what is lost is said") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Workload w(seed);
    live(w);
    const Disk whole = w.alice.disk;
    const std::string json = w.alice.content().json();
    const document::WriterId writer = w.alice.content().writer();
    w.alice.content().seal();
    w.alice.replica->observe();
    {  // the other device has everything that was ever sealed before the last three
      Device& a = w.alice;
      w.retry([&] { a.give(w.bob); });
    }
    const storage::Range range = storage::document_range(w.alice.id);
    for (auto at = whole.lower_bound(range.from); at != whole.end() && at->first < range.to; ++at) {
      const std::uint8_t kind = storage::parse_key(at->first)->kind;
      for (const std::string how : {"reported", "flipped", "dropped"}) {
        INFO("seed " << seed << ", " << storage::describe_key(at->first) << ", " << how);
        // What lies there as it travels has the store's checksum alone.
        const bool encrypted = kind >= static_cast<std::uint8_t>(storage::Kind::local) ||
                               kind == static_cast<std::uint8_t>(storage::Kind::snapshot);
        if (how == "flipped" && !encrypted) continue;
        Disk disk = whole;
        if (how == "flipped") disk[at->first][at->second.size() / 2] ^= 0x10;
        if (how == "dropped") disk.erase(at->first);
        std::string why;
        auto opened = open_somehow(
            w.alice,
            [&](bool with_history) {
              Records records = read(disk, w.alice.id, with_history);
              if (how == "reported")
                for (std::size_t i = 0; i < records.records.size(); ++i)
                  if (records.records[i].key == at->first) {
                    records.corrupt.push_back(at->first);
                    records.records.erase(records.records.begin() + static_cast<std::ptrdiff_t>(i));
                    break;
                  }
              return records;
            },
            why);
        if (!opened) {
          CHECK_FALSE(why.empty());
          continue;
        }
        const auto k = static_cast<storage::Kind>(kind);
        const bool last_local = k == storage::Kind::local && how == "dropped" &&
                                std::next(at)->first[33] != static_cast<std::uint8_t>(storage::Kind::local);
        if (k != storage::Kind::history && k != storage::Kind::package && !last_local)
          CHECK_FALSE(opened->lost().empty());
        if (k == storage::Kind::change || k == storage::Kind::statement) CHECK(opened->incomplete());
        if ((k == storage::Kind::change || k == storage::Kind::local) && !last_local)
          CHECK(opened->document().content().writer() != writer);
        if (k == storage::Kind::snapshot || k == storage::Kind::history || k == storage::Kind::package)
          CHECK(opened->document().content().json() == json);
        goes_on(w.alice, std::move(opened), std::move(disk), w.bob);
      }
    }
  }
}
