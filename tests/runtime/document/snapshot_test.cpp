// Snapshots: what is opened is what was, and goes on as it would have.
#include "runtime/document/snapshot.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "runtime/base/environment.h"
#include "runtime/document/document.h"
#include "runtime/document/state_export.h"
#include "tests/runtime/document/every_kind.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

Document::Settings settings(std::uint8_t device) {
  static const auto package = every_kind();
  return settings_of(package, device);
}

std::string words(SeededRandom& random) {
  static constexpr const char* kLetters[] = {"a", "b", "c", " ", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\n"};
  std::string s;
  for (std::uint64_t n = 1 + random.below(5); n > 0; --n) s += kLetters[random.below(std::size(kLetters))];
  return s;
}

std::uint64_t size_of(const Transaction& tx, const std::string& path) {
  const auto at = tx.address(path);
  const Cell* cell = at ? tx.state().find(*at) : nullptr;
  if (!cell) return 0;
  if (cell->type == CellType::text) return static_cast<const TextCell*>(cell)->sequence.visible();
  return static_cast<const ArrayCell*>(cell)->sequence.visible();
}

void edit_text(Transaction& tx, SeededRandom& random, const std::string& path) {
  const std::uint64_t size = size_of(tx, path);
  const std::uint64_t at = random.below(size + 1);
  const std::uint64_t remove = random.chance(0.4) ? random.below(std::min<std::uint64_t>(size - at, 6) + 1) : 0;
  REQUIRE(tx.splice(*tx.address(path), at, remove, random.chance(0.8) ? words(random) : std::string()).ok());
}

// Returns the path of an element, or nothing when there is none afterwards.
std::string edit_array(Transaction& tx, SeededRandom& random, const std::string& path) {
  const Address at = *tx.address(path);
  std::uint64_t size = size_of(tx, path);
  const std::uint64_t what = random.below(8);
  if (size == 0 || what < 2) {
    REQUIRE(tx.insert(at, random.below(size + 1), static_cast<std::uint32_t>(1 + random.below(3))).ok());
  } else if (what < 4) {
    const std::uint64_t from = random.below(size);
    REQUIRE(tx.erase(at, from, 1 + random.below(std::min<std::uint64_t>(2, size - from))).ok());
  } else if (what < 6) {
    REQUIRE(tx.move(at, random.below(size), random.below(size)).ok());
  }
  size = size_of(tx, path);
  return size == 0 ? std::string() : path + "[" + std::to_string(random.below(size)) + "]";
}

void edit(Transaction& tx, SeededRandom& random) {
  const auto set = [&](const std::string& path, Value v) {
    if (const Status s = tx.set(path, std::move(v)); !s) FAIL(s.error().message());
  };
  const std::string key = random.chance(0.5) ? "k" : words(random);
  const std::string entry = ".table[\"" + std::string(key == "k" ? "k" : "other") + "\"]";
  switch (random.below(20)) {
    case 0:
      return set(".title", words(random));
    case 1:
      return set(".on", random.chance(0.5));
    case 2:
      return set(".u", random.next() >> 12);
    case 3:
      return set(".i", static_cast<std::int64_t>(random.next() >> 12) - (std::int64_t{1} << 51));
    case 4:
      return set(".f", static_cast<double>(random.below(100)) / 8);
    case 5:
      return set(".bytes", Bytes(random.below(5), 3));
    case 6:
      REQUIRE(tx.set_flag(*tx.address(".flag"), random.chance(0.6)).ok());
      return;
    case 7:
      if (random.chance(0.2)) {
        REQUIRE(tx.reset(*tx.address(".count")).ok());
      } else {
        REQUIRE(tx.increment(*tx.address(".count"), static_cast<std::int64_t>(random.below(9)) - 4).ok());
      }
      return;
    case 8:
    case 9:
    case 10:
      return edit_text(tx, random, ".text");
    case 11:
      return set(entry + ".n", random.below(5));
    case 12:
      return edit_text(tx, random, entry + ".text");
    case 13:
      REQUIRE(tx.remove(*tx.address(entry)).ok());
      return;
    case 14:
      REQUIRE(tx.touch(*tx.address(entry)).ok());
      return;
    case 15:
      REQUIRE(tx.increment(*tx.address(".numbers{" + std::to_string(random.below(3)) + "}"), 2).ok());
      return;
    case 16: {
      const std::string word = edit_array(tx, random, ".secret.words");
      if (!word.empty()) edit_text(tx, random, word);
      return;
    }
    default: {
      const std::string element = edit_array(tx, random, ".list");
      if (element.empty()) return;
      switch (random.below(5)) {
        case 0:
          return set(element + ".title", words(random));
        case 1:
          REQUIRE(tx.set_flag(*tx.address(element + ".done"), random.chance(0.6)).ok());
          return;
        case 2:
          return edit_text(tx, random, element + ".text");
        case 3: {
          const std::string tag = edit_array(tx, random, element + ".tags");
          if (!tag.empty()) set(tag, words(random));
          return;
        }
        default:
          return;
      }
    }
  }
}

void edits(Document& d, SeededRandom& random, const std::string& origin) {
  const auto done = d.transact({origin, "", std::nullopt}, [&](Transaction& tx) -> Status {
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) edit(tx, random);
    return {};
  });
  REQUIRE(done.ok());
}

// Two writers who edit, take back, and sometimes hear of each other.
struct Pair {
  explicit Pair(std::uint64_t seed, int steps) : random(seed), a(settings(1)), b(settings(2)) {
    for (int i = 0; i < steps; ++i) {
      Document& d = random.chance(0.5) ? a : b;
      if (random.chance(0.25)) {
        (void)(random.chance(0.6) ? d.undo("window") : d.redo("window"));
      } else {
        edits(d, random, random.chance(0.5) ? "window" : "");
      }
      if (random.chance(0.15)) exchange();
    }
    if (random.chance(0.3)) {
      const Version all = a.version();
      for (const Change& c : a.all_changes())
        for (std::uint32_t l = 0; l < c.leaves.size(); ++l)
          if (random.chance(0.1)) REQUIRE(a.set_voided({{c.hash, l}}, true).ok());
    }
  }
  void exchange() {
    (void)a.import(b.changes_since(a.version()));
    if (random.chance(0.5)) (void)b.import(a.changes_since(b.version()));
  }
  SeededRandom random;
  Document a, b;
};

// Opens as the document's device; the changes come from the document.
Result<std::unique_ptr<Document>> reopen(const Document& from, ByteView bytes, std::uint8_t device) {
  return Document::open(bytes, settings(device), {}, [&from](const ChangeHash& hash) -> Result<Change> {
    return from.history().change(from.graph().find(hash));
  });
}

void require_same(Document& is, Document& was) {
  REQUIRE(is.json() == was.json());
  REQUIRE(is.version() == was.version());
  REQUIRE(is.state_digest_input() == was.state_digest_input());
}

}  // namespace

TEST_CASE("A document opened from a snapshot shows the same value and has the same snapshot") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Pair pair(seed, 80);
    const std::string json = pair.a.json();
    const Bytes bytes = pair.a.snapshot();
    auto opened = reopen(pair.a, bytes, 1);
    if (!opened) FAIL(opened.error().message());
    CHECK((*opened)->json() == json);
    CHECK((*opened)->snapshot() == bytes);
    require_same(**opened, pair.a);
  }
}

TEST_CASE("A document opened from a snapshot goes on exactly as the one that it is a snapshot of") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Pair pair(seed, 50);
    const Bytes bytes = pair.a.snapshot();
    auto opened = reopen(pair.a, bytes, 1);
    REQUIRE(opened.ok());
    Document& twin = **opened;
    for (int i = 0; i < 30; ++i) {
      // The same edits make the same changes, bit for bit: one wrong id, anchor or parent would show in a hash.
      SeededRandom one(seed * 1000 + static_cast<std::uint64_t>(i)), other = one;
      edits(pair.a, one, "");
      edits(twin, other, "");
      if (i % 4 == 0) {
        // From a device that heard of this one long ago: concurrent. It revives characters and elements, too.
        edits(pair.b, pair.random, "window");
        edits(pair.b, pair.random, "window");
        REQUIRE(pair.b.undo("window").ok());
        Data value = twin.reader().data();
        const std::vector<Change> news = pair.b.changes_since(pair.a.version());
        const Import here = pair.a.import(news);
        const Import there = twin.import(news);
        REQUIRE(here.applied == there.applied);
        REQUIRE(here.patches.size() == there.patches.size());  // their order is free
        REQUIRE(apply_patches(value, there.patches).ok());
        REQUIRE(value == pair.a.reader().data());
      }
      REQUIRE(twin.version() == pair.a.version());
    }
    require_same(twin, pair.a);
  }
}

TEST_CASE("A document opened from a snapshot gives the changes before it too, and older versions") {
  Pair pair(5, 60);
  const Version early = pair.a.version();
  const std::string then = pair.a.json();
  edits(pair.a, pair.random, "");
  const Bytes bytes = pair.a.snapshot();
  auto opened = reopen(pair.a, bytes, 1);
  REQUIRE(opened.ok());
  CHECK((*opened)->json_at(early).value() == pair.a.json_at(early).value());
  Document third(settings(3));
  const Import report = third.import((*opened)->all_changes());
  CHECK(report.refused.empty());
  CHECK(third.version() == pair.a.version());
}

TEST_CASE("Voiding in a document opened from a snapshot gives what it gives in the original") {
  for (std::uint64_t seed = 100; seed < 120; ++seed) {
    INFO("seed " << seed);
    Pair pair(seed, 40);
    const Bytes bytes = pair.a.snapshot();
    auto opened = reopen(pair.a, bytes, 1);
    REQUIRE(opened.ok());
    const std::vector<Change> all = pair.a.all_changes();
    const LeafId leaf{all[pair.random.below(all.size())].hash, 0};
    const bool voided = !pair.a.is_voided(leaf);
    CHECK((*opened)->is_voided(leaf) == !voided);
    REQUIRE(pair.a.set_voided({leaf}, voided).ok());
    REQUIRE((*opened)->set_voided({leaf}, voided).ok());
    require_same(**opened, pair.a);
  }
}

TEST_CASE("A transaction that gives up is taken back in a document opened from a snapshot, without its history") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    Pair pair(seed, 40);
    auto opened = Document::open(pair.a.snapshot(), settings(1), {}, {});
    REQUIRE(opened.ok());
    edits(**opened, pair.random, "");
    (*opened)->seal();
    edits(**opened, pair.random, "");
    const std::string before = (*opened)->json();
    const auto done = (*opened)->transact({}, [&](Transaction& tx) -> Status {
      for (int i = 0; i < 5; ++i) edit(tx, pair.random);
      return Error(Errc::aborted, "on purpose");
    });
    CHECK_FALSE(done.ok());
    CHECK((*opened)->json() == before);
    edits(**opened, pair.random, "");
  }
}

TEST_CASE("Another device opens a snapshot and writes as itself") {
  Pair pair(9, 40);
  auto opened = reopen(pair.a, pair.a.snapshot(), 3);
  REQUIRE(opened.ok());
  edits(**opened, pair.random, "");
  const Import report = pair.a.import((*opened)->changes_since(pair.a.version()));
  CHECK(report.applied == 1);
  CHECK(report.refused.empty());
  CHECK((*opened)->json() == pair.a.json());
}

TEST_CASE(
    "The canonical bytes of a state do not depend on the order in which changes came, and do depend on the state") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Pair pair(seed, 60);
    for (const Change& c : pair.a.all_changes())
      for (std::uint32_t l = 0; l < c.leaves.size(); ++l) (void)pair.a.set_voided({{c.hash, l}}, false);
    pair.exchange();
    (void)pair.b.import(pair.a.changes_since(pair.b.version()));
    (void)pair.a.import(pair.b.changes_since(pair.a.version()));
    REQUIRE(pair.a.version() == pair.b.version());
    REQUIRE(pair.a.json() == pair.b.json());
    CHECK(pair.a.state_digest_input() == pair.b.state_digest_input());
    const Bytes before = pair.a.state_digest_input();
    (void)pair.a.transact({}, [](Transaction& tx) { return tx.set(".title", Value(std::string("news"))); });
    CHECK(pair.a.state_digest_input() != before);
  }
}

TEST_CASE("A snapshot is refused as another document, without its package, and when it is damaged") {
  Pair pair(3, 30);
  const Bytes bytes = pair.a.snapshot();
  Document::Settings other = settings(1);
  other.id.fill(8);
  CHECK(Document::open(bytes, other, {}, {}).error().is(Errc::wrong_document));
  other = settings(1);
  other.package = schema::compile("x { 1.0.0 { .: Struct .text: Text } }", "test").value()[0].package;
  CHECK(Document::open(bytes, other, {}, {}).error().is(Errc::unknown_package));
  CHECK(Document::open({}, settings(1), {}, {}).error().is(Errc::malformed));
  for (std::size_t size = 1; size < bytes.size(); size += 1 + size / 8) {
    INFO(size);
    CHECK_FALSE(Document::open(ByteView(bytes).first(size), settings(1), {}, {}).ok());
  }
}

TEST_CASE("Damaged snapshots are refused, or open as a document that works") {
  int worked = 0;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    static std::map<std::uint64_t, Bytes> made;
    Bytes& whole = made[seed % 10];
    if (whole.empty()) {
      Pair pair(seed % 10 + 50, 40);
      whole = pair.a.snapshot();
    }
    INFO("seed " << seed);
    SeededRandom random(seed);
    Bytes bytes = whole;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
      const std::uint64_t at = random.below(bytes.size());
      if (random.chance(0.6)) {
        bytes[at] = static_cast<std::uint8_t>(random.below(256));
      } else {
        bytes[at] = static_cast<std::uint8_t>(bytes[at] + (random.chance(0.5) ? 1 : 255));
      }
    }
    auto opened = Document::open(bytes, settings(1), {}, {});
    if (!opened) continue;
    ++worked;
    Document& d = **opened;
    (void)d.json();
    (void)d.snapshot();
    // Restored text would need the history, so no undo.
    for (int i = 0; i < 5; ++i) edits(d, random, "");
    (void)d.json();
  }
  CHECK(worked > 0);
}
