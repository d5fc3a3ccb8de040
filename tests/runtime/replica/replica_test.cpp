#include <catch2/catch.hpp>

#include "runtime/storage/memory_store.h"
#include "tests/runtime/replica/devices.h"

using namespace tlfs;
using namespace tlfs::replica;
using namespace tlfs::replica::testing;

TEST_CASE("A replica opens as it was, without its transactions being sealed") {
  Device alice(1);
  alice.create();
  REQUIRE(alice.set(".title", "one").ok());
  REQUIRE(alice.set(".title", "two").ok());
  const Picture before = picture_of(*alice.replica);
  CHECK(before.sealed == 0);
  alice.reopen();
  CHECK(picture_of(*alice.replica) == before);
  CHECK(alice.replica->lost().empty());
  CHECK_FALSE(alice.replica->incomplete());
  CHECK(alice.content().json().find("two") != std::string::npos);
}

TEST_CASE("One transaction is one record and nothing else") {
  Device alice(1);
  alice.create();
  REQUIRE(alice.set(".title", "one", {7, 1}).ok());
  alice.batches.clear();
  REQUIRE(alice.set(".title", "two", {7, 2}).ok());
  REQUIRE(alice.batches.size() == 1);
  REQUIRE(alice.batches[0].writes().size() == 1);
  CHECK(storage::parse_key(alice.batches[0].writes()[0].key)->kind == static_cast<std::uint8_t>(storage::Kind::local));
}

TEST_CASE("What is sealed takes the place of the transactions in it, in one batch") {
  Device alice(1);
  alice.create();
  REQUIRE(alice.set(".title", "one", {7, 1}).ok());
  REQUIRE(alice.set(".title", "two", {7, 2}).ok());
  alice.batches.clear();
  alice.content().seal();
  alice.replica->observe();
  alice.save();
  REQUIRE(alice.batches.size() == 1);
  std::size_t changes = 0, locals_gone = 0;
  for (const auto& w : alice.batches[0].writes()) {
    const auto place = storage::parse_key(w.key);
    REQUIRE(place.ok());
    changes += place->kind == static_cast<std::uint8_t>(storage::Kind::change) && w.value;
    locals_gone += place->kind == static_cast<std::uint8_t>(storage::Kind::local) && !w.value;
  }
  CHECK(changes == 1);
  CHECK(locals_gone == 2);
  const Picture before = picture_of(*alice.replica);
  alice.reopen();
  CHECK(picture_of(*alice.replica) == before);
  CHECK(alice.replica->done({7, 1}).has_value());
  CHECK(alice.replica->done({7, 2}).has_value());
}

TEST_CASE("A named write takes effect once, however often it is asked for") {
  Device alice(1);
  alice.create();
  REQUIRE(
      alice.edit([](document::Transaction& tx) { return tx.increment(tx.address(".votes").value(), 1); }, {9, 1}).ok());
  const std::uint64_t revision = alice.content().revision();
  CHECK(alice.replica->done({9, 1}) == revision);
  alice.reopen();
  CHECK(alice.replica->done({9, 1}) == revision);
  REQUIRE(
      alice.edit([](document::Transaction& tx) { return tx.increment(tx.address(".votes").value(), 1); }, {9, 1}).ok());
  CHECK(alice.content().json().find("\"votes\":1") != std::string::npos);
  CHECK_FALSE(alice.replica->done({9, 2}).has_value());
  CHECK_FALSE(alice.replica->done({}).has_value());
}

TEST_CASE("The latest named writes are remembered, and no more than are promised") {
  Device alice(1);
  alice.create();
  const auto nothing = [](document::Document& d) -> Result<document::Commit> {
    document::Commit c;
    c.revision = d.revision();
    return c;
  };
  const std::size_t n = kMaxDoneWrites + 300;
  for (std::uint64_t i = 1; i <= n; ++i) {
    if (i % 7 == 0) {
      REQUIRE(alice.set(".title", std::to_string(i), {3, i}).ok());
    } else {
      REQUIRE(alice.replica->run({3, i}, nothing).ok());
    }
    if (i % 50 == 0) alice.content().seal(), alice.replica->observe();
    alice.save();
  }
  const auto check = [&] {
    for (std::uint64_t i = 1; i <= n; ++i) {
      INFO(i);
      REQUIRE(alice.replica->done({3, i}).has_value() == (i > n - kMaxDoneWrites));
    }
  };
  check();
  std::size_t notes = 0;
  for (const auto& [key, value] : alice.disk)
    notes += storage::parse_key(key)->kind == static_cast<std::uint8_t>(storage::Kind::note);
  CHECK(notes <= kMaxDoneWrites / 64 + 4);
  alice.reopen();
  check();
}

TEST_CASE("Two devices work on a document, and each comes back as it was") {
  Device alice(1), bob(2);
  alice.create();
  REQUIRE(alice.set(".title", "by alice").ok());
  REQUIRE(alice.grant(Level::write, bob.principal()).ok());
  bob.join(alice);
  alice.give(bob);
  CHECK(bob.content().json() == alice.content().json());
  REQUIRE(bob.set(".title", "by bob").ok());
  REQUIRE(
      alice.edit([](document::Transaction& tx) { return tx.splice(tx.address(".text").value(), 0, 0, "hello"); }).ok());
  bob.give(alice);
  alice.give(bob);
  for (Device* d : {&alice, &bob}) {
    const Picture before = picture_of(*d->replica);
    d->reopen();
    CHECK(picture_of(*d->replica) == before);
    CHECK(d->replica->lost().empty());
  }
  CHECK(bob.content().json() == alice.content().json());
  REQUIRE(bob.set(".title", "after").ok());
  bob.give(alice);
  CHECK(bob.content().json() == alice.content().json());
}

TEST_CASE("The records of another device's key are refused") {
  Device alice(1);
  alice.create();
  REQUIRE(alice.set(".title", "one").ok());
  alice.lose_key();
  const auto opened = alice.open(alice.disk);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().is(Errc::wrong_key));
}

TEST_CASE("Without records there is no document") {
  Device alice(1);
  const auto opened = Replica::open(alice.settings({}), Records{});
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().is(Errc::no_such_document));
}

TEST_CASE("The package that a document was written under is named when it is not here") {
  Device alice(1);
  alice.create();
  Replica::Settings s = alice.settings(alice.id);
  s.package = nullptr;
  const auto opened = Replica::open(std::move(s), read(alice.disk, alice.id, false));
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().is(Errc::unknown_package));
  CHECK(opened.error().message().find(to_hex(document::testing::story_package()->hash())) != std::string::npos);
}

TEST_CASE("After a loss a device goes on as a new incarnation, once") {
  Device alice(1);
  alice.create();
  REQUIRE(alice.set(".title", "one").ok());
  alice.content().seal();
  alice.replica->observe();
  REQUIRE(alice.set(".title", "two", {5, 5}).ok());
  const std::string json = alice.content().json();
  alice.new_incarnation = 77;
  alice.reopen();
  CHECK(alice.content().writer().incarnation == 77);
  CHECK(alice.content().json() == json);
  CHECK(alice.replica->done({5, 5}).has_value());
  CHECK(alice.content().graph().size() == 2);  // what was in no change is in one of the old incarnation
  const Picture before = picture_of(*alice.replica);
  alice.reopen();
  CHECK(picture_of(*alice.replica) == before);
  REQUIRE(alice.set(".title", "three").ok());
  const Picture later = picture_of(*alice.replica);
  alice.reopen();
  CHECK(picture_of(*alice.replica) == later);

  Device bob(2);
  REQUIRE(alice.grant(Level::write, bob.principal()).ok());
  bob.join(alice);
  alice.give(bob);  // all of it is vouched for
  CHECK(bob.content().graph().size() == alice.content().graph().size());
  CHECK(bob.content().json() == alice.content().json());
}

TEST_CASE("The batches of a replica are what a store takes") {
  auto disk = std::make_shared<storage::MemoryDisk>();
  auto store = storage::open_memory_store(disk);
  REQUIRE(store.ok());
  Device alice(1);
  alice.create();
  for (int i = 0; i < 20; ++i) REQUIRE(alice.set(".title", std::to_string(i)).ok());
  alice.content().seal();
  alice.replica->observe();
  alice.save();
  for (const storage::Batch& b : alice.batches) REQUIRE((*store)->write(b).ok());
  Records records;
  const storage::Range range = storage::opening_range(alice.id);
  REQUIRE((*store)
              ->scan(range.from, range.to,
                     [&](ByteView key, ByteView value) {
                       records.records.push_back({Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())});
                       return true;
                     })
              .ok());
  auto opened = Replica::open(alice.settings(alice.id), std::move(records));
  REQUIRE(opened.ok());
  CHECK(picture_of(**opened) == picture_of(*alice.replica));
  CHECK((*store)->check()->findings.empty());
}
