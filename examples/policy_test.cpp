// Who may do what in a document, tried by its app's author.
#include <catch2/catch.hpp>

#include "runtime/policy/replay.h"
#include "schema/compiler/compile.h"

using namespace tlfs;
using namespace tlfs::policy;

TEST_CASE("who reads one part sees no other, and what someone wrote who was removed waits to be admitted") {
  const auto todo = schema::compile(R"(todo { 0.1.0 {
      .: Struct  .title: MVReg<String>  .private: Struct @compartment  .private.note: MVReg<String> } })",
                                    "todo.tlfs");
  const World::Settings settings{todo->front().package, {"alice", "bob", "carol"}};
  // Twenty times, each time with another order in which things arrive.
  CHECK(in_many_orders(settings, 20, [](World& world) {
    const auto as = [&](const char* person) { return world.as(person); };
    const auto alice = "alice", bob = "bob", carol = "carol";

    REQUIRE(as(alice).create("list"));
    REQUIRE(as(alice).set(".title", "groceries"));
    REQUIRE(as(alice).grant(Level::read, ".private", bob));
    REQUIRE(as(alice).grant(Level::write, ".", carol));
    world.deliver_everyone();

    as(bob).expect_allowed(Level::read, ".private");
    as(bob).expect_denied(Level::write, ".private");
    as(carol).expect_allowed(Level::write, ".title");
    CHECK_FALSE(as(bob).set(".title", "mine"));
    CHECK(as(bob).cannot_read(".title"));

    // Removed while she works offline: what she writes is kept, and not shown until somebody admits it.
    REQUIRE(as(alice).revoke(Level::write, ".", carol));
    REQUIRE(as(carol).set(".title", "groceries and more"));
    world.deliver_everyone();
    as(carol).expect_denied(Level::write, ".title");
    CHECK(as(alice).sees(".title", "groceries"));
    CHECK(as(alice).withheld() == 1);
    REQUIRE(as(alice).admit_all(carol));
    CHECK(as(alice).sees(".title", "groceries and more"));
  }));
}
