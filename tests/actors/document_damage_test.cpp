// A document whose disk loses a record of its history while the document is open.
#include <chrono>

#include "runtime/storage/layout.h"
#include "tests/actors/sync_line.h"

namespace tlfs::document_actor {
namespace {

using namespace std::chrono_literals;
using testing::Desk;
using testing::device_key;
using testing::grant_message;
using testing::Line;
using testing::status_of;
using tlfs::testing::World;

// Text that compression makes little smaller.
std::string noise(World& world, std::size_t length) {
  std::string out(length, ' ');
  for (char& c : out) c = static_cast<char>('0' + world.random().below(64));
  return out;
}

Edits at_front(std::string text) { return Edits().splice(".text", 0, 0, std::move(text)); }

std::vector<Bytes> history_records(const Desk& desk) {
  std::vector<Bytes> out;
  for (const auto& [key, value] : desk.disk->records->records)
    if (const auto place = storage::parse_key(key);
        place && place->document == desk.id && place->kind == static_cast<std::uint8_t>(storage::Kind::history))
      out.push_back(key);
  return out;
}

void damage(Desk& desk, const Bytes& key) {
  Bytes& value = desk.disk->records->records.at(key);
  value[value.size() / 2] ^= 0x10;
}

std::size_t in_quarantine(const Desk& desk) {
  std::size_t out = 0;
  for (const auto& [key, value] : desk.disk->records->records)
    if (const auto place = storage::parse_key(key);
        place && place->region == static_cast<std::uint8_t>(storage::Region::quarantine))
      ++out;
  return out;
}

Result<Update> get_at(Desk& desk, const document::Version& heads) {
  messaging::MessageBuilder<messages::GetAt> builder;
  write(heads, builder->initHeads(static_cast<unsigned>(heads.size())));
  return desk.ask<Update>(std::move(builder).seal());
}

std::vector<HistoryEntry> history(Desk& desk) {
  messaging::MessageBuilder<messages::GetHistory> builder;
  builder->setLimit(1000);
  const auto out = desk.ask<std::vector<HistoryEntry>>(std::move(builder).seal());
  REQUIRE(out.ok());
  return *out;
}

// Writes as many changes of 4000 bytes and seals each; the version after the first.
document::Version write_much(World& world, Desk& desk, int changes) {
  document::Version first;
  for (int i = 0; i < changes; ++i) {
    REQUIRE(desk.transact(at_front(noise(world, 4000))).ok());
    (void)desk.changes_since();
    if (i == 0) first = {history(desk).front().hash};
  }
  world.pass(100ms);
  return first;
}

// All that does not need what is gone goes on as if nothing had happened.
void goes_on(World& world, Desk& desk) {
  const std::size_t starts = desk.starts;
  const auto screen = desk.watch();
  world.run();
  const std::string before = desk.json(".text");
  REQUIRE(desk.transact(at_front("later ")).ok());
  (void)desk.changes_since();
  CHECK(desk.json(".text") == "\"later " + before.substr(1));
  CHECK(screen->faults.empty());
  CHECK(document::to_json(screen->value) == desk.json());
  CHECK(desk.starts == starts);
}

TEST_CASE("an old version that lies in a damaged record is refused by its name, and everything else goes on") {
  World world;
  Desk desk(world);
  const document::Version old = write_much(world, desk, 30);
  desk.crash();
  world.run();
  const std::vector<Bytes> records = history_records(desk);
  REQUIRE_FALSE(records.empty());
  CHECK(get_at(desk, old).ok());
  desk.crash();
  world.run();
  damage(desk, records.front());
  const std::size_t changes = status_of(desk).changes, starts = desk.starts;
  for (int i = 0; i < 3; ++i) {
    const auto then = get_at(desk, old);
    REQUIRE_FALSE(then.ok());
    INFO(then.error().message());
    CHECK(then.error().message().find(storage::describe_key(records.front())) != std::string::npos);
  }
  // What the graph knows of a change does not lie there.
  CHECK(history(desk).size() == changes);
  CHECK(in_quarantine(desk) == 1);
  CHECK_FALSE(status_of(desk).lost.empty());
  CHECK(desk.starts == starts);
  goes_on(world, desk);

  // So it is when it is known that the record is gone.
  desk.crash();
  world.run();
  const auto then = get_at(desk, old);
  REQUIRE_FALSE(then.ok());
  INFO(then.error().message());
  CHECK(then.error().message().find(storage::describe_key(records.front())) != std::string::npos);
  CHECK(history(desk).size() == changes + 1);
}

// Somebody's work that a revocation takes away again. Device 2 revokes without having seen it, and device 1 has to
// judge it anew, for which it needs its history.
struct Taken {
  explicit Taken(World& w) : world(w), a(w, 1), c(w, 2), b(w, 5) {
    REQUIRE(a.ask<void>(grant_message(access::Level::write, somebody)).ok());
    {
      Line friends(a, b), devices(a, c);
      world.pass(1s);
    }
    for (int i = 0; i < 30; ++i) {
      REQUIRE(b.transact(at_front(noise(world, 4000))).ok());
      (void)b.changes_since();
    }
    {
      Line line(a, b);
      world.pass(1s);
    }
    REQUIRE(a.json(".text") == b.json(".text"));
    (void)write_much(world, a, 2);
    before = a.json(".text");
    messaging::MessageBuilder<messages::Revoke> builder;
    builder->setAt(".");
    builder->setLevel(static_cast<messages::Level>(access::Level::write));
    write(somebody, builder->initFrom());
    REQUIRE(c.ask<void>(std::move(builder).seal()).ok());
    a.crash();
    world.run();
    (void)a.get();
  }
  World& world;
  access::Principal somebody = access::Principal::of_key(device_key(5)->public_key());
  Desk a, c, b;
  std::string before;
};

TEST_CASE("what would have to be judged anew with history that is gone is refused, and the document stays as it was") {
  World world;
  Taken t(world);
  const Result<Changes> news = t.c.changes_since();
  REQUIRE(news.ok());
  SECTION("and taken where the history is there") {
    REQUIRE(t.a.ask<Imported>(Desk::import_message(*news)).ok());
    CHECK(t.a.json(".text").size() < 10'000);
  }
  SECTION("record by record") {
    const std::vector<Bytes> records = history_records(t.a);
    REQUIRE_FALSE(records.empty());
    for (const Bytes& key : records) damage(t.a, key);
    const std::size_t starts = t.a.starts;
    for (int i = 0; i < 3; ++i) {
      const auto taken = t.a.ask<Imported>(Desk::import_message(*news));
      REQUIRE_FALSE(taken.ok());
      INFO(taken.error().message());
      CHECK(taken.error().is(Errc::history_lost));
      CHECK(taken.error().message().find(storage::describe_key(records.front())) != std::string::npos);
      CHECK(t.a.json(".text") == t.before);
    }
    CHECK(in_quarantine(t.a) == records.size());
    CHECK(t.a.starts == starts);
    goes_on(world, t.a);
  }
}

TEST_CASE("a conversation that needs history that is gone ends and says so, and the document serves the others") {
  World world;
  Taken t(world);
  const std::vector<Bytes> records = history_records(t.a);
  for (const Bytes& key : records) damage(t.a, key);
  const std::size_t starts = t.a.starts;
  {
    Line line(t.a, t.c);
    world.pass(1s);
    REQUIRE(line.left().ended);
    CHECK(line.left().ended->reason.find(storage::describe_key(records.front())) != std::string::npos);
    CHECK_FALSE(line.left().ended->again);
  }
  CHECK(t.a.json(".text") == t.before);
  CHECK(t.a.starts == starts);
  goes_on(world, t.a);
}

TEST_CASE("history that is gone is fetched again from whoever has it, once, and stays") {
  World world;
  Desk desk(world, 1), other(world, 2);
  const document::Version old = write_much(world, desk, 30);
  {
    Line line(desk, other);
    world.pass(1s);
  }
  REQUIRE(desk.json(".text") == other.json(".text"));
  desk.crash();
  world.run();
  const std::vector<Bytes> records = history_records(desk);
  REQUIRE_FALSE(records.empty());
  for (const Bytes& key : records) damage(desk, key);
  REQUIRE_FALSE(get_at(desk, old).ok());
  const std::string before = desk.json(".text");
  {
    Line line(desk, other);
    world.pass(1s);
    CHECK_FALSE(line.left().ended);
    CHECK_FALSE(line.right().ended);
  }
  const auto then = get_at(desk, old);
  REQUIRE(then.ok());
  CHECK(document::to_json(*then->snapshot) == document::to_json(*get_at(other, old)->snapshot));
  CHECK(desk.json(".text") == before);
  {
    Line line(desk, other);
    world.pass(1s);
    CHECK(line.left().heard_bytes < 1000);
  }
  SECTION("when it is opened again") {
    desk.crash();
    world.run();
    CHECK(get_at(desk, old).ok());
    CHECK(desk.json(".text") == before);
  }
  SECTION("when it was closed, which leaves nothing of the damage") {
    caf::anon_send(desk.actor, Close());
    world.pass(3h, 10min);
    CHECK(world.status(desk.supervisor()).children.empty());
    CHECK(get_at(desk, old).ok());
    CHECK(status_of(desk).lost.empty());
  }
  goes_on(world, desk);
}

TEST_CASE("an idle document with damaged history is closed once, and what is left of its history stays") {
  World world;
  Desk desk(world);
  (void)write_much(world, desk, 30);
  const document::Version later = {history(desk).front().hash};
  (void)write_much(world, desk, 90);
  desk.crash();
  world.run();
  const std::vector<Bytes> records = history_records(desk);
  REQUIRE(records.size() >= 2);
  damage(desk, records.front());
  // So much that closing wants to compact, and there are groups enough to merge.
  for (int i = 0; i < 80; ++i) REQUIRE(desk.transact(at_front(noise(world, 4000))).ok());
  const std::string before = desk.json(".text");
  const std::size_t starts = desk.starts;
  caf::anon_send(desk.actor, Close());  // merges
  world.pass(3h, 10min);
  CHECK(world.status(desk.supervisor()).children.empty());
  CHECK(desk.starts == starts);
  CHECK(desk.json(".text") == before);
  CHECK(history_records(desk).size() >= records.size() - 1);
  const auto then = get_at(desk, later);
  REQUIRE_FALSE(then.ok());
  CHECK(then.error().message().find(storage::describe_key(records.front())) != std::string::npos);
  goes_on(world, desk);
}

TEST_CASE("who needs history while the disk takes nothing is told so, and gets it when it takes something again") {
  World world;
  Desk desk(world);
  const document::Version old = write_much(world, desk, 30);
  desk.crash();
  world.run();
  (void)desk.get();
  desk.disk->records->fails_with = storage::Errc::full;
  messaging::MessageBuilder<messages::GetAt> builder;
  write(old, builder->initHeads(static_cast<unsigned>(old.size())));
  std::optional<Result<Update>> then;
  desk.ask<Committed>(desk.transact_message(Edits().increment(".count", 1)), [](const Result<Committed>&) {});
  desk.ask<Update>(std::move(builder).seal(), [&](Result<Update> r) { then = std::move(r); });
  world.run();
  REQUIRE(then.has_value());
  REQUIRE_FALSE(then->ok());
  CHECK(then->error().is(Errc::not_saved));
  desk.disk->records->fails_with.reset();
  world.pass(6s, 100ms);
  CHECK(get_at(desk, old).ok());
  CHECK(desk.json(".count") == "1");
}

}  // namespace
}  // namespace tlfs::document_actor
