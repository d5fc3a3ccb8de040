// Sentences of runtime/access/THREAT_MODEL.md that no other test shows.
#include "tests/runtime/access/people.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;

namespace {

// A user with a first device, which let two others in.
struct User {
  SeededRandom random{1};
  std::shared_ptr<const crypto::SigningKey> recovery =
      std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random));
  Realm root{Realm::Settings{recovery, &random, {}}};  // the recovery key, when it is fetched
  Person first{11}, second{12}, third{13};
  DocumentId id{};

  User() {
    first.realm().create_user(*recovery, user_package());
    id = *first.realm().user();
    REQUIRE(first.realm().add_device(second.realm().device()).ok());
    REQUIRE(first.realm().add_device(third.realm().device()).ok());
    for (Realm* r : {&second.realm(), &third.realm(), &root}) {
      r->join_user(id);
      r->open(id, user_package());
    }
    pass_all();
  }
  std::vector<Realm*> all() { return {&first.realm(), &second.realm(), &third.realm(), &root}; }
  void pass_all() {
    for (Realm* from : all())
      for (Realm* to : all())
        if (from != to) (void)to->take(id, from->find(id)->statements(), {});
  }
  Level level(Realm& seen_by, Person& device) {
    return seen_by.find(id)->level(Principal::of_key(device.realm().device()), {});
  }
};

}  // namespace

TEST_CASE("a device cannot remove the one that let it in, and the recovery key can") {
  User u;
  const Status refused = u.second.realm().remove_device(u.first.realm().device());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().is(access::Errc::denied));
  REQUIRE(u.first.realm().remove_device(u.third.realm().device()).ok());
  u.pass_all();
  for (Realm* r : u.all()) CHECK(u.level(*r, u.third) == Level::none);
  // The first is in a thief's hands. What it let in goes with it.
  REQUIRE(u.root.remove_device(u.first.realm().device()).ok());
  u.pass_all();
  for (Realm* r : u.all()) {
    CHECK(u.level(*r, u.first) == Level::none);
    CHECK(u.level(*r, u.second) == Level::none);
  }
  REQUIRE(u.root.add_device(u.second.realm().device()).ok());
  u.pass_all();
  for (Realm* r : u.all()) CHECK(u.level(*r, u.second) == Level::own);
}

TEST_CASE("two devices of equal rank that remove each other at once are both removed") {
  User u;
  REQUIRE(u.second.realm().remove_device(u.third.realm().device()).ok());
  REQUIRE(u.third.realm().remove_device(u.second.realm().device()).ok());
  u.pass_all();
  for (Realm* r : u.all()) {
    CHECK(u.level(*r, u.first) == Level::own);
    CHECK(u.level(*r, u.second) == Level::none);
    CHECK(u.level(*r, u.third) == Level::none);
  }
}

TEST_CASE("a reader who was removed can still test a guess at a new row's key, by its token") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  REQUIRE(why(alice->revoke(d, ".", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->set(d, ".rows[\"diagnosis\"].name", "hidden")) == "done");
  alice->at(d).content().seal();
  const Scope token = *alice->at(d).scope_of(*alice->at(d).address(".rows[\"diagnosis\"]"));
  const auto guess = [&](const char* path) { return *bob->at(d).scope_of(*bob->at(d).address(path)); };
  CHECK(guess(".rows[\"diagnosis\"]") == token);
  CHECK(guess(".rows[\"another\"]") != token);
}

TEST_CASE("of two beginnings of a document that its creator signed, each replica keeps to the first it got") {
  SeededRandom random(1);
  const auto key = [&] { return std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random)); };
  const auto document = key();
  const auto owner = key(), other = key(), reader = key();
  const auto begun = [&](const std::shared_ptr<const crypto::SigningKey>& by) {
    ProtectedDocument::Settings s;
    s.device = by;
    s.package = notes_package();
    s.secrets = std::make_shared<EpochSecrets>();
    s.random = &random;
    auto made = ProtectedDocument::create(std::move(s), *document, Principal::of_key(by->public_key()),
                                          DocumentKind::ordinary, {});
    REQUIRE(made->grant({}, Level::read, Principal::of_key(reader->public_key())).ok());
    return made;
  };
  const auto left = begun(owner), right = begun(other);
  REQUIRE(left->id() == right->id());
  Realm realm({reader, &random, {}});
  ProtectedDocument& copy = realm.open(left->id(), notes_package());
  CHECK(copy.take(left->statements(), {}).refused.empty());
  const auto second = copy.take(right->statements(), {});
  CHECK(second.refused.size() == 1);  // the genesis; what rests on it waits
  CHECK(second.statements == 0);
  CHECK(copy.log().waiting() == right->statements().size() - 1);
  CHECK(copy.level(Principal::of_key(owner->public_key()), {}) == Level::own);
  CHECK(copy.level(Principal::of_key(other->public_key()), {}) == Level::none);
}
