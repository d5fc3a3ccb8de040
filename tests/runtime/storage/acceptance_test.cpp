// What every store promises, put to each of them.
#include "runtime/storage/frame.h"
#include "tests/runtime/storage/random_batches.h"
#include "tests/runtime/storage/rigs.h"

namespace tlfs::storage {
namespace {

#define EVERY_STORE MemoryRig, LevelDbRig

TEMPLATE_TEST_CASE("A store holds what a map would hold after random batches, losses of power included", "",
                   EVERY_STORE) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    INFO("seed " << seed);
    TestType rig(seed);
    RandomBatches random(seed);
    Contents model;
    auto store = ok(rig.open());
    for (int round = 0; round < 120; ++round) {
      const Batch batch = random.next();
      ok(store->write(batch));
      apply_batch(model, batch);
      if (round % 40 == 17) {
        store.reset();
        rig.lose_power();
        store = ok(rig.open());
        REQUIRE(contents(*store) == model);
      }
    }
    REQUIRE(contents(*store) == model);
    require_sound(*store);
    REQUIRE(ok(store->stat()).batches == 120);
  }
}

TEMPLATE_TEST_CASE("A record is read as it was written, empty values and the longest keys included", "", EVERY_STORE) {
  TestType rig;
  const auto store = ok(rig.open());
  const Bytes longest = identity_key(std::string(kMaxKeyBytes - 1, 'k'));
  ok(store->write(batch_of({{identity_key("empty"), ""}, {longest, "long"}, {change_key(1, 2), "two"}})));
  REQUIRE(ok(store->read(identity_key("empty"))) == Bytes());
  REQUIRE(ok(store->read(longest)) == bytes_of("long"));
  REQUIRE(ok(store->read(change_key(1, 2))) == bytes_of("two"));
  REQUIRE(ok(store->read(change_key(1, 3))) == std::nullopt);
}

TEMPLATE_TEST_CASE("What goes beyond a limit is refused and leaves no trace", "", EVERY_STORE) {
  TestType rig;
  const auto store = ok(rig.open());
  const auto refused = [&](const Batch& batch, Errc code) {
    const Status status = store->write(batch);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().is(code));
  };
  refused(batch_of({{change_key(1, 1), "x"}, {identity_key(std::string(kMaxKeyBytes, 'k')), ""}}), Errc::limit);
  Batch huge = batch_of({{change_key(1, 1), "x"}});
  huge.put(change_key(1, 2), Bytes(kMaxValueBytes + 1));
  refused(huge, Errc::limit);
  Batch many;
  for (std::size_t i = 0; i <= kMaxBatchRecords; ++i) many.put(change_key(1, i), {});
  refused(many, Errc::limit);
  for (const Bytes& own : {format_key(), sequence_key(), node_manifest_key(), document_manifest_key(document_id(1)),
                           quarantine_key(1, 1), Bytes(), Bytes{0x40, 1, 2}})
    REQUIRE_FALSE(store->write(batch_of({{change_key(1, 1), "x"}, {own, "mine"}})).ok());
  refused(batch_of({{format_key(), "9"}}), Errc::bad_key);
  REQUIRE(contents(*store).empty());
  require_sound(*store);
}

TEMPLATE_TEST_CASE("Of several writes to one key in a batch the last holds", "", EVERY_STORE) {
  TestType rig;
  const auto store = ok(rig.open());
  Batch batch = batch_of({{change_key(1, 1), "first"}, {change_key(1, 1), "last"}, {change_key(1, 2), "gone"}});
  batch.remove(change_key(1, 2));
  ok(store->write(batch));
  REQUIRE(contents(*store) == Contents{{change_key(1, 1), bytes_of("last")}});
  require_sound(*store);
}

TEMPLATE_TEST_CASE("A scan sees the records as they were when it began, in order, within its bounds", "", EVERY_STORE) {
  TestType rig;
  const auto store = ok(rig.open());
  Batch batch;
  for (std::uint64_t i = 0; i < 100; ++i) batch.put(change_key(7, i * 2), bytes_of(std::to_string(i)));
  ok(store->write(batch));
  std::vector<Bytes> seen;
  ok(store->scan(change_key(7, 20), change_key(7, 60), [&](ByteView key, ByteView) {
    seen.emplace_back(key.begin(), key.end());
    Batch meanwhile;
    meanwhile.put(change_key(7, seen.size() * 2 + 21), bytes_of("new"));
    meanwhile.remove(change_key(7, seen.size() * 2 + 20));
    ok(store->write(meanwhile));
    return true;
  }));
  REQUIRE(seen.size() == 20);
  for (std::uint64_t i = 0; i < seen.size(); ++i) REQUIRE(seen[i] == change_key(7, 20 + 2 * i));
  require_sound(*store);
  std::size_t count = 0;
  ok(store->scan({}, {}, [&](ByteView, ByteView) { return ++count < 5; }));
  REQUIRE(count == 5);
  REQUIRE(ok(store->scan(change_key(7, 60), change_key(7, 20), [](ByteView, ByteView) { return true; })).records == 0);
}

TEMPLATE_TEST_CASE("A store is open once at a time, and the second is told why", "", EVERY_STORE) {
  TestType rig;
  auto store = ok(rig.open());
  const auto second = rig.open();
  REQUIRE_FALSE(second.ok());
  REQUIRE(second.error().is(Errc::locked));
  ok(store->write(batch_of({{change_key(1, 1), "x"}})));
  store.reset();
  REQUIRE(contents(*ok(rig.open())).size() == 1);
}

TEMPLATE_TEST_CASE("A full disk fails a write, keeps everything readable, and is forgotten once there is room", "",
                   EVERY_STORE) {
  TestType rig;
  auto store = ok(rig.open());
  ok(store->write(batch_of({{change_key(1, 1), "before"}})));
  rig.fill_disk();
  for (int i = 0; i < 5; ++i) {
    const Status status = store->write(batch_of({{change_key(1, 2), "during"}}));
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().is(Errc::full));
    REQUIRE(ok(store->read(change_key(1, 1))) == bytes_of("before"));
    REQUIRE(ok(store->scan({}, {}, [](ByteView, ByteView) { return true; })).records >= 1);
  }
  rig.make_room();
  // So much that a log goes over the end of a block, and not so much that a new one begins.
  const std::string value(150, 'v');
  for (std::uint64_t i = 3; i < 153; ++i) ok(store->write(batch_of({{change_key(1, i), value}})));
  store.reset();
  rig.lose_power();
  store = ok(rig.open());
  const Contents all = contents(*store);
  for (std::uint64_t i = 3; i < 153; ++i) REQUIRE(all.contains(change_key(1, i)));
  require_sound(*store);
}

TEMPLATE_TEST_CASE("A disk that refuses says what is wrong, and the store goes on when it is over", "", EVERY_STORE) {
  for (const Errc code : {Errc::denied, Errc::read_only, Errc::too_many_files, Errc::io}) {
    TestType rig;
    auto store = ok(rig.open());
    ok(store->write(batch_of({{change_key(1, 1), "before"}})));
    rig.refuse(code);
    bool failed = false;
    std::uint64_t acknowledged = 0;
    for (std::uint64_t i = 0; i < 200 && !failed; ++i) {  // a store of files notices only when it needs a new one
      Batch batch;
      batch.put(change_key(2, i), Bytes(4096, static_cast<std::uint8_t>(i * 37)));
      const Status status = store->write(batch);
      failed = !status.ok();
      if (failed) CHECK(status.error().is(code));
      if (!failed) ++acknowledged;
    }
    REQUIRE(failed);
    rig.allow();
    ok(store->write(batch_of({{change_key(1, 2), "after"}})));
    store.reset();
    rig.lose_power();
    store = ok(rig.open());
    const Contents all = contents(*store);
    REQUIRE(all.contains(change_key(1, 1)));
    REQUIRE(all.contains(change_key(1, 2)));
    for (std::uint64_t i = 0; i < acknowledged; ++i) REQUIRE(all.contains(change_key(2, i)));
    require_sound(*store);
  }
}

TEMPLATE_TEST_CASE("A damaged record is named, the rest stays readable, and settling moves it into quarantine", "",
                   EVERY_STORE) {
  TestType rig;
  auto store = ok(rig.open());
  Batch batch;
  for (std::uint64_t i = 0; i < 10; ++i) batch.put(change_key(3, i), bytes_of("change " + std::to_string(i)));
  ok(store->write(batch));
  store.reset();
  rig.damage(change_key(3, 4));
  store = ok(rig.open());

  const auto read = store->read(change_key(3, 4));
  REQUIRE_FALSE(read.ok());
  REQUIRE(read.error().is(Errc::corrupt));
  REQUIRE_THAT(read.error().message(), Catch::Contains("document " + to_hex(document_id(3)) + ": change 4"));
  const auto range = document_range(document_id(3));
  const Scanned scanned = ok(store->scan(range.from, range.to, [](ByteView, ByteView) { return true; }));
  REQUIRE(scanned.records == 9);
  REQUIRE(scanned.corrupt == std::vector<Bytes>{change_key(3, 4)});

  CheckReport report = ok(store->check());
  REQUIRE(report.findings.size() == 1);
  REQUIRE(report.findings[0].trouble == Finding::Trouble::corrupt_record);
  REQUIRE(report.findings[0].document == document_id(3));
  REQUIRE(report.findings[0].key == change_key(3, 4));

  REQUIRE(ok(store->settle(document_id(3))).findings.size() == 1);
  REQUIRE(ok(store->stat()).quarantined == 1);
  REQUIRE(ok(store->read(change_key(3, 4))) == std::nullopt);
  report = ok(store->check());
  REQUIRE(report.findings.size() == 1);
  REQUIRE(report.findings[0].trouble == Finding::Trouble::set_aside);

  ok(store->write(batch_of({{change_key(3, 4), "fetched again"}})));
  Batch forget;
  forget.remove(report.findings[0].key);
  ok(store->write(forget));
  require_sound(*store);
}

TEMPLATE_TEST_CASE("Writing over a damaged record sets it aside by itself", "", EVERY_STORE) {
  TestType rig;
  auto store = ok(rig.open());
  ok(store->write(batch_of({{change_key(3, 4), "first"}, {change_key(3, 5), "other"}})));
  store.reset();
  rig.damage(change_key(3, 4));
  store = ok(rig.open());
  ok(store->write(batch_of({{change_key(3, 4), "second"}})));
  REQUIRE(ok(store->read(change_key(3, 4))) == bytes_of("second"));
  const CheckReport report = ok(store->check());
  REQUIRE(report.findings.size() == 1);
  REQUIRE(report.findings[0].trouble == Finding::Trouble::set_aside);
}

TEST_CASE("Whoever removes a damaged record finds it in quarantine, also the last one, written a moment ago") {
  const auto disk = std::make_shared<MemoryDisk>();
  const auto store = ok(open_memory_store(disk));
  ok(store->write(batch_of({{change_key(3, 4), "first"}, {change_key(3, 5), "last"}})));
  disk->records.at(change_key(3, 5)).back() ^= 1;
  Batch batch;
  batch.remove(change_key(3, 5));
  ok(store->write(batch));
  REQUIRE(ok(store->stat()).quarantined == 1);
  REQUIRE(ok(store->read(change_key(3, 5))) == std::nullopt);
  REQUIRE(ok(store->stat()).documents[0].total().records == 1);
}

TEMPLATE_TEST_CASE("Many records that are removed at once are counted and looked at like single ones", "",
                   EVERY_STORE) {
  TestType rig;
  auto store = ok(rig.open());
  Batch batch;
  for (std::uint64_t i = 0; i < 300; i += 2) batch.put(change_key(3, i), bytes_of("change " + std::to_string(i)));
  for (std::uint64_t i = 0; i < 40; ++i) batch.put(change_key(4, i), bytes_of("of another document"));
  ok(store->write(batch));
  const bool damaged = GENERATE(false, true);
  if (damaged) {
    store.reset();
    rig.damage(change_key(3, 20));
    store = ok(rig.open());
  }
  Batch forget;
  for (std::uint64_t i = 10; i < 200; ++i) forget.remove(change_key(3, i));  // half of them were never there
  for (std::uint64_t i = 290; i < 310; ++i) forget.put(change_key(3, i), bytes_of("later"));
  for (std::uint64_t i = 1000; i < 1100; ++i) forget.remove(change_key(4, i));
  for (std::uint64_t i = 0; i < 20; ++i) forget.remove(change_key(4, i));
  ok(store->write(forget));
  const Stat stat = ok(store->stat());
  REQUIRE(stat.documents.size() == 2);
  CHECK(stat.documents[0].total().records == 5 + 45 + 20);
  CHECK(stat.documents[1].total().records == 20);
  CHECK(stat.quarantined == (damaged ? 1 : 0));
  CHECK(ok(store->read(change_key(3, 8))) == bytes_of("change 8"));
  CHECK(ok(store->read(change_key(3, 20))) == std::nullopt);
  for (const Finding& f : ok(store->check()).findings) CHECK(f.trouble == Finding::Trouble::set_aside);
}

TEST_CASE("More damage than is listed at once is all moved aside, and what is missing is noted once") {
  const auto disk = std::make_shared<MemoryDisk>();
  constexpr std::uint64_t kMany = kMaxFindings + 500;
  {
    const auto store = ok(open_memory_store(disk));
    Batch batch;
    for (std::uint64_t i = 0; i < kMany + 2; ++i) batch.put(change_key(3, i), bytes_of("x"));
    ok(store->write(batch));
  }
  for (std::uint64_t i = 0; i < kMany; ++i) disk->records.at(change_key(3, i)).back() ^= 1;
  disk->records.erase(change_key(3, kMany));
  const auto store = ok(open_memory_store(disk));
  REQUIRE(ok(store->check()).unlisted > 0);
  ok(store->settle(document_id(3)));
  CheckReport report = ok(store->check());
  REQUIRE(ok(store->stat()).quarantined == kMany + 1);  // and a note of the one that is gone
  for (const Finding& f : report.findings) REQUIRE(f.trouble == Finding::Trouble::set_aside);
  REQUIRE(ok(store->stat()).documents[0].total().records == 1);
}

TEMPLATE_TEST_CASE("A record that vanished is noticed, of which kind and in which document", "", EVERY_STORE) {
  TestType rig;
  auto store = ok(rig.open());
  Batch batch;
  for (std::uint64_t i = 0; i < 10; ++i) batch.put(change_key(3, i), bytes_of("x"));
  ok(store->write(batch));
  ok(store->write(batch_of({{change_key(4, 1), "y"}, {package_key({}), "package"}})));
  store.reset();
  rig.drop(change_key(3, 4));
  rig.drop(change_key(3, 9));
  rig.drop(package_key({}));
  store = ok(rig.open());
  CheckReport report = ok(store->check());
  REQUIRE(report.findings.size() == 2);
  CHECK(report.findings[0].trouble == Finding::Trouble::lost_records);
  CHECK(report.findings[0].document == document_id(3));
  CHECK_THAT(report.findings[0].message, Catch::Contains("change: 2 records of 10 gone"));
  CHECK_THAT(report.findings[1].message, Catch::Contains("package: 1 record of 1 gone"));

  REQUIRE(ok(store->settle_all()).findings.size() == 2);
  report = ok(store->check());
  REQUIRE(report.findings.size() == 2);
  for (const Finding& f : report.findings) CHECK(f.trouble == Finding::Trouble::set_aside);
  CHECK_THAT(report.findings[0].message, Catch::Contains("change: 2 records of 10 gone"));
}

TEMPLATE_TEST_CASE("An older record in the place of the last one is noticed", "", EVERY_STORE) {
  TestType rig;
  auto store = ok(rig.open());
  ok(store->write(batch_of({{note_key(document_id(3), "n"), "older"}})));
  store.reset();
  store = ok(rig.open());
  ok(store->write(batch_of({{note_key(document_id(3), "n"), "newer"}})));
  store.reset();
  const Bytes key = note_key(document_id(3), "n");
  rig.put_raw(key, frame(key, bytes_of("older")));
  store = ok(rig.open());
  const CheckReport report = ok(store->check());
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].trouble == Finding::Trouble::other_records);
}

TEMPLATE_TEST_CASE("A document that vanished with its manifest is noticed", "", EVERY_STORE) {
  TestType rig;
  auto store = ok(rig.open());
  ok(store->write(batch_of({{change_key(3, 1), "x"}, {change_key(4, 1), "y"}})));
  store.reset();
  rig.drop(change_key(3, 1));
  rig.drop(document_manifest_key(document_id(3)));
  store = ok(rig.open());
  const CheckReport report = ok(store->check());
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].trouble == Finding::Trouble::lost_documents);
  CHECK_THAT(report.findings[0].message, Catch::Contains("1 of 2 documents are gone altogether"));
  REQUIRE(ok(store->settle_all()).findings.size() == 1);
  REQUIRE(ok(store->check()).findings[0].trouble == Finding::Trouble::set_aside);
}

TEMPLATE_TEST_CASE("A damaged manifest is named and made anew", "", EVERY_STORE) {
  TestType rig;
  auto store = ok(rig.open());
  ok(store->write(batch_of({{change_key(3, 1), "x"}, {change_key(3, 2), "y"}})));
  store.reset();
  rig.damage(document_manifest_key(document_id(3)));
  store = ok(rig.open());
  REQUIRE(ok(store->check()).findings.size() == 1);
  ok(store->write(batch_of({{change_key(3, 3), "z"}})));
  REQUIRE(ok(store->check()).findings[0].trouble == Finding::Trouble::set_aside);
  REQUIRE(ok(store->stat()).documents[0].total().records == 3);
}

TEMPLATE_TEST_CASE("A store in a later format is refused, whatever is in it", "", EVERY_STORE) {
  TestType rig;
  { ok(ok(rig.open())->write(batch_of({{change_key(3, 1), "x"}}))); }
  rig.put_raw(format_key(), frame(format_key(), Bytes{2}));
  const auto opened = rig.open();
  REQUIRE_FALSE(opened.ok());
  REQUIRE(opened.error().is(Errc::too_new));
  REQUIRE_THAT(opened.error().message(), Catch::Contains("format 2"));
}

TEMPLATE_TEST_CASE("Counts say how many records and bytes each document has, by kind", "", EVERY_STORE) {
  TestType rig;
  const auto store = ok(rig.open());
  ok(store->write(batch_of({{change_key(1, 1), "12345"},
                            {change_key(1, 2), "1"},
                            {note_key(document_id(1), "a"), "9"},
                            {change_key(2, 1), ""},
                            {listing_key(document_id(1)), "list"}})));
  Batch gone;
  gone.remove(change_key(1, 2));
  gone.put(change_key(1, 1), bytes_of("123"));
  ok(store->write(gone));
  const Stat stat = ok(store->stat());
  REQUIRE(stat.documents.size() == 2);
  CHECK(stat.documents[0].id == document_id(1));
  CHECK(stat.documents[0].kinds.at(0x40) == Count{1, 42 + 3});
  CHECK(stat.documents[0].kinds.at(0x60) == Count{1, 35 + 1});
  CHECK(stat.documents[1].total() == Count{1, 42});
  CHECK(stat.node.at(0x30) == Count{1, 33 + 4});
  CHECK(stat.total().records == 4);
  Batch forget;
  forget.remove(change_key(2, 1));
  ok(store->write(forget));
  REQUIRE(ok(store->stat()).documents.size() == 1);
  require_sound(*store);
}

}  // namespace
}  // namespace tlfs::storage
