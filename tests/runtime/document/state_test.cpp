// One test for each rule of merging. In the sketches time runs to the right; what is on different lines is concurrent.
#include "runtime/document/state.h"

#include <catch2/catch.hpp>

#include "tests/runtime/document/people.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

TEST_CASE("an update wins over a concurrent deletion, and the element keeps its whole content") {
  //        ┌ alice: erase [0] ─────────┐
  //   milk ┤                           ├ both
  //        └ bob: [0].votes += 1 ──────┘
  Person alice(1), bob(2);
  alice.set(".list", R"([{"name":"milk","votes":1},{"name":"bread"}])");
  sync({&alice, &bob});
  alice.remove(".list[0]");
  bob.increment(".list[0].votes", 1);
  sync({&alice, &bob});
  CHECK(bob.at(".list[0].name") == "\"milk\"");
  CHECK(bob.at(".list[0].votes") == "2");
  CHECK(bob.at(".list[1].name") == "\"bread\"");
}

TEST_CASE("a deletion wins over a concurrent move") {
  //           ┌ alice: erase [0] ──┐
  //   a, b, c ┤                    ├ b, c
  //           └ bob: [0] to 2 ─────┘
  Person alice(1), bob(2);
  alice.set(".list", R"([{"name":"a"},{"name":"b"},{"name":"c"}])");
  sync({&alice, &bob});
  alice.remove(".list[0]");
  bob.move(".list", 0, 2);
  sync({&alice, &bob});
  CHECK(alice.at(".list[0].name") == "\"b\"");
  CHECK(alice.at(".list[1].name") == "\"c\"");
  CHECK(alice.size(".list") == 2);
}

TEST_CASE("an element that is deleted, moved and updated at once lives on where it was moved") {
  //           ┌ alice: erase [0] ───┐
  //   a, b, c ┼ bob: [0] to 2 ──────┼ b, c, x
  //           └ carol: [0] = x ─────┘
  Person alice(1), bob(2), carol(3);
  alice.set(".list", R"([{"name":"a"},{"name":"b"},{"name":"c"}])");
  sync({&alice, &bob, &carol});
  alice.remove(".list[0]");
  bob.move(".list", 0, 2);
  carol.set(".list[0].name", "\"x\"");
  sync({&alice, &bob, &carol});
  CHECK(alice.at(".list[0].name") == "\"b\"");
  CHECK(alice.at(".list[1].name") == "\"c\"");
  CHECK(alice.at(".list[2].name") == "\"x\"");
}

TEST_CASE("a deletion that has seen the update deletes") {
  //   a ─ bob: [0].votes += 1 ─ alice: erase [0]
  Person alice(1), bob(2);
  alice.set(".list", R"([{"name":"a"}])");
  sync({&alice, &bob});
  bob.increment(".list[0].votes", 1);
  sync({&alice, &bob});
  alice.remove(".list[0]");
  sync({&alice, &bob});
  CHECK(bob.at(".list") == "[]");
}

TEST_CASE("an element that is moved by two at once is there once, where the higher move took it") {
  //              ┌ alice: [0] to 3 ──┐
  //   a, b, c, d ┤                   ├ a once
  //              └ bob: [0] to 1 ────┘
  Person alice(1), bob(2);
  alice.set(".list", R"([{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"}])");
  sync({&alice, &bob});
  alice.move(".list", 0, 3);
  bob.move(".list", 0, 1);
  const bool bob_is_higher = alice->writer() < bob->writer();  // equal lamports: the writer decides
  sync({&alice, &bob});
  CHECK(alice.names() == (bob_is_higher ? "bacd" : "bcda"));
}

TEST_CASE("removing a key leaves what was written below it meanwhile, and only that") {
  //              ┌ alice: remove ["k"] ──────────┐
  //   k: x, "hi" ┤                               ├ k: null, "!"
  //              └ bob: ["k"].text += "!" ───────┘
  Person alice(1), bob(2);
  alice.set(".map", R"({"k":{"name":"x","text":"hi"}})");
  sync({&alice, &bob});
  alice.remove(".map[\"k\"]");
  bob.splice(".map[\"k\"].text", 2, 0, "!");
  CHECK(alice.at(".map") == "{}");
  sync({&alice, &bob});
  CHECK(alice.at(".map[\"k\"].name") == "null");
  CHECK(alice.at(".map[\"k\"].text") == "\"!\"");
}

TEST_CASE("two devices that fill the same key offline merge field by field") {
  Person alice(1), bob(2);
  alice.set(".map[\"k\"].name", "\"x\"");
  bob.set(".map[\"k\"].text", "\"hello\"");
  sync({&alice, &bob});
  CHECK(alice.at(".map[\"k\"].name") == "\"x\"");
  CHECK(alice.at(".map[\"k\"].text") == "\"hello\"");
}

TEST_CASE("a touched key exists with nothing in it, and a removal takes only the touch that it has seen") {
  //   touch k ┬ alice: remove k ──┐
  //           └ bob: touch k ─────┴ k is there
  Person alice(1), bob(2);
  const auto touch = [](Transaction& tx) { return tx.touch(tx.address(".map[\"k\"]").value()); };
  alice.edit(touch);
  sync({&alice, &bob});
  CHECK(bob.size(".map") == 1);
  alice.remove(".map[\"k\"]");
  CHECK(alice.at(".map") == "{}");
  bob.edit(touch);
  sync({&alice, &bob});
  CHECK(alice.size(".map") == 1);
  bob.remove(".map[\"k\"]");
  sync({&alice, &bob});
  CHECK(alice.at(".map") == "{}");
}

TEST_CASE("a register keeps all concurrent writes until someone who saw them writes") {
  //      ┌ alice: "a" ──┐
  //   ∅ ─┤              ├ conflict ─ bob: "c"
  //      └ bob: "b" ────┘
  Person alice(1), bob(2);
  alice.set(".title", "\"a\"");
  bob.set(".title", "\"b\"");
  const bool bob_is_higher = alice->writer() < bob->writer();
  sync({&alice, &bob});
  const std::vector<Value> both = {std::string(bob_is_higher ? "b" : "a"), std::string(bob_is_higher ? "a" : "b")};
  CHECK(alice->conflicts(".title").value() == both);
  CHECK(bob->conflicts(".title").value() == both);
  CHECK(alice.at(".title") == (bob_is_higher ? "\"b\"" : "\"a\""));
  bob.set(".title", "\"c\"");
  sync({&alice, &bob});
  CHECK(alice->conflicts(".title").value() == std::vector<Value>{std::string("c")});
}

TEST_CASE("the later of two writes is the higher one, whoever wrote it") {
  Person alice(1), bob(2);
  alice.set(".number", "1");
  alice->seal();
  alice.set(".number", "2");  // lamport 2
  bob.set(".number", "3");    // lamport 1
  sync({&alice, &bob});
  CHECK(bob.at(".number") == "2");
  CHECK(bob->conflicts(".number")->size() == 2);
}

TEST_CASE("one assignment may carry several values, which stay in its order") {
  Person alice(1), bob(2);
  const std::vector<Value> values = {std::string("z"), std::string("a"), std::string("m")};
  alice.edit([&](Transaction& tx) { return tx.assign(tx.address(".title").value(), values); });
  sync({&alice, &bob});
  CHECK(bob->conflicts(".title").value() == values);
  CHECK(bob.at(".title") == "\"z\"");
}

TEST_CASE("resetting a counter removes only the increments it has seen") {
  //       ┌ alice: reset ─┐
  //   5 ──┤               ├ 2
  //       └ bob: += 2 ────┘
  Person alice(1), bob(2);
  alice.increment(".votes", 5);
  sync({&alice, &bob});
  alice.edit([](Transaction& tx) { return tx.reset(tx.address(".votes").value()); });
  bob.increment(".votes", 2);
  CHECK(alice.at(".votes") == "0");
  CHECK(bob.at(".votes") == "7");
  sync({&alice, &bob});
  CHECK(alice.at(".votes") == "2");
}

TEST_CASE("a counter wraps instead of overflowing") {
  Person alice(1), bob(2);
  alice.increment(".votes", INT64_MAX);
  bob.increment(".votes", 1);
  sync({&alice, &bob});
  CHECK(alice->get(".votes").value() == Data(Value(INT64_MIN)));
}

TEST_CASE("enabling a flag wins over a concurrent disabling") {
  //        ┌ alice: disable ─┐
  //   on ──┤                 ├ on ─ bob: disable ─ off
  //        └ bob: enable ────┘
  Person alice(1), bob(2);
  alice.flag(".done", true);
  sync({&alice, &bob});
  alice.flag(".done", false);
  bob.flag(".done", true);
  sync({&alice, &bob});
  CHECK(alice.at(".done") == "true");
  bob.flag(".done", false);
  sync({&alice, &bob});
  CHECK(alice.at(".done") == "false");
}

TEST_CASE("an edit inside an element's compartment does not bring the element back") {
  //              ┌ alice: erase [0] ────────────────┐
  //   a ─────────┤                                  ├ nothing
  //              └ bob: [0].secret.word = "x" ──────┘
  Person alice(1), bob(2);
  alice.set(".list", R"([{"name":"a"}])");
  sync({&alice, &bob});
  alice.remove(".list[0]");
  bob.set(".list[0].secret.word", "\"x\"");
  sync({&alice, &bob});
  CHECK(alice.at(".list") == "[]");
}
