// Names of addresses: the same on every replica that may know them, and nothing to anyone else.
#include "runtime/access/naming.h"

#include "tests/runtime/access/people.h"

using namespace tlfs;
using namespace tlfs::access;

namespace {

std::shared_ptr<const schema::Package> package() {
  return document::testing::compile_package(R"(places {
    0.1.0 {
      .: Struct
      .title: MVReg<String>
      .items: Array
      .items.[]: Struct
      .items.[].text: Text
      .items.[].done: EWFlag
      .private: Struct @compartment
      .private.word: MVReg<String>
      .private.more: Table<u64>
      .private.more.{}: MVReg<String>
      .rows: Table<String>
      .rows.{}: Struct @compartment
      .rows.{}.name: MVReg<String>
      .rows.{}.notes: Array
      .rows.{}.notes.[]: Struct @compartment
      .rows.{}.notes.[].text: MVReg<String>
    }
  })");
}

// A document in the clear with a naming of its own.
struct Replica {
  SeededRandom random;
  std::unique_ptr<document::Document> doc;
  Naming naming;

  explicit Replica(std::uint64_t seed) : random(seed) {
    document::Document::Settings settings;
    settings.id = {1};
    settings.device = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random));
    settings.package = package();
    doc = std::make_unique<document::Document>(std::move(settings));
    naming.attach(doc->nodes(), doc->graph().ids());
  }
  void edit(std::string_view json, std::string_view path = ".") {
    const auto data = document::parse_json(json);
    REQUIRE(data.ok());
    const auto done = doc->transact({}, [&](document::Transaction& tx) { return tx.set(path, *data); });
    INFO((done ? "" : done.error().message()));
    REQUIRE(done.ok());
  }
  Address at(std::string_view path) const {
    const auto place = doc->reader().locate(*document::parse_path(path));
    INFO(path << (place ? "" : ": " + place.error().message()));
    REQUIRE(place.ok());
    return place->address;
  }
  Bytes bytes(std::string_view path) const { return encode_address(doc->nodes(), doc->graph().ids(), at(path)); }
  std::optional<Scope> scope(std::string_view path) const { return naming.scope_of(at(path)); }
  void learn(std::string_view path, const Scope& scope, const crypto::Secret& key) {
    naming.learn(bytes(path), scope, key);
  }
};

constexpr const char* kPlaces[] = {".",
                                   ".title",
                                   ".items",
                                   ".items[0]",
                                   ".items[0].text",
                                   ".items[1]",
                                   ".items[1].done",
                                   ".private",
                                   ".private.word",
                                   ".rows",
                                   ".rows[\"a\"]",
                                   ".rows[\"a\"].name",
                                   ".rows[\"b\"]",
                                   ".rows[\"b\"].name",
                                   ".rows[\"b\"].notes",
                                   ".rows[\"b\"].notes[0]",
                                   ".rows[\"b\"].notes[0].text"};

crypto::Secret secret(std::uint64_t seed) {
  SeededRandom random(seed);
  return crypto::Secret::generate(random);
}

// Two replicas with the same content, which came there in another order and so under other local numbers.
struct Two {
  Replica alice{1}, bob{2};
  Two() {
    bob.edit(R"({"title":"bob was here first"})");
    alice.edit(R"({"items":[{"done":true},{}],"rows":{"a":{"name":"x"},"b":{"notes":[{"text":"n"}]}}})");
    alice.doc->import(bob.doc->all_changes());
    bob.doc->import(alice.doc->all_changes());
    REQUIRE(alice.doc->json() == bob.doc->json());
  }
};

}  // namespace

TEST_CASE("two readers of the root name every place alike, elements of arrays included") {
  Two t;
  const crypto::Secret key = secret(7);
  t.alice.learn(".", {}, key);
  t.bob.learn(".", {}, key);
  std::set<Scope> seen;
  for (const char* path : kPlaces) {
    INFO(path);
    const auto scope = t.alice.scope(path);
    REQUIRE(scope);
    CHECK(t.bob.scope(path) == scope);
    CHECK(seen.insert(*scope).second);  // no two places have one name
    CHECK(t.alice.bytes(path) == t.bob.bytes(path));
  }
}

TEST_CASE("a place's name begins with the names of those above it, and every step has a token of its own") {
  Two t;
  t.alice.learn(".", {}, secret(7));
  std::set<Token> tokens;
  std::size_t steps = 0;
  for (const char* path : kPlaces) {
    const Scope scope = *t.alice.scope(path);
    if (!scope.empty()) tokens.insert(scope.back()), ++steps;
  }
  CHECK(tokens.size() == steps);
  const auto above = [&](const char* a, const char* b) { return covers(*t.alice.scope(a), *t.alice.scope(b)); };
  CHECK(above(".", ".rows[\"b\"].notes[0].text"));
  CHECK(above(".rows", ".rows[\"b\"].notes[0].text"));
  CHECK(above(".rows[\"b\"]", ".rows[\"b\"].notes[0].text"));
  CHECK_FALSE(above(".rows[\"a\"]", ".rows[\"b\"].notes[0].text"));
  CHECK_FALSE(above(".items[1]", ".items[0].text"));
}

TEST_CASE("another naming key makes other names everywhere") {
  Two t;
  t.alice.learn(".", {}, secret(7));
  t.bob.learn(".", {}, secret(8));
  std::set<Token> tokens;
  for (const char* path : kPlaces) {
    const Scope scope = *t.alice.scope(path);
    tokens.insert(scope.begin(), scope.end());
  }
  for (const char* path : kPlaces) {
    const Scope scope = *t.bob.scope(path);
    CHECK(std::none_of(scope.begin(), scope.end(), [&](const Token& token) { return tokens.contains(token); }));
  }
}

TEST_CASE("who reads a row alone names what is in it and below it like those who read everything, and nothing else") {
  Two t;
  t.alice.learn(".", {}, secret(7));
  const auto row = t.alice.naming.name(t.alice.at(".rows[\"b\"]"));
  REQUIRE(row);
  t.bob.learn(".rows[\"b\"]", row->scope, *row->key);
  for (const char* path : kPlaces) {
    INFO(path);
    const bool inside = std::string_view(path).starts_with(".rows[\"b\"]");
    const auto scope = t.bob.scope(path);
    REQUIRE(scope.has_value() == inside);
    if (inside) CHECK(scope == t.alice.scope(path));
  }
}

TEST_CASE("a device without any key names nothing") {
  Two t;
  for (const char* path : kPlaces) CHECK_FALSE(t.bob.scope(path));
}

TEST_CASE("a liar's key for a row is not believed by who reads above, whatever came first") {
  Two t;
  t.alice.learn(".", {}, secret(7));
  const auto row = t.alice.naming.name(t.alice.at(".rows[\"b\"]"));
  const Scope lie{Token{9}, Token{9}};
  for (const bool lie_first : {true, false}) {
    INFO("lie first " << lie_first);
    Replica& bob = t.bob;
    bob.naming = Naming();
    bob.naming.attach(bob.doc->nodes(), bob.doc->graph().ids());
    if (lie_first) bob.learn(".rows[\"b\"]", lie, secret(666));
    bob.learn(".", {}, secret(7));
    if (!lie_first) {
      CHECK(bob.scope(".rows[\"b\"].name"));  // fills the row in
      bob.learn(".rows[\"b\"]", lie, secret(666));
    }
    const auto believed = bob.naming.name(bob.at(".rows[\"b\"].name"));
    REQUIRE(believed);
    CHECK(believed->scope == t.alice.scope(".rows[\"b\"].name"));
    CHECK(*believed->key == *row->key);
  }
}

TEST_CASE("what was said first of a row is kept by who reads only there") {
  Two t;
  t.bob.learn(".rows[\"b\"]", {Token{1}}, secret(1));
  const auto first = t.bob.scope(".rows[\"b\"].name");
  t.bob.learn(".rows[\"b\"]", {Token{2}}, secret(2));
  CHECK(t.bob.scope(".rows[\"b\"].name") == first);
}

TEST_CASE("an address comes back from its bytes") {
  Two t;
  for (const char* path : kPlaces) {
    INFO(path);
    const auto there = decode_address(t.bob.doc->nodes(), t.bob.doc->graph(), t.alice.bytes(path));
    REQUIRE(there);
    CHECK(*there == t.bob.at(path));
  }
}

TEST_CASE("bytes that are no address, or of elements and places that are not here, are none") {
  Two t;
  const auto decoded = [&](const Replica& at, const Bytes& bytes) {
    return decode_address(at.doc->nodes(), at.doc->graph(), bytes).has_value();
  };
  const Replica fresh(3);  // has seen no element
  for (const char* path : kPlaces) {
    INFO(path);
    const Bytes bytes = t.alice.bytes(path);
    const bool element = std::string_view(path).find("[0]") != std::string_view::npos ||
                         std::string_view(path).find("[1]") != std::string_view::npos;
    CHECK(decoded(fresh, bytes) != element);
    for (std::size_t n = 1; n < bytes.size(); ++n)
      CHECK_FALSE(decoded(t.alice, Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n))));
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(decoded(t.alice, longer));
    if (bytes.empty()) continue;
    Bytes other = bytes;
    other[3] ^= 1;  // another schema node
    CHECK_FALSE(decoded(t.alice, other));
  }
}

TEST_CASE("a rotation's check fits one naming key at one place") {
  const Bytes here{1, 2, 3}, there{1, 2, 4};
  const crypto::Secret key = secret(1);
  CHECK(naming_check(key, here) == naming_check(key, here));
  CHECK(naming_check(key, here) != naming_check(key, there));
  CHECK(naming_check(key, here) != naming_check(secret(2), here));
}
