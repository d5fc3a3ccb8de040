// What single lenses do, and what they refuse.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "schema/lens/limits.h"
#include "schema/lens/tree.h"
#include "schema/lens/version.h"
#include "schema/lens/view.h"

using namespace tlfs;
using namespace tlfs::schema;

namespace {

struct Fixture {
  Tree tree;
  Ordinal born(Ordinal parent, Kind kind, std::string name, Primitive primitive = Primitive::none,
               bool compartment = false) {
    const auto node = static_cast<Ordinal>(tree.nodes().size());
    REQUIRE(apply_lens(tree, make(tree, parent, kind, primitive, compartment, std::move(name))).ok());
    return node;
  }
  void refuses(const Lens& lens, std::string_view why) {
    const View before(tree, "");
    const Status s = apply_lens(tree, lens);
    REQUIRE_FALSE(s.ok());
    CHECK(s.error().message() == why);
    CHECK(View(tree, "") == before);
  }
  Ordinal root = born(kNoOrdinal, Kind::structure, "");
  Ordinal a = born(root, Kind::structure, "a");
  Ordinal x = born(a, Kind::reg, "x", Primitive::u64);
  Ordinal list = born(root, Kind::array, "list");
  Ordinal item = born(list, Kind::structure, "[]");
  Ordinal title = born(item, Kind::text, "title");
  Ordinal secret = born(root, Kind::structure, "secret", Primitive::none, true);
  Ordinal note = born(secret, Kind::text, "note");
};

}  // namespace

TEST_CASE_METHOD(Fixture, "A node's id is the hash of its parent's id, type, mark, first name and earlier namesakes") {
  CHECK(tree.nodes()[root].id == node_id({}, Kind::structure, Primitive::none, false, "", 0));
  CHECK(tree.nodes()[x].id == node_id(tree.nodes()[a].id, Kind::reg, Primitive::u64, false, "x", 0));
  CHECK(tree.nodes()[secret].id == node_id(tree.nodes()[root].id, Kind::structure, Primitive::none, true, "secret", 0));

  REQUIRE(apply_lens(tree, hide(x)).ok());
  const Ordinal second = born(a, Kind::reg, "x", Primitive::u64);
  CHECK(tree.nodes()[second].id == node_id(tree.nodes()[a].id, Kind::reg, Primitive::u64, false, "x", 1));
}

TEST_CASE("Every part of a node's birth changes its id") {
  const NodeId parent{}, other{1};
  const NodeId id = node_id(parent, Kind::reg, Primitive::u64, false, "x", 0);
  CHECK(id != node_id(other, Kind::reg, Primitive::u64, false, "x", 0));
  CHECK(id != node_id(parent, Kind::table, Primitive::u64, false, "x", 0));
  CHECK(id != node_id(parent, Kind::reg, Primitive::i64, false, "x", 0));
  CHECK(id != node_id(parent, Kind::reg, Primitive::u64, true, "x", 0));
  CHECK(id != node_id(parent, Kind::reg, Primitive::u64, false, "y", 0));
  CHECK(id != node_id(parent, Kind::reg, Primitive::u64, false, "x", 1));
}

TEST_CASE_METHOD(Fixture, "Namesakes are counted by birth parent, wherever they are shown now") {
  REQUIRE(apply_lens(tree, hoist(tree, x)).ok());
  CHECK(tree.path(x) == ".x");
  const Ordinal second = born(a, Kind::reg, "x", Primitive::u64);
  CHECK(tree.nodes()[second].id == node_id(tree.nodes()[a].id, Kind::reg, Primitive::u64, false, "x", 1));
}

TEST_CASE_METHOD(Fixture, "A hoisted field goes last in the outer struct, and its reverse puts it where it was") {
  const Ordinal y = born(a, Kind::text, "y");
  const Lens lens = hoist(tree, x);
  REQUIRE(apply_lens(tree, lens).ok());
  CHECK(tree.place(root).children == std::vector<Ordinal>{a, list, secret, x});
  REQUIRE(apply_lens(tree, reverse(lens)).ok());
  CHECK(tree.place(a).children == std::vector<Ordinal>{x, y});
}

TEST_CASE_METHOD(Fixture, "A view leaves out what is hidden and what lies below it") {
  REQUIRE(apply_lens(tree, hide(item)).ok());
  const View view(tree, "1.0.0");
  CHECK(view.view_of(item) == kNoOrdinal);
  CHECK(view.view_of(title) == kNoOrdinal);
  CHECK(view.view_of(999) == kNoOrdinal);
  CHECK(view.nodes()[view.view_of(list)].children.empty());
  CHECK(view.version() == "1.0.0");
}

TEST_CASE_METHOD(Fixture, "A lens that does not fit is refused and changes nothing") {
  const auto ghost = static_cast<Ordinal>(tree.nodes().size());
  refuses(make(tree, kNoOrdinal, Kind::structure, Primitive::none, false, ""), "the root is declared once");
  refuses(make(tree, ghost, Kind::text, Primitive::none, false, "t"), "the parent is not there");
  refuses(make(tree, x, Kind::text, Primitive::none, false, "t"), ".a.x holds nothing below it");
  refuses(make(tree, root, Kind::text, Primitive::none, false, "[]"),
          "a field's name is a letter, then letters, digits and underscores");
  refuses(make(tree, list, Kind::text, Primitive::none, false, "t"), "an array holds [] only");
  refuses(make(tree, list, Kind::text, Primitive::none, false, "[]"), ".list has [] already");
  refuses(make(tree, root, Kind::text, Primitive::none, false, "a"), ". has a already");
  refuses(make(tree, root, Kind::text, Primitive::u64, false, "t"), "there is no type Text");
  refuses(Make{ghost + 1, root, Kind::text, Primitive::none, false, "t"}, "a node is born under the next ordinal");
  refuses(hide(root), "the root cannot be hidden");
  refuses(hide(ghost), "there is no such node");
  refuses(show(x), ".a.x is not hidden");
  refuses(show(ghost), "there is no such node");
  refuses(rename(tree, x, "1"), "a field's name is a letter, then letters, digits and underscores");
  refuses(rename(tree, a, "list"), "the name list is taken");
  refuses(rename(tree, item, "t"), ".list.[] is not a field of a struct");
  refuses(rename(tree, root, "t"), ". is not a field of a struct");
  refuses(Rename{a, "b", "c"}, ".a is not called b");
  refuses(hoist(tree, a), "around . there is no struct");
  refuses(hoist(tree, title), "around .list.[] there is no struct");
  refuses(hoist(tree, note), ".secret.note cannot cross the boundary of the compartment .secret");
  refuses(plunge(tree, a, secret), ".a cannot cross the boundary of the compartment .secret");
  refuses(plunge(tree, a, a), ".a is not a struct beside .a");
  refuses(plunge(tree, a, list), ".list is not a struct beside .a");
  refuses(plunge(tree, list, item), ".list.[] is not a struct beside .list");
  refuses(Hoist{x, a, 1, 3}, ".a.x is not at that position");
  refuses(Hoist{x, a, 0, 4}, ".a.x is not at that position");
  refuses(set_default(tree, a, true), "only a register has a default");
  refuses(set_default(tree, x, true), "the default is not of the register's type");
  refuses(SetDefault{x, std::uint64_t{1}, std::uint64_t{2}}, ".a.x has another default");
}

TEST_CASE_METHOD(Fixture, "What is hidden can only be shown, and only where its name is free") {
  REQUIRE(apply_lens(tree, hide(a)).ok());
  refuses(hide(a), ".a is not there");
  refuses(hide(x), ".a.x is not there");
  refuses(rename(tree, a, "b"), ".a is not there");
  refuses(set_default(tree, x, std::uint64_t{1}), ".a.x is not there");
  refuses(plunge(tree, list, a), "what shall hold .list is not there");
  const Ordinal again = born(root, Kind::text, "a");
  refuses(show(a), ".a is taken");
  REQUIRE(apply_lens(tree, rename(tree, again, "b")).ok());
  REQUIRE(apply_lens(tree, show(a)).ok());
  CHECK(tree.visible(x));

  REQUIRE(apply_lens(tree, hide(x)).ok());
  REQUIRE(apply_lens(tree, hide(a)).ok());
  refuses(show(x), "what holds .a.x is hidden itself");
}

TEST_CASE_METHOD(Fixture, "A field cannot move to where its name is taken") {
  born(root, Kind::text, "x");
  refuses(hoist(tree, x), ".x is there already");
  refuses(plunge(tree, tree.child(root, "x"), a), ".a.x is there already");
}

TEST_CASE_METHOD(Fixture, "A number default is finite, a text default is UTF-8, both are bounded") {
  const Ordinal f = born(root, Kind::reg, "f", Primitive::f64);
  const Ordinal s = born(root, Kind::reg, "s", Primitive::string);
  refuses(set_default(tree, f, std::nan("")), "a default is a finite number");
  refuses(set_default(tree, s, std::string("\xff")), "a String default is UTF-8");
  refuses(set_default(tree, s, std::string(kMaxDefaultBytes + 1, 'x')), "a default has at most 4096 bytes");
  CHECK(apply_lens(tree, set_default(tree, s, std::string(kMaxDefaultBytes, 'x'))).ok());
}

TEST_CASE("The number of nodes is limited") {
  Tree tree;
  REQUIRE(apply_lens(tree, make(tree, kNoOrdinal, Kind::structure, Primitive::none, false, "")).ok());
  for (std::size_t i = 1; i < kMaxNodes; ++i) {
    REQUIRE(apply_lens(tree, make(tree, kRoot, Kind::text, Primitive::none, false, "f" + std::to_string(i))).ok());
  }
  const Status s = apply_lens(tree, make(tree, kRoot, Kind::text, Primitive::none, false, "more"));
  REQUIRE_FALSE(s.ok());
  CHECK(s.error().is(Errc::limit));
}

TEST_CASE("A version is three numbers and is ordered by them") {
  CHECK(Version::parse("0.1.0") == Version{0, 1, 0});
  CHECK(Version::parse("4294967295.0.12")->text() == "4294967295.0.12");
  CHECK(*Version::parse("0.9.0") < *Version::parse("0.10.0"));
  for (const char* bad :
       {"", "1", "1.2", "1.2.", "1.2.3.4", "01.2.3", "1.2.x", "4294967296.0.0", "-1.0.0", "1..2", " 1.2.3"}) {
    CHECK_FALSE(Version::parse(bad).has_value());
  }
}
