// How a document stands: on the disk, and to the network's hub.
#include "runtime/storage/layout.h"
#include "tests/actors/sync_line.h"

namespace tlfs::document_actor {
namespace {

using namespace std::chrono_literals;
using testing::Desk;
using testing::device_key;
using testing::grant_message;
using testing::Household;
using testing::Line;
using tlfs::testing::World;

Desk::Options networked() {
  Desk::Options options;
  options.networked = true;
  return options;
}

Edits at_front(const std::string& text) { return Edits().splice(".text", 0, 0, text); }

// The records of the region, as a hub reads them when it starts.
store::RegionRecords standings_of(Desk& desk, storage::Region which = storage::Region::standing) {
  supervision::WatchChild question;
  question.id = store::kStoreId;
  question.known = supervision::PhaseKind::waiting;
  const caf::actor store = desk.world.ask<supervision::ChildPhase>(desk.root, std::move(question)).handle;
  store::ReadRegion region;
  region.region = static_cast<std::uint8_t>(which);
  return desk.world.ask<store::RegionRecords>(store, region);
}

std::optional<replica::Standing> standing_of(Desk& desk) {
  const store::RegionRecords read = standings_of(desk);
  REQUIRE_FALSE(read.error);
  if (read.records.empty()) return std::nullopt;
  REQUIRE(read.records.size() == 1);
  CHECK(read.records[0].first == storage::standing_key(desk.id));
  return *replica::Standing::decode(read.records[0].second, desk.id, *desk.environment->at_rest);
}

TEST_CASE("the hub is told how a document stands when it is opened, and soon after an edit") {
  World world;
  Desk a(world, 1, networked());
  world.pass(100ms);
  REQUIRE(a.news->size() == 1);
  CHECK(a.news->back().document == a.id);
  CHECK(a.news->back().syncers == std::vector{access::Principal::user(Household::get().user)});
  const crypto::Digest first = a.news->back().heads;
  REQUIRE(a.transact(at_front("x")).ok());
  world.pass(500ms);
  CHECK(a.news->size() == 1);
  world.pass(1s);
  REQUIRE(a.news->size() == 2);
  CHECK(a.news->back().heads != first);
  CHECK(standing_of(a)->heads == a.news->back().heads);
  const std::uint64_t writes = a.disk->calls;
  a.crash();
  world.pass(100ms);
  (void)a.get();
  world.pass(100ms);
  CHECK(a.disk->calls == writes);  // it was there
  REQUIRE(a.news->size() == 3);
  CHECK(a.news->back().heads == (*a.news)[1].heads);
}

TEST_CASE("a grant changes who may sync, for the hub and on the disk") {
  World world;
  Desk a(world, 1, networked());
  const auto stranger = access::Principal::of_key(device_key(5)->public_key());
  REQUIRE(a.ask<void>(grant_message(access::Level::sync, stranger)).ok());
  world.pass(100ms);
  std::vector<access::Principal> expected{stranger, access::Principal::user(Household::get().user)};
  std::sort(expected.begin(), expected.end());
  CHECK(a.news->back().syncers == expected);
  CHECK(standing_of(a)->syncers == expected);
}

TEST_CASE("two devices stand alike exactly when they hold the same") {
  World world;
  Desk a(world, 1, networked()), b(world, 2, networked());
  REQUIRE(a.transact(at_front("one")).ok());
  {
    Line line(a, b);
    world.pass(2s, 20ms);
    CHECK(a.news->back().heads == b.news->back().heads);
    CHECK(standing_of(a) == standing_of(b));
  }
  REQUIRE(b.transact(at_front("two")).ok());
  world.pass(2s, 20ms);
  CHECK(a.news->back().heads != b.news->back().heads);
  Line line(a, b);
  world.pass(2s, 20ms);
  CHECK(a.news->back().heads == b.news->back().heads);
}

TEST_CASE("the hub is not told what is not on the disk") {
  World world;
  Desk a(world, 1, networked());
  REQUIRE(a.transact(at_front("x")).ok());
  world.run();
  const std::size_t told = a.news->size();
  a.disk->records->fails_with = storage::Errc::full;
  world.pass(3s, 100ms);
  CHECK(a.news->size() == told);
  a.disk->records->fails_with.reset();
  world.pass(10s, 100ms);
  CHECK(a.news->size() == told + 1);
  CHECK(standing_of(a)->heads == a.news->back().heads);
}

TEST_CASE("a document that is deleted stands no more") {
  World world;
  Desk a(world, 1, networked());
  REQUIRE(standing_of(a));
  REQUIRE(a.ask<void>(messaging::MessageBuilder<messages::DeleteDocument>().seal()).ok());
  world.pass(100ms);
  CHECK(a.news->back().gone);
  CHECK_FALSE(standing_of(a));
}

TEST_CASE("a hub that was started again is told by every document that is open") {
  World world;
  Desk a(world, 1, networked());
  world.pass(100ms);
  const std::size_t told = a.news->size();
  caf::anon_send_exit(a.environment->registry->supervisor_at(supervision::kNetworkPath), caf::exit_reason::kill);
  world.pass(5s, 100ms);
  CHECK(a.news->size() == told + 1);
}

TEST_CASE("how a document stands is on the disk without a network too, for when there is one") {
  World world;
  Desk a(world, 1);
  REQUIRE(a.transact(at_front("x")).ok());
  world.pass(3s, 100ms);
  CHECK(standing_of(a));
}

TEST_CASE("whether edits wait to be sealed is on the disk with them") {
  World world;
  Desk a(world, 1, networked());
  world.pass(100ms);
  CHECK_FALSE(standing_of(a)->unsealed);
  REQUIRE(a.transact(at_front("x")).ok());
  CHECK(standing_of(a)->unsealed);
  world.pass(3s, 100ms);
  CHECK_FALSE(standing_of(a)->unsealed);
}

TEST_CASE("documents are not read as a region") {
  World world;
  Desk a(world, 1);
  CHECK(standings_of(a, storage::Region::document).error);
  CHECK(standings_of(a, storage::Region::listing).records.size() == 1);
}

TEST_CASE("a standing is read back as it was written, in its own place only") {
  const crypto::Secret key = crypto::derive(device_key(1)->seed(), "test at rest");
  replica::Standing standing;
  standing.heads.fill(7);
  standing.syncers = {access::Principal::of_key(device_key(2)->public_key()), access::Principal::anyone(),
                      access::Principal::members(Household::get().user, {access::Token{1}}, access::Level::read)};
  const document::DocumentId id{1}, other{2};
  for (int flags = 3; flags >= 0; --flags) {
    standing.lacking = (flags & 1) != 0;
    standing.unsealed = (flags & 2) != 0;
    CHECK(*replica::Standing::decode(standing.encode(id, key), id, key) == standing);
  }
  const Bytes bytes = standing.encode(id, key);
  CHECK_FALSE(replica::Standing::decode(bytes, other, key).ok());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(replica::Standing::decode(ByteView(bytes).subspan(0, size), id, key).ok());
}

}  // namespace
}  // namespace tlfs::document_actor
