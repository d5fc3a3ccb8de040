// The shape of a version, as programs in other languages get it.
#include "schema/lens/shape.h"

#include <catch2/catch.hpp>
#include <string>

#include "runtime/document/data.h"
#include "schema/compiler/compile.h"
#include "tests/schema/lens/random_schema.h"

using namespace tlfs;
using namespace tlfs::schema;

namespace {

std::shared_ptr<const Package> package(const std::string& text) {
  const auto compiled = compile(text, "test.tlfs");
  REQUIRE(compiled.ok());
  REQUIRE(compiled->size() == 1);
  return compiled->front().package;
}

// Whether `shape`, as parsed, describes this place of the view and all below it.
bool describes(const document::Data& shape, const Package& p, const View& view, std::uint32_t at) {
  const ViewNode& shown = view.nodes()[at];
  const Kind kind = p.nodes()[shown.node].kind;
  const auto is = [&](const char* name) { return *shape.find("kind") == document::Data(Value(std::string(name))); };
  if (kind == Kind::structure) {
    const document::Data::Object* fields = is("struct") ? shape.find("fields")->object() : nullptr;
    if (!fields || fields->size() != shown.children.size()) return false;
    for (std::size_t i = 0; i < fields->size(); ++i) {
      if ((*fields)[i].name != view.nodes()[shown.children[i]].name) return false;
      if (!describes((*fields)[i].value, p, view, shown.children[i])) return false;
    }
    return true;
  }
  if (kind == Kind::array || kind == Kind::table) {
    if (!is(kind == Kind::array ? "array" : "table")) return false;
    const document::Data* held = shape.find(kind == Kind::array ? "element" : "value");
    if (shown.children.empty()) return !held;
    return held && describes(*held, p, view, shown.children.front());
  }
  if (kind == Kind::reg) return is("register") && !shape.find("default") == (shown.default_value == Value{});
  return is(kind == Kind::text ? "text" : kind == Kind::flag ? "flag" : "counter");
}

}  // namespace

TEST_CASE("A shape says every kind, key, primitive and default of a version") {
  const auto p = package(R"(all {
    1.0.0 { .: Struct  .title: MVReg<String>  .title.default("a\"b")  .body: Text  .done: EWFlag  .votes: Counter
            .people: Table<String>  .people.{}: Struct  .people.{}.age: MVReg<u64>
            .people.{}.age.default(18446744073709551615)
            .a: Table<u64>  .b: Table<i64>  .c: Table<bool>  .days: Array  .days.[]: MVReg<i64>  .open: Array
            .on: MVReg<bool>  .half: MVReg<f64>  .half.default(0.5)  .raw: MVReg<Bytes>  .raw.default(hex"00ff") }
  })");
  CHECK(shape_json(*p, *p->latest()) ==
        R"({"package":"all","version":"1.0.0","root":{"kind":"struct","fields":{)"
        R"("title":{"kind":"register","primitive":"string","default":"a\"b"},)"
        R"("body":{"kind":"text"},"done":{"kind":"flag"},"votes":{"kind":"counter"},)"
        R"("people":{"kind":"table","key":"string","value":{"kind":"struct","fields":{)"
        R"("age":{"kind":"register","primitive":"u64","default":"18446744073709551615"}}}},)"
        R"("a":{"kind":"table","key":"u64"},"b":{"kind":"table","key":"i64"},"c":{"kind":"table","key":"bool"},)"
        R"("days":{"kind":"array","element":{"kind":"register","primitive":"i64"}},"open":{"kind":"array"},)"
        R"("on":{"kind":"register","primitive":"bool"},)"
        R"("half":{"kind":"register","primitive":"f64","default":0.5},)"
        R"("raw":{"kind":"register","primitive":"bytes","default":"AP8="}}}})");
}

TEST_CASE("The shape of an older version shows that version's names") {
  const auto p = package(R"(notes { 0.1.0 { .: Struct  .body: Text }  0.2.0 { .body.rename(text) } })");
  CHECK(root_shape_json(*p, **p->view("0.1.0")) == R"({"kind":"struct","fields":{"body":{"kind":"text"}}})");
  CHECK(root_shape_json(*p, **p->view("0.2.0")) == R"({"kind":"struct","fields":{"text":{"kind":"text"}}})");
}

TEST_CASE("A document whose root is no struct has a shape") {
  const auto p = package("time { 0.0.1 { .: Text } }");
  CHECK(shape_json(*p, *p->latest()) == R"({"package":"time","version":"0.0.1","root":{"kind":"text"}})");
}

TEST_CASE("Property: the shape of every version of a generated schema is JSON that describes it place by place") {
  for (std::uint64_t seed = 0; seed < schema::testing::seeds(); ++seed) {
    CAPTURE(seed);
    SeededRandom random(seed);
    const auto p = schema::testing::random_package(random, 40);
    for (const Package::VersionMark& mark : p->versions()) {
      const auto view = *p->view(mark.version.text());
      const auto shape = document::parse_json(shape_json(*p, *view));
      REQUIRE(shape.ok());
      REQUIRE(*shape->find("version") == document::Data(Value(view->version())));
      REQUIRE(describes(*shape->find("root"), *p, *view, 0));
    }
  }
}
