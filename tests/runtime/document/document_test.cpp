// What a document promises beyond merging: transactions, liars, compartments, what waits.
#include "runtime/document/document.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/runtime/document/people.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

// A change that says what `edit` makes of its header and leaves, signed by the device with this number.
Change forged(const Change& from, std::uint8_t device, const std::function<void(Header&, std::vector<Leaf>&)>& edit) {
  Header header = from.header;
  std::vector<Leaf> leaves;
  for (const auto& leaf : from.leaves) leaves.push_back(leaf.value());
  edit(header, leaves);
  Change change = make_change(std::move(header), std::move(leaves));
  change.signature = sign_change(change.hash, *key_number(device));
  return change;
}

Status give_up(Transaction&) { return Error(Errc::aborted, "on second thoughts"); }

}  // namespace

TEST_CASE("a transaction that gives up leaves everything as it was") {
  Person alice(1), bob(2);
  alice.set(".",
            R"({"title":"a","done":true,"votes":3,"text":"hello","list":[{"name":"x"}],"map":{"k":{"name":"y"}}})");
  REQUIRE(alice->undo("window").ok());
  REQUIRE(alice->redo("window").ok());
  const std::string before = alice->json();
  const std::uint64_t revision = alice->revision();
  const Result<Commit> done = alice->transact({"window", "", std::nullopt}, [](Transaction& tx) -> Status {
    REQUIRE(tx.set(".", parse_json(R"({"title":"b","done":false,"votes":9,"text":"bye","list":[],"map":{}})").value())
                .ok());
    REQUIRE(tx.insert(tx.address(".list").value(), 0, 3).ok());
    return Error(Errc::aborted, "on second thoughts");
  });
  REQUIRE(!done.ok());
  CHECK(done.error().is(Errc::aborted));
  CHECK(alice->json() == before);
  CHECK(alice->revision() == revision);
  // Nothing of it is in what others get, and what comes next is sound.
  alice.splice(".text", 5, 0, "!");
  sync({&alice, &bob});
  CHECK(bob.at(".text") == "\"hello!\"");
  CHECK(bob.at(".title") == "\"a\"");
  CHECK(bob->graph().ids().size() == alice->graph().ids().size());
  REQUIRE(alice->undo("window").ok());
  CHECK(alice->json() == before);
}

TEST_CASE("a transaction that gives up before the first edit ever leaves no writer behind") {
  Person alice(1), bob(2);
  CHECK(!alice->transact({}, give_up).ok());
  CHECK(alice->version().empty());
  alice.set(".title", "\"a\"");
  sync({&alice, &bob});
  CHECK(bob.at(".title") == "\"a\"");
}

TEST_CASE("an edit that is refused changes nothing, and the transaction may go on") {
  Person alice(1);
  alice.edit([](Transaction& tx) -> Status {
    REQUIRE(tx.set(".text", Data(Value(std::string("hello")))).ok());
    const Address text = tx.address(".text").value();
    CHECK(tx.splice(text, 3, 9, "x").error().is(Errc::out_of_range));
    CHECK(tx.assign(text, Value(std::string("x"))).error().is(Errc::wrong_kind));
    CHECK(tx.assign(tx.address(".number").value(), Value(std::string("x"))).error().is(Errc::wrong_kind));
    CHECK(tx.move(tx.address(".list").value(), 0, 0).error().is(Errc::out_of_range));
    CHECK(tx.erase(tx.address(".list").value(), 0).error().is(Errc::out_of_range));
    CHECK(tx.address(".nowhere").error().is(Errc::no_such_place));
    CHECK(tx.address(".list[0]").error().is(Errc::out_of_range));
    CHECK(tx.address(".years[\"1999\"]").error().is(Errc::wrong_kind));
    return tx.splice(text, 5, 0, "!");
  });
  CHECK(alice.at(".text") == "\"hello!\"");
}

TEST_CASE("both branches of a fork count, and everyone agrees about them") {
  //            ┌ mallory: "m" ──┐
  //   nothing ─┤                ├ alice, bob: the same conflict
  //            └ mallory: "n" ──┘   (both are her change number 0)
  Person alice(1), bob(2), mallory(9), twin(9);
  mallory.set(".title", "\"m\"");
  mallory.set(".text", "\"left\"");
  twin.set(".title", "\"n\"");
  twin.set(".text", "\"right\"");
  REQUIRE(mallory->writer() == twin->writer());
  const auto left = mallory->all_changes(), right = twin->all_changes();
  REQUIRE(alice->import(left).applied == 1);
  REQUIRE(alice->import(right).applied == 1);
  REQUIRE(bob->import(right).applied == 1);
  REQUIRE(bob->import(left).applied == 1);
  CHECK(alice->json() == bob->json());
  CHECK(alice->conflicts(".title")->size() == 2);
  CHECK(alice->conflicts(".title").value() == bob->conflicts(".title").value());
  CHECK(alice->graph().has_forked(mallory->writer()));
  // Honest edits attach to either branch.
  alice.splice(".text", 2, 0, "A");
  bob.splice(".text", 7, 0, "B");
  sync({&alice, &bob});
  CHECK(alice->text(".text")->size() == 11);
}

TEST_CASE("a device that meets its own fork starts a new incarnation, and nothing it wrote is lost") {
  Person alice(1), original(9), restored(9);
  original.set(".title", "\"before\"");
  original->seal();
  // A copy of an empty backup writes on, before it learns what the device had written.
  restored.set(".text", "\"after\"");
  const WriterId was = restored->writer();
  REQUIRE(restored->import(original->all_changes()).refused.empty());
  CHECK(restored->writer().device == was.device);
  CHECK(restored->writer().incarnation != was.incarnation);
  restored.set(".number", "7");
  sync({&alice, &restored});
  CHECK(alice.at(".title") == "\"before\"");
  CHECK(alice.at(".text") == "\"after\"");
  CHECK(alice.at(".number") == "7");
}

TEST_CASE("a change whose lamport time does not follow from its past is a link without effect") {
  Person alice(1), bob(2), mallory(9);
  mallory.set(".title", "\"m\"");
  const Change lie = forged(mallory->all_changes()[0], 9, [](Header& h, std::vector<Leaf>&) { h.lamport = 1000; });
  const Import report = alice->import({lie});
  CHECK(report.refused.empty());
  CHECK(report.applied == 1);
  CHECK(report.patches.empty());
  CHECK(alice.at(".title") == "null");
  // What follows it honestly counts.
  alice.set(".title", "\"a\"");
  REQUIRE(bob->import({lie}).applied == 1);
  sync({&alice, &bob});
  CHECK(bob.at(".title") == "\"a\"");
  CHECK(bob->conflicts(".title")->size() == 1);
}

TEST_CASE("an operation outside of its leaf's compartment voids the leaf") {
  Person alice(1), mallory(9);
  mallory.set(".title", "\"m\"");
  const auto package = story_package();
  const auto secret = std::find_if(package->nodes().begin(), package->nodes().end(),
                                   [](const schema::Node& n) { return n.compartment; });
  const Change lie = forged(mallory->all_changes()[0], 9,
                            [&](Header&, std::vector<Leaf>& leaves) { leaves[0].compartment = secret->id; });
  CHECK(alice->import({lie}).applied == 1);
  CHECK(alice.at(".title") == "null");
}

TEST_CASE("a change with a wrong signature, of another document or of unknown origin does not count") {
  Person alice(1), mallory(9);
  mallory.set(".title", "\"m\"");
  const Change good = mallory->all_changes()[0];
  Change forgery = good;
  forgery.signature->at(3) ^= 1;
  CHECK(alice->import({forgery}).refused.size() == 1);
  const Change foreign = forged(good, 9, [](Header& h, std::vector<Leaf>&) { h.document.fill(77); });
  const Import other = alice->import({foreign});
  REQUIRE(other.refused.size() == 1);
  CHECK(other.refused[0].is(Errc::wrong_document));
  const Change stolen = forged(good, 8, [](Header&, std::vector<Leaf>&) {});  // signed by another device than it names
  CHECK(alice->import({stolen}).refused.size() == 1);
  Change unsigned_change = good;
  unsigned_change.signature.reset();
  CHECK(alice->import({unsigned_change}).applied == 0);
  CHECK(alice.at(".title") == "null");
  CHECK(alice->import({good}).applied == 1);
  CHECK(alice.at(".title") == "\"m\"");
}

TEST_CASE("a removal that crosses a compartment's boundary takes one operation on each side") {
  Person alice(1), bob(2);
  alice.set(".map", R"({"k":{"name":"x","secret":{"word":"w"}}})");
  sync({&alice, &bob});
  alice.remove(".map[\"k\"]");
  CHECK(alice.at(".map") == "{}");
  const std::vector<Change> changes = alice->all_changes();
  const Change& removal = changes.back();
  REQUIRE(removal.leaves.size() == 2);
  sync({&alice, &bob});
  CHECK(bob.at(".map") == "{}");
  // Each side falls and returns alone.
  const schema::NodeId root = story_package()->nodes()[0].id;
  const std::uint32_t outer = removal.leaves[0]->compartment == root ? 0 : 1;
  REQUIRE(bob->set_voided({{removal.hash, outer}}, true).ok());
  CHECK(bob.at(".map[\"k\"].name") == "\"x\"");
  CHECK(bob.at(".map[\"k\"].secret.word") == "null");
  REQUIRE(bob->set_voided({{removal.hash, outer}}, false).ok());
  REQUIRE(bob->set_voided({{removal.hash, 1 - outer}}, true).ok());
  CHECK(bob.at(".map[\"k\"].name") == "null");
  CHECK(bob.at(".map[\"k\"].secret.word") == "\"w\"");
  REQUIRE(bob->set_voided({{removal.hash, 1 - outer}}, false).ok());
  CHECK(bob.at(".map") == "{}");
}

TEST_CASE("what only a voided leaf had deleted returns, and what was attached to its characters stays") {
  //   mallory: "hello" ─ bob: erase "llo", type "y!" behind the e ─ mallory's leaf is voided
  Person alice(1), bob(2), mallory(9);
  mallory.set(".text", "\"hello\"");
  sync({&bob, &mallory});
  bob.splice(".text", 2, 3, "y!");
  sync({&alice, &bob, &mallory});
  const LeafId hers{mallory->all_changes()[0].hash, 0}, his{bob->all_changes()[1].hash, 0};
  REQUIRE(alice->set_voided({hers}, true).ok());
  CHECK(alice.at(".text") == "\"y!\"");
  CHECK(alice->is_voided(hers));
  REQUIRE(alice->set_voided({hers}, false).ok());
  REQUIRE(alice->set_voided({his}, true).ok());
  CHECK(alice.at(".text") == "\"hello\"");
  CHECK(alice->set_voided({{ChangeHash{}, 0}}, true).error().is(Errc::unknown_version));
}

TEST_CASE("changes that come before what they build on wait, and say what they wait for") {
  Person alice(1), bob(2);
  alice.set(".title", "\"1\"");
  alice->seal();
  alice.set(".title", "\"2\"");
  const std::vector<Change> changes = alice->all_changes();
  REQUIRE(changes.size() == 2);
  CHECK(bob->import({changes[1]}).applied == 0);
  CHECK(bob->waiting() == 1);
  CHECK(bob->missing_changes() == std::vector<ChangeHash>{changes[0].hash});
  CHECK(bob->import({changes[0]}).applied == 2);
  CHECK(bob->waiting() == 0);
  CHECK(bob.at(".title") == "\"2\"");
  CHECK(bob->import(changes).applied == 0);
}

TEST_CASE("importing seals what is pending first, so that it stays concurrent") {
  Person alice(1), bob(2);
  alice.set(".title", "\"a\"");
  bob.set(".title", "\"b\"");
  REQUIRE(bob->import(alice->all_changes()).applied == 1);
  CHECK(bob->conflicts(".title")->size() == 2);
  CHECK(bob->all_changes().size() == 2);
}

TEST_CASE("only what the other lacks is exported") {
  Person alice(1), bob(2);
  alice.set(".title", "\"1\"");
  sync({&alice, &bob});
  const Version then = bob->version();
  alice.set(".title", "\"2\"");
  alice->seal();
  alice.set(".title", "\"3\"");
  CHECK(alice->changes_since(then).size() == 2);
  CHECK(alice->changes_since(alice->version()).empty());
  CHECK(alice->changes_since({ChangeHash{}}).size() == 3);
}

TEST_CASE("of two copies of a change that come together, the one with more leaves counts, whichever comes first") {
  Person alice(1);
  alice.set(".title", "\"hello\"");
  const std::vector<Change> whole = alice->all_changes();
  std::vector<Change> bare = whole;
  for (Change& c : bare)
    for (auto& leaf : c.leaves) leaf.reset();
  for (const bool bare_first : {true, false}) {
    Person bob(2);
    std::vector<Change> both = bare_first ? bare : whole;
    const std::vector<Change>& other = bare_first ? whole : bare;
    both.insert(both.end(), other.begin(), other.end());
    bob->import(std::move(both));
    CHECK(bob.at(".title") == "\"hello\"");
  }
}
