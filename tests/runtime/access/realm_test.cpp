// Documents between realms: devices exchange what they may, and see what they may.
#include "tests/runtime/access/people.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;

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
  // Removing a reader and changing the lock are one act.
  const SignedStatement removal = alice->at(d).statements().back();
  CHECK(kind_name(removal.statement) == "revoke");
  CHECK(removal.statement.rotations.size() == 1);
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

TEST_CASE("who hears of an admission before the change that it is about counts the change when it comes") {
  const auto alice = Person::alone(1), bob = Person::alone(2), carol = Person::alone(3);
  know({alice.get(), bob.get(), carol.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->grant(d, ".", Level::read, carol->user())) == "done");
  sync({alice.get(), bob.get(), carol.get()});
  REQUIRE(why(bob->set(d, ".private.word", "unseen")) == "done");
  REQUIRE(why(alice->revoke(d, ".", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  REQUIRE(alice->at(d).admit_all(bob->user()).ok());
  CHECK(carol->at(d).take(alice->at(d).statements(), {}).refused.empty());
  CHECK(carol->see(d, ".private.word") == "null");
  sync({alice.get(), carol.get()});
  CHECK(carol->see(d, ".private.word") == "\"unseen\"");
  CHECK(carol->at(d).withheld_leaves().empty());
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

TEST_CASE("who has lost the root reads no row that is written later, though its key was made before") {
  const auto alice = Person::alone(1), bob = Person::alone(2), carol = Person::alone(3);
  know({alice.get(), bob.get(), carol.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::read, bob->user())) == "done");
  REQUIRE(why(alice->grant(d, ".rows[\"k\"]", Level::write, carol->user())) == "done");
  REQUIRE(why(alice->set(d, ".rows[\"k\"].name", "before")) == "done");
  sync({alice.get(), bob.get(), carol.get()});
  CHECK(bob->see(d, ".rows") == R"({"k":{"name":"before"}})");
  REQUIRE(why(alice->revoke(d, ".", Level::read, bob->user())) == "done");
  sync({alice.get(), carol.get()});
  // Carol reads the row alone and changes its key before she writes.
  REQUIRE(why(carol->set(d, ".rows[\"k\"].name", "after")) == "done");
  sync({alice.get(), carol.get()});
  CHECK(alice->see(d, ".rows") == R"({"k":{"name":"after"}})");
  // As if the relay had leaked everything to Bob.
  (void)bob->realm().take(d, alice->at(d).statements(), alice->at(d).content().all_changes());
  CHECK(bob->see(d, ".rows") == R"({"k":{"name":"before"}})");
}
