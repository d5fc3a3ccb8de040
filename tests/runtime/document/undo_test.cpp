// Undo takes the own edits back and leaves those of others alone.
#include "runtime/document/undo.h"

#include <catch2/catch.hpp>

#include "tests/runtime/document/people.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

TEST_CASE("undo takes back the own edit and leaves what others did meanwhile") {
  Person alice(1), bob(2);
  alice.set(".text", "\"one two\"");
  sync({&alice, &bob});
  alice.splice(".text", 3, 0, " and");
  sync({&alice, &bob});
  bob.splice(".text", 11, 0, " three");
  sync({&alice, &bob});
  CHECK(alice.at(".text") == "\"one and two three\"");
  REQUIRE(alice->undo("window").ok());
  CHECK(alice.at(".text") == "\"one two three\"");
  REQUIRE(alice->redo("window").ok());
  CHECK(alice.at(".text") == "\"one and two three\"");
  sync({&alice, &bob});
}

TEST_CASE("two people who undo the same deletion do not double what was deleted") {
  //           ┌ alice: delete "ell", undo ─┐
  //   hello ──┤                            ├ hello
  //           └ bob: delete "ell", undo ───┘
  Person alice(1), bob(2);
  alice.set(".text", "\"hello\"");
  alice.set(".list", R"([{"name":"a"},{"name":"b"}])");
  sync({&alice, &bob});
  for (Person* p : {&alice, &bob})
    p->edit([](Transaction& tx) {
      REQUIRE(tx.splice(tx.address(".text").value(), 1, 3, "").ok());
      return tx.erase(tx.address(".list").value(), 0, 2);
    });
  sync({&alice, &bob});
  CHECK(alice.at(".text") == "\"ho\"");
  CHECK(alice.at(".list") == "[]");
  REQUIRE(alice->undo("window").ok());
  REQUIRE(bob->undo("window").ok());
  sync({&alice, &bob});
  CHECK(alice.at(".text") == "\"hello\"");
  CHECK(alice.at(".list[0].name") == "\"a\"");
  CHECK(alice.at(".list[1].name") == "\"b\"");
  CHECK(alice.size(".list") == 2);
}

TEST_CASE("each origin has its own stack") {
  Person alice(1);
  const auto type = [&](const std::string& origin, std::string_view text) {
    alice.edit([&](Transaction& tx) { return tx.splice(tx.address(".text").value(), 0, 0, text); }, origin);
  };
  type("left", "l");
  type("right", "r");
  CHECK(alice.at(".text") == "\"rl\"");
  REQUIRE(alice->undo("left").ok());
  CHECK(alice.at(".text") == "\"r\"");
  CHECK(!alice->can_undo("left"));
  CHECK(alice->can_undo("right"));
  CHECK(alice->undo("left").error().is(Errc::nothing_to_undo));
  CHECK(alice->undo("nobody").error().is(Errc::nothing_to_undo));
  REQUIRE(alice->undo("right").ok());
  CHECK(alice.at(".text") == "\"\"");
  // A new edit forgets what could be redone, in its own origin.
  type("left", "L");
  CHECK(!alice->can_redo("left"));
  REQUIRE(alice->redo("right").ok());
  CHECK(alice->text(".text")->size() == 2);
}

TEST_CASE("undoing an assignment that ended a conflict brings all its values back") {
  Person alice(1), bob(2);
  alice.set(".title", "\"a\"");
  bob.set(".title", "\"b\"");
  sync({&alice, &bob});
  const std::vector<Value> both = alice->conflicts(".title").value();
  REQUIRE(both.size() == 2);
  alice.set(".title", "\"c\"");
  REQUIRE(alice->undo("window").ok());
  sync({&alice, &bob});
  CHECK(bob->conflicts(".title").value() == both);
}

TEST_CASE("undo leaves a register alone that another has written since") {
  Person alice(1), bob(2);
  alice.set(".title", "\"a\"");
  sync({&alice, &bob});
  bob.set(".title", "\"b\"");
  sync({&alice, &bob});
  REQUIRE(alice->undo("window").ok());
  CHECK(alice.at(".title") == "\"b\"");
}

TEST_CASE("undoing the removal of a key brings everything back that it held") {
  Person alice(1), bob(2);
  alice.set(".map", R"({"k":{"name":"x","text":"hello","secret":{"word":"w"}}})");
  sync({&alice, &bob});
  const std::string before = alice->json();
  alice.remove(".map[\"k\"]");
  CHECK(alice.at(".map") == "{}");
  sync({&alice, &bob});
  REQUIRE(alice->undo("window").ok());
  sync({&alice, &bob});
  CHECK(bob->json() == before);
}

TEST_CASE("undoing a move takes the element back, unless another moved it since") {
  Person alice(1), bob(2);
  alice.set(".list", R"([{"name":"a"},{"name":"b"},{"name":"c"}])");
  sync({&alice, &bob});
  alice.move(".list", 0, 2);
  CHECK(alice.names() == "bca");
  REQUIRE(alice->undo("window").ok());
  CHECK(alice.names() == "abc");
  alice.move(".list", 0, 2);
  sync({&alice, &bob});
  bob.move(".list", 2, 1);
  sync({&alice, &bob});
  CHECK(alice.names() == "bac");
  REQUIRE(alice->undo("window").ok());
  CHECK(alice.names() == "bac");
}

TEST_CASE("undo and redo may go back and forth over any edit") {
  Person alice(1);
  std::vector<std::string> values = {alice->json()};
  const auto did = [&](const Commit&) { values.push_back(alice->json()); };
  did(alice.set(".title", "\"a\""));
  did(alice.set(".list", R"([{"name":"a"},{"name":"b","votes":3}])"));
  did(alice.set(".map", R"({"k":{"text":"t"},"l":{}})"));
  did(alice.flag(".done", true));
  did(alice.increment(".votes", 4));
  did(alice.edit([](Transaction& tx) { return tx.reset(tx.address(".votes").value()); }));
  did(alice.move(".list", 1, 0));
  did(alice.remove(".list[0]"));
  did(alice.remove(".map[\"l\"]"));
  did(alice.splice(".map[\"k\"].text", 0, 1, "other"));
  did(alice.set(".title", "\"b\""));
  did(alice.flag(".done", false));
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = values.size() - 1; i-- > 0;) {
      REQUIRE(alice->undo("window").ok());
      CHECK(alice->json() == values[i]);
    }
    CHECK(!alice->can_undo("window"));
    for (std::size_t i = 1; i < values.size(); ++i) {
      REQUIRE(alice->redo("window").ok());
      CHECK(alice->json() == values[i]);
    }
    CHECK(!alice->can_redo("window"));
  }
}

TEST_CASE("an element that was erased before what it lay in was removed comes back with all it held") {
  Person alice(1), bob(2);
  alice.set(".list", R"([{"name":"a","votes":3,"secret":{"word":"w"}},{"name":"b"}])");
  const std::string whole = alice->json();
  alice.remove(".list[0]");
  const std::string without = alice->json();
  alice.edit([](Transaction& tx) { return tx.remove(tx.address(".list").value()); });
  CHECK(alice.at(".list") == "[]");
  sync({&alice, &bob});
  for (int round = 0; round < 2; ++round) {
    REQUIRE(alice->undo("window").ok());
    CHECK(alice->json() == without);
    REQUIRE(alice->undo("window").ok());
    CHECK(alice->json() == whole);
    sync({&alice, &bob});
    CHECK(bob->json() == whole);
    REQUIRE(alice->redo("window").ok());
    CHECK(alice->json() == without);
    REQUIRE(alice->redo("window").ok());
    CHECK(alice.at(".list") == "[]");
  }
}

TEST_CASE("erasing and removing in one transaction is taken back in one") {
  Person alice(1);
  alice.set(".list", R"([{"name":"a","votes":3},{"name":"b"}])");
  const std::string whole = alice->json();
  alice.edit([](Transaction& tx) {
    const Address list = tx.address(".list").value();
    REQUIRE(tx.erase(list, 0).ok());
    return tx.remove(list);
  });
  REQUIRE(alice->undo("window").ok());
  CHECK(alice->json() == whole);
}

TEST_CASE("what an erased element held comes back once, though another window removed what it lay in") {
  Person alice(1);
  alice.set(".list", R"([{"name":"a","votes":3},{"name":"b"}])");
  const std::string whole = alice->json();
  const auto erase = [&](const std::string& window) {
    alice.edit([](Transaction& tx) { return tx.erase(tx.address(".list").value(), 0); }, window);
  };
  erase("left");
  REQUIRE(alice->undo("left").ok());
  REQUIRE(alice->redo("left").ok());
  alice.edit([](Transaction& tx) { return tx.remove(tx.address(".list").value()); }, "right");
  REQUIRE(alice->undo("left").ok());
  CHECK(alice.at(".list[0].votes") == "3");
  REQUIRE(alice->undo("right").ok());
  CHECK(alice->json() == whole);
}
