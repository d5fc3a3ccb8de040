// Two documents' actors and a line between them.
#include "tests/actors/sync_line.h"

namespace tlfs::document_actor {
namespace {

using namespace std::chrono_literals;
using testing::Desk;
using testing::device_key;
using testing::grant_message;
using testing::kSoon;
using testing::Line;
using testing::Linked;
using testing::notes_package;
using testing::status_of;
using testing::text_value;
using tlfs::testing::World;

Edits at_front(const std::string& text) { return Edits().splice(".text", 0, 0, text); }

// What no compression makes small.
std::string noise(World& world, std::size_t size) {
  std::string out;
  while (out.size() < size) out += static_cast<char>('!' + world.random().below(90));
  return out;
}

TEST_CASE("a device that joins gets the document, and both are told when they are even") {
  World world;
  Desk a(world, 1), b(world, 2);
  REQUIRE(a.transact(at_front("hello").set(".title", text_value("greeting"))).ok());
  Line line(a, b);
  world.pass(kSoon);
  CHECK(b.json() == a.json());
  CHECK(b.json(".text") == "\"hello\"");
  CHECK(line.settled());
  CHECK_FALSE(line.left().ended);
  CHECK_FALSE(line.right().ended);
  CHECK(line.left().consumed == line.left().heard_bytes);
  CHECK(line.right().consumed == line.right().heard_bytes);
  b.crash();  // and what was said to be here is on the disk
  world.run();
  CHECK(b.json(".text") == "\"hello\"");
}

TEST_CASE_METHOD(Linked, "edits go both ways as they are made, and screens get them as patches") {
  const auto left = a.watch(), right = b.watch();
  world.run();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(a.transact(at_front("a")).ok());
    world.pass(kSoon);
    REQUIRE(b.transact(at_front("b")).ok());
    world.pass(kSoon);
  }
  CHECK(a.json(".text") == "\"bababababa\"");
  CHECK(b.json(".text") == "\"bababababa\"");
  for (const auto& screen : {left, right}) {
    CHECK(screen->faults.empty());
    CHECK(screen->snapshots == 1);
    CHECK(document::to_json(*screen->value.find("text")) == "\"bababababa\"");
  }
  CHECK(line.settled());
}

TEST_CASE_METHOD(Linked, "edits that follow each other closely go as one change, and not before their time") {
  const std::size_t before = status_of(b).changes;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(a.transact(at_front("x")).ok());
    world.pass(5ms, 5ms);
    CHECK(b.json(".text") == "\"\"");
  }
  world.pass(30ms, 5ms);
  CHECK(b.json(".text") == "\"xxxxx\"");
  CHECK(status_of(b).changes == before + 1);
}

TEST_CASE_METHOD(Linked, "who never stops typing is heard all the same") {
  for (int i = 0; i < 30; ++i) {
    REQUIRE(a.transact(at_front("x")).ok());
    world.pass(10ms, 5ms);
  }
  CHECK(b.json(".text").size() > 15);
}

TEST_CASE_METHOD(Linked, "nothing leaves that the disk has not taken, and everything does when it takes it again") {
  const bool sealing = GENERATE(false, true);
  if (sealing) {  // the edit is on the disk, the change that it becomes is not
    REQUIRE(a.transact(at_front("secret")).ok());
    a.disk->records->fails_with = storage::Errc::full;
  } else {
    a.disk->records->fails_with = storage::Errc::full;
    CHECK_FALSE(a.transact(at_front("secret")).ok());
  }
  const std::size_t said = line.left().said.size();
  world.pass(1s, 20ms);
  line.give_room();  // which there was before
  world.pass(1s, 20ms);
  CHECK(line.left().said.size() == said);
  CHECK(b.json(".text") == "\"\"");
  a.disk->records->fails_with.reset();
  world.pass(10s, 100ms);
  CHECK(b.json(".text") == "\"secret\"");
  CHECK(line.settled());
}

TEST_CASE_METHOD(Linked, "what comes while the disk takes nothing is not said to be here, and is taken later") {
  b.disk->records->fails_with = storage::Errc::full;
  REQUIRE(a.transact(at_front("one")).ok());
  world.pass(2s, 20ms);
  CHECK_FALSE(line.left().settled());
  REQUIRE(a.transact(at_front("two ")).ok());
  world.pass(2s, 20ms);
  b.disk->records->fails_with.reset();
  world.pass(10s, 100ms);
  CHECK(b.json(".text") == "\"two one\"");
  CHECK(line.settled());
}

TEST_CASE("a crash of either document at any step costs the conversation and nothing else") {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    Desk a(world, 1), b(world, 2);
    for (int i = 0; i < 4; ++i) REQUIRE(a.transact(at_front("a")).ok());
    REQUIRE(b.transact(Edits()).ok());
    {
      Line line(a, b);
      for (std::uint64_t steps = world.random().below(120); steps > 0 && world.step();) --steps;
      Desk& victim = seed % 2 == 0 ? a : b;
      victim.crash();
      world.pass(kSoon);
      CHECK((seed % 2 == 0 ? line.left() : line.right()).down);
      CHECK(victim.starts == 2);
    }
    Line line(a, b);
    world.pass(kSoon);
    CHECK(b.json(".text") == "\"aaaa\"");
    REQUIRE(b.transact(at_front("b")).ok());
    world.pass(kSoon);
    CHECK(a.json(".text") == "\"baaaa\"");
    CHECK(line.settled());
  }
}

TEST_CASE("a device without rights gets nothing, and all when it has got some") {
  World world;
  Desk a(world, 1), stranger(world, 5);
  REQUIRE(a.transact(at_front("private")).ok());
  {
    Line line(a, stranger);
    world.pass(kSoon);
    CHECK(stranger.json(".text") == "\"\"");
    CHECK(status_of(stranger).changes == 0);
    CHECK(line.left().ended);
    CHECK_FALSE(line.left().ended->cut);
    std::size_t bytes = 0;
    for (const Bytes& m : line.left().said) bytes += m.size();
    CHECK(bytes < 500);
  }
  REQUIRE(
      a.ask<void>(grant_message(access::Level::write, access::Principal::of_key(device_key(5)->public_key()))).ok());
  Line line(a, stranger);
  world.pass(kSoon);
  CHECK(stranger.json(".text") == "\"private\"");
  REQUIRE(stranger.transact(at_front("not ")).ok());
  world.pass(kSoon);
  CHECK(a.json(".text") == "\"not private\"");
  CHECK(line.settled());
}

TEST_CASE("a peer that lacks old changes gets them from a document that was opened without them") {
  World world;
  Desk a(world, 1), b(world, 2);
  for (int i = 0; i < 40; ++i) {
    REQUIRE(a.transact(at_front(noise(world, 4000))).ok());
    (void)a.changes_since();  // seals
  }
  world.pass(kSoon);  // compacts
  a.crash();
  world.run();
  REQUIRE(a.transact(at_front("new")).ok());
  Line line(a, b);
  world.pass(1s);
  CHECK(b.json(".text") == a.json(".text"));
  CHECK(line.settled());
  CHECK_FALSE(line.left().ended);
}

TEST_CASE("a package that a peer does not know comes with the changes that were written under it") {
  World world;
  const auto older = schema::compile(R"(
notes {
  0.1.0 { .: Struct .title: MVReg<String> .text: Text .count: Counter }
}
)",
                                     "notes.tlfs");
  Desk::Options options;
  options.package = older->front().package;
  Desk a(world, 1), b(world, 2, options);
  REQUIRE(options.package->hash() != notes_package()->hash());
  REQUIRE(a.transact(at_front("new words")).ok());
  Line line(a, b);
  world.pass(kSoon);
  CHECK(b.json(".text") == "\"new words\"");
  CHECK(line.settled());
  CHECK(status_of(b).waiting == 0);
  b.crash();
  world.run();
  CHECK(b.json(".text") == "\"new words\"");
}

TEST_CASE("a document whose peers have nothing to say is closed, and is even again when it is opened") {
  World world;
  Desk a(world, 1), b(world, 2);
  a.environment->close_after = b.environment->close_after = 1min;
  a.crash();
  b.crash();
  world.run();
  REQUIRE(a.transact(at_front("one")).ok());
  {
    Line line(a, b);
    world.pass(kSoon);
    REQUIRE(line.settled());
    const std::size_t starts = a.starts;
    world.pass(5min, 1s);
    REQUIRE((line.left().ended || line.right().ended));
    for (const auto& ended : {line.left().ended, line.right().ended})
      if (ended) {
        CHECK_FALSE(ended->cut);
        CHECK(ended->reason == "closed");
      }
    CHECK(world.status(a.supervisor()).children.empty());
    CHECK(world.status(b.supervisor()).children.empty());
    CHECK(a.starts == starts);
  }
  REQUIRE(b.transact(at_front("two ")).ok());
  Line line(a, b, true, true);
  world.pass(kSoon);
  CHECK(a.json(".text") == "\"two one\"");
  CHECK(line.settled());
}

TEST_CASE("a document with a peer that is behind stays open until the link ends") {
  World world;
  Desk a(world, 1), b(world, 2);
  a.environment->close_after = 1min;
  a.crash();
  world.run();
  REQUIRE(a.transact(at_front(noise(world, 1u << 20))).ok());
  Line line(a, b, false);
  world.pass(10min, 1s);
  CHECK(world.status(a.supervisor()).children.size() == 1);
  line.cut();
  world.pass(3min, 1s);
  CHECK(world.status(a.supervisor()).children.empty());
}

TEST_CASE("no more is said than there is room for") {
  World world;
  Desk a(world, 1), b(world, 2);
  for (int i = 0; i < 40; ++i) {
    REQUIRE(a.transact(at_front(noise(world, 60'000))).ok());
    (void)a.changes_since();
  }
  Line line(a, b, false);
  world.pass(kSoon);
  CHECK(line.left().most_without_room <= kSyncWindow);
  CHECK(line.left().most_without_room > kSyncWindow / 2);
  CHECK_FALSE(line.left().settled());
  const std::size_t said = line.left().said.size();
  world.pass(1s);
  CHECK(line.left().said.size() == said);
  line.give_room();
  world.pass(1s);
  CHECK(b.json(".text") == a.json(".text"));
  CHECK(line.settled());
  CHECK(line.left().most_without_room <= kSyncWindow);
}

TEST_CASE("what one peer says goes on to the others") {
  World world;
  Desk a(world, 1), b(world, 2), c(world, 3);
  Line left(a, b), right(b, c);
  world.pass(kSoon);
  REQUIRE(a.transact(at_front("from afar")).ok());
  world.pass(kSoon);
  CHECK(c.json(".text") == "\"from afar\"");
  REQUIRE(c.transact(at_front("back ")).ok());
  world.pass(kSoon);
  CHECK(a.json(".text") == "\"back from afar\"");
  CHECK(left.settled());
  CHECK(right.settled());
}

TEST_CASE_METHOD(Linked, "a peer that breaks the rules is cut off, and the document goes on") {
  SyncHeard nonsense;
  nonsense.number = line.left().number;
  nonsense.message = Bytes(100, 0x5a);
  caf::anon_send(a.actor, nonsense);
  world.pass(kSoon);
  REQUIRE(line.left().ended);
  CHECK(line.left().ended->cut);
  REQUIRE(a.transact(at_front("fine")).ok());
  Line again(a, b);
  world.pass(kSoon);
  CHECK(b.json(".text") == "\"fine\"");
}

TEST_CASE_METHOD(Linked, "there is no conversation about a document that is not here any more") {
  REQUIRE(a.ask<void>(messaging::MessageBuilder<messages::DeleteDocument>().seal()).ok());
  world.pass(kSoon);
  REQUIRE(line.left().ended);
  CHECK_FALSE(line.left().ended->cut);
  (void)a.get();
  Line again(a, b);
  world.pass(kSoon);
  REQUIRE(again.left().ended);
  CHECK(again.left().ended->reason == kNotHere);
}

TEST_CASE("a document talks with so many peers and no more") {
  World world;
  Desk a(world, 1);
  const caf::actor link = world.spawn_client();
  auto ended = std::make_shared<std::vector<SyncNumber>>();
  World::let(link, [ended, document = a.actor](caf::event_based_actor& self) {
    self.become([ended](const SyncEnded& end) { ended->push_back(end.number); }, [](const SyncSay&) {},
                [](const SyncProgress&) {});
    for (SyncNumber n = 1; n <= kMaxSyncs + 1; ++n) {
      OpenSync open;
      open.number = 1'000'000 + n;
      open.peer = device_key(2)->public_key();
      open.link = &self;
      self.send(document, open);
    }
  });
  world.run();
  CHECK(*ended == std::vector<SyncNumber>{1'000'000 + kMaxSyncs + 1});
}

}  // namespace
}  // namespace tlfs::document_actor
