#include <catch2/catch.hpp>

#include "runtime/replica/past.h"
#include "runtime/replica/snapshot_blocks.h"
#include "tests/runtime/replica/workload.h"

using namespace tlfs;
using namespace tlfs::replica;
using namespace tlfs::replica::testing;

namespace {

std::size_t count(const Disk& disk, storage::Kind kind) {
  std::size_t out = 0;
  for (const auto& [key, value] : disk) {
    const auto place = storage::parse_key(key);
    out += place->region == static_cast<std::uint8_t>(storage::Region::document) &&
           place->kind == static_cast<std::uint8_t>(kind);
  }
  return out;
}

std::size_t bytes(const std::vector<storage::Batch>& batches) {
  std::size_t out = 0;
  for (const storage::Batch& b : batches)
    for (const auto& w : b.writes()) out += w.value ? w.value->size() : 0;
  return out;
}

}  // namespace

TEST_CASE("A compacted document opens without its history") {
  Device alice(1);
  alice.create();
  for (int i = 0; i < 30; ++i) {
    REQUIRE(alice.set(".title", "title " + std::to_string(i)).ok());
    alice.content().seal();
    alice.replica->observe();
  }
  alice.save();
  CHECK(count(alice.disk, storage::Kind::change) == 30);
  const Picture before = picture_of(*alice.replica);
  alice.replica->compact(false);
  alice.save();
  CHECK(count(alice.disk, storage::Kind::change) == 0);
  CHECK(count(alice.disk, storage::Kind::history) > 0);
  auto opened = alice.open(alice.disk);
  REQUIRE(opened.ok());
  CHECK((*opened)->document().content().json() == before.json);
  CHECK((*opened)->document().content().revision() == before.revision);
  CHECK_THROWS_AS((*opened)->document().content().all_changes(), HistoryNeeded);
  const auto whole = alice.must_open(alice.disk, true);
  CHECK(picture_of(*whole) == before);
}

TEST_CASE("History is merged when it has grown, and every change comes back bit by bit") {
  Workload w(4242);
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 40; ++i) {
      REQUIRE(w.alice
                  .edit([&](document::Transaction& tx) {
                    return tx.splice(tx.address(".text").value(), 0, 0,
                                     document::testing::random_words(w.random, 4000));
                  })
                  .ok());
      w.alice.content().seal();
      w.alice.replica->observe();
    }
    w.compact(true);
  }
  const Picture before = picture_of(*w.alice.replica);
  bool archive = false;
  for (const auto& r : read(w.alice.disk, w.alice.id, true).records)
    if (const auto place = storage::parse_key(r.key); place->kind == static_cast<std::uint8_t>(storage::Kind::history))
      archive = archive ||
                HistoryPart::decode(*open_value(w.alice.at_rest(), r.key, r.value))->kind == HistoryPart::Kind::archive;
  CHECK(archive);
  w.alice.reopen(true);
  CHECK(picture_of(*w.alice.replica) == before);
}

TEST_CASE("A replica without its history says that merging needs it, and nothing is lost") {
  Device alice(1);
  alice.create();
  SeededRandom random(3);
  const auto grow = [&] {
    for (int i = 0; i < 100; ++i) {
      REQUIRE(alice
                  .edit([&](document::Transaction& tx) {
                    return tx.splice(tx.address(".text").value(), 0, 0, document::testing::random_words(random, 8000));
                  })
                  .ok());
      alice.content().seal();
    }
    alice.replica->observe();
    alice.save();
  };
  grow();
  alice.replica->compact(false);
  alice.save();
  alice.reopen();
  grow();
  const std::string json = alice.content().json();
  CHECK_THROWS_AS(alice.replica->compact(true), HistoryNeeded);
  alice.save();
  alice.reopen(true);
  alice.replica->compact(true);
  alice.save();
  alice.reopen();
  CHECK(alice.content().json() == json);
}

TEST_CASE("It is said when taking a snapshot pays") {
  Device alice(1);
  alice.create();
  CHECK_FALSE(alice.replica->wants_compaction());
  for (int i = 0; i < 1100; ++i) REQUIRE(alice.set(".title", std::to_string(i)).ok());
  CHECK(alice.replica->wants_compaction());
  alice.replica->compact(true);
  alice.save();
  CHECK_FALSE(alice.replica->wants_compaction());
  REQUIRE(alice.set(".title", std::string(100'000, 'x')).ok());
  CHECK(alice.replica->wants_compaction());
}

TEST_CASE("Ten thousand transactions that were never sealed come back") {
  Device alice(1);
  alice.create();
  for (int i = 0; i < 10'000; ++i)
    REQUIRE(alice
                .edit([&](document::Transaction& tx) {
                  return tx.splice(tx.address(".text").value(), static_cast<std::uint64_t>(i), 0, "x");
                })
                .ok());
  const Picture before = picture_of(*alice.replica);
  CHECK(count(alice.disk, storage::Kind::local) == 10'000);
  alice.reopen();
  CHECK(picture_of(*alice.replica) == before);
}

TEST_CASE("Cuts depend on what is near them only") {
  SeededRandom random(5);
  Bytes bytes(2'000'000);
  random.fill(bytes);
  const auto pieces_of = [](const Bytes& all) {
    std::set<std::string> out;
    std::size_t from = 0;
    for (const std::size_t end : cut(all)) {
      CHECK(end - from <= kMaxPieceBytes);
      if (end != all.size()) CHECK(end - from >= kMinPieceBytes);
      out.emplace(all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(end));
      from = end;
    }
    CHECK(from == all.size());
    return out;
  };
  const auto before = pieces_of(bytes);
  bytes.insert(bytes.begin() + 1'000'000, 17);
  const auto after = pieces_of(bytes);
  std::size_t fresh = 0;
  for (const auto& piece : after) fresh += before.contains(piece) ? 0 : 1;
  CHECK(fresh <= 3);
  CHECK(cut({}).empty());
}

TEST_CASE("The snapshot after one edit of a large document writes little of it") {
  Device alice(1);
  alice.create();
  SeededRandom random(8);
  for (int i = 0; i < 40; ++i)
    REQUIRE(alice
                .edit([&](document::Transaction& tx) -> Status {
                  for (int k = 0; k < 500; ++k)
                    if (Status s =
                            tx.insert(document::parse_path(".list").value(), 0,
                                      {document::parse_json("{\"name\":\"" +
                                                            to_hex(Bytes{static_cast<std::uint8_t>(random.below(256)),
                                                                         static_cast<std::uint8_t>(random.below(256)),
                                                                         static_cast<std::uint8_t>(k)}) +
                                                            "\"}")
                                           .value()});
                        !s)
                      return s;
                  return {};
                })
                .ok());
  alice.replica->compact(false);
  alice.save();
  std::size_t snapshot = 0;
  for (const auto& [key, value] : alice.disk)
    if (const auto place = storage::parse_key(key);
        place->kind == static_cast<std::uint8_t>(storage::Kind::snapshot) && place->document)
      snapshot += value.size();
  REQUIRE(alice.set(".title", "one edit").ok());
  alice.batches.clear();
  alice.replica->compact(false);
  alice.save();
  WARN("a snapshot of " << snapshot << " bytes; after one edit " << bytes(alice.batches) << " are written");
  CHECK(bytes(alice.batches) < snapshot / 2);
}
