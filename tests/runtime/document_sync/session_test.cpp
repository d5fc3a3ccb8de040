#include "tests/runtime/document_sync/lines.h"

namespace tlfs::document_sync::testing {
namespace {

Status grant_at(Device& by, std::string_view path, Level level, const Device& to) {
  const Status done = by.replica->document().grant(*by.replica->document().address(path), level, to.principal());
  by.replica->observe();
  by.save();
  return done;
}

std::vector<ByteView> payloads(const document::Change& c, std::size_t leaf) { return {c.leaves[leaf]->payload}; }

}  // namespace

TEST_CASE("a device that joins gets everything in one session") {
  Pair p;
  REQUIRE(p.alice.set(".title", "hello").ok());
  Line line(p.alice, p.bob);
  line.run();
  check_fine(line);
  CHECK(p.bob.content().json() == p.alice.content().json());
  CHECK(line.left.session->peer_caught_up());
  CHECK(line.right.session->caught_up());
}

TEST_CASE("two devices that both wrote end equal, and nothing is sent twice") {
  Pair p;
  p.sync();
  REQUIRE(p.alice.set(".title", "from alice").ok());
  REQUIRE(p.bob.set(".map[\"a\"].name", "from bob").ok());
  Line line(p.alice, p.bob);
  line.run();
  check_fine(line);
  CHECK(p.bob.content().json() == p.alice.content().json());
  CHECK(line.left.received == 1);
  CHECK(line.right.received == 1);
}

TEST_CASE("equal replicas find out with less than a hundred bytes each way") {
  Pair p;
  REQUIRE(p.alice.set(".title", "hello").ok());
  p.sync();
  Line line(p.alice, p.bob, true);
  CHECK(line.run() == 2);
  check_fine(line);
  CHECK(line.from_left.bytes < 100);
  CHECK(line.from_right.bytes < 100);
  CHECK(line.left.session->peer_caught_up());
  CHECK(line.left.session->caught_up());
}

TEST_CASE("after the first exchange each edit is pushed once, and not back") {
  Pair p;
  Line line(p.alice, p.bob);
  line.run();
  const std::size_t before = line.left.received + line.right.received;
  REQUIRE(p.alice.set(".title", "one").ok());
  line.run();
  REQUIRE(p.bob.set(".title", "two").ok());
  line.run();
  check_fine(line);
  CHECK(p.bob.content().json() == p.alice.content().json());
  CHECK(line.left.received + line.right.received == before + 2);
}

TEST_CASE("several edits join into one push") {
  Pair p;
  Line line(p.alice, p.bob);
  line.run();
  const std::size_t before = line.from_left.batches();
  for (int i = 0; i < 50; ++i) REQUIRE(p.alice.set(".title", std::to_string(i)).ok());
  line.run();
  CHECK(line.from_left.batches() == before + 1);
  CHECK(line.right.received == 1);
  CHECK(p.bob.content().json() == p.alice.content().json());
}

TEST_CASE("a session that is cut off loses nothing that was taken") {
  Pair p;
  p.sync();
  for (int i = 0; i < 400; ++i) {
    REQUIRE(p.alice.set(".map[\"" + std::to_string(i) + "\"].name", std::string(2000, 'x')).ok());
    p.alice.content().seal();
  }
  p.alice.replica->observe();
  p.alice.save();
  std::size_t first = 0;
  {
    Line line(p.alice, p.bob);
    line.pass(line.left, line.right);
    line.pass(line.right, line.left);
    line.pass(line.left, line.right, 300'000);
    first = line.right.received;
    REQUIRE(first > 50);
    REQUIRE(first < 400);
  }
  Line line(p.alice, p.bob);
  line.run();
  check_fine(line);
  CHECK(line.right.received == 400 - first);
  CHECK(p.bob.content().json() == p.alice.content().json());
}

TEST_CASE("no more is sent than there is credit and window for") {
  Pair p;
  p.sync();
  for (int i = 0; i < 1500; ++i) {
    REQUIRE(p.alice.set(".map[\"" + std::to_string(i) + "\"].name", std::string(2000, 'x')).ok());
    p.alice.content().seal();
  }
  Line line(p.alice, p.bob);
  line.pass(line.left, line.right);
  line.pass(line.right, line.left);
  std::size_t sent = 0;
  for (const Bytes& m : line.left.poll(200'000)) sent += m.size();
  CHECK(sent <= 200'000);
  CHECK(sent > 100'000);
  for (int i = 0; i < 50; ++i)
    for (const Bytes& m : line.left.poll(200'000)) sent += m.size();
  CHECK(sent <= kWindowBytes + 100);
  CHECK(sent > kWindowBytes / 2);
}

TEST_CASE("a peer gets no leaf that it may not store") {
  const auto package = parts_package();
  Device alice(1, package), mallory(3, package);
  alice.create();
  REQUIRE(alice.set(".title", "a title").ok());
  REQUIRE(alice.set(".private.word", "secret").ok());
  REQUIRE(alice.set(".open.word", "for all").ok());
  REQUIRE(grant_at(alice, ".open", Level::read, mallory).ok());
  mallory.join(alice);
  Line line(alice, mallory);
  line.run();
  check_fine(line);
  CHECK(mallory.content().get(".open.word").ok());
  CHECK(mallory.content().json().find("for all") != std::string::npos);
  CHECK(mallory.content().json().find("secret") == std::string::npos);
  std::size_t looked = 0;
  for (const document::Change& c : alice.content().all_changes())
    for (std::size_t i = 0; i < c.leaves.size(); ++i) {
      const bool open = mallory.content().history().sealed_leaf(mallory.content().graph().find(c.hash), i) != nullptr;
      CHECK(line.from_left.contains(payloads(c, i).front()) == open);
      looked += open ? 0 : 1;
    }
  CHECK(looked > 0);
}

TEST_CASE("a peer that gains a right gets the leaves that it lacked") {
  const auto package = parts_package();
  Device alice(1, package), bob(2, package);
  alice.create();
  REQUIRE(alice.set(".private.word", "secret").ok());
  REQUIRE(alice.set(".open.word", "for all").ok());
  REQUIRE(grant_at(alice, ".open", Level::read, bob).ok());
  bob.join(alice);
  Line line(alice, bob);
  line.run();
  REQUIRE(bob.content().json().find("secret") == std::string::npos);
  REQUIRE(grant_at(alice, ".private", Level::read, bob).ok());
  line.run();
  check_fine(line);
  CHECK(bob.content().json().find("secret") != std::string::npos);
  bob.reopen();
  CHECK(bob.content().json().find("secret") != std::string::npos);
}

TEST_CASE("leaves come over a third device that gets them later") {
  const auto package = parts_package();
  Device alice(1, package), bob(2, package), carol(3, package);
  alice.create();
  REQUIRE(alice.set(".private.word", "secret").ok());
  REQUIRE(alice.set(".open.word", "for all").ok());
  REQUIRE(grant_at(alice, ".open", Level::read, bob).ok());
  REQUIRE(grant_at(alice, ".open", Level::read, carol).ok());
  bob.join(alice);
  carol.join(alice);
  Line first(alice, bob), second(bob, carol);
  first.run();
  second.run();
  REQUIRE(grant_at(alice, ".private", Level::read, bob).ok());
  REQUIRE(grant_at(alice, ".private", Level::read, carol).ok());
  // The statements reach both before the leaves reach the one in the middle.
  for (Device* d : {&bob, &carol}) {
    (void)d->replica->take(alice.replica->document().statements(), {});
    d->save();
  }
  second.run();
  REQUIRE(carol.content().json().find("secret") == std::string::npos);
  first.run();
  second.run();
  check_fine(second);
  CHECK(carol.content().json().find("secret") != std::string::npos);
}

TEST_CASE("leaves come from a device that has nobody's signature on just that change") {
  const auto package = parts_package();
  Device alice(1, package), bob(2, package), carol(3, package);
  alice.create();
  REQUIRE(alice.set(".private.word", "secret").ok());
  alice.content().seal();
  alice.save();
  REQUIRE(alice.set(".open.word", "for all").ok());
  REQUIRE(grant_at(alice, ".", Level::read, bob).ok());
  REQUIRE(grant_at(alice, ".open", Level::read, carol).ok());
  bob.join(alice);
  carol.join(alice);
  Line alice_bob(alice, bob), alice_carol(alice, carol);
  alice_bob.run();
  alice_carol.run();
  REQUIRE(bob.content().json().find("secret") != std::string::npos);
  REQUIRE(carol.content().json().find("secret") == std::string::npos);
  REQUIRE(grant_at(alice, ".private", Level::read, carol).ok());
  for (Device* d : {&bob, &carol}) {
    (void)d->replica->take(alice.replica->document().statements(), {});
    d->save();
  }
  Line bob_carol(bob, carol);
  bob_carol.run();
  check_fine(bob_carol);
  CHECK(carol.content().json().find("secret") != std::string::npos);
  CHECK(bob_carol.right.session->caught_up());
}

TEST_CASE("leaves that lack are asked for although the document was opened anew in the meantime") {
  const auto package = parts_package();
  Device alice(1, package), bob(2, package), dave(3, package);
  alice.create();
  REQUIRE(grant_at(alice, ".", Level::read, bob).ok());
  REQUIRE(grant_at(alice, ".open", Level::read, dave).ok());
  bob.join(alice);
  dave.join(alice);
  Line alice_bob(alice, bob), alice_dave(alice, dave), dave_bob(dave, bob);
  for (Line* line : {&alice_bob, &alice_dave, &dave_bob}) line->run();
  // Each word comes to bob by way of dave, who has only a part of it, and alice hears of it before she has sent it.
  for (const char* word : {"first", "second"}) {
    INFO(word);
    REQUIRE(alice.set(".private.word", word).ok());
    alice_dave.run();
    dave_bob.run();
    REQUIRE(bob.content().json().find(word) == std::string::npos);
    alice_bob.pass(alice_bob.right, alice_bob.left);
    alice_bob.run();
    CHECK(bob.content().json().find(word) != std::string::npos);
    check_fine(alice_bob);
    check_fine(dave_bob);
    bob.reopen(true);
    alice_bob.right.session->opened_anew();
    dave_bob.right.session->opened_anew();
  }
}

TEST_CASE("leaves that come after the document was opened anew are told of") {
  const auto package = parts_package();
  Device alice(1, package), bob(2, package), carol(3, package);
  alice.create();
  REQUIRE(alice.set(".private.word", "first").ok());
  REQUIRE(grant_at(alice, ".open", Level::read, bob).ok());
  REQUIRE(grant_at(alice, ".open", Level::read, carol).ok());
  bob.join(alice);
  carol.join(alice);
  Line alice_bob(alice, bob), bob_carol(bob, carol);
  alice_bob.run();
  bob_carol.run();
  REQUIRE(alice.set(".private.word", "second").ok());
  alice_bob.run();
  bob_carol.run();
  // Bob's leaves come one by one, and after each his document is opened anew.
  REQUIRE(grant_at(alice, ".private", Level::read, bob).ok());
  REQUIRE(grant_at(alice, ".private", Level::read, carol).ok());
  for (Device* d : {&bob, &carol}) {
    (void)d->replica->take(alice.replica->document().statements(), {});
    d->save();
  }
  bob_carol.run();
  REQUIRE(carol.content().json().find("second") == std::string::npos);
  std::size_t leaves = 0;
  for (document::Change& change : alice.content().all_changes()) {
    if (bob.content().graph().find(change.hash) == document::kNoChange) continue;
    std::vector<document::Change> one;
    one.push_back(std::move(change));
    const std::uint64_t before = bob.content().leaves_added();
    (void)bob.replica->take({}, one);
    bob.save();
    if (bob.content().leaves_added() == before) continue;
    ++leaves;
    if (leaves != 1) continue;
    bob_carol.run();
    bob.reopen(true);
    bob_carol.left.session->opened_anew();
  }
  REQUIRE(leaves == 2);
  bob_carol.run();
  check_fine(bob_carol);
  CHECK(carol.content().json().find("second") != std::string::npos);
}

TEST_CASE("a peer that has lost every right gets what ended it, and goodbye") {
  Pair p;
  Line line(p.alice, p.bob);
  line.run();
  const auto& document = p.alice.replica->document();
  REQUIRE(p.alice.replica->document().revoke({}, Level::write, p.bob.principal()).ok());
  p.alice.replica->observe();
  p.alice.save();
  REQUIRE(p.alice.set(".title", "after").ok());
  line.run();
  REQUIRE(line.left.session->ended());
  CHECK_FALSE(line.left.cut());
  CHECK(line.left.why().find("lost every right") != std::string::npos);
  CHECK(line.right.session->ended());
  CHECK_FALSE(p.bob.replica->document().may_sync(p.bob.public_key()));
  CHECK(p.bob.content().json().find("after") == std::string::npos);
  CHECK(line.from_left.batches() == 0);
  CHECK(document.statements_for(p.bob.public_key()).size() <= p.bob.replica->document().log().size());
}

TEST_CASE("a peer without any right learns nothing") {
  Pair p;
  REQUIRE(p.alice.set(".title", "hello").ok());
  Device mallory(3);
  mallory.join(p.alice);
  Line line(p.alice, mallory);
  line.run();
  REQUIRE(line.left.session->ended());
  CHECK_FALSE(line.left.cut());
  CHECK(mallory.replica->document().log().size() == 0);
  CHECK(line.from_left.batches() == 0);
  for (const document::Change& c : p.alice.content().all_changes()) CHECK_FALSE(line.from_left.contains(c.hash));
}

TEST_CASE("a peer whose right is not known yet brings the statement that shows it") {
  Pair p;
  p.sync();
  Device carol(3);
  // Bob hears nothing of carol's grant from alice.
  REQUIRE(p.alice.grant(Level::write, carol.principal()).ok());
  REQUIRE(p.alice.set(".title", "hello").ok());
  carol.join(p.alice);
  Line(p.alice, carol).run();
  REQUIRE(carol.set(".map[\"c\"].name", "carol").ok());
  Line line(p.bob, carol);
  line.run();
  check_fine(line);
  CHECK(p.bob.content().json() == carol.content().json());
  CHECK(p.bob.content().json().find("hello") != std::string::npos);
}

TEST_CASE("an unknown package comes before the first change that was written under it") {
  const std::string first = "small { 0.1.0 { .: Struct .title: MVReg<String> } ";
  Pair p(document::testing::compile_package(first + "}"));
  p.sync();
  const auto bigger = document::testing::compile_package(first + "0.2.0 { .more: MVReg<String> } }");
  REQUIRE(p.alice.content().add_package(bigger).ok());
  REQUIRE(p.alice.content().use(bigger, nullptr).ok());
  p.alice.replica->observe();
  p.alice.save();
  REQUIRE(p.alice.set(".more", "under another package").ok());
  Line line(p.alice, p.bob);
  line.run();
  check_fine(line);
  CHECK(p.bob.content().nodes().has(bigger->hash()));
  CHECK(line.right.received == 1);
  CHECK(line.run() == 0);
}

TEST_CASE("a sleeping relay serves two devices that never meet") {
  Pair p;
  Device relay(3), carol(4);
  REQUIRE(p.alice.grant(Level::sync, relay.principal()).ok());
  REQUIRE(p.alice.grant(Level::write, carol.principal()).ok());
  REQUIRE(p.alice.set(".title", "hello").ok());
  relay.join(p.alice);
  Line(p.alice, relay).run();
  relay.reopen();
  carol.join(p.alice);
  Line line(relay, carol);
  line.run();
  check_fine(line);
  CHECK(carol.content().json() == p.alice.content().json());
  CHECK(relay.content().json().find("hello") == std::string::npos);
}

TEST_CASE("a call that needs the history changes nothing, and works when it is done again") {
  Pair p;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(p.alice.set(".title", std::to_string(i)).ok());
    p.alice.content().seal();
  }
  p.alice.replica->observe();
  p.alice.save();
  p.alice.replica->compact(true);
  p.alice.save();
  p.alice.reopen();
  Line line(p.alice, p.bob);
  line.run();
  check_fine(line);
  CHECK(line.left.history_needed == 1);
  CHECK(p.bob.content().json() == p.alice.content().json());
  CHECK(line.right.received == 20);
}

// Both know in the end that they hold the same.
void check_caught_up(const Line& line) {
  check_fine(line);
  for (const End* end : {&line.left, &line.right}) {
    CHECK(end->session->caught_up());
    CHECK(end->session->peer_caught_up());
  }
}

//   alice   hello (old)              has it     hears bob: equal
//   carol             to alice ----->
//   bob     hello (new)                         hears alice: she lacks it
TEST_CASE("who gets what it lacked while its hello is on the way says that it has nothing more") {
  Pair p;
  p.sync();
  Device carol(3);
  REQUIRE(p.alice.grant(Level::write, carol.principal()).ok());
  carol.join(p.alice);
  Line(p.alice, p.bob).run();
  Line(p.alice, carol).run();
  REQUIRE(carol.set(".map[\"c\"].name", "carol").ok());
  Line(carol, p.bob).run();
  Line line(p.alice, p.bob);
  const std::vector<Bytes> hello = line.left.poll();
  Line(carol, p.alice).run();
  for (const Bytes& m : hello) line.right.receive(m);
  line.run();
  check_caught_up(line);
  CHECK(p.alice.content().json() == p.bob.content().json());
}

//   alice   hello (old)          writes     hears bob: he is behind
//   bob           hears: equal, hello (old, the digest alone)
TEST_CASE("what is written while a peer finds that both are equal goes to it") {
  Pair p;
  REQUIRE(p.alice.set(".title", "before").ok());
  p.sync();
  Line line(p.alice, p.bob);
  line.pass(line.left, line.right);
  const std::vector<Bytes> hello = line.right.poll();
  REQUIRE(p.alice.set(".title", "meanwhile").ok());
  p.alice.content().seal();
  p.alice.replica->observe();
  p.alice.save();
  for (const Bytes& m : hello) line.left.receive(m);
  line.run();
  check_caught_up(line);
  CHECK(p.alice.content().json() == p.bob.content().json());
}

// Whatever each of the two says first, and whoever of them changes while the hellos are on their way.
TEST_CASE("hellos that cross each other and what is done meanwhile leave nobody waiting") {
  for (unsigned way = 0; way < 64; ++way) {
    INFO("way " << way);
    const auto bit = [&](unsigned n) { return ((way >> n) & 1) != 0; };
    Pair p;
    REQUIRE(p.alice.set(".title", "before").ok());
    p.sync();
    const auto write = [&](Device& who, std::string what) {
      REQUIRE(who.set(".map[\"" + what + "\"].name", what).ok());
      who.content().seal();
      who.replica->observe();
      who.save();
    };
    if (bit(0)) write(p.alice, "a");
    if (bit(1)) write(p.bob, "b");
    Line line(p.alice, p.bob, bit(2));
    const std::vector<Bytes> from_alice = line.left.poll();
    const std::vector<Bytes> from_bob = line.right.poll();
    if (bit(3)) write(p.alice, "c");
    if (bit(4)) write(p.bob, "d");
    for (const Bytes& m : from_alice) line.right.receive(m);
    if (bit(5)) {  // alice gets all of it by another way before she hears the hello
      Line other(p.bob, p.alice);
      other.run();
      check_fine(other);
    }
    for (const Bytes& m : from_bob) line.left.receive(m);
    line.run();
    check_caught_up(line);
    CHECK(p.alice.content().json() == p.bob.content().json());
    write(p.alice, "later");
    line.run();
    check_caught_up(line);
    CHECK(p.alice.content().json() == p.bob.content().json());
  }
}

TEST_CASE("both branches of a fork reach everybody, and no relay is blamed") {
  Pair p;
  Device carol(3);
  REQUIRE(p.alice.grant(Level::write, carol.principal()).ok());
  carol.join(p.alice);
  p.sync();
  Line(p.alice, carol).run();
  REQUIRE(p.bob.set(".title", "before").ok());
  p.sync();
  Line(p.alice, carol).run();
  // A copy of bob's disk lives on: the same writer goes on twice.
  const auto disk = p.bob.disk;
  REQUIRE(p.bob.set(".map[\"left\"].name", "left").ok());
  p.sync();
  p.bob.disk = disk;
  p.bob.reopen(true);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(p.bob.set(".map[\"right\"].name", "right " + std::to_string(i)).ok());
    p.bob.content().seal();
  }
  p.bob.replica->observe();
  p.bob.save();
  {
    Line line(p.bob, carol);
    line.run();
    check_fine(line);
  }
  Line line(p.alice, carol);
  line.run();
  check_fine(line);
  CHECK(p.alice.content().json() == carol.content().json());
  CHECK(carol.content().json().find("left") != std::string::npos);
  CHECK(p.alice.content().json().find("right 2") != std::string::npos);
}

}  // namespace tlfs::document_sync::testing
