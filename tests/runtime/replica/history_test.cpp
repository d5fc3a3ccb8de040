// History that is larger than one record: segments of several parts.
#include <catch2/catch.hpp>

#include "runtime/replica/past.h"
#include "tests/runtime/replica/devices.h"

using namespace tlfs;
using namespace tlfs::replica;
using namespace tlfs::replica::testing;

namespace {

struct Moment {
  document::Version version;
  std::string json;
};

// Text that compression makes little smaller.
std::string noise(SeededRandom& random, std::size_t length) {
  std::string out(length, ' ');
  for (char& c : out) c = static_cast<char>('0' + random.below(64));
  return out;
}

Moment write_and_seal(Device& device, std::string title) {
  REQUIRE(device.set(".title", std::move(title)).ok());
  Moment out{device.content().version(), device.content().json()};
  device.replica->observe();
  device.save();
  return out;
}

void compact(Device& device, bool merge) {
  device.replica->compact(merge);
  device.save();
}

struct StoredPart {
  Bytes key;
  HistoryPart part;
};

std::vector<StoredPart> history_of(const Device& device) {
  std::vector<StoredPart> out;
  for (const auto& r : read(device.disk, device.id, true).records)
    if (storage::parse_key(r.key)->kind == static_cast<std::uint8_t>(storage::Kind::history))
      out.push_back({r.key, *HistoryPart::decode(*open_value(device.at_rest(), r.key, r.value))});
  return out;
}

// A document whose history is an archive of several parts.
std::vector<Moment> write_much(Device& device) {
  device.create();
  std::vector<Moment> out;
  for (int i = 0; i < 10; ++i) out.push_back(write_and_seal(device, noise(device.random(), 250'000)));
  compact(device, true);
  const std::vector<StoredPart> parts = history_of(device);
  REQUIRE(parts.size() >= 2);
  for (const StoredPart& p : parts) {
    CHECK(p.part.kind == HistoryPart::Kind::archive);
    CHECK(p.part.parts == parts.size());
    CHECK(p.part.bytes.size() <= kPartBytes);
  }
  return out;
}

}  // namespace

TEST_CASE("An archive of several parts comes back whole, and old versions are read from it") {
  Device alice(1);
  const std::vector<Moment> moments = write_much(alice);
  const Picture before = picture_of(*alice.replica);
  alice.reopen();
  CHECK(alice.content().json() == before.json);
  CHECK_THROWS_AS(alice.content().json_at(moments.front().version), HistoryNeeded);
  alice.reopen(true);
  CHECK(alice.replica->lost().empty());
  for (const Moment& m : moments) {
    const auto json = alice.content().json_at(m.version);
    REQUIRE(json.ok());
    CHECK(*json == m.json);
  }
  CHECK(picture_of(*alice.replica) == before);
}

TEST_CASE("A change that is larger than a part becomes a group of several parts and comes back") {
  Device alice(2);
  alice.create();
  const Moment large = write_and_seal(alice, noise(alice.random(), 3'000'000));
  write_and_seal(alice, "small");
  compact(alice, false);
  const std::vector<StoredPart> parts = history_of(alice);
  REQUIRE(parts.size() >= 2);
  CHECK(parts.front().part.kind == HistoryPart::Kind::group);
  CHECK(parts.front().part.parts >= 2);
  const Picture before = picture_of(*alice.replica);
  alice.reopen(true);
  CHECK(alice.replica->lost().empty());
  const auto json = alice.content().json_at(large.version);
  REQUIRE(json.ok());
  CHECK(*json == large.json);
  CHECK(picture_of(*alice.replica) == before);
}

TEST_CASE("A damaged part costs the segment that it is of: the document, later history and later work stay") {
  Device alice(3);
  const std::vector<Moment> moments = write_much(alice);
  const std::size_t archived = alice.content().graph().size();
  const std::vector<StoredPart> parts = history_of(alice);
  write_and_seal(alice, "later");
  compact(alice, false);
  const Picture before = picture_of(*alice.replica);
  const Disk whole = alice.disk;
  for (const StoredPart& part : parts) {
    for (const bool dropped : {false, true}) {
      INFO("part " << part.part.part << (dropped ? ", dropped" : ", flipped"));
      alice.disk = whole;
      if (dropped)
        alice.disk.erase(part.key);
      else
        alice.disk[part.key][whole.at(part.key).size() / 2] ^= 0x10;
      alice.reopen(true);
      CHECK_FALSE(alice.replica->lost().empty());
      CHECK(alice.content().json() == before.json);
      const document::History& history = alice.content().history();
      REQUIRE(history.size() > archived);
      CHECK_FALSE(history.change(0).ok());
      for (std::size_t i = archived; i < before.changes.size(); ++i)
        CHECK(history.change(static_cast<document::ChangeIndex>(i)).ok());
      const auto json = alice.content().json_at(moments.front().version);
      CHECK_FALSE(json.ok());
      CHECK(alice.content().json() == before.json);

      write_and_seal(alice, "later still");
      compact(alice, false);
      const std::string after = alice.content().json();
      alice.reopen();
      CHECK(alice.content().json() == after);
    }
  }
}
