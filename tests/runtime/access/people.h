// Alice, Bob and the others: realms that exchange what they may, for tests that tell a story.
#pragma once

#include <catch2/catch.hpp>

#include "runtime/access/realm.h"
#include "tests/runtime/document/random_schema.h"

namespace tlfs::access::testing {

inline std::shared_ptr<const schema::Package> notes_package() {
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

inline std::shared_ptr<const schema::Package> user_package() {
  return document::testing::compile_package("user { 0.1.0 { .: Struct .name: MVReg<String> } }");
}

// A device of someone.
class Person {
 public:
  explicit Person(std::uint64_t number)
      : random_(number),
        key_(std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random_))),
        realm_({key_, &random_, {}}) {}

  static std::unique_ptr<Person> alone(std::uint64_t number) {
    auto p = std::make_unique<Person>(number);
    p->realm_.create_user(crypto::SigningKey::generate(p->random_), user_package());
    return p;
  }

  // One more device of the same person, which nobody has let in yet.
  static std::unique_ptr<Person> device_of(Person& other, std::uint64_t number) {
    auto p = std::make_unique<Person>(number);
    p->realm_.join_user(*other.realm_.user());
    return p;
  }

  Realm& realm() { return realm_; }
  const std::shared_ptr<const crypto::SigningKey>& key() const { return key_; }
  Random& random() { return random_; }
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
  std::shared_ptr<const crypto::SigningKey> key_;
  Realm realm_;
};

inline void give(Person& from, Person& to) {
  for (const DocumentId& d : from.realm().documents()) {
    Realm::Share share = from.realm().share(d, to.realm().device());
    if (share.statements.empty()) continue;
    to.realm().open(d, d == from.realm().user() ? user_package() : notes_package());
    const auto taken = to.realm().take(d, std::move(share.statements), std::move(share.changes));
    for (const Error& e : taken.refused) FAIL(e.message());
  }
}

inline void sync(std::initializer_list<Person*> people) {
  for (int round = 0; round < 4; ++round) {
    for (Person* p : people) p->realm().tend();
    for (Person* a : people)
      for (Person* b : people)
        if (a != b) give(*a, *b);
  }
}

inline void know(std::initializer_list<Person*> people) {
  for (Person* a : people)
    for (Person* b : people)
      if (a != b) {
        a->realm().tend();
        b->realm().learn(a->realm().known(*a->realm().user()));
      }
}

inline std::string why(const Status& s) { return s.ok() ? "done" : s.error().message(); }

}  // namespace tlfs::access::testing
