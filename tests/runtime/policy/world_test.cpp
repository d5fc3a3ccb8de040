// Worlds: what a test of a policy can say, and that it goes wrong when the policy is another.
#include "runtime/policy/world.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "runtime/policy/replay.h"
#include "tests/runtime/document/random_schema.h"

using namespace tlfs;
using namespace tlfs::policy;
using document::Data;

namespace {

World::Settings people(std::vector<std::string> names, std::uint64_t seed = 1) {
  return {document::testing::compile_package(R"(notes { 0.1.0 {
      .: Struct  .title: MVReg<String>  .done: EWFlag  .votes: Counter  .body: Text  .tags: Array  .tags.[]: Text
      .private: Struct @compartment  .private.word: MVReg<String>
      .rows: Table<String>  .rows.{}: Struct  .rows.{}.size: MVReg<u64> } })"),
          std::move(names), seed};
}

std::string shown(const Answer& answer) {
  std::ostringstream out;
  out << answer;
  return out.str();
}

Data json(std::string_view text) { return document::parse_json(text).value(); }

}  // namespace

TEST_CASE("an expectation that is not met throws the explanation") {
  World world(people({"alice", "bob"}));
  REQUIRE(world.as("alice").create("doc"));
  REQUIRE(world.as("alice").grant(Level::read, ".", "bob"));
  world.deliver_everyone();
  world.as("bob").expect_allowed(Level::read, ".title");
  world.as("bob").expect_denied(Level::write, ".title");
  CHECK_THROWS_WITH(world.as("bob").expect_allowed(Level::write, ".title"),
                    Catch::Contains("expected that bob may write doc at .title") && Catch::Contains("gives only read"));
  CHECK_THROWS_WITH(world.as("alice").expect_denied(Level::own, "."),
                    Catch::Contains("expected that alice may not own doc") && Catch::Contains("the genesis"));
  CHECK_THAT(shown(world.as("bob").set(".title", "mine")),
             Catch::Contains("no: cannot write .title: bob may not write"));
  CHECK_THROWS_AS(world.as("mallory"), Unmet);
  CHECK_THROWS_WITH(world.sync({"alice", "mallory"}), Catch::Contains("nobody called \"mallory\""));
}

TEST_CASE("a replica appears with the first share, and who is not named in a sync hears nothing") {
  World world(people({"alice", "bob", "carol"}));
  Person alice = world.as("alice"), bob = world.as("bob"), carol = world.as("carol");
  REQUIRE(alice.create("doc"));
  REQUIRE(alice.set(".title", "one"));
  REQUIRE(alice.grant(Level::read, ".", "bob"));
  REQUIRE(alice.grant(Level::read, ".", "carol"));
  world.sync({"alice", "bob"});
  CHECK(bob.sees(".title", "one"));
  CHECK(carol.replica() == nullptr);
  CHECK_THAT(shown(carol.set(".title", "x")), Catch::Contains("carol has no replica of doc"));
  CHECK_FALSE(carol.can("carol", Level::read, "."));
  world.sync({"bob", "carol"});
  CHECK(carol.sees(".title", "one"));
  CHECK(world.deliveries().empty());
  world.deliver_everyone();
  REQUIRE(world.deliveries().size() == 1);
  CHECK(world.deliveries()[0].size() == 3);
  CHECK(world.deliveries()[0][2].person == "carol");
}

TEST_CASE("what one cannot read is told from what was never written") {
  World world(people({"alice", "bob", "carol"}));
  Person alice = world.as("alice"), bob = world.as("bob"), carol = world.as("carol");
  REQUIRE(alice.create("doc"));
  REQUIRE(alice.grant(Level::sync, ".", "bob"));
  REQUIRE(alice.grant(Level::read, ".", "carol"));
  world.deliver_everyone();
  CHECK(bob.cannot_read(".title"));
  CHECK_THAT(shown(carol.cannot_read(".title")), Catch::Contains("nothing is written there"));
  REQUIRE(alice.set(".title", "one"));
  world.deliver_everyone();
  CHECK(bob.cannot_read(".title"));
  CHECK_THAT(shown(carol.cannot_read(".title")), Catch::Contains("carol sees \"one\""));
}

TEST_CASE("what was read stays read, and what replaced it is closed to who has lost read") {
  World world(people({"alice", "bob"}));
  Person alice = world.as("alice"), bob = world.as("bob");
  REQUIRE(alice.create("doc"));
  REQUIRE(alice.set(".title", "old"));
  REQUIRE(alice.grant(Level::read, ".", "bob"));
  world.deliver_everyone();
  REQUIRE(alice.set(".title", "not here yet"));
  CHECK_FALSE(bob.cannot_read(".title"));  // and may read it once it comes
  world.deliver_everyone();
  REQUIRE(alice.revoke(Level::read, ".", "bob"));
  world.deliver_everyone();
  CHECK_FALSE(bob.cannot_read(".title"));
  REQUIRE(alice.set(".title", "new"));
  world.deliver_everyone();
  CHECK(bob.sees(".title", "not here yet"));
  CHECK(bob.cannot_read(".title"));
  CHECK_FALSE(bob.cannot_read("."));
}

TEST_CASE("nothing is null, whatever its kind, and values are the same when their JSON is") {
  World world(people({"alice", "bob"}));
  Person alice = world.as("alice");
  REQUIRE(alice.create("doc"));
  CHECK(alice.sees(".", Data()));
  CHECK(alice.sees(".", json("{}")));
  CHECK(alice.sees(".done", Data()));
  CHECK(alice.sees(".votes", json("0")));
  CHECK(alice.sees(".rows[\"x\"].size", Data()));
  CHECK(alice.sees(".tags[3]", Data()));
  CHECK_FALSE(alice.sees(".title", ""));
  CHECK_FALSE(alice.sees(".nowhere", Data()));
  CHECK(world.as("bob").sees(".", json(R"({"title":null,"done":false})")));
  CHECK_FALSE(world.as("bob").sees(".", json(R"({"title":"x"})")));

  REQUIRE(alice.set_json(".", R"({"title":"t","votes":2,"tags":["a"],"rows":{"x":{"size":5}}})"));
  CHECK(alice.sees(".", json(R"({"rows":{"x":{"size":5}},"tags":["a"],"votes":2,"title":"t"})")));
  CHECK(alice.sees(".rows", json(R"({"x":{"size":"5"}})")));
  CHECK_FALSE(alice.sees(".rows", json(R"({"x":{"size":6}})")));
  CHECK_FALSE(alice.sees(".rows", json(R"({"x":{"size":5},"y":{"size":null}})")));
  CHECK_FALSE(alice.sees(".rows", json("{}")));
  CHECK_FALSE(alice.sees(".", json(R"({"title":"t"})")));
  CHECK_FALSE(alice.sees(".tags", json(R"(["a","b"])")));
  CHECK_FALSE(alice.sees(".", Data()));
  CHECK_FALSE(alice.sees(".title", Data()));
}

TEST_CASE("members of another document are named at a place of it only by who can name the place") {
  World world(people({"alice", "bob", "carol"}));
  Person alice = world.as("alice");
  REQUIRE(alice.create("team"));
  REQUIRE(alice.create("doc"));
  REQUIRE(alice.in("team").grant(Level::read, ".private", "bob"));
  REQUIRE(alice.in("doc").grant(Level::write, ".", Who::members("team", Level::read, ".private")));
  REQUIRE(alice.in("doc").grant(Level::control, ".", "carol"));
  world.deliver_everyone();
  world.as("bob").in("doc").expect_allowed(Level::write, ".title");
  CHECK_THAT(shown(world.as("carol").in("doc").grant(Level::read, ".", Who::members("team", Level::read, ".private"))),
             Catch::Contains("carol has no replica of team"));
  CHECK_THAT(shown(alice.in("doc").can("bob", Level::write, ".")),
             Catch::Contains("whoever may read team at .private"));
}

TEST_CASE("devices of a person come and go") {
  World world(people({"alice", "alice/phone", "bob"}));
  REQUIRE(world.as("bob").create("doc"));
  REQUIRE(world.as("bob").grant(Level::write, ".", "alice"));
  world.deliver_everyone();
  CHECK(world.as("alice/phone").replica() == nullptr);
  CHECK_FALSE(world.as("alice/phone").add_device("alice/phone"));
  REQUIRE(world.as("alice").add_device("alice/phone"));
  world.deliver_everyone();
  world.as("alice/phone").expect_allowed(Level::write, ".");
  REQUIRE(world.as("alice/phone").set(".title", "from the phone"));
  world.deliver_everyone();
  CHECK(world.as("bob").sees(".title", "from the phone"));
  REQUIRE(world.as("alice").remove_device("alice/phone"));
  world.deliver_everyone();
  CHECK_FALSE(world.as("bob").can("alice/phone", Level::sync, "."));
  CHECK(world.as("bob").can("alice", Level::write, "."));
}

TEST_CASE("the same seed gives the same world, and an outcome that rests on the order is found") {
  const auto scenario = [](World& world) {
    REQUIRE(world.as("alice").create("doc"));
    REQUIRE(world.as("alice").grant(Level::write, ".", "bob"));
    world.deliver_everyone();
    REQUIRE(world.as("alice").set(".title", "a"));
    REQUIRE(world.as("bob").set(".title", "b"));
    world.deliver_everyone();
  };
  CHECK(in_many_orders(people({"alice", "bob"}), 10, scenario));
  World one(people({"alice", "bob"}, 5)), other(people({"alice", "bob"}, 5));
  scenario(one);
  scenario(other);
  CHECK(first_difference(one, other) == "");
  CHECK(one.as("alice").replica()->log().heads(one.as("alice").replica()->id()) ==
        other.as("alice").replica()->log().heads(other.as("alice").replica()->id()));

  int run = 0;
  const Answer answer = in_many_orders(people({"alice", "bob"}, 40), 10, [&](World& world) {
    scenario(world);
    if (++run == 4) REQUIRE(world.as("bob").set(".title", "only this time"));
    world.deliver_everyone();
  });
  CHECK_THAT(shown(answer),
             Catch::Contains("no: seed 43: after delivery 3 alice saw") && Catch::Contains("only this time"));
}
