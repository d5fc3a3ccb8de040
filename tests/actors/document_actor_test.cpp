#include "actors/document/document_actor.h"

#include "runtime/storage/layout.h"
#include "tests/actors/document_desk.h"

namespace tlfs::document_actor {
namespace {

using testing::Desk;
using testing::notes_package;
using testing::Screen;
using testing::text_value;
using tlfs::testing::World;

TEST_CASE("a write is answered with patches and the revision that they lead to") {
  World world;
  Desk desk(world);
  const auto first = desk.transact(Edits().splice(".text", 0, 0, "hello"));
  REQUIRE(first.ok());
  CHECK(first->revision == 1);
  REQUIRE(first->patches.size() == 1);
  CHECK(first->patches[0].text == "hello");
  CHECK_FALSE(first->record.empty());
  const auto second = desk.transact(Edits().splice(".text", 5, 0, " you").set(".title", text_value("greeting")));
  REQUIRE(second.ok());
  CHECK(second->revision == 2);
  CHECK(second->patches.size() == 2);
  CHECK(desk.json(".text") == "\"hello you\"");
}

TEST_CASE("a write of which one edit does not fit changes nothing and says which place was wrong") {
  World world;
  Desk desk(world);
  const auto refused = desk.transact(Edits().set(".title", text_value("x")).splice(".nope", 0, 0, "y"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().is(document::Errc::no_such_place));
  CHECK(refused.error().message().find("nope") != std::string::npos);
  CHECK(desk.get()->to == 0);
  CHECK(desk.json(".title") == "null");
}

TEST_CASE("every kind of edit comes through a message as it was meant") {
  World world;
  Desk desk(world);
  using document::Data;
  const auto item = [](const char* name) { return Data(Data::Object{{"name", Data(text_value(name))}}); };
  REQUIRE(desk.transact(Edits()
                            .insert(".items", 0, {item("a"), item("b"), item("c"), item("d")})
                            .move(".items", 0, 2)
                            .erase(".items", 3)
                            .increment(".count", 5)
                            .reset(".count")
                            .increment(".count", -2)
                            .touch(".table[\"k\"]")
                            .set(".table[\"l\"]", Value(std::int64_t{4}))
                            .set(".table[\"m\"]", Value(std::int64_t{5}))
                            .remove(".table[\"m\"]"))
              .ok());
  CHECK(desk.json(".items") == R"([{"name":"b","text":""},{"name":"c","text":""},{"name":"a","text":""}])");
  CHECK(desk.json(".count") == "-2");
  CHECK(desk.json(".table") == R"({"k":null,"l":4})");
}

TEST_CASE("undo and redo go by origin") {
  World world;
  Desk desk(world);
  REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "one"), {}, "left").ok());
  REQUIRE(desk.transact(Edits().splice(".text", 3, 0, " two"), {}, "right").ok());
  const auto take_back = [&](const char* origin, bool redo) {
    messaging::MessageBuilder<messages::TakeBack> builder;
    builder->setOrigin(origin);
    builder->setRedo(redo);
    return desk.ask<Committed>(std::move(builder).seal());
  };
  REQUIRE(take_back("left", false).ok());
  CHECK(desk.json(".text") == "\" two\"");
  REQUIRE(take_back("left", true).ok());
  CHECK(desk.json(".text") == "\"one two\"");
  CHECK(take_back("middle", false).error().is(document::Errc::nothing_to_undo));
}

TEST_CASE("a subscriber gets a snapshot and then every change, and its copy equals the document") {
  World world;
  Desk desk(world);
  REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "before")).ok());
  const auto screen = desk.watch();
  world.run();
  CHECK(screen->snapshots == 1);
  for (int i = 0; i < 5; ++i) REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "x")).ok());
  CHECK(screen->updates == 6);
  CHECK(screen->snapshots == 1);
  CHECK(screen->faults.empty());
  CHECK(document::to_json(screen->value) == desk.json());
}

TEST_CASE("a subscriber that is slow is told once and then gets everything at one time, joined") {
  World world;
  Desk desk(world);
  // A subscriber that speaks to the actor itself, so that it can take its time.
  std::size_t told = 0;
  std::uint64_t subscription = 0;
  std::optional<Update> update;
  const auto slow = world.keep(world.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {
        [&](const Message<messages::Changed>&) { ++told; },
        [&, self](const std::string& what) {
          if (what == "subscribe") {
            messaging::MessageBuilder<messages::Subscribe> builder;
            builder->setHave(1);
            self->request(desk.actor, caf::infinite, std::move(builder).seal()).then([&](const ReplyMessage& reply) {
              subscription = from_reply<Subscribed>(reply)->subscription;
            });
          } else {
            messaging::MessageBuilder<messages::Pull> builder;
            builder->setSubscription(subscription);
            builder->setHave(1);
            self->request(desk.actor, caf::infinite, std::move(builder).seal()).then([&](const ReplyMessage& reply) {
              update = *from_reply<Update>(reply);
            });
          }
        }};
  }));
  REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "a")).ok());
  caf::anon_send(slow, std::string("subscribe"));
  world.run();
  for (std::uint64_t i = 1; i <= 100; ++i) REQUIRE(desk.transact(Edits().splice(".text", i, 0, "b")).ok());
  CHECK(told == 1);
  caf::anon_send(slow, std::string("pull"));
  world.run();
  REQUIRE(update.has_value());
  CHECK(update->from == 1);
  CHECK(update->to == 101);
  REQUIRE(update->patches.size() == 1);
  CHECK(update->patches[0].text == std::string(100, 'b'));
  REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "c")).ok());
  CHECK(told == 2);

  SECTION("and when it is slower than the document remembers, a snapshot") {
    for (std::size_t i = 0; i <= kMaxRememberedRevisions; ++i)
      REQUIRE(desk.transact(Edits().increment(".count", 1)).ok());
    CHECK(told == 2);
    caf::anon_send(slow, std::string("pull"));
    world.run();
    REQUIRE(update->snapshot.has_value());
    CHECK(document::to_json(*update->snapshot) == desk.json());
  }
}

TEST_CASE("who watches a part gets patches of that part, from there") {
  World world;
  Desk desk(world);
  using document::Data;
  REQUIRE(desk.transact(Edits().insert(".items", 0, {Data(Data::Object{})})).ok());
  const auto screen = desk.watch(".items[0].text");
  const auto table = desk.watch(".table[\"k\"]");
  world.run();
  REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "elsewhere")).ok());
  REQUIRE(desk.transact(Edits().splice(".items[0].text", 0, 0, "here")).ok());
  CHECK(screen->value == Data(text_value("here")));
  CHECK(screen->snapshots == 1);
  CHECK(screen->patches == 1);
  CHECK(table->value == Data());
  REQUIRE(desk.transact(Edits().set(".table[\"k\"]", Value(std::int64_t{3}))).ok());
  CHECK(table->value == Data(Value(std::int64_t{3})));
  REQUIRE(desk.transact(Edits().remove(".table[\"k\"]")).ok());
  CHECK(table->value == Data());
  // What is at that index now is another element.
  REQUIRE(desk.transact(Edits().insert(".items", 0, {Data(Data::Object{{"text", Data(text_value("new"))}})})).ok());
  CHECK(screen->value == Data(text_value("new")));
  CHECK(screen->snapshots == 2);
  CHECK(screen->faults.empty());
  CHECK(table->faults.empty());
}

TEST_CASE("who watches another version gets its names") {
  World world;
  Desk desk(world);
  const auto screen = desk.watch(".", "0.2.0");
  world.run();
  REQUIRE(desk.transact(Edits().set(".title", text_value("t"))).ok());
  CHECK(*screen->value.find("heading") == document::Data(text_value("t")));
  CHECK(screen->value.find("title") == nullptr);
  CHECK(screen->faults.empty());
  const auto nowhere = desk.watch(".", "9.9.9");
  world.run();
  CHECK(nowhere->faults.size() == 1);
}

TEST_CASE("a write that is sent twice takes effect once, also across a crash") {
  World world;
  Desk desk(world);
  const auto message = desk.transact_message(Edits().increment(".count", 1));
  const auto first = desk.ask<Committed>(message);
  const auto second = desk.ask<Committed>(message);
  desk.crash();
  world.run();
  const auto third = desk.ask<Committed>(message);
  CHECK(desk.starts == 2);
  CHECK_FALSE(first->repeated);
  CHECK(second->repeated);
  CHECK(third->repeated);
  CHECK(third->revision == first->revision);
  CHECK(desk.json(".count") == "1");
}

TEST_CASE("an edit at a permanent address hits its element wherever it is, and says when it is gone") {
  World world;
  Desk desk(world);
  using document::Data;
  REQUIRE(desk.transact(Edits().insert(".items", 0, {Data(Data::Object{}), Data(Data::Object{})})).ok());
  messaging::MessageBuilder<messages::Locate> builder;
  const auto path = *document::parse_path(".items[1].name");
  write(path, builder->initPath(static_cast<unsigned>(path.size())));
  const auto address = desk.ask<PermanentAddress>(std::move(builder).seal());
  REQUIRE(address.ok());
  REQUIRE(desk.transact(Edits().move(".items", 1, 0).insert(".items", 0, {Data(Data::Object{})})).ok());
  Edit edit;
  edit.place = *address;
  edit.value = Data(text_value("found"));
  REQUIRE(desk.transact(Edits().add(edit)).ok());
  CHECK(desk.json(".items[1].name") == "\"found\"");
  REQUIRE(desk.transact(Edits().erase(".items", 1)).ok());
  CHECK(desk.transact(Edits().add(edit)).error().is(Errc::gone));
}

// What a scripted run does, and what must be true after it, wherever it was disturbed.
struct Script {
  explicit Script(World& w) : world(w), desk(w), screen(desk.watch()) {
    calls_before = desk.disk->calls;
    for (std::uint64_t i = 0; i < kWrites; ++i) {
      // Seals what has gathered.
      if (i % 4 == 3) desk.ask<Changes>(messaging::MessageBuilder<messages::ChangesSince>().seal(), [](auto&&) {});
      desk.ask<Committed>(
          desk.transact_message(
              Edits().splice(".text", i, 0, std::string(1, static_cast<char>('a' + i))).increment(".count", 1)),
          [this](const Result<Committed>& done) {
            done ? void(++acknowledged) : faults.push_back(done.error().message());
          });
    }
  }
  void check() {
    world.pass(std::chrono::milliseconds(100));
    INFO("after " << desk.starts << " starts");
    CHECK(faults.empty());
    CHECK(acknowledged == kWrites);
    CHECK(desk.json(".count") == std::to_string(kWrites));
    CHECK(desk.json(".text") == "\"abcdefghijkl\"");
    CHECK(screen->faults.empty());
    CHECK(document::to_json(screen->value) == desk.json());
  }
  static constexpr std::uint64_t kWrites = 12;
  World& world;
  Desk desk;
  std::shared_ptr<Screen> screen;
  std::uint64_t acknowledged = 0, calls_before = 0;
  std::vector<std::string> faults;
};

TEST_CASE("a crash at any step loses no acknowledged write and no subscriber notices") {
  std::size_t crashed = 0;
  for (std::size_t at = 0; at < 400; ++at) {
    World world(1000 + at % 7);
    Script script(world);
    std::size_t step = 0;
    while (step < at && world.step()) ++step;
    if (step < at) {  // the script was over before
      CHECK(at > 50);
      break;
    }
    INFO("crash before step " << at);
    script.desk.crash();
    script.check();
    if (script.desk.starts > 1) ++crashed;
  }
  CHECK(crashed > 30);
}

TEST_CASE("a store that crashes inside a write, before it is done or after, neither loses nor doubles it") {
  for (std::uint64_t call = 0; call < 40; ++call) {
    for (const bool kept : {false, true}) {
      World world(call);
      Script script(world);
      script.desk.disk->fail(call, kept);
      INFO("write " << call << (kept ? ", kept" : ", not kept"));
      script.check();
      if (script.desk.disk->calls - script.calls_before <= call) {  // the script makes no more calls than that
        CHECK(call > 3);
        return;
      }
      CHECK(world.status(script.desk.root).counters.restarts == 1);
      CHECK(script.desk.starts == 1);
    }
  }
}

TEST_CASE("a full disk refuses edits, keeps what is shown, and saves it when there is room") {
  World world;
  Desk desk(world);
  REQUIRE(desk.transact(Edits().increment(".count", 1)).ok());
  desk.disk->records->fails_with = storage::Errc::full;
  const auto shown = desk.transact(Edits().increment(".count", 1));
  REQUIRE_FALSE(shown.ok());
  CHECK(shown.error().is(Errc::not_saved));
  CHECK(desk.json(".count") == "2");
  const auto refused = desk.transact(Edits().increment(".count", 1));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().is(Errc::not_saved));
  CHECK(desk.json(".count") == "2");
  desk.disk->records->fails_with.reset();
  world.pass(std::chrono::seconds(6), std::chrono::milliseconds(100));
  REQUIRE(desk.transact(Edits().increment(".count", 1)).ok());
  desk.crash();
  world.run();
  CHECK(desk.starts == 2);
  CHECK(desk.json(".count") == "3");
}

TEST_CASE("nothing is acknowledged or handed out before it is on the disk, and screens see it at once") {
  World world;
  Desk desk(world);
  const auto screen = desk.watch();
  world.run();
  desk.disk->records->fails_with = storage::Errc::full;
  std::optional<Result<Committed>> done;
  desk.ask<Committed>(desk.transact_message(Edits().increment(".count", 1)),
                      [&](Result<Committed> outcome) { done = std::move(outcome); });
  world.run();
  CHECK(*screen->value.find("count") == document::Data(Value(std::int64_t{1})));
  REQUIRE(done.has_value());
  CHECK_FALSE(done->ok());
  CHECK_FALSE(desk.changes_since().ok());
}

TEST_CASE("edits made on a revision that was lost with a crash are refused, whatever has happened since") {
  World world;
  Desk desk(world);
  const auto screen = desk.watch();
  world.run();
  REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "abc")).ok());
  desk.disk->records->fails_with = storage::Errc::full;
  REQUIRE_FALSE(desk.transact(Edits().splice(".text", 0, 0, "lost ")).ok());
  const std::uint64_t saved = 1, lost = screen->revision;
  REQUIRE(lost > saved);
  desk.crash();
  desk.disk->records->fails_with.reset();
  world.pass(std::chrono::seconds(6), std::chrono::milliseconds(100));
  REQUIRE(desk.json(".text") == "\"abc\"");

  // As many revisions as were lost, and more, with other content.
  for (int i = 0; i < 3; ++i) {
    REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "X")).ok());
    const auto stale = desk.transact(Edits().splice(".text", 5, 1, "Z"), lost);
    REQUIRE_FALSE(stale.ok());
    CHECK(stale.error().is(Errc::stale));
  }
  CHECK(desk.json(".text") == "\"XXXabc\"");
  // What was saved is still the same, and is mapped.
  CHECK(desk.transact(Edits().splice(".text", 1, 1, "Z"), saved).ok());
  CHECK(desk.json(".text") == "\"XXXaZc\"");

  // Another crash with nothing but lost revisions in between does not give them out again either.
  desk.crash();
  world.run();
  REQUIRE(desk.json(".text") == "\"XXXaZc\"");
  desk.disk->records->fails_with = storage::Errc::full;
  REQUIRE_FALSE(desk.transact(Edits().splice(".text", 0, 0, "lost ")).ok());
  const auto seen = desk.get();
  desk.crash();
  desk.disk->records->fails_with.reset();
  world.pass(std::chrono::seconds(6), std::chrono::milliseconds(100));
  REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "Y")).ok());
  const auto stale = desk.transact(Edits().splice(".text", 5, 1, "Z"), seen->to);
  REQUIRE_FALSE(stale.ok());
  CHECK(stale.error().is(Errc::stale));
}

TEST_CASE("who asks while a document cannot be read is told why at once, and is served when it can be") {
  World world;
  Desk desk(world);
  REQUIRE(desk.transact(Edits().increment(".count", 1)).ok());
  desk.disk->unreadable = true;
  desk.crash();
  for (int i = 0; i < 3; ++i) {
    std::optional<Result<Update>> got;
    desk.ask<Update>(messaging::MessageBuilder<messages::Get>().seal(), [&](Result<Update> r) { got = std::move(r); });
    world.run();
    REQUIRE(got.has_value());
    REQUIRE_FALSE(got->ok());
    CHECK(got->error().is(storage::Errc::io));
  }
  desk.disk->unreadable = false;
  CHECK(desk.json(".count") == "1");
}

TEST_CASE("requests that wait for a document to be read are told when it is stopped instead") {
  std::size_t told = 0;
  for (std::size_t steps = 0; steps < 60; ++steps) {
    INFO("stopped after " << steps << " steps");
    World world;
    Desk desk(world);
    REQUIRE(desk.transact(Edits().increment(".count", 1)).ok());
    desk.crash();
    std::optional<Result<Update>> got;
    desk.ask<Update>(messaging::MessageBuilder<messages::Get>().seal(), [&](Result<Update> r) { got = std::move(r); });
    for (std::size_t step = 0; step < steps && world.step();) ++step;
    if (desk.starts > 1) caf::anon_send_exit(desk.actor, caf::exit_reason::user_shutdown);
    world.pass(std::chrono::seconds(1));
    REQUIRE(got.has_value());
    if (!got->ok()) {
      CHECK(got->error().is(Errc::stopped));
      ++told;
    }
  }
  CHECK(told > 0);
}

TEST_CASE("a document that is closed while it is asked serves every request, before or after") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    World world(seed);
    Desk desk(world);
    std::size_t answered = 0;
    std::vector<std::shared_ptr<Screen>> screens;
    for (int i = 0; i < 6; ++i) {
      desk.ask<Committed>(desk.transact_message(Edits().increment(".count", 1)), [&](const Result<Committed>& done) {
        INFO("seed " << seed << ": " << (done ? "" : done.error().message()));
        CHECK(done.ok());
        ++answered;
      });
      for (std::uint64_t steps = world.random().below(12); steps > 0; --steps) world.step();
      if (desk.actor) caf::anon_send(desk.actor, Close());
      for (std::uint64_t steps = world.random().below(6); steps > 0; --steps) world.step();
      if (i % 3 == 2) screens.push_back(desk.watch());
      for (std::uint64_t steps = world.random().below(12); steps > 0; --steps) world.step();
    }
    world.pass(std::chrono::seconds(1));
    CHECK(answered == 6);
    CHECK(desk.json(".count") == "6");
    for (const auto& screen : screens) {
      INFO("seed " << seed);
      CHECK(screen->faults.empty());
      CHECK(document::to_json(screen->value) == desk.json());
    }
  }
}

TEST_CASE("who asks for it is told when what it has seen is saved") {
  World world;
  Desk desk(world);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;  // revision, durable
  Watch watch;
  watch.document = desk.id;
  watch.id = 1;
  watch.tell_when_saved = true;
  watch.update = [&](const Update& update) { seen.emplace_back(update.to, update.durable); };
  caf::anon_send(desk.client, std::move(watch));
  world.run();
  REQUIRE(desk.transact(Edits().increment(".count", 1)).ok());
  world.run();
  REQUIRE(seen.size() >= 2);
  CHECK(seen.back() == std::pair<std::uint64_t, std::uint64_t>(1, 1));
}

TEST_CASE("a document that nobody asks for is closed, and opened again by the next one who does") {
  World world;
  Desk desk(world);
  REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "kept")).ok());
  world.pass(std::chrono::hours(3), std::chrono::minutes(10));
  CHECK(world.status(desk.supervisor()).children.empty());
  CHECK(desk.json(".text") == "\"kept\"");
  CHECK(desk.starts == 2);
  const auto screen = desk.watch();
  world.pass(std::chrono::hours(3), std::chrono::minutes(10));
  CHECK(world.status(desk.supervisor()).children.size() == 1);  // somebody watches
  CHECK(desk.starts == 2);
}

TEST_CASE("a document that was deleted is gone for good, and comes back only when that is asked for") {
  World world;
  Desk desk(world);
  REQUIRE(desk.transact(Edits().splice(".text", 0, 0, "secret")).ok());
  const auto screen = desk.watch();
  world.run();
  const auto erase = [&] { return desk.ask<void>(messaging::MessageBuilder<messages::DeleteDocument>().seal()); };
  REQUIRE(erase().ok());
  world.run();
  CHECK(screen->faults.size() == 1);
  CHECK(desk.get().error().is(Errc::deleted));
  for (const auto& [key, value] : desk.disk->records->records) {
    const auto place = storage::parse_key(key);
    CHECK((!place || place->region != static_cast<std::uint8_t>(storage::Region::document)));
  }
  Begin begin;
  begin.package = notes_package();
  begin.view = notes_package()->latest();
  CHECK(desk.ask<void>(begin).error().is(Errc::deleted));
  begin.again = true;
  CHECK(desk.ask<void>(begin).ok());
  CHECK(desk.get(".text").ok());
}

TEST_CASE("crashes at random, seeded, with several screens") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    Script script(world);
    const auto part = script.desk.watch(".text");
    SeededRandom random(seed);
    for (std::size_t crashes = 0; world.step();)
      if (crashes < 6 && random.chance(0.03)) {
        ++crashes;
        script.desk.crash();
      }
    script.check();
    CHECK(part->faults.empty());
    CHECK(document::to_json(part->value) == "\"abcdefghijkl\"");
  }
}

TEST_CASE("two devices converge through change messages in any order, repeated, with crashes") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    SeededRandom random(seed);
    Desk left(world, 1), right(world, 2);
    const auto hello = left.changes_since();
    REQUIRE(hello.ok());
    REQUIRE(right.ask<Imported>(Desk::import_message(*hello)).ok());
    const auto left_screen = left.watch(), right_screen = right.watch();
    world.run();
    for (int round = 0; round < 6; ++round) {
      for (Desk* desk : {&left, &right}) {
        const auto length = std::get<std::string>(*desk->get(".text")->snapshot->value()).size();
        for (int i = 0; i < 3; ++i)
          REQUIRE(desk->transact(Edits().splice(".text", random.below(length + 1), 0, desk == &left ? "l" : "r")).ok());
        REQUIRE(desk->transact(Edits().increment(".count", 1)).ok());
        if (random.chance(0.2)) desk->crash();
      }
      const auto carry = [&](Desk& from, Desk& to) {
        const auto all = from.changes_since();  // of them, each time
        to.ask<Imported>(Desk::import_message({}, all->statements), [](auto&&) {});
        auto changes = all->changes;
        for (std::size_t i = changes.size(); i > 1; --i) std::swap(changes[i - 1], changes[random.below(i)]);
        for (const auto& change : changes)
          to.ask<Imported>(Desk::import_message({change}),
                           [](const Result<Imported>& done) { CHECK((done.ok() && done->refused.empty())); });
        if (random.chance(0.3)) to.crash();  // changes that waited may go; they come again
        world.pass(std::chrono::milliseconds(20));
      };
      if (random.chance(0.7)) carry(left, right);
      if (random.chance(0.7)) carry(right, left);
      if (round == 5) {
        for (int again = 0; again < 2; ++again) {
          CHECK(right.ask<Imported>(Desk::import_message(*left.changes_since())).ok());
          CHECK(left.ask<Imported>(Desk::import_message(*right.changes_since())).ok());
        }
      }
    }
    CHECK(left.json() == right.json());
    CHECK(left.json(".count") == "12");
    CHECK(left.json(".text").size() == 2 + 36);
    for (const auto& [desk, screen] : {std::pair{&left, left_screen}, {&right, right_screen}}) {
      CHECK(screen->faults.empty());
      CHECK(document::to_json(screen->value) == desk->json());
    }
  }
}

TEST_CASE("same seed, same run") {
  const auto run = [](std::uint64_t seed) {
    World world(seed);
    Script script(world);
    std::size_t steps = 0;
    while (world.step()) ++steps;
    return std::pair(steps, script.screen->updates);
  };
  CHECK(run(5) == run(5));
}

}  // namespace
}  // namespace tlfs::document_actor
