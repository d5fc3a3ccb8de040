// The rules of access one by one, and those who try to get around them. A proof stands in brackets in the sketches;
// time goes to the right, and what stands below each other is concurrent.
#include "runtime/access/rules.h"

#include <catch2/catch.hpp>

#include "tests/runtime/access/statements.h"

namespace tlfs::access::testing {
namespace {

using Why = Rules::Explanation::Why;

}  // namespace

// ---- rules 1, 4 and 5: grants
// -----------------------------------------------------------------------------------------

TEST_CASE("The root owns everything, and whom nothing was granted has nothing") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  CHECK(s.level("alice") == Level::own);
  CHECK(s.level("alice", "xyz") == Level::own);
  CHECK(s.level("bob") == Level::none);
  CHECK(s.rules().live(root));
}

TEST_CASE("Control grants up to write, own grants everything, write grants nothing") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index writer = s.grant({"alice", {root}, root}, person("wendy"), Level::write);
  const Index control = s.grant({"alice", {root}, root}, person("carol"), Level::control);
  const Index owner = s.grant({"alice", {root}, root}, person("oscar"), Level::own);
  for (const Level level : {Level::sync, Level::read, Level::write, Level::control, Level::own}) {
    INFO(level_name(level));
    CHECK_FALSE(s.rules().well_formed(s.grant({"wendy", {writer}, writer}, person("dave"), level)));
    CHECK(s.rules().well_formed(s.grant({"carol", {control}, control}, person("dave"), level)) ==
          (level <= Level::write));
    CHECK(s.rules().well_formed(s.grant({"oscar", {owner}, owner}, person("dave"), level)));
  }
  CHECK_FALSE(s.rules().well_formed(s.grant({"oscar", {owner}, owner}, person("dave"), Level::none)));
  CHECK_FALSE(s.rules().well_formed(s.grant({"oscar", {owner}, owner}, person("dave"), static_cast<Level>(6))));
}

TEST_CASE("A grant needs a proof that it has seen, for its author, that covers its address") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index control = s.grant({"alice", {root}, root}, person("carol"), Level::control, "x");
  CHECK(s.rules().well_formed(s.grant({"carol", {control}, control}, person("dave"), Level::write, "xy")));
  CHECK_FALSE(s.rules().well_formed(s.grant({"carol", {root}, control}, person("dave"), Level::write, "x")));
  CHECK_FALSE(s.rules().well_formed(s.grant({"bob", {control}, control}, person("dave"), Level::write, "x")));
  CHECK_FALSE(s.rules().well_formed(s.grant({"carol", {control}, control}, person("dave"), Level::write)));
  CHECK_FALSE(s.rules().well_formed(s.grant({"carol", {control}, control}, person("dave"), Level::write, "y")));
  CHECK_FALSE(s.rules().well_formed(s.grant({"carol", {control}, kNone}, person("dave"), Level::write, "x")));
}

TEST_CASE("A statement that cites itself, or what is still to come, has no effect") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index self = s.grant({"mallory", {root}, 1}, person("mallory"), Level::own);
  REQUIRE(self == 1);
  const Index later = s.grant({"mallory", {self}, 3}, person("mallory"), Level::own);
  const Index revocation = s.revoke({"mallory", {later}, 3}, {root, 3});
  REQUIRE(revocation == 3);
  CHECK_FALSE(s.rules().well_formed(self));
  CHECK_FALSE(s.rules().well_formed(later));
  CHECK_FALSE(s.rules().effective(revocation));
  CHECK(s.level("mallory") == Level::none);
}

TEST_CASE("A proof of another document proves nothing") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index own = s.in("elsewhere").genesis(person("mallory"), {root});
  CHECK_FALSE(s.rules().well_formed(s.grant({"mallory", {own}, own}, person("mallory"), Level::own)));
  CHECK_FALSE(s.rules().effective(s.revoke({"mallory", {own}, own}, {root})));
}

TEST_CASE("Only the first genesis of a document counts, and nothing that comes before it can take its place") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index second = s.genesis(person("mallory"), {root});
  CHECK_FALSE(s.rules().well_formed(second));
  CHECK(s.level("mallory") == Level::none);
  const Index early = s.in("team").grant({"mallory", {root}, root}, person("mallory"), Level::own);
  const Index team = s.in("team").genesis(person("chief"), {root});
  CHECK_FALSE(s.rules().well_formed(early));
  CHECK(s.rules().well_formed(team));
}

TEST_CASE("A read grant never overwrites a write grant on the same address; revoking one leaves the other") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index write = s.grant({"alice", {root}, root}, person("bob"), Level::write, "x");
  const Index read = s.grant({"alice", {write}, root}, person("bob"), Level::read, "x");
  CHECK(s.level("bob", "x") == Level::write);
  const Index revocation = s.revoke({"alice", {read}, root}, {write});
  CHECK(s.level("bob", "x") == Level::read);
  CHECK(s.rules().grants(person("bob"), Level::read, scope("x")) == std::vector<Index>{read});
  CHECK(s.rules().grants(person("bob"), Level::write, scope("x")).empty());
  s.revoke({"alice", {revocation}, root}, {read});
  CHECK(s.level("bob", "x") == Level::none);
}

TEST_CASE("Chains of proofs have a limit") {
  Statements s;
  Index last = s.genesis(person("alice"));
  for (int length = 2; length <= 64; ++length) {
    last = s.grant({"alice", {last}, last}, person("alice"), Level::own);
    REQUIRE(s.rules().well_formed(last));
  }
  CHECK(s.rules().chain(last).size() == 64);
  CHECK_FALSE(s.rules().well_formed(s.grant({"alice", {last}, last}, person("alice"), Level::own)));
}

// ---- rule 2: what may be revoked
// --------------------------------------------------------------------------------------

TEST_CASE("Nobody revokes the root, a senior, or the branch one sits on") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index carol = s.grant({"bob", {bob}, bob}, person("carol"), Level::own);
  const Index dave = s.grant({"alice", {carol}, root}, person("dave"), Level::own);
  CHECK_FALSE(s.rules().effective(s.revoke({"carol", {dave}, carol}, {root})));
  CHECK_FALSE(s.rules().effective(s.revoke({"carol", {dave}, carol}, {bob})));
  CHECK_FALSE(s.rules().effective(s.revoke({"carol", {dave}, carol}, {carol})));
  CHECK_FALSE(s.rules().effective(s.revoke({"carol", {dave}, carol}, {dave})));  // her chain is longer than his
  CHECK(s.rules().effective(s.revoke({"dave", {dave}, dave}, {carol})));         // and his is shorter
  CHECK(s.level("carol") == Level::none);
}

TEST_CASE("A revocation reaches only what it has seen") {
  //  root --- bob
  //     \---- revoke bob, unseen
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::write);
  CHECK_FALSE(s.rules().effective(s.revoke({"alice", {root}, root}, {bob})));
  CHECK(s.level("bob") == Level::write);
}

TEST_CASE("Control revokes what it could have granted, and no more") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index carol = s.grant({"alice", {root}, root}, person("carol"), Level::control);
  const Index writer = s.grant({"alice", {carol}, root}, person("bob"), Level::write);
  const Index owner = s.grant({"alice", {writer}, root}, person("oscar"), Level::own);
  CHECK(s.rules().effective(s.revoke({"carol", {owner}, carol}, {writer, owner})));  // one of the names holds
  CHECK(s.level("bob") == Level::none);
  CHECK(s.level("oscar") == Level::own);
}

// ---- rule 3: who wins
// -------------------------------------------------------------------------------------------------

TEST_CASE("After the revocation of B, what B granted dies with it, and B can no longer revoke others") {
  //  root --- bob --- carol [bob] --- revoke bob [root]
  //               \-- dave [root] ------ bob revokes dave, grants eve [bob]
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index carol = s.grant({"bob", {bob}, bob}, person("carol"), Level::write);
  const Index also = s.grant({"alice", {carol}, root}, person("carol"), Level::read);
  const Index dave = s.grant({"alice", {also}, root}, person("dave"), Level::write);
  const Index removal = s.revoke({"alice", {dave}, root}, {bob});
  const Index unseen = s.revoke({"bob", {dave}, bob}, {dave});
  const Index after = s.revoke({"bob", {removal}, bob}, {dave});
  const Index eve = s.grant({"bob", {removal}, bob}, person("eve"), Level::write);
  CHECK(s.rules().effective(removal));
  CHECK_FALSE(s.rules().effective(unseen));
  CHECK_FALSE(s.rules().effective(after));
  CHECK(s.rules().well_formed(eve));
  CHECK_FALSE(s.rules().live(eve));
  CHECK(s.level("bob") == Level::none);
  CHECK(s.level("carol") == Level::read);  // by the grant that does not stand on bob's
  CHECK(s.level("dave") == Level::write);
}

TEST_CASE("Two owners who remove each other at the same time are both removed, and the root is not locked out") {
  //  root --- bob, carol --- bob revokes carol
  //                     \--- carol revokes bob
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index carol = s.grant({"alice", {bob}, root}, person("carol"), Level::own);
  const Index by_bob = s.revoke({"bob", {carol}, bob}, {carol});
  CHECK(s.rules().effective(by_bob));
  const Index by_carol = s.revoke({"carol", {carol}, carol}, {bob});
  CHECK(s.rules().effective(by_bob));
  CHECK(s.rules().effective(by_carol));
  CHECK(s.level("bob") == Level::none);
  CHECK(s.level("carol") == Level::none);
  CHECK(s.level("alice") == Level::own);
}

TEST_CASE("Who removes the remover after seeing the removal only shows that they were removed") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index carol = s.grant({"alice", {bob}, root}, person("carol"), Level::own);
  const Index by_bob = s.revoke({"bob", {carol}, bob}, {carol});
  const Index by_carol = s.revoke({"carol", {by_bob}, carol}, {bob});
  CHECK(s.rules().effective(by_bob));
  CHECK_FALSE(s.rules().effective(by_carol));
  CHECK(s.level("bob") == Level::own);
}

TEST_CASE("An owner and a controller who remove each other: the controller has no power over an owner") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index owner = s.grant({"alice", {root}, root}, person("oscar"), Level::own);
  const Index controller = s.grant({"alice", {owner}, root}, person("carol"), Level::control);
  const Index by_owner = s.revoke({"oscar", {controller}, owner}, {controller});
  const Index by_controller = s.revoke({"carol", {controller}, controller}, {owner});
  CHECK(s.rules().effective(by_owner));
  CHECK_FALSE(s.rules().effective(by_controller));
  CHECK(s.level("oscar") == Level::own);
  CHECK(s.level("carol") == Level::none);
}

TEST_CASE("Three owners in a ring are all removed, and a member of the ring who had seen it coming drops out") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index carol = s.grant({"alice", {bob}, root}, person("carol"), Level::own);
  const Index dave = s.grant({"alice", {carol}, root}, person("dave"), Level::own);
  const Index by_bob = s.revoke({"bob", {dave}, bob}, {carol});
  const Index by_carol = s.revoke({"carol", {dave}, carol}, {dave});
  SECTION("concurrently") {
    const Index by_dave = s.revoke({"dave", {dave}, dave}, {bob});
    for (const Index r : {by_bob, by_carol, by_dave}) CHECK(s.rules().effective(r));
    for (const char* who : {"bob", "carol", "dave"}) CHECK(s.level(who) == Level::none);
  }
  SECTION("dave after seeing his own removal") {
    const Index by_dave = s.revoke({"dave", {by_carol}, dave}, {bob});
    CHECK_FALSE(s.rules().effective(by_dave));  // dropped out, so nobody attacks bob's
    CHECK(s.rules().effective(by_bob));
    CHECK_FALSE(s.rules().effective(by_carol));
    CHECK(s.level("bob") == Level::own);
    CHECK(s.level("dave") == Level::own);
  }
  CHECK(s.level("alice") == Level::own);
}

TEST_CASE("Four in a chain: the first removes the second, whose removal of the third is void, and so on") {
  //  bob -x-> carol -x-> dave -x-> eve, all at once
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index carol = s.grant({"alice", {bob}, root}, person("carol"), Level::own);
  const Index dave = s.grant({"alice", {carol}, root}, person("dave"), Level::own);
  const Index eve = s.grant({"alice", {dave}, root}, person("eve"), Level::own);
  const Index by_dave = s.revoke({"dave", {eve}, dave}, {eve});
  CHECK(s.level("eve") == Level::none);
  const Index by_carol = s.revoke({"carol", {eve}, carol}, {dave});
  CHECK(s.level("eve") == Level::own);
  const Index by_bob = s.revoke({"bob", {eve}, bob}, {carol});
  CHECK(s.rules().effective(by_bob));
  CHECK_FALSE(s.rules().effective(by_carol));
  CHECK(s.rules().effective(by_dave));
  CHECK(s.level("carol") == Level::none);
  CHECK(s.level("dave") == Level::own);
  CHECK(s.level("eve") == Level::none);
  SECTION("and when the first removes the last as well") {
    s.revoke({"bob", {by_bob}, bob}, {eve});
    CHECK(s.level("eve") == Level::none);
    CHECK(s.level("dave") == Level::own);
  }
}

TEST_CASE("Four generations: the first removes the last, who removes nobody above") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index carol = s.grant({"bob", {bob}, bob}, person("carol"), Level::own);
  const Index dave = s.grant({"carol", {carol}, carol}, person("dave"), Level::own);
  const Index by_alice = s.revoke({"alice", {dave}, root}, {dave});
  const Index by_carol = s.revoke({"carol", {dave}, carol}, {dave});
  const Index by_dave = s.revoke({"dave", {dave}, dave}, {bob, carol});
  CHECK(s.rules().effective(by_alice));
  CHECK(s.rules().effective(by_carol));
  CHECK_FALSE(s.rules().effective(by_dave));
  CHECK(s.level("carol") == Level::own);
}

TEST_CASE("A removal concurrent with a promotion: the promotion stands by itself, and can be revoked by itself") {
  //  root --- bob writes --- alice revokes that
  //      \--- carol -------- carol makes bob an owner
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::write);
  const Index carol = s.grant({"alice", {bob}, root}, person("carol"), Level::own);
  const Index removal = s.revoke({"alice", {carol}, root}, {bob});
  const Index promotion = s.grant({"carol", {carol}, carol}, person("bob"), Level::own);
  CHECK(s.rules().effective(removal));
  CHECK(s.level("bob") == Level::own);
  s.revoke({"alice", {removal, promotion}, root}, {promotion});
  CHECK(s.level("bob") == Level::none);
}

TEST_CASE("A removal outlives the authority of its remover") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index dave = s.grant({"alice", {bob}, root}, person("dave"), Level::write);
  const Index by_bob = s.revoke({"bob", {dave}, bob}, {dave});
  const Index by_alice = s.revoke({"alice", {by_bob}, root}, {bob});
  CHECK(s.rules().effective(by_alice));
  CHECK(s.rules().effective(by_bob));
  CHECK(s.level("dave") == Level::none);
}

TEST_CASE("A device revoked twice, then granted again, has the new grant alone") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index below = s.grant({"bob", {bob}, bob}, person("carol"), Level::write);
  const Index first = s.revoke({"alice", {below}, root}, {bob});
  const Index second = s.revoke({"alice", {below}, root}, {bob});
  const Index again = s.grant({"alice", {first, second}, root}, person("bob"), Level::own);
  CHECK(s.rules().effective(first));
  CHECK(s.rules().effective(second));
  CHECK(s.level("bob") == Level::own);
  CHECK_FALSE(s.rules().live(bob));
  CHECK(s.rules().live(again));
  CHECK_FALSE(s.rules().live(below));  // what stood on the old grant stays dead
  CHECK(s.level("carol") == Level::none);
}

TEST_CASE("A revocation may keep a lower level, for each of its names that had more") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own, "x");
  const Index carol = s.grant({"alice", {bob}, root}, person("carol"), Level::read, "x");
  const Index dave = s.grant({"bob", {carol}, bob}, person("dave"), Level::write, "xy");
  const Index r = s.revoke({"alice", {dave}, root}, {bob, carol, root}, {}, Level::read);
  CHECK(s.rules().size() == r + 4);
  CHECK(s.rules().effective(r));
  CHECK(s.level("bob", "x") == Level::read);
  CHECK(s.level("bob") == Level::none);
  CHECK(s.rules().live(r + 1));
  CHECK(s.rules().at(r + 1).to == person("bob"));
  CHECK(s.level("carol", "x") == Level::none);  // read is no less than she had, so nothing is kept
  CHECK_FALSE(s.rules().well_formed(r + 2));
  CHECK_FALSE(s.rules().well_formed(r + 3));
  CHECK(s.level("dave", "xy") == Level::none);
  s.revoke({"alice", {r}, root}, {r + 1});  // what was kept can be revoked like any grant
  CHECK(s.level("bob", "x") == Level::none);
}

// ---- rules 6 and 7: what counts
// ---------------------------------------------------------------------------------------

TEST_CASE("A leaf counts by a grant of write in its past, wherever its author stands now") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::write, "x");
  const Index reader = s.grant({"alice", {bob}, root}, person("carol"), Level::read);
  CHECK(s.counts("bob", {bob}, 1, "x"));
  CHECK(s.counts("bob", {reader}, 1, "xy"));
  CHECK_FALSE(s.counts("bob", {root}, 1, "x"));      // had not seen it
  CHECK_FALSE(s.counts("bob", {bob}, 1));            // above
  CHECK_FALSE(s.counts("bob", {bob}, 1, "y"));       // beside
  CHECK_FALSE(s.counts("carol", {reader}, 1, "x"));  // read is not enough
  CHECK(s.counts("alice", {root}, 1, "x"));
}

TEST_CASE("Back-dated changes of a revoked device do not count; what the remover had seen does") {
  //  root --- bob --- change 1 --- alice revokes bob, having seen change 1
  //               \-- change 2, made later and dated back
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::write);
  CHECK(s.counts("bob", {bob}, 2));
  const Index r = s.revoke({"alice", {bob}, root}, {bob}, {1});
  CHECK(s.counts("bob", {bob}, 1));
  CHECK_FALSE(s.counts("bob", {bob}, 2));
  CHECK_FALSE(s.counts("bob", {r}, 3));
  SECTION("honest work without a connection is admitted later; that revives no grant") {
    CHECK(s.rules().take_changed() == std::vector<Index>{r});
    const Index admission = s.admit({"alice", {r}, root}, {2});
    CHECK(s.rules().take_changed() == std::vector<Index>{admission});
    CHECK(s.counts("bob", {bob}, 2));
    CHECK_FALSE(s.counts("bob", {bob}, 4));
    CHECK(s.level("bob") == Level::none);
    CHECK_FALSE(s.counts("mallory", {bob}, 2));  // who never held anything is not admitted either
  }
  SECTION("a second revocation must have seen it too") {
    s.revoke({"alice", {bob}, root}, {bob}, {2});
    CHECK_FALSE(s.counts("bob", {bob}, 1));
    CHECK_FALSE(s.counts("bob", {bob}, 2));
  }
  SECTION("a new grant does not bring it back") {
    const Index again = s.grant({"alice", {r}, root}, person("bob"), Level::write);
    CHECK_FALSE(s.counts("bob", {bob}, 2));
    CHECK(s.counts("bob", {again}, 5));
  }
}

TEST_CASE("An admission needs control over every address of the leaf, for as long as it is to hold") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::write);
  const Index carol = s.grant({"alice", {bob}, root}, person("carol"), Level::control, "x");
  const Index wendy = s.grant({"alice", {carol}, root}, person("wendy"), Level::write);
  const Index r = s.revoke({"alice", {wendy}, root}, {bob});
  s.admit({"wendy", {r}, wendy}, {1});
  CHECK_FALSE(s.counts("bob", {bob}, 1, "x"));
  const Index admission = s.admit({"carol", {r}, carol}, {1});
  CHECK(s.counts("bob", {bob}, 1, "x"));
  CHECK_FALSE(s.counts("bob", {bob}, 1, "y"));
  const Rules::Context past = s.rules().context({bob});
  CHECK_FALSE(s.rules().counts(key("bob"), past, {1, 0}, {scope("x"), scope("y")}));
  s.rules().take_changed();
  const Index end = s.revoke({"alice", {admission}, root}, {carol});
  CHECK_FALSE(s.counts("bob", {bob}, 1, "x"));
  CHECK(s.rules().take_changed() == std::vector<Index>{admission, end});
}

TEST_CASE("Each address of a leaf may rest on a grant of its own, and one forbidden address voids the leaf") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index x = s.grant({"alice", {root}, root}, person("bob"), Level::write, "x");
  const Index y = s.grant({"alice", {x}, root}, person("bob"), Level::write, "y");
  const Rules::Context past = s.rules().context({y});
  CHECK(s.rules().counts(key("bob"), past, {1, 0}, {scope("x"), scope("y")}));
  CHECK_FALSE(s.rules().counts(key("bob"), past, {1, 0}, {scope("x"), scope("z")}));
  s.revoke({"alice", {y}, root}, {y});
  CHECK_FALSE(s.rules().counts(key("bob"), past, {1, 0}, {scope("x"), scope("y")}));
  CHECK(s.rules().counts(key("bob"), past, {1, 0}, {scope("x")}));
}

TEST_CASE("Back-dating by proxy: an old-looking grant of a removed owner carries nobody") {
  //  root --- bob owns --- alice revokes bob
  //                   \--- bob grants puppet, dated back; the puppet writes there, and appoints another
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  s.revoke({"alice", {bob}, root}, {bob}, {1});
  const Index puppet = s.grant({"bob", {bob}, bob}, person("puppet"), Level::own);
  const Index second = s.grant({"puppet", {puppet}, puppet}, person("second"), Level::own);
  CHECK(s.rules().well_formed(second));
  CHECK_FALSE(s.counts("puppet", {puppet}, 2));
  CHECK_FALSE(s.counts("second", {second}, 3));
  CHECK_FALSE(s.rules().effective(s.revoke({"second", {second}, second}, {second, puppet})));
  const Index admission = s.admit({"puppet", {second}, puppet}, {2, 3});
  CHECK_FALSE(s.counts("puppet", {admission}, 2));
  CHECK(s.level("puppet") == Level::none);
  CHECK(s.level("second") == Level::none);
}

TEST_CASE("A dependant who keeps writing at old heads is cut off with the one it depends on") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::control);
  const Index carol = s.grant({"bob", {bob}, bob}, person("carol"), Level::write);
  CHECK(s.counts("carol", {carol}, 1));
  s.revoke({"alice", {carol}, root}, {bob}, {1});
  CHECK(s.counts("carol", {carol}, 1));
  CHECK_FALSE(s.counts("carol", {carol}, 2));
}

TEST_CASE("Write for anyone lets everybody write, control for anyone lets everybody grant") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index open = s.grant({"alice", {root}, root}, Principal::anyone(), Level::control, "x");
  CHECK(s.counts("mallory", {open}, 1, "x"));
  CHECK_FALSE(s.counts("mallory", {open}, 1, "y"));
  CHECK(s.level("nobody ever heard of", "x") == Level::control);
  CHECK(s.rules().well_formed(s.grant({"mallory", {open}, open}, person("bob"), Level::write, "x")));
  CHECK(s.rules().holders(Level::control, scope("x")) == std::vector<Principal>{person("alice"), Principal::anyone()});
}

// ---- rule 9: groups
// ---------------------------------------------------------------------------------------------------

TEST_CASE("Groups in groups in groups: whoever is a member of the innermost may write, and must say how") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index inner = s.in("inner").genesis(person("dora"), {root});
  const Index eve = s.in("inner").grant({"dora", {inner}, inner}, person("eve"), Level::read);
  const Index middle = s.in("middle").genesis(person("carl"), {eve});
  const Index in_middle = s.in("middle").grant({"carl", {middle}, middle}, members("inner"), Level::read);
  const Index outer = s.in("outer").genesis(person("bob"), {in_middle});
  const Index in_outer = s.in("outer").grant({"bob", {outer}, outer}, members("middle"), Level::read);
  const Index team = s.grant({"alice", {in_outer}, root}, members("outer"), Level::control);
  CHECK(s.level("eve") == Level::control);
  CHECK(s.level("dora") == Level::control);
  CHECK(s.level("frank") == Level::none);
  CHECK(s.counts("eve", {team}, 1));
  CHECK_FALSE(s.counts("frank", {team}, 1));
  CHECK(s.rules().keys_of(members("outer")) ==
        std::vector<crypto::PublicKey>{key("bob"), key("carl"), key("dora"), key("eve")});
  const auto support = s.rules().support(key("eve"), Level::control, {});
  REQUIRE(support);
  CHECK(support->grant == team);
  CHECK(support->membership == std::vector<Index>{in_outer, in_middle, eve});
  const auto says = [&](std::vector<Index> membership) {
    return s.rules().well_formed(s.grant({"eve", {team}, team, std::move(membership)}, person("grace"), Level::write));
  };
  CHECK(says({in_outer, in_middle, eve}));
  CHECK_FALSE(says({}));
  CHECK_FALSE(says({in_outer, in_middle}));
  CHECK_FALSE(says({in_outer, eve}));
  CHECK_FALSE(says({in_outer, in_middle, inner}));  // that is dora
  CHECK_FALSE(says({eve, in_middle, in_outer}));
}

TEST_CASE("Groups in groups deeper than the limit add no support") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const std::vector<std::string> names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  Index seen = root;
  std::vector<Index> links;
  for (std::size_t k = 1; k < names.size(); ++k) {
    const Index own = s.in(names[k]).genesis(person("chief"), {seen});
    seen = s.in(names[k]).grant({"chief", {own}, own}, k == 9 ? person("eve") : members(names[k + 1]), Level::read);
    links.push_back(seen);
  }
  const Index near = s.grant({"alice", {seen}, root}, members("2"), Level::control, "x");  // eight links to eve
  const Index far = s.grant({"alice", {near}, root}, members("1"), Level::control, "y");   // nine
  CHECK(s.level("eve", "x") == Level::control);
  CHECK(s.level("eve", "y") == Level::none);
  CHECK(s.counts("eve", {far}, 1, "x"));
  CHECK_FALSE(s.counts("eve", {far}, 1, "y"));
  CHECK_FALSE(s.rules().well_formed(s.grant({"eve", {far}, far, links}, person("eve"), Level::write, "y")));
  links.erase(links.begin());
  CHECK(s.rules().well_formed(s.grant({"eve", {far}, near, links}, person("eve"), Level::write, "x")));
}

TEST_CASE("A cycle of groups gives membership to those in it, and to nobody else") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index a = s.in("a").genesis(person("anna"), {root});
  const Index b = s.in("b").genesis(person("bert"), {a});
  const Index b_in_a = s.in("a").grant({"anna", {b}, a}, members("b"), Level::own);
  const Index a_in_b = s.in("b").grant({"bert", {b_in_a}, b}, members("a"), Level::own);
  const Index team = s.grant({"alice", {a_in_b}, root}, members("a", Level::own), Level::write);
  CHECK(s.level("anna") == Level::write);
  CHECK(s.level("bert") == Level::write);
  CHECK(s.level("mallory") == Level::none);
  CHECK(s.counts("bert", {team}, 1));
  CHECK_FALSE(s.counts("mallory", {team}, 1));
  CHECK(s.rules().keys_of(members("b", Level::own)) == std::vector<crypto::PublicKey>{key("anna"), key("bert")});
}

TEST_CASE("A circle through the document itself gives nothing") {
  // Who reads the document is in the group, and the group owns the document: that would make every reader an owner.
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index reader = s.grant({"alice", {root}, root}, person("mallory"), Level::read);
  const Index group = s.in("group").genesis(person("alice"), {reader});
  const Index readers = s.in("group").grant({"alice", {group}, group}, members("document"), Level::read);
  const Index owners = s.grant({"alice", {readers}, root}, members("group"), Level::own);
  CHECK(s.level("mallory") == Level::read);
  CHECK_FALSE(s.counts("mallory", {owners}, 1));
  CHECK_FALSE(
      s.rules().well_formed(s.grant({"mallory", {owners}, owners, {readers, reader}}, person("mallory"), Level::own)));
}

TEST_CASE("A user is the devices that own the user document; a new one has everything at once") {
  Statements s;
  const Index user = s.in("user").genesis(person("recovery"));
  const Index phone = s.in("user").grant({"recovery", {user}, user}, person("phone"), Level::own);
  const Index root = s.genesis(Principal::user(key("user")), {phone});
  CHECK(s.level("phone") == Level::own);
  CHECK(s.level("laptop") == Level::none);
  s.in("user").grant({"phone", {root}, phone}, person("laptop"), Level::own);
  CHECK(s.level("laptop") == Level::own);
  CHECK(s.rules().level(Principal::user(key("user")), {}) == Level::own);
  CHECK(s.rules().holders(Level::read, {}) == std::vector<Principal>{Principal::user(key("user"))});
  CHECK(s.rules().keys_of(Principal::user(key("user"))) ==
        std::vector<crypto::PublicKey>{key("laptop"), key("phone"), key("recovery")});
}

TEST_CASE("A removal from an inner group concurrent with a write of the removed: the cut decides what it has seen") {
  //  team: bob --- revoke bob --------- cut, having seen change 1
  //           \--- bob writes 1, 2 (pinning what he had seen of the team)
  Statements s;
  const Index group = s.in("team").genesis(person("chief"));
  const Index bob = s.in("team").grant({"chief", {group}, group}, person("bob"), Level::read);
  const Index root = s.genesis(person("alice"), {bob});
  const Index team = s.grant({"alice", {root}, root}, members("team"), Level::control);
  const Index early = s.grant({"bob", {team}, team, {bob}}, person("early"), Level::write);
  const Index removal = s.in("team").revoke({"chief", {bob}, group}, {bob});
  CHECK(s.rules().effective(removal));
  CHECK(s.level("bob") == Level::none);  // now, here, where the removal is known
  CHECK(s.counts("bob", {early}, 2));    // but what he did stands until the document says so
  s.rules().take_changed();

  const Index late = s.grant({"bob", {early}, team, {bob}}, person("late"), Level::write);
  const Index unseen = s.revoke({"bob", {early}, team, {bob}}, {early});
  CHECK(s.level("late") == Level::write);
  CHECK(s.rules().effective(unseen));
  const Index cut = s.cut({"alice", {early, removal}, root}, removal, {1});
  CHECK(s.rules().effective(cut));
  CHECK(s.counts("bob", {early}, 1));
  CHECK_FALSE(s.counts("bob", {early}, 2));
  CHECK(s.rules().live(early));              // the cut has seen it
  CHECK_FALSE(s.rules().live(late));         // and not this
  CHECK_FALSE(s.rules().effective(unseen));  // nor that
  CHECK(s.level("early") == Level::write);
  CHECK(s.counts("early", {early}, 3));
  CHECK_FALSE(s.counts("late", {late}, 4));
  const std::vector<Index> changed = s.rules().take_changed();
  CHECK(std::count(changed.begin(), changed.end(), cut) == 1);
  const auto why = s.rules().explain_leaf(key("bob"), s.rules().context({early}), {2, 0}, {});
  CHECK(why.why == Why::cut_off);
  CHECK(why.ended_by == cut);
  CHECK(why.membership == std::vector<Index>{bob});
  const Index second = s.cut({"chief", {early, removal}}, removal, {2});  // the remover has seen something else
  CHECK_FALSE(s.counts("bob", {early}, 1));
  CHECK(s.rules().explain_leaf(key("bob"), s.rules().context({early}), {1, 0}, {}).ended_by == second);
}

TEST_CASE(
    "What stands on a statement that a cut voids is void too: the revocations of an appointee, and their admissions") {
  //  team: bob --- revoke bob ------------------------------ cut by alice
  //           \--- bob appoints carol --- carol revokes dave
  Statements s;
  const Index group = s.in("team").genesis(person("chief"));
  const Index bob = s.in("team").grant({"chief", {group}, group}, person("bob"), Level::read);
  const Index root = s.genesis(person("alice"), {bob});
  const Index team = s.grant({"alice", {root}, root}, members("team"), Level::own);
  const Index by_root = s.grant({"alice", {team}, root}, person("dave"), Level::write);
  const Index removal = s.in("team").revoke({"chief", {by_root}, group}, {bob});
  const Index carol = s.grant({"bob", {by_root}, team, {bob}}, person("carol"), Level::own);
  const Index eve = s.grant({"alice", {carol}, root}, person("eve"), Level::own);
  const Index longer = s.grant({"eve", {eve}, eve}, person("dave"), Level::read);
  const Index by_carol = s.revoke({"carol", {longer}, carol}, {longer});
  const Index admission = s.admit({"carol", {longer}, carol}, {1});
  CHECK(s.rules().effective(by_carol));
  s.rules().take_changed();
  SECTION("a cut that has not seen the appointment") {
    const Index cut = s.cut({"alice", {by_root, removal}, root}, removal);
    CHECK_FALSE(s.rules().effective(by_carol));
    CHECK(s.rules().live(longer));
    CHECK_FALSE(s.rules().live(carol));
    CHECK(s.rules().take_changed() == std::vector<Index>{by_carol, admission, cut});
  }
  SECTION("a cut that has") {
    const Index cut = s.cut({"alice", {carol, removal}, root}, removal);
    CHECK(s.rules().effective(by_carol));
    CHECK(s.rules().live(carol));
    CHECK(s.rules().take_changed() == std::vector<Index>{cut});
  }
}

TEST_CASE("A member's own admissions end with a cut, also those that it has seen") {
  Statements s;
  const Index group = s.in("team").genesis(person("chief"));
  const Index bob = s.in("team").grant({"chief", {group}, group}, person("bob"), Level::read);
  const Index root = s.genesis(person("alice"), {bob});
  const Index team = s.grant({"alice", {root}, root}, members("team"), Level::control);
  const Index dave = s.grant({"alice", {team}, root}, person("dave"), Level::write);
  const Index r = s.revoke({"alice", {dave}, root}, {dave});
  const Index admission = s.admit({"bob", {r}, team, {bob}}, {1});
  CHECK(s.counts("dave", {dave}, 1));
  const Index removal = s.in("team").revoke({"chief", {admission}, group}, {bob});
  CHECK(s.counts("dave", {dave}, 1));
  s.cut({"alice", {removal}, root}, removal);
  CHECK_FALSE(s.counts("dave", {dave}, 1));
}

TEST_CASE("A cut by the remover comes first of all, whatever it cites in vain") {
  Statements s;
  const Index group = s.in("team").genesis(person("chief"));
  const Index bob = s.in("team").grant({"chief", {group}, group}, person("bob"), Level::read);
  const Index root = s.genesis(person("alice"), {bob});
  const Index carol = s.grant({"alice", {root}, root}, person("carol"), Level::own);
  const Index team = s.grant({"alice", {carol}, root}, members("team"), Level::write);
  const Index removal = s.in("team").revoke({"chief", {team}, group}, {bob});
  const Index against_carol = s.revoke({"alice", {team}, root}, {carol});
  const Index by_carol = s.cut({"carol", {removal}, carol}, removal);
  const Index by_chief = s.cut({"chief", {removal}, carol}, removal);  // carol's grant is not the chief's
  const Index in_vain = s.cut({"chief", {removal}, removal}, removal);
  CHECK(s.rules().effective(against_carol));
  CHECK_FALSE(s.rules().effective(by_carol));
  CHECK(s.rules().effective(by_chief));
  CHECK(s.rules().effective(in_vain));
}

TEST_CASE("A cut needs control here or to come from the remover, and takes part while the removal has effect there") {
  Statements s;
  const Index group = s.in("team").genesis(person("chief"));
  const Index vice = s.in("team").grant({"chief", {group}, group}, person("vice"), Level::own);
  const Index bob = s.in("team").grant({"chief", {vice}, group}, person("bob"), Level::read);
  const Index root = s.genesis(person("alice"), {bob});
  const Index team = s.grant({"alice", {root}, root}, members("team"), Level::write);
  const Index removal = s.in("team").revoke({"vice", {bob}, vice}, {bob});
  CHECK_FALSE(s.rules().effective(s.cut({"mallory", {team, removal}, root}, removal)));
  CHECK_FALSE(s.rules().effective(s.cut({"bob", {team, removal}, team, {bob}}, removal)));  // write is not control
  CHECK_FALSE(s.rules().effective(s.cut({"vice", {team}}, removal)));                       // unseen
  const Index cut = s.cut({"vice", {team, removal}}, removal);
  CHECK(s.rules().effective(cut));
  CHECK_FALSE(s.counts("bob", {team}, 1));
  // The vice was removed without having seen it, so that removal is void, and with it the cut.
  s.in("team").revoke({"chief", {bob}, group}, {vice});
  CHECK_FALSE(s.rules().effective(removal));
  CHECK_FALSE(s.rules().effective(cut));
  CHECK(s.counts("bob", {team}, 1));
  const std::vector<Index> changed = s.rules().take_changed();
  CHECK(std::count(changed.begin(), changed.end(), cut) == 1);
}

// ---- rule 8 and what a statement cites
// --------------------------------------------------------------------------------

TEST_CASE("Who cannot read can still tell that an author could write near an address") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::write, "xy");
  const Index carol = s.grant({"alice", {bob}, root}, person("carol"), Level::read);
  const Rules::Context now = s.rules().context({carol});
  CHECK(s.rules().could_write_near(key("bob"), now, scope("x")));
  CHECK(s.rules().could_write_near(key("bob"), now, scope("xyz")));
  CHECK_FALSE(s.rules().could_write_near(key("bob"), now, scope("z")));
  CHECK_FALSE(s.rules().could_write_near(key("bob"), s.rules().context({root}), scope("x")));
  CHECK_FALSE(s.rules().could_write_near(key("carol"), now, scope("x")));
  CHECK(s.rules().held_anything(key("carol"), {carol}));
  CHECK_FALSE(s.rules().held_anything(key("carol"), {bob}));
  CHECK_FALSE(s.rules().held_anything(key("mallory"), {carol}));
}

TEST_CASE("The support to cite is live, with the shortest chain") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index longer = s.grant({"bob", {bob}, bob}, person("carol"), Level::control);
  CHECK(s.rules().support(key("carol"), Level::control, scope("x"))->grant == longer);
  const Index shorter = s.grant({"alice", {longer}, root}, person("carol"), Level::control);
  CHECK(s.rules().support(key("carol"), Level::control, scope("x"))->grant == shorter);
  CHECK_FALSE(s.rules().support(key("carol"), Level::own, scope("x")));
  s.revoke({"alice", {shorter}, root}, {shorter});
  CHECK(s.rules().support(key("carol"), Level::control, scope("x"))->grant == longer);
}

TEST_CASE("What a leaf rests on is one number for the same grants, whatever becomes of them") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::write, "x");
  const Rules::Context first = s.rules().context({bob});
  const std::uint64_t one = s.rules().basis(key("bob"), first, {scope("x")});
  CHECK(one != 0);
  CHECK(s.rules().basis(key("bob"), first, {scope("y")}) == 0);
  CHECK(s.rules().basis(key("bob"), first, {scope("x"), scope("y")}) == 0);
  CHECK(s.rules().basis(key("bob"), first, {scope("x"), scope("xz")}) == one);
  const Index r = s.revoke({"alice", {bob}, root}, {bob});
  CHECK(s.rules().basis(key("bob"), s.rules().context({r}), {scope("x")}) == one);
  const Index second = s.grant({"alice", {r}, root}, person("bob"), Level::write);
  CHECK(s.rules().basis(key("bob"), s.rules().context({second}), {scope("x")}) != one);
  CHECK(s.rules().context({bob, bob}) == first);
}

TEST_CASE("What rests on another membership rests on something else") {
  Statements s;
  const Index team = s.in("team").genesis(person("chief"));
  const Index bob = s.in("team").grant({"chief", {team}, team}, person("bob"), Level::read);
  const Index root = s.genesis(person("alice"), {bob});
  const Index open = s.grant({"alice", {root}, root}, members("team"), Level::write);
  const Rules::Context then = s.rules().context({open});
  const std::uint64_t of_bob = s.rules().basis(key("bob"), then, {scope("")});
  CHECK(of_bob != 0);
  CHECK(s.rules().basis(key("chief"), then, {scope("")}) != of_bob);
  const Index removal = s.in("team").revoke({"chief", {open}, team}, {bob});
  CHECK(s.rules().basis(key("bob"), s.rules().context({removal}), {scope("")}) == of_bob);
}

// ---- rule 10: explanations
// --------------------------------------------------------------------------------------------

TEST_CASE("Every answer is explained by the chain that gives it or the nearest step that is missing") {
  Statements s;
  const Index group = s.in("team").genesis(person("chief"));
  const Index tim = s.in("team").grant({"chief", {group}, group}, person("tim"), Level::read);
  const Index root = s.genesis(person("alice"), {tim});
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::control, "x");
  const Index carol = s.grant({"bob", {bob}, bob}, person("carol"), Level::write, "xy");
  const auto ask = [&](std::string_view who, Level level, std::string_view at) {
    return s.rules().explain(person(who), level, scope(at));
  };
  const auto allowed = ask("carol", Level::write, "xyz");
  CHECK(allowed.why == Why::allowed);
  CHECK(allowed.level == Level::write);
  CHECK(allowed.chain == std::vector<Index>{root, bob, carol});

  CHECK(ask("mallory", Level::read, "x").why == Why::no_grant);
  const auto low = ask("carol", Level::control, "xy");
  CHECK(low.why == Why::level_too_low);
  CHECK(low.grant == carol);
  const auto above = ask("carol", Level::write, "x");
  CHECK(above.why == Why::not_above);
  CHECK(above.grant == carol);

  const Index team = s.grant({"alice", {carol}, root}, members("team"), Level::write, "t");
  const auto stranger = ask("mallory", Level::write, "t");
  CHECK(stranger.why == Why::not_a_member);
  CHECK(stranger.grant == team);
  const auto member = ask("tim", Level::write, "t");
  CHECK(member.why == Why::allowed);
  CHECK(member.membership == std::vector<Index>{tim});
  const Index left = s.in("team").revoke({"chief", {team}, group}, {tim});
  const auto former = ask("tim", Level::write, "t");
  CHECK(former.why == Why::cut_off);
  CHECK(former.ended_by == left);
  CHECK(former.grant == team);

  const Index r = s.revoke({"alice", {left}, root}, {bob});
  const auto ended = ask("carol", Level::write, "xy");
  CHECK(ended.why == Why::ended);
  CHECK(ended.ended_by == r);
  CHECK(ended.chain == std::vector<Index>{root, bob, carol});
  CHECK(ended.level == Level::none);

  const Rules::Context then = s.rules().context({carol});
  const auto leaf = s.rules().explain_leaf(key("carol"), then, {1, 0}, scope("xy"));
  CHECK(leaf.why == Why::ended);
  CHECK(leaf.ended_by == r);
  const Index admission = s.admit({"alice", {r}, root}, {1});
  const auto admitted = s.rules().explain_leaf(key("carol"), then, {1, 0}, scope("xy"));
  CHECK(admitted.why == Why::allowed);
  CHECK(admitted.ended_by == admission);
  CHECK(s.rules().explain_leaf(key("carol"), then, {1, 0}, scope("z")).why == Why::not_above);
  CHECK(s.rules().explain_leaf(key("mallory"), then, {1, 0}, scope("z")).why == Why::no_grant);
}

// ---- the many
// ---------------------------------------------------------------------------------------------------------

TEST_CASE("10,000 useless statements change nothing") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::write);
  const Rules::Context past = s.rules().context({bob});
  Index last = bob;
  for (int n = 0; n < 10'000; ++n) {
    const std::vector<Index> seen = n % 2 ? std::vector<Index>{root, last} : std::vector<Index>{bob};
    switch (n % 4) {
      case 0:
        last = s.grant({"mallory", seen, bob}, person("mallory"), Level::own);
        break;
      case 1:
        last = s.revoke({"mallory", seen, root}, {bob});
        break;
      case 2:
        last = s.admit({"mallory", seen, last}, {1, 2, 3});
        break;
      case 3:
        last = s.cut({"mallory", seen, root}, last);
        break;
    }
    REQUIRE(s.rules().counts(key("bob"), past, {1, 0}, {scope("x")}));
  }
  CHECK(s.rules().take_changed().empty());
  CHECK(s.level("bob") == Level::write);
  CHECK(s.level("mallory") == Level::none);
  const Index honest = s.grant({"alice", {last, bob}, root}, person("carol"), Level::write);
  CHECK(s.counts("carol", {honest}, 1));
}

TEST_CASE("A removed owner who goes on revoking everybody, 3,000 times, revokes nobody") {
  Statements s;
  const Index root = s.genesis(person("alice"));
  const Index bob = s.grant({"alice", {root}, root}, person("bob"), Level::own);
  const Index carol = s.grant({"alice", {bob}, root}, person("carol"), Level::own);
  const Index removal = s.revoke({"alice", {carol}, root}, {bob});
  for (int n = 0; n < 3'000; ++n) {
    const Index r = s.revoke({"bob", {n % 2 ? removal : carol}, bob}, {carol});
    REQUIRE_FALSE(s.rules().effective(r));
    REQUIRE(s.level("carol") == Level::own);
  }
}

}  // namespace tlfs::access::testing
