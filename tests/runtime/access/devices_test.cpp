// Users are documents whose owners are devices, and groups are documents too: what that means for keys and for writes.
#include "tests/runtime/access/people.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;

TEST_CASE("a new device of a user reads everything the user may, after one statement in the user's document alone") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId own = alice->create(), shared = bob->create();
  REQUIRE(why(alice->set(own, ".title", "old")) == "done");
  REQUIRE(why(alice->set(own, ".rows[\"k\"].name", "row")) == "done");
  REQUIRE(why(bob->set(shared, ".title", "bob's")) == "done");
  REQUIRE(why(bob->grant(shared, ".", Level::write, alice->user())) == "done");
  sync({alice.get(), bob.get()});

  const auto phone = Person::device_of(*alice, 11);
  const std::size_t said_of_user = alice->at(*alice->realm().user()).log().size();
  const std::size_t said_of_own = alice->at(own).log().count(own);
  const std::size_t said_of_shared = alice->at(shared).log().count(shared);
  REQUIRE(why(alice->realm().add_device(phone->realm().device())) == "done");
  sync({alice.get(), phone.get()});
  CHECK(phone->see(own, ".title") == "\"old\"");
  CHECK(phone->see(own, ".rows") == R"({"k":{"name":"row"}})");
  CHECK(phone->see(shared, ".title") == "\"bob's\"");
  CHECK(alice->at(*alice->realm().user()).log().size() == said_of_user + 1);
  CHECK(alice->at(own).log().count(own) == said_of_own);
  CHECK(alice->at(shared).log().count(shared) == said_of_shared);

  // Bob learns of the phone from what it writes.
  REQUIRE(why(phone->set(shared, ".title", "from the phone")) == "done");
  sync({phone.get(), bob.get()});
  CHECK(bob->see(shared, ".title") == "\"from the phone\"");
}

TEST_CASE("a stolen device is removed by its sister: it reads nothing new, and what it writes is withheld everywhere") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const auto phone = Person::device_of(*alice, 11);
  REQUIRE(why(alice->realm().add_device(phone->realm().device())) == "done");
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->set(d, ".title", "before")) == "done");
  sync({alice.get(), bob.get(), phone.get()});
  REQUIRE(why(phone->set(d, ".body", "honest")) == "done");
  sync({alice.get(), bob.get(), phone.get()});

  REQUIRE(why(phone->set(d, ".rows[\"x\"].name", "by the thief")) == "done");
  REQUIRE(why(alice->realm().remove_device(phone->realm().device())) == "done");
  REQUIRE(why(alice->set(d, ".title", "after")) == "done");
  sync({alice.get(), bob.get(), phone.get()});
  for (Person* p : {alice.get(), bob.get()}) {
    CHECK(p->see(d, ".body") == "\"honest\"");
    CHECK(p->see(d, ".rows") == "{}");
    CHECK(p->see(d, ".title") == "\"after\"");
    CHECK(p->at(d).withheld_leaves().size() == 1);
    CHECK_THAT(p->at(d).withheld_leaves().front().why, Catch::Contains("ended by"));
  }
  CHECK(phone->see(d, ".title") == "\"before\"");
  // Bob's next write is under a key that the thief does not have either.
  REQUIRE(why(bob->set(d, ".title", "bob's")) == "done");
  sync({alice.get(), bob.get(), phone.get()});
  CHECK(phone->see(d, ".title") == "\"before\"");
  CHECK(alice->see(d, ".title") == "\"bob's\"");
}

TEST_CASE("groups in groups give what they are granted, and take it with them") {
  const auto alice = Person::alone(1), bob = Person::alone(2), carol = Person::alone(3);
  know({alice.get(), bob.get(), carol.get()});
  const DocumentId inner = alice->create(), middle = alice->create(), outer = alice->create(), d = alice->create();
  REQUIRE(why(alice->grant(inner, ".", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->grant(middle, ".", Level::write, Principal::members(inner, {}, Level::write))) == "done");
  REQUIRE(why(alice->grant(outer, ".", Level::read, Principal::members(middle, {}, Level::write))) == "done");
  REQUIRE(why(alice->grant(d, ".", Level::write, Principal::members(outer, {}, Level::read))) == "done");
  REQUIRE(why(alice->set(d, ".title", "for the group")) == "done");
  sync({alice.get(), bob.get(), carol.get()});
  CHECK(bob->see(d, ".title") == "\"for the group\"");
  CHECK(carol->see(d, ".title") == "no replica");
  REQUIRE(why(bob->set(d, ".title", "from the group")) == "done");
  sync({alice.get(), bob.get()});
  CHECK(alice->see(d, ".title") == "\"from the group\"");

  // Bob leaves the innermost group while he writes unseen.
  REQUIRE(why(bob->set(d, ".body", "unseen")) == "done");
  REQUIRE(why(alice->revoke(inner, ".", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get(), carol.get()});
  CHECK(alice->see(d, ".title") == "\"from the group\"");
  CHECK(alice->see(d, ".body") == "\"\"");
  CHECK(alice->at(d).withheld_leaves().size() == 1);
  REQUIRE(why(alice->set(d, ".title", "without bob")) == "done");
  sync({alice.get(), bob.get(), carol.get()});
  CHECK(bob->see(d, ".title") == "\"from the group\"");
  CHECK_THAT(why(bob->set(d, ".title", "still here")), Catch::Contains("cannot write"));
}

//   alice: remove bob from the first group    --+
//                                               +--> dave writes: under a key that neither bob nor carol has
//   erin:  remove carol from the second group --+
TEST_CASE("after concurrent removals in two groups the next write is under a key that neither removed one has") {
  const auto alice = Person::alone(1), bob = Person::alone(2), carol = Person::alone(3), dave = Person::alone(4),
             erin = Person::alone(5);
  know({alice.get(), bob.get(), carol.get(), dave.get(), erin.get()});
  const DocumentId first = alice->create(), second = erin->create();
  REQUIRE(why(alice->grant(first, ".", Level::read, bob->user())) == "done");
  REQUIRE(why(erin->grant(second, ".", Level::read, carol->user())) == "done");
  sync({alice.get(), bob.get(), carol.get(), dave.get(), erin.get()});
  const DocumentId d = dave->create();
  dave->realm().learn(alice->realm().known(first));
  dave->realm().learn(erin->realm().known(second));
  REQUIRE(why(dave->grant(d, ".", Level::read, Principal::members(first, {}, Level::read))) == "done");
  REQUIRE(why(dave->grant(d, ".", Level::read, Principal::members(second, {}, Level::read))) == "done");
  REQUIRE(why(dave->set(d, ".title", "both")) == "done");
  sync({alice.get(), bob.get(), carol.get(), dave.get(), erin.get()});
  CHECK(bob->see(d, ".title") == "\"both\"");
  CHECK(carol->see(d, ".title") == "\"both\"");

  REQUIRE(why(alice->revoke(first, ".", Level::read, bob->user())) == "done");
  REQUIRE(why(erin->revoke(second, ".", Level::read, carol->user())) == "done");
  dave->realm().learn(alice->realm().known(first));
  sync({alice.get(), dave.get()});
  sync({erin.get(), dave.get()});
  dave->realm().learn(alice->realm().known(first));
  dave->realm().learn(erin->realm().known(second));
  dave->realm().tend();
  REQUIRE(why(dave->set(d, ".title", "neither")) == "done");
  sync({alice.get(), bob.get(), carol.get(), dave.get(), erin.get()});
  CHECK(alice->see(d, ".title") == "\"neither\"");
  CHECK(erin->see(d, ".title") == "\"neither\"");
  CHECK(bob->see(d, ".title") == "\"both\"");
  CHECK(carol->see(d, ".title") == "\"both\"");
}

TEST_CASE("a removed member's rights in a group end even when the groups go in a circle") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId one = alice->create(), two = alice->create();
  REQUIRE(why(alice->grant(one, ".", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->grant(one, ".", Level::write, Principal::members(two, {}, Level::write))) == "done");
  REQUIRE(why(alice->grant(two, ".", Level::write, Principal::members(one, {}, Level::write))) == "done");
  sync({alice.get(), bob.get()});
  const Principal device = Principal::of_key(bob->realm().device());
  CHECK(alice->at(two).level(device, {}) == Level::write);
  REQUIRE(why(alice->revoke(one, ".", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  CHECK(alice->at(one).level(device, {}) == Level::none);
  CHECK(alice->at(two).level(device, {}) == Level::none);
  CHECK_THAT(why(bob->set(two, ".title", "x")), Catch::Contains("cannot write"));
}
