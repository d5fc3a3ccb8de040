// People who do whatever comes to their mind: the order in which things arrive changes neither what they are let do nor
// what they see.
#include <catch2/catch.hpp>

#include "runtime/policy/replay.h"
#include "tests/runtime/document/random_schema.h"

using namespace tlfs;
using namespace tlfs::policy;

namespace {

const std::vector<std::string> kPeople = {"alice", "bob", "carol", "dave"};
const std::vector<std::string> kPlaces = {
    ".", ".title", ".private", ".private.word", ".rows[\"x\"]", ".rows[\"y\"].name"};
const std::vector<std::string> kWritable = {".title", ".private.word", ".rows[\"x\"].name", ".rows[\"y\"].name"};

template <class T>
const T& one_of(SeededRandom& random, const std::vector<T>& from) {
  return from[random.below(from.size())];
}

// The same steps for the same plan, whatever the world's seed; what the people's nodes said to each.
std::vector<std::string> live(World& world, std::uint64_t plan, bool with_groups) {
  SeededRandom random(plan);
  std::vector<std::string> said;
  const auto note = [&](const std::string& what, const Answer& answer) {
    said.push_back(what + (answer ? " done" : " refused"));
  };
  std::vector<std::string> documents = {"doc"};
  if (with_groups) documents.push_back("team");
  note("create", world.as("alice").create("doc"));
  if (with_groups) {
    note("create", world.as("bob").create("team"));
    note("bob", world.as("bob").in("team").grant(Level::control, ".", "carol"));
    note("bob", world.as("bob").in("team").grant(Level::read, ".", "dave"));
    note("alice", world.as("alice").grant(Level::write, ".", Who::members("team", Level::read)));
  }
  note("alice", world.as("alice").grant(Level::own, ".", "bob"));
  note("alice", world.as("alice").grant(Level::control, ".", "carol"));
  if (!with_groups) note("alice", world.as("alice").grant(Level::write, ".", "dave"));
  world.deliver_everyone();
  for (int step = 0; step < 24; ++step) {
    Person who = world.as(one_of(random, kPeople)).in(one_of(random, documents));
    const Level level = static_cast<Level>(1 + random.below(5));
    const std::string place = random.chance(0.6) ? "." : one_of(random, kPlaces);
    Who whom(random.chance(0.1) ? std::string(kAnyone) : one_of(random, kPeople));
    if (with_groups && random.chance(0.3)) whom = Who::members("team", Level::read);
    const std::string name = who.name() + " " + std::to_string(step);
    switch (random.below(9)) {
      case 0:
      case 1:
        note(name + " grants", who.grant(level, place, whom));
        break;
      case 2:
        // Level and principal of a grant that may well be there.
        for (const Level l : {Level::own, Level::control, Level::write, Level::read})
          if (who.can(whom, l, place)) {
            note(name + " revokes", who.revoke(l, place, whom));
            break;
          }
        break;
      case 3:
      case 4:
      case 5:
        note(name + " sets", who.set(one_of(random, kWritable), name));
        break;
      case 6:
        note(name + " admits", who.admit_all(whom));
        break;
      case 7:
        world.sync({one_of(random, kPeople), one_of(random, kPeople), one_of(random, kPeople)});
        break;
      default:
        world.deliver_everyone();
        break;
    }
  }
  world.deliver_everyone();
  for (const std::string& person : kPeople)
    for (const std::string& document : documents) {
      said.push_back(person + " withholds " + std::to_string(world.as(person).in(document).withheld()));
      for (const std::string& other : kPeople)
        for (const std::string& place : kPlaces)
          for (const Level l : {Level::read, Level::write, Level::own})
            note(person + " on " + other, world.as(person).in(document).can(other, l, place));
    }
  return said;
}

void check(std::uint64_t plans, bool with_groups) {
  const auto package = document::testing::compile_package(R"(notes { 0.1.0 {
      .: Struct  .title: MVReg<String>  .private: Struct @compartment  .private.word: MVReg<String>
      .rows: Table<String>  .rows.{}: Struct @compartment  .rows.{}.name: MVReg<String> } })");
  for (std::uint64_t plan = 1; plan <= plans; ++plan) {
    INFO("plan " << plan);
    std::vector<std::string> first;
    const Answer alike = in_many_orders({package, kPeople, 1000 * plan}, 3, [&](World& world) {
      std::vector<std::string> said = live(world, plan, with_groups);
      if (first.empty()) first = said;
      REQUIRE(said == first);
    });
    REQUIRE(alike);
  }
}

}  // namespace

TEST_CASE("people with a document come to the same end in every order") { check(60, false); }

TEST_CASE("people with a document and a team come to the same end in every order") { check(60, true); }
