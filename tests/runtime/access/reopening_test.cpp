// A document that was closed and opened from a snapshot goes on as if nothing had been.
#include "tests/runtime/access/story.h"
#include "tests/runtime/document/seeds.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;

namespace {

struct HistoryNeeded final : std::exception {};

using Load = std::function<Result<document::Change>(const ChangeHash&)>;
using Logged = document::Document::Logged;

Result<document::Change> never(const ChangeHash&) { throw HistoryNeeded(); }

Load from(document::Document& d) {
  auto all = std::make_shared<std::map<ChangeHash, document::Change>>();
  for (document::Change& c : d.all_changes()) all->emplace(c.hash, c);
  return [all](const ChangeHash& h) -> Result<document::Change> { return all->at(h); };
}

// One replica, on its own random numbers and with no secret but the device's key.
struct Replica {
  std::shared_ptr<const crypto::SigningKey> key;
  DocumentId id{};
  std::unique_ptr<SeededRandom> random;
  std::unique_ptr<ProtectedDocument> document;

  Replica(std::shared_ptr<const crypto::SigningKey> who, const DocumentId& d, std::uint64_t seed)
      : key(std::move(who)), id(d), random(std::make_unique<SeededRandom>(seed)) {
    document = std::make_unique<ProtectedDocument>(settings());
  }
  ProtectedDocument::Settings settings() const {
    ProtectedDocument::Settings s;
    s.id = id;
    s.device = key;
    s.package = notes_package();
    s.secrets = std::make_shared<EpochSecrets>();
    s.random = random.get();
    return s;
  }
  ProtectedDocument* operator->() { return document.get(); }
  Status open(ByteView snapshot, std::vector<SignedStatement> statements, Load load) {
    ProtectedDocument::Settings as = settings();
    as.incarnation = document->content().writer().incarnation;
    auto opened = ProtectedDocument::open(snapshot, std::move(as), std::move(statements), {}, std::move(load));
    if (!opened) return opened.error();
    document = std::move(*opened);
    return {};
  }
  // What a log would keep of the edit.
  std::optional<Logged> set(std::string_view path, std::string value) {
    const std::size_t before = document->content().graph().ids().size();
    const auto done = document->content().transact(
        {"test", "", std::nullopt}, [&](document::Transaction& tx) { return tx.set(path, Value(std::move(value))); });
    if (!done) return std::nullopt;
    return Logged{done->record, static_cast<std::uint32_t>(document->content().graph().ids().size() - before)};
  }
};

struct Seen {
  std::string json;
  std::vector<std::pair<LeafId, std::string>> withheld;
  std::size_t unreadable = 0;
  document::Version version;
  std::set<StatementHash> statements;
  Bytes digest;
  bool operator==(const Seen&) const = default;
};

Seen seen(ProtectedDocument& d) {
  Seen out;
  out.version = d.content().version();
  out.json = d.content().json();
  for (const Withheld& w : d.withheld_leaves()) out.withheld.emplace_back(w.leaf, w.why);
  out.unreadable = d.unreadable();
  for (const SignedStatement& s : d.statements()) out.statements.insert(s.hash);
  out.digest = d.content().state_digest_input();
  return out;
}

template <class T>
void shuffle(std::vector<T>& list, SeededRandom& random) {
  for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.below(i)]);
}

}  // namespace

TEST_CASE("a document that is closed and opened at random moments stays what it would have been") {
  std::size_t reopened = 0, withheld = 0, unsealed_edits = 0, unreadable = 0;
  const auto seeds = document::testing::seeds(25);
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    INFO("seed " << seed);
    Story story(seed);
    for (int i = 0; i < 60; ++i) story.step();
    Items items = story.everything();
    SeededRandom random(seed * 7);
    shuffle(items.first, random);
    shuffle(items.second, random);
    const std::size_t who = random.below(kPeople);
    INFO("person " << who);
    const Member& person = story.person(who);
    Replica stays(person.key, story.document(), seed), closes(person.key, story.document(), seed);
    Items sent;
    const auto feed = [&](std::size_t most) {
      Items some;
      for (std::uint64_t n = random.below(most); n > 0 && !items.first.empty(); --n) {
        some.first.push_back(items.first.back());
        items.first.pop_back();
      }
      for (std::uint64_t n = random.below(most); n > 0 && !items.second.empty(); --n) {
        some.second.push_back(items.second.back());
        items.second.pop_back();
      }
      sent.first.insert(sent.first.end(), some.first.begin(), some.first.end());
      sent.second.insert(sent.second.end(), some.second.begin(), some.second.end());
      (void)stays->take(some.first, some.second);
      (void)closes->take(some.first, some.second);
    };
    const auto edit = [&] {
      const std::string path =
          random.chance(0.5) ? ".title" : ".rows[\"" + std::string(kRows[random.below(3)]) + "\"].name";
      const std::string value = "own" + std::to_string(random.below(1000));
      const auto a = stays.set(path, value);
      auto b = closes.set(path, value);
      CHECK(a.has_value() == b.has_value());
      return b;
    };
    while (!items.first.empty() || !items.second.empty()) {
      feed(12);
      if (random.chance(0.5)) (void)edit();
      if (random.chance(0.2)) {
        CHECK(stays->tend() == closes->tend());
      }
      if (random.chance(0.6)) continue;
      // Closed: a snapshot, what came after it, and an edit that was not sealed.
      stays->content().seal();
      const bool from_nothing = random.chance(0.15);
      const Bytes snapshot = closes->snapshot(random.chance(0.5) ? document::SnapshotPacking::plain
                                                                 : document::SnapshotPacking::compressed);
      const document::Version at = from_nothing ? document::Version() : closes->content().version();
      if (random.chance(0.6)) feed(6);
      if (random.chance(0.3)) (void)edit();
      (void)stays->content().changes_since(at);
      std::vector<document::Change> tail = closes->content().changes_since(at);
      std::vector<Logged> unsealed;
      for (std::uint64_t n = random.below(3); n > 0; --n) {
        const std::size_t changes = closes->content().graph().size();
        const auto logged = edit();
        if (closes->content().graph().size() != changes) {
          tail.push_back(*closes->content().history().change(static_cast<document::ChangeIndex>(changes)));
          unsealed.clear();
        }
        if (logged) unsealed.push_back(*logged);
      }
      unsealed_edits += unsealed.size();
      const std::vector<SignedStatement> statements = closes->statements();
      const std::uint64_t revision = closes->content().revision();
      Load load = [&] {
        std::map<ChangeHash, document::Change> all;
        for (document::ChangeIndex i = 0; i < stays->content().graph().size(); ++i)
          all.emplace(stays->content().graph().at(i).hash, *stays->content().history().change(i));
        return [all](const ChangeHash& h) -> Result<document::Change> { return all.at(h); };
      }();
      const Status opened = closes.open(from_nothing ? ByteView() : ByteView(snapshot), statements, load);
      REQUIRE(why(opened) == "done");
      REQUIRE(why(closes->recover(tail, unsealed, revision)) == "done");
      CHECK(closes->content().revision() >= revision);
      CHECK(closes->content().json() == stays->content().json());
      ++reopened;
      // What had waited is sent again.
      (void)stays->take(sent.first, sent.second);
      (void)closes->take(sent.first, sent.second);
      const Seen was = seen(*stays.document), is = seen(*closes.document);
      CHECK(is.json == was.json);
      CHECK((is.withheld == was.withheld));
      CHECK(is.unreadable == was.unreadable);
      CHECK((is.version == was.version));
      CHECK((is.statements == was.statements));
      withheld += is.withheld.size();
      unreadable += is.unreadable;
    }
    CHECK(seen(*closes.document) == seen(*stays.document));
    const crypto::Secret key = crypto::Secret::generate(random);
    const auto one = stays->archive(key), other = closes->archive(key);
    REQUIRE(one.ok() == other.ok());
    if (one.ok()) {
      const auto a = stays->unarchive(*one, key), b = closes->unarchive(*other, key);
      REQUIRE((a.ok() && b.ok()));
      std::set<ChangeHash> in_a, in_b;
      for (const auto& c : *a) in_a.insert(c.hash);
      for (const auto& c : *b) in_b.insert(c.hash);
      CHECK((in_a == in_b));
    }
  }
  CHECK(reopened > seeds.last - seeds.first);
  CHECK(withheld > 0);
  CHECK(unreadable > 0);
  CHECK(unsealed_edits > 0);
}

namespace {

// Alice and Bob share a document; what Alice holds of it is closed.
struct Closed {
  std::unique_ptr<Person> alice = Person::alone(1), bob = Person::alone(2);
  DocumentId d{};
  Replica replica;
  Bytes snapshot;
  std::vector<SignedStatement> statements;
  document::Version version;
  Load load;

  Closed() : replica(alice->key(), {}, 9) {
    know({alice.get(), bob.get()});
    d = alice->create();
    REQUIRE(alice->grant(d, ".", Level::write, bob->user()).ok());
    REQUIRE(alice->set(d, ".title", "one").ok());
    sync({alice.get(), bob.get()});
    REQUIRE(bob->set(d, ".private.word", "two").ok());
    sync({alice.get(), bob.get()});
    ProtectedDocument& mine = alice->at(d);
    REQUIRE(mine.content()
                .transact({"", "", std::nullopt},
                          [](document::Transaction& tx) { return tx.splice(*tx.address(".body"), 0, 0, "hello"); })
                .ok());
    snapshot = mine.snapshot();
    statements = mine.statements();
    version = mine.content().version();
    load = from(mine.content());
    replica.id = d;
  }
  void open(Load with) {
    const std::string opened = why(replica.open(snapshot, statements, std::move(with)));
    REQUIRE(opened == "done");
    REQUIRE(why(replica->recover({}, {}, 0)) == "done");
  }
};

}  // namespace

TEST_CASE("what is done every day does not ask for history") {
  Closed closed;
  closed.open(never);
  Replica& r = closed.replica;
  CHECK(r->content().json() == closed.alice->at(closed.d).content().json());
  REQUIRE(r.set(".title", "three"));
  REQUIRE(r.set(".private.word", "four"));
  CHECK(r->content().undo("test").ok());
  CHECK(document::to_json(*r->content().get(".private.word")) == "\"two\"");
  r->content().seal();
  CHECK(r->content().changes_since(closed.version).size() == 1);
  const Bytes again = r->snapshot();
  CHECK(!again.empty());
  // Bob goes on from what both had, and says something that concerns nobody's leaves.
  REQUIRE(closed.bob->set(closed.d, ".title", "five").ok());
  std::vector<document::Change> news = closed.bob->at(closed.d).content().changes_since(closed.version);
  const auto taken = r->take({}, std::move(news));
  CHECK(taken.changes == 1);
  CHECK(r->grant({}, Level::read, Principal::of_key(closed.bob->key()->public_key())).ok());
  CHECK(r->revoke({}, Level::read, Principal::of_key(closed.bob->key()->public_key())).ok());
  CHECK(r->tend() == false);
  CHECK(r->unreadable() == 0);
  CHECK(r->withheld_leaves().empty());
}

TEST_CASE("what needs history that is elsewhere lets its loader's exception through") {
  Closed closed;
  const std::vector<std::function<void(ProtectedDocument&)>> needs{
      [](ProtectedDocument& d) { (void)d.content().all_changes(); },
      [](ProtectedDocument& d) { (void)d.content().refresh(); },
      [&](ProtectedDocument& d) { (void)d.content().json_at({closed.version.front()}); },
      [](ProtectedDocument& d) { (void)d.content().places(0); },
      [](ProtectedDocument& d) { (void)d.archive(crypto::Secret::from_bytes(std::array<std::uint8_t, 32>{})); },
  };
  for (const auto& f : needs) {
    closed.open(never);
    CHECK_THROWS_AS(f(*closed.replica.document), HistoryNeeded);
  }
  closed.open(closed.load);
  for (const auto& f : needs) CHECK_NOTHROW(f(*closed.replica.document));
}

TEST_CASE("a device opens what it may read with its own key and the log alone") {
  Closed closed;
  closed.open(closed.load);
  CHECK(closed.replica->can_read({}));
  CHECK(document::to_json(*closed.replica->content().get(".private.word")) == "\"two\"");
  // The same without a snapshot: Bob's rights and keys rest on two user documents.
  ProtectedDocument& bobs = closed.bob->at(closed.d);
  Replica bob(closed.bob->key(), closed.d, 3);
  REQUIRE(why(bob.open({}, bobs.statements(), nullptr)) == "done");
  REQUIRE(why(bob->recover(bobs.content().all_changes(), {}, 0)) == "done");
  CHECK(bob->unreadable() == 0);
  CHECK(document::to_json(*bob->content().get(".title")) == "\"one\"");
  CHECK(document::to_json(*bob->content().get(".private.word")) == "\"two\"");
}

TEST_CASE("a revocation that comes after the snapshot voids leaves of it") {
  Closed closed;
  REQUIRE(closed.replica.open(closed.snapshot, closed.statements, closed.load).ok());
  REQUIRE(closed.replica->recover({}, {}, 0).ok());
  // Elsewhere Alice ends Bob's right as if she had seen nothing of his.
  Person& alice = *closed.alice;
  Replica blind(alice.key(), closed.d, 5);
  (void)blind->take(closed.statements, {});
  REQUIRE(blind->revoke({}, Level::write, closed.bob->user()).ok());
  const std::vector<SignedStatement> said = blind->statements();
  SECTION("while it is open") {
    (void)closed.replica->take(said, {});
    CHECK(document::to_json(*closed.replica->content().get(".private.word")) == "null");
    CHECK(closed.replica->withheld_leaves().size() == 1);
    const Bytes snapshot = closed.replica->snapshot();
    const std::vector<SignedStatement> log = closed.replica->statements();
    REQUIRE(closed.replica.open(snapshot, log, closed.load).ok());
    REQUIRE(closed.replica->recover({}, {}, 0).ok());
    CHECK(closed.replica->withheld_leaves().size() == 1);
    REQUIRE(closed.replica->admit_all(closed.bob->user()).ok());
    CHECK(document::to_json(*closed.replica->content().get(".private.word")) == "\"two\"");
    CHECK(closed.replica->withheld_leaves().empty());
  }
  SECTION("while it is closed") {
    REQUIRE(closed.replica.open(closed.snapshot, said, closed.load).ok());
    REQUIRE(closed.replica->recover({}, {}, 0).ok());
    CHECK(document::to_json(*closed.replica->content().get(".private.word")) == "null");
    CHECK(closed.replica->withheld_leaves().size() == 1);
  }
}

TEST_CASE("any bytes that are opened as a snapshot of a document with access are safe") {
  Closed closed;
  SeededRandom random(4);
  const Bytes& good = closed.snapshot;
  for (std::size_t n = 1; n < good.size(); n += 1 + n / 64)
    CHECK_FALSE(closed.replica.open(ByteView(good).first(n), closed.statements, closed.load).ok());
  std::size_t refused = 0;
  for (int i = 0; i < 500; ++i) {
    Bytes bad = good;
    bad[random.below(i < 250 ? 400 : bad.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
    const Status opened = closed.replica.open(bad, closed.statements, closed.load);
    refused += opened.ok() ? 0 : 1;
    try {
      if (opened.ok()) (void)closed.replica->recover({}, {}, 0);
    } catch (const std::out_of_range&) {
      // The loader was asked for a change whose name was damaged.
    }
  }
  CHECK(refused > 0);
}
