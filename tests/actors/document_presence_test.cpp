// Who is present in a document: documents' actors, and lines between them.
#include "actors/document/presence_desk.h"
#include "runtime/document_sync/message.h"
#include "tests/actors/sync_line.h"

namespace tlfs::document_actor {
namespace {

using namespace std::chrono_literals;
using testing::Desk;
using testing::device_key;
using testing::kSoon;
using testing::Line;
using testing::Linked;
using tlfs::testing::World;

Result<void> show(Desk& desk, std::string json) {
  std::optional<Result<void>> out;
  Show what;
  what.document = desk.id;
  what.json = std::move(json);
  what.done = [&](const Result<ReplyMessage>& reply) {
    out = reply ? from_reply<void>(*reply) : Result<void>(reply.error());
  };
  caf::anon_send(desk.client, std::move(what));
  desk.world.run();
  REQUIRE(out.has_value());
  return *out;
}

std::vector<Presence> present(Desk& desk) {
  auto all = desk.ask<std::vector<Presence>>(messaging::MessageBuilder<messages::GetPresence>().seal());
  REQUIRE(all.ok());
  return std::move(*all);
}

// The values of the others, by device key.
std::string others(Desk& desk) {
  std::string out;
  for (const Presence& p : present(desk))
    if (!p.own) out += (out.empty() ? "" : " ") + p.json;
  return out;
}

struct Watcher {
  std::size_t calls = 0;
  std::string seen;
};

std::shared_ptr<Watcher> watch_presence(Desk& desk) {
  auto watcher = std::make_shared<Watcher>();
  Watch watch;
  watch.document = desk.id;
  watch.id = ++desk.last_watch;
  watch.presence = [watcher](const std::vector<Presence>& all) {
    ++watcher->calls;
    watcher->seen.clear();
    for (const bool own : {false, true})
      for (const Presence& p : all)
        if (p.own == own) watcher->seen += (own ? "own " : "") + p.json + ";";
  };
  watch.failed = [watcher](const Error& error) { watcher->seen = error.message(); };
  caf::anon_send(desk.client, std::move(watch));
  desk.world.run();
  return watcher;
}

// Says something to the document of `to` as its peer at the other end would.
void say(Line& line, testing::LineEnd& to, const Bytes& presence) {
  line.inject(to, document_sync::encode_message(document_sync::message::Presence{presence}));
}

// What a device that has the document's secrets would say: by a document of the same world.
struct Voice {
  explicit Voice(Desk& of, std::uint8_t number) : key(testing::key_of(number)) {
    directory.learn(testing::Household::get().statements);
    auto settings = testing::replica_settings(number, random, directory);
    auto joined = replica::Replica::join(std::move(settings));
    const auto given = of.changes_since();
    REQUIRE(given.ok());
    std::vector<access::SignedStatement> statements;
    for (const Bytes& s : given->statements) statements.push_back(*access::decode_statement(s));
    joined->take(statements, given->changes);
    replica = std::move(joined);
  }
  Bytes operator()(std::string_view name, std::string_view json, std::uint64_t at) {
    document_sync::PresenceRoom room;  // a new one, so that nothing limits it
    auto said = room.say(replica->document(), key, name, as_bytes(json), 10s, at, {});
    INFO((said ? std::string() : said.error().message()));
    REQUIRE(said.ok());
    return std::move(*said);
  }
  crypto::SigningKey key;
  SeededRandom random{7};
  auth::Directory directory;
  std::unique_ptr<replica::Replica> replica;
};

TEST_CASE_METHOD(Linked,
                 "what one shows the other sees with device, user and age, until it is set anew or taken back") {
  REQUIRE(show(a, R"({"cursor":1})").ok());
  world.pass(kSoon);
  REQUIRE(present(b).size() == 1);
  const Presence seen = present(b).front();
  CHECK(seen.device == device_key(1)->public_key());
  CHECK(seen.user == testing::Household::get().user);
  CHECK(seen.json == R"({"cursor":1})");
  CHECK_FALSE(seen.own);
  CHECK(seen.age <= 200ms);
  REQUIRE(present(a).size() == 1);
  CHECK(present(a).front().own);
  world.pass(1s);
  CHECK(present(b).front().age >= 1s);
  REQUIRE(show(a, R"({"cursor":2})").ok());
  world.pass(kSoon);
  CHECK(others(b) == R"({"cursor":2})");
  REQUIRE(show(a, "").ok());
  world.pass(kSoon);
  CHECK(present(b).empty());
  CHECK(present(a).empty());
}

TEST_CASE_METHOD(Linked, "nothing of it is stored, and it makes no edit be sealed before its time") {
  const std::uint64_t before_a = a.disk->calls, before_b = b.disk->calls;
  REQUIRE(show(a, "\"here\"").ok());
  world.pass(12s);  // it is said again meanwhile
  CHECK(others(b) == "\"here\"");
  CHECK(a.disk->calls == before_a);
  CHECK(b.disk->calls == before_b);
  REQUIRE(a.transact(Edits().splice(".text", 0, 0, "x")).ok());
  const std::uint64_t changes = testing::status_of(a).changes;
  REQUIRE(show(a, "\"there\"").ok());
  world.pass(5ms, 1ms);
  CHECK(testing::status_of(a).changes == changes);
}

TEST_CASE_METHOD(Linked, "who watches is told when it changes, and joined when much has happened") {
  const auto watcher = watch_presence(b);
  CHECK(watcher->calls == 1);
  CHECK(watcher->seen.empty());
  REQUIRE(show(a, "1").ok());
  world.pass(kSoon);
  CHECK(watcher->seen == "1;");
  CHECK(watcher->calls == 2);
  world.pass(12s);  // said again: no news
  CHECK(watcher->calls == 2);
  REQUIRE(show(b, "2").ok());
  CHECK(watcher->seen == "1;own 2;");
  REQUIRE(b.transact(Edits().splice(".text", 0, 0, "x")).ok());
  world.pass(kSoon);
  CHECK(watcher->calls == 3);  // an edit is none of its business
  line.cut();
  world.pass(kSoon);
  CHECK(watcher->seen == "own 2;");
}

TEST_CASE_METHOD(Linked,
                 "of two windows of a device the latest that shows something is seen, and the other when it goes") {
  const caf::actor first = a.client;
  REQUIRE(show(a, "1").ok());
  a.client = a.spawn_client();
  REQUIRE(show(a, "2").ok());
  world.pass(kSoon);
  CHECK(others(b) == "2");
  REQUIRE(show(a, "").ok());
  world.pass(kSoon);
  CHECK(others(b) == "1");
  a.client = first;
  REQUIRE(show(a, "").ok());
  world.pass(kSoon);
  CHECK(present(b).empty());
}

TEST_CASE_METHOD(Linked, "a hundred values in quick succession cost a few messages, and the last arrives") {
  const std::size_t said = line.left().said.size();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(show(a, std::to_string(i)).ok());
    world.pass(1ms, 1ms);
  }
  world.pass(kSoon);
  CHECK(others(b) == "99");
  CHECK(line.left().said.size() - said <= 4);
}

TEST_CASE("presence goes with the link and comes back with the next") {
  World world;
  Desk a(world, 1), b(world, 2);
  REQUIRE(show(a, "1").ok());
  {
    Line line(a, b);
    world.pass(kSoon);
    CHECK(others(b) == "1");
  }
  world.pass(kSoon);
  CHECK(present(b).empty());
  Line line(a, b);
  world.pass(kSoon);
  CHECK(others(b) == "1");
}

TEST_CASE_METHOD(Linked, "presence of a peer that falls silent ends with its time") {
  Voice voice(a, 3);
  say(line, line.right(), voice("", "3", 1));
  world.pass(kSoon);
  CHECK(others(b) == "3");
  const auto watcher = watch_presence(b);
  world.pass(9s);
  CHECK(others(b) == "3");
  world.pass(1s);
  CHECK(present(b).empty());
  CHECK(watcher->seen.empty());
  CHECK(watcher->calls == 2);
}

TEST_CASE("what one shows survives a crash of its document's actor, and so does who watches") {
  World world;
  Desk a(world, 1), b(world, 2);
  REQUIRE(show(a, "1").ok());
  const auto watcher = watch_presence(a);
  a.crash();
  world.pass(kSoon);
  CHECK(present(a).size() == 1);
  Line line(a, b);
  world.pass(kSoon);
  CHECK(others(b) == "1");
  REQUIRE(show(b, "2").ok());
  world.pass(kSoon);
  CHECK(watcher->seen == "2;own 1;");
}

TEST_CASE_METHOD(Linked, "an earlier life of a device does not outshine what it shows now") {
  Voice before(a, 1);
  const std::uint64_t later = 1ull << 60;  // by a clock that was ahead
  REQUIRE(show(a, "\"now\"").ok());
  say(line, line.right(), before("", "\"then\"", later));
  world.pass(kSoon);
  CHECK(others(b) == "\"then\"");
  say(line, line.left(), before("", "\"then\"", later));  // as b passes it on to whoever has not heard it
  world.pass(kSoon);
  CHECK(others(b) == "\"now\"");
}

TEST_CASE("what one peer shows goes on to the others, once, and ends with it") {
  World world;
  Desk a(world, 1), b(world, 2), c(world, 3);
  auto left = std::make_unique<Line>(a, b);
  Line right(b, c);
  world.pass(kSoon);
  REQUIRE(show(a, "1").ok());
  REQUIRE(show(c, "3").ok());
  world.pass(kSoon);
  CHECK(others(c) == "1");
  CHECK(others(a) == "3");
  const std::size_t said = right.right().said.size();
  REQUIRE(show(a, "\"again\"").ok());
  world.pass(kSoon);
  CHECK(others(c) == "\"again\"");
  CHECK(right.right().said.size() == said);  // it does not come back
  left.reset();
  world.pass(kSoon);
  CHECK(others(b) == "3");
  world.pass(16s);
  CHECK(present(c).size() == 1);
}

TEST_CASE("whoever comes later is told who is there already") {
  World world;
  Desk a(world, 1), b(world, 2), c(world, 3);
  Line left(a, b);
  REQUIRE(show(a, "1").ok());
  REQUIRE(show(b, "2").ok());
  world.pass(kSoon);
  Line right(b, c);
  world.pass(kSoon);
  CHECK(present(c).size() == 2);
}

TEST_CASE("presence is JSON of a bounded size") {
  World world;
  Desk a(world, 1);
  CHECK(show(a, "{").error().is(Errc::malformed));
  CHECK(show(a, "\"" + std::string(kMaxPresenceJsonBytes, 'x') + "\"").error().is(Errc::malformed));
  CHECK(present(a).empty());
  CHECK(show(a, "\"" + std::string(kMaxPresenceJsonBytes - 2, 'x') + "\"").ok());
}

TEST_CASE("a peer's presence that is no JSON, too large, or under another name is not shown nor passed on") {
  World world;
  Desk a(world, 1), b(world, 2), c(world, 3);
  Line left(a, b), right(b, c);
  world.pass(kSoon);
  Voice voice(a, 1);
  const std::size_t passed = right.left().said.size();
  say(left, left.right(), voice("", "{", 1));
  say(left, left.right(), voice("", "\"" + std::string(kMaxPresenceJsonBytes, 'x') + "\"", 2));
  say(left, left.right(), voice("name", "1", 3));
  world.pass(kSoon);
  CHECK(present(b).empty());
  CHECK(right.left().said.size() == passed);
  CHECK_FALSE(left.right().ended);
}

TEST_CASE_METHOD(Linked, "a peer that sends what is no presence is cut off") {
  for (std::size_t i = 0; i < kMaxBadPresence; ++i) say(line, line.right(), Bytes{9, static_cast<std::uint8_t>(i)});
  world.pass(kSoon);
  CHECK_FALSE(line.right().ended);
  say(line, line.right(), Bytes{9, 99});
  world.pass(kSoon);
  REQUIRE(line.right().ended.has_value());
  CHECK(line.right().ended->cut);
}

TEST_CASE_METHOD(Linked, "of a flood of presence only so much is heard, and afterwards its author is heard again") {
  Voice voice(a, 3);
  std::vector<Bytes> flood;
  for (std::uint64_t i = 1; i <= 3 * kPresenceMessages; ++i) flood.push_back(voice("", std::to_string(i), i));
  for (const Bytes& message : flood) say(line, line.right(), message);
  world.pass(kSoon);
  CHECK(others(b) == std::to_string(2 * kPresenceMessages));
  CHECK_FALSE(line.right().ended);
  CHECK(line.right().consumed == line.right().heard_bytes);
  world.pass(2s);
  say(line, line.right(), voice("", "\"calm\"", 5000));
  world.pass(kSoon);
  CHECK(others(b) == "\"calm\"");
}

TEST_CASE_METHOD(Linked, "of what one that reads nothing is to be told the latest waits, and no more") {
  line.stop_room();
  const std::string wide(kMaxPresenceJsonBytes - 100, 'x');
  for (int i = 0; i < 60; ++i) {
    REQUIRE(show(a, "\"" + std::to_string(i) + wide + "\"").ok());
    world.pass(60ms);
  }
  CHECK(line.left().most_without_room <= kPresenceWindow + 2 * kMaxPresenceJsonBytes);
  line.give_room();
  world.pass(kSoon);
  CHECK(others(b).substr(0, 3) == "\"59");
}

}  // namespace
}  // namespace tlfs::document_actor
