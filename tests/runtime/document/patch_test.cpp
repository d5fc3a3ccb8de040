// Patches say what changed and nothing else.
#include "runtime/document/patch.h"

#include <catch2/catch.hpp>

#include "tests/runtime/document/people.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

std::string kinds(const std::vector<Patch>& patches) {
  static const char* kNames[] = {"?", "set", "remove", "insert", "move", "splice", "conflict"};
  std::string out;
  for (const Patch& p : patches)
    out += (out.empty() ? "" : " ") + std::string(kNames[static_cast<int>(p.kind)]) + path_text(p.path);
  return out;
}

}  // namespace

TEST_CASE("a transaction that changes nothing gives no patches") {
  Person alice(1);
  CHECK(alice.edit([](Transaction&) { return Status(); }).patches.empty());
  alice.set(".title", "\"a\"");
  alice.flag(".done", true);
  CHECK(alice.set(".title", "\"a\"").patches.empty());
  CHECK(alice.flag(".done", true).patches.empty());
  CHECK(alice.increment(".votes", 0).patches.empty());
}

TEST_CASE("what comes and goes in one transaction gives no patches") {
  Person alice(1);
  alice.set(".", R"({"text":"ab","list":[{"name":"x"}],"map":{"k":{}}})");
  CHECK(alice
            .edit([](Transaction& tx) -> Status {
              const Address text = tx.address(".text").value();
              REQUIRE(tx.splice(text, 1, 0, "hello").ok());
              return tx.splice(text, 1, 5, "");
            })
            .patches.empty());
  CHECK(alice
            .edit([](Transaction& tx) -> Status {
              const Address list = tx.address(".list").value();
              REQUIRE(tx.insert(list, 1, 2).ok());
              return tx.erase(list, 1, 2);
            })
            .patches.empty());
  CHECK(alice
            .edit([](Transaction& tx) -> Status {
              REQUIRE(tx.set(".map[\"new\"].name", Value(std::string("x"))).ok());
              return tx.remove(parse_path(".map[\"new\"]").value());
            })
            .patches.empty());
  CHECK(alice
            .edit([](Transaction& tx) -> Status {
              const Address list = tx.address(".list").value();
              REQUIRE(tx.insert(list, 1).ok());
              REQUIRE(tx.move(list, 0, 1).ok());
              REQUIRE(tx.move(list, 1, 0).ok());
              return tx.erase(list, 1);
            })
            .patches.empty());
}

TEST_CASE("one keystroke is one splice, with its position in both units") {
  Person alice(1);
  alice.set(".text", "\"\U0001f600a\"");
  const std::vector<Patch> typed = alice.splice(".text", 2, 0, "b").patches;
  REQUIRE(kinds(typed) == "splice.text");
  CHECK(typed[0].position == TextLength{2, 3});
  CHECK(typed[0].removed == TextLength{});
  CHECK(typed[0].text == "b");
  const std::vector<Patch> deleted = alice.splice(".text", 0, 1, "").patches;
  REQUIRE(kinds(deleted) == "splice.text");
  CHECK(deleted[0].position == TextLength{});
  CHECK(deleted[0].removed == TextLength{1, 2});
  CHECK(deleted[0].text.empty());
}

TEST_CASE("a run that was typed in pieces is one splice, for the author and for others") {
  Person alice(1), bob(2);
  alice.set(".text", "\"[]\"");
  sync({&alice, &bob});
  const std::vector<Patch> patches =
      alice
          .edit([](Transaction& tx) -> Status {
            const Address text = tx.address(".text").value();
            for (std::uint64_t i = 0; i < 5; ++i)
              REQUIRE(tx.splice(text, 1 + i, 0, std::string(1, static_cast<char>('a' + i))).ok());
            return {};
          })
          .patches;
  REQUIRE(kinds(patches) == "splice.text");
  CHECK(patches[0].text == "abcde");
  const std::vector<Patch> seen = bob->import(alice->all_changes()).patches;
  REQUIRE(kinds(seen) == "splice.text");
  CHECK(seen[0].text == "abcde");
  CHECK(seen[0].position == TextLength{1, 1});
}

TEST_CASE("each kind of edit gives the one patch that says it") {
  Person alice(1);
  CHECK(kinds(alice.set(".number", "1").patches) == "set.number");
  CHECK(kinds(alice.increment(".votes", 2).patches) == "set.votes");
  CHECK(kinds(alice.flag(".done", true).patches) == "set.done");
  CHECK(kinds(alice.insert(".list", 0, R"({"name":"a"})").patches) == "insert.list");
  CHECK(kinds(alice.insert(".list", 1, R"({"name":"b"})").patches) == "insert.list");
  CHECK(kinds(alice.insert(".list", 2, R"({"name":"c"})").patches) == "insert.list");
  CHECK(kinds(alice.set(".list[1].name", "\"B\"").patches) == "set.list[1].name");
  const std::vector<Patch> moved = alice.move(".list", 0, 2).patches;
  REQUIRE(kinds(moved) == "move.list");
  CHECK(moved[0].index == 0);
  CHECK(moved[0].to == 2);
  CHECK(kinds(alice.remove(".list[0]").patches) == "remove.list");
  const std::vector<Patch> key = alice.set(".map[\"k\"].name", "\"x\"").patches;
  REQUIRE(kinds(key) == "set.map[\"k\"]");  // the key appears, with all that is in it
  CHECK(to_json(key[0].value) == R"({"name":"x","text":"","secret":{"word":null}})");
  CHECK(kinds(alice.set(".map[\"k\"].name", "\"y\"").patches) == "set.map[\"k\"].name");
  CHECK(kinds(alice.remove(".map[\"k\"]").patches) == "remove.map[\"k\"]");
}

TEST_CASE("a conflict is told when it comes, when it changes and when it is over") {
  Person alice(1), bob(2);
  alice.set(".title", "\"a\"");
  bob.set(".title", "\"b\"");
  const bool bob_is_higher = alice->writer() < bob->writer();
  const std::vector<Patch> came = alice->import(bob->all_changes()).patches;
  REQUIRE(kinds(came) == (bob_is_higher ? "set.title conflict.title" : "conflict.title"));
  CHECK(came.back().values.size() == 2);
  const std::vector<Patch> over = alice.set(".title", "\"c\"").patches;
  REQUIRE(kinds(over) == "set.title conflict.title");
  CHECK(over.back().values.size() == 1);
}

TEST_CASE("what comes as a whole value says apart which of its registers have concurrent values") {
  Person alice(1), bob(2), carol(3);
  alice.insert(".list", 0, R"({"name":"a"})");
  REQUIRE(bob->import(alice->all_changes()).applied == 1);
  alice.set(".list[0].name", "\"x\"");
  alice.insert(".list", 0, R"({"name":"first"})");
  bob.set(".list[0].name", "\"y\"");
  alice.set(".map[\"k\"].name", "\"x\"");
  bob.set(".map[\"k\"].name", "\"y\"");
  std::vector<Change> all = alice->all_changes();
  for (Change& change : bob->all_changes()) all.push_back(std::move(change));
  const auto check = [](const std::vector<Patch>& patches) {
    CHECK(kinds(patches).find("insert.list") != std::string::npos);
    REQUIRE(patches.size() >= 2);
    std::size_t conflicts = 0;
    for (const Patch& p : patches) conflicts += p.kind == PatchKind::conflict && p.values.size() == 2;
    CHECK(conflicts == 2);
    CHECK(kinds(patches).find("conflict.list[1].name") != std::string::npos);
    CHECK(kinds(patches).find("conflict.map[\"k\"].name") != std::string::npos);
  };
  check(carol->import(std::move(all)).patches);
  check(carol->diff({}, carol->version()).value());
  std::vector<Patch> conflicts;
  const auto place = carol->reader().locate(parse_path(".list").value());
  CHECK(carol->reader().data_at(*place, conflicts) == carol->get(".list").value());
  CHECK(kinds(conflicts) == "conflict.list[1].name");
}

TEST_CASE("what is undone or voided is told as what the value shows") {
  Person alice(1), bob(2);
  alice.set(".text", "\"hello\"");
  alice.splice(".text", 1, 3, "");
  const Result<Commit> undone = alice->undo("window");
  REQUIRE(undone.ok());
  REQUIRE(kinds(undone->patches) == "splice.text");
  CHECK(undone->patches[0].text == "ell");
  REQUIRE(bob->import(alice->all_changes()).applied == 1);
  const auto voided = bob->set_voided({{alice->all_changes()[0].hash, 0}}, true);
  REQUIRE(voided.ok());
  REQUIRE(kinds(*voided) == "splice.text");
  CHECK((*voided)[0].removed == TextLength{5, 5});
}

TEST_CASE("a patch that does not fit is refused by name") {
  Data data = parse_json(R"({"text":"abc","list":[1,2],"map":{"k":1}})").value();
  const auto refused = [&](Patch p) {
    const Data before = data;
    const Status s = apply_patches(data, {p});
    CHECK(!s.ok());
    CHECK(data == before);
  };
  Patch p;
  p.kind = PatchKind::splice;
  p.path = parse_path(".text").value();
  p.position = {4, 4};
  refused(p);
  p.position = {1, 1};
  p.removed = {3, 3};
  refused(p);
  p.kind = PatchKind::insert;
  p.path = parse_path(".list").value();
  p.index = 3;
  refused(p);
  p.kind = PatchKind::move;
  p.index = 0;
  p.to = 2;
  refused(p);
  p.kind = PatchKind::remove;
  p.index = 1;
  p.count = 2;
  refused(p);
  p.count = 0;
  p.path = parse_path(".map[\"l\"]").value();
  refused(p);
  p.kind = PatchKind::set;
  p.path = parse_path(".nowhere.x").value();
  refused(p);
}

TEST_CASE("paths are written and read in one way") {
  for (const std::string_view text :
       {".", ".a", ".a.b_2", ".a[0]", ".a[18446744073709551615].b", ".a[\"k\"]", ".a[\"\"].b", ".a[\"\\\"\\n]\"]",
        ".years{1999}", ".years{-3}[0]", ".flags{true}"}) {
    const Result<Path> path = parse_path(text);
    REQUIRE(path.ok());
    CHECK(path_text(*path) == text);
  }
  for (const std::string_view text : {"", "a", ".a.", ".a..b", ".a[", ".a[]", ".a[x]", ".a[-1]", ".a[\"k]", ".a{",
                                      ".a{x}", ".a{}", ".1", ".a b", ".a[0"}) {
    INFO(text);
    CHECK(!parse_path(text).ok());
  }
}
