// Documents between realms: devices exchange what they may, and see what they may.
#include "runtime/access/realm.h"

#include <catch2/catch.hpp>

#include "tests/runtime/document/random_schema.h"

using namespace tlfs;
using namespace tlfs::access;

namespace {

std::shared_ptr<const schema::Package> notes_package() {
  return document::testing::compile_package(R"(notes {
    0.1.0 {
      .: Struct
      .title: MVReg<String>
      .body: Text
      .private: Struct @compartment
      .private.word: MVReg<String>
      .rows: Table<String>
      .rows.{}: Struct @compartment
      .rows.{}.name: MVReg<String>
    }
  })");
}

std::shared_ptr<const schema::Package> user_package() {
  return document::testing::compile_package("user { 0.1.0 { .: Struct .name: MVReg<String> } }");
}

// A device of someone.
class Person {
 public:
  explicit Person(std::uint64_t number)
      : random_(number),
        realm_({std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random_)), &random_, {}}) {}

  static std::unique_ptr<Person> alone(std::uint64_t number) {
    auto p = std::make_unique<Person>(number);
    p->realm_.create_user(crypto::SigningKey::generate(p->random_), user_package());
    return p;
  }

  Realm& realm() { return realm_; }
  Principal user() const { return Principal::user(*realm_.user()); }
  DocumentId create() {
    auto made = realm_.create(notes_package());
    REQUIRE(made.ok());
    return (*made)->id();
  }
  ProtectedDocument& at(const DocumentId& d) {
    ProtectedDocument* found = realm_.find(d);
    REQUIRE(found);
    return *found;
  }
  Status set(const DocumentId& d, std::string_view path, std::string value) {
    const auto done = at(d).content().transact(
        {"test", "", std::nullopt}, [&](document::Transaction& tx) { return tx.set(path, Value(std::move(value))); });
    return done ? Status() : Status(done.error());
  }
  std::string see(const DocumentId& d, std::string_view path) {
    ProtectedDocument* found = realm_.find(d);
    if (!found) return "no replica";
    const auto data = found->content().get(path);
    if (!data) return data.error().message();
    return document::to_json(*data);
  }
  Status grant(const DocumentId& d, std::string_view path, Level level, const Principal& to) {
    auto address = at(d).address(path);
    REQUIRE(address.ok());
    return at(d).grant(*address, level, to);
  }
  Status revoke(const DocumentId& d, std::string_view path, Level level, const Principal& from) {
    auto address = at(d).address(path);
    REQUIRE(address.ok());
    return at(d).revoke(*address, level, from);
  }

 private:
  SeededRandom random_;
  Realm realm_;
};

void give(Person& from, Person& to) {
  for (const DocumentId& d : from.realm().documents()) {
    Realm::Share share = from.realm().share(d, to.realm().device());
    if (share.statements.empty()) continue;
    to.realm().open(d, d == from.realm().user() ? user_package() : notes_package());
    const auto taken = to.realm().take(d, std::move(share.statements), std::move(share.changes));
    for (const Error& e : taken.refused) FAIL(e.message());
  }
}

void sync(std::initializer_list<Person*> people) {
  for (int round = 0; round < 4; ++round) {
    for (Person* p : people) p->realm().tend();
    for (Person* a : people)
      for (Person* b : people)
        if (a != b) give(*a, *b);
  }
}

void know(std::initializer_list<Person*> people) {
  for (Person* a : people)
    for (Person* b : people)
      if (a != b) {
        a->realm().tend();
        b->realm().learn(a->realm().known(*a->realm().user()));
      }
}

std::string why(const Status& s) { return s.ok() ? "done" : s.error().message(); }

}  // namespace

TEST_CASE("a document is shared by a grant, and what its reader may not write is refused with the reason") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->set(d, ".title", "hello")) == "done");
  CHECK(alice->see(d, ".title") == "\"hello\"");
  sync({alice.get(), bob.get()});
  CHECK(bob->see(d, ".title") == "no replica");
  REQUIRE(why(alice->grant(d, ".", Level::read, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  CHECK(bob->see(d, ".title") == "\"hello\"");
  CHECK_THAT(why(bob->set(d, ".title", "mine")), Catch::Contains("cannot write .title"));
  CHECK(bob->see(d, ".title") == "\"hello\"");
  REQUIRE(why(alice->grant(d, ".", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  CHECK(why(bob->set(d, ".title", "mine")) == "done");
  sync({alice.get(), bob.get()});
  CHECK(alice->see(d, ".title") == "\"mine\"");
}

TEST_CASE("a row that is a compartment is read by those it is granted to") {
  const auto alice = Person::alone(1), bob = Person::alone(2), carol = Person::alone(3);
  know({alice.get(), bob.get(), carol.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->set(d, ".rows[\"b\"].name", "for bob")) == "done");
  REQUIRE(why(alice->set(d, ".rows[\"c\"].name", "for carol")) == "done");
  REQUIRE(why(alice->grant(d, ".rows[\"b\"]", Level::read, bob->user())) == "done");
  REQUIRE(why(alice->grant(d, ".rows[\"c\"]", Level::write, carol->user())) == "done");
  sync({alice.get(), bob.get(), carol.get()});
  CHECK(bob->see(d, ".rows") == R"({"b":{"name":"for bob"}})");
  CHECK(carol->see(d, ".rows") == R"({"c":{"name":"for carol"}})");
  REQUIRE(why(carol->set(d, ".rows[\"c\"].name", "from carol")) == "done");
  sync({alice.get(), bob.get(), carol.get()});
  CHECK(alice->see(d, ".rows") == R"({"b":{"name":"for bob"},"c":{"name":"from carol"}})");
  CHECK(bob->see(d, ".rows") == R"({"b":{"name":"for bob"}})");
}

TEST_CASE("who is removed reads nothing that is written later, and what was written unseen is withheld") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->set(d, ".title", "one")) == "done");
  REQUIRE(why(alice->grant(d, ".", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  REQUIRE(why(bob->set(d, ".body", "seen")) == "done");
  sync({alice.get(), bob.get()});
  REQUIRE(why(bob->set(d, ".private.word", "unseen")) == "done");
  REQUIRE(why(alice->revoke(d, ".", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->set(d, ".title", "two")) == "done");
  sync({alice.get(), bob.get()});
  CHECK(alice->see(d, ".body") == "\"seen\"");
  CHECK(alice->see(d, ".private.word") == "null");
  CHECK(alice->at(d).withheld_leaves().size() == 1);
  CHECK(bob->see(d, ".title") == "\"one\"");
  REQUIRE(alice->at(d).admit_all(bob->user()).ok());
  CHECK(alice->see(d, ".private.word") == "\"unseen\"");
  CHECK(alice->at(d).withheld_leaves().empty());
}

TEST_CASE("a relay with sync forwards everything and reads nothing") {
  const auto alice = Person::alone(1), bob = Person::alone(2), relay = Person::alone(4);
  know({alice.get(), bob.get(), relay.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::sync, relay->user())) == "done");
  REQUIRE(why(alice->grant(d, ".", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->set(d, ".title", "secret")) == "done");
  sync({alice.get(), relay.get()});
  CHECK(relay->see(d, ".title") == "null");
  CHECK(relay->at(d).unreadable() == 1);
  sync({relay.get(), bob.get()});
  CHECK(bob->see(d, ".title") == "\"secret\"");
  REQUIRE(why(bob->set(d, ".title", "answer")) == "done");
  sync({relay.get(), bob.get()});
  sync({alice.get(), relay.get()});
  CHECK(alice->see(d, ".title") == "\"answer\"");
}
