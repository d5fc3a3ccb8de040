// What a .tlfs text means, as its packages and views show it.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "schema/compiler/compile.h"

using namespace tlfs;
using namespace tlfs::schema;

namespace {

std::shared_ptr<const Package> package(std::string_view text) {
  auto compiled = compile(text, "test.tlfs");
  INFO((compiled.ok() ? "" : compiled.error().message()));
  REQUIRE(compiled.ok());
  REQUIRE(compiled->size() == 1);
  return compiled->front().package;
}

// Every place of a version with its type, in order.
std::vector<std::string> places(const Package& p, std::string_view version) {
  auto view = p.view(version);
  REQUIRE(view.ok());
  std::vector<std::string> out;
  for (std::uint32_t i = 0; i < (*view)->nodes().size(); ++i) {
    const Node& node = p.nodes()[(*view)->nodes()[i].node];
    out.push_back((*view)->path(i) + " " + type_name(node.kind, node.primitive) + (node.compartment ? " @" : ""));
  }
  return out;
}

constexpr std::string_view kTodoApp = R"(todoapp {
  0.1.0 { .: Struct  .title: MVReg<String>  .tasks: Array  .tasks.[]: Struct
          .tasks.[].title: MVReg<String>  .tasks.[].complete: EWFlag }
  0.2.0 { .tasks.rename(todos)  .todos.[].attrs: Struct  .todos.[].title.plunge(attrs) }
}
)";

}  // namespace

TEST_CASE("The todo list of the first SDK compiles, and each version shows its own names") {
  const auto p = package(kTodoApp);
  CHECK(p->name() == "todoapp");
  CHECK(places(*p, "0.1.0") == std::vector<std::string>{". Struct", ".title MVReg<String>", ".tasks Array",
                                                        ".tasks.[] Struct", ".tasks.[].title MVReg<String>",
                                                        ".tasks.[].complete EWFlag"});
  CHECK(places(*p, "0.2.0") == std::vector<std::string>{". Struct", ".title MVReg<String>", ".todos Array",
                                                        ".todos.[] Struct", ".todos.[].complete EWFlag",
                                                        ".todos.[].attrs Struct",
                                                        ".todos.[].attrs.title MVReg<String>"});
  CHECK(p->latest()->version() == "0.2.0");
}

TEST_CASE("The example and the error message in the documentation of the language are real") {
  std::ifstream in(TLFS_SOURCE_DIR "/schema/README.md", std::ios::binary);
  REQUIRE(in.good());
  const std::string readme{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::size_t start = readme.find("```\n") + 4;
  const auto example = package(readme.substr(start, readme.find("```", start) - start));
  CHECK(example->hash() == package(kTodoApp)->hash());

  const auto refused = compile("todo {\n  0.1.0 { .: Struct\n  .title: MVReg<Strng>\n} }\n", "todo.tlfs");
  REQUIRE_FALSE(refused.ok());
  CHECK(readme.find("```\n" + refused.error().message() + "\n```") != std::string::npos);
}

TEST_CASE("A schema with every method of the first SDK compiles") {
  const auto p = package(R"(todoapp {
    0.1.0 { .: Struct .todos: Table<u64> .todos.{}: Struct .todos.{}.title: MVReg<String> .todos.{}.complete: EWFlag }
    0.1.1 {
      .todos.rename(tasks) .tasks.{}.attrs: Struct .tasks.{}.title.plunge(attrs) .tasks.{}.attrs.title.hoist()
      .tasks.{}.attrs.obsolete: Struct .tasks.{}.attrs.obsolete.remove() .tasks.{}.attrs.remove()
    } })");
  CHECK(places(*p, "0.1.1") == std::vector<std::string>{". Struct", ".tasks Table<u64>", ".tasks.{} Struct",
                                                        ".tasks.{}.complete EWFlag", ".tasks.{}.title MVReg<String>"});
}

TEST_CASE("Every kind, key type and register type can be declared, and any of them can be the root") {
  const auto p = package(R"(all { 1.0.0 {
    .: Struct
    .flag: EWFlag .text: Text .counter: Counter .array: Array .struct: Struct
    .tb: Table<bool> .tu: Table<u64> .ti: Table<i64> .ts: Table<String>
    .rb: MVReg<bool> .ru: MVReg<u64> .ri: MVReg<i64> .rf: MVReg<f64> .rs: MVReg<String> .ry: MVReg<Bytes>
  } })");
  CHECK(p->nodes().size() == 16);
  for (std::string type : {"Struct", "Array", "Text", "EWFlag", "Counter", "Table<u64>", "MVReg<Bytes>"}) {
    CHECK(places(*package("r { 0.0.1 { .: " + type + " } }"), "0.0.1") == std::vector<std::string>{". " + type});
  }
}

TEST_CASE("Comments in three forms and any blanks between words are ignored") {
  const auto plain = package("a { 0.1.0 { .: Struct .x: MVReg<u64> @compartment .x.default(1) } }");
  const auto busy = package(
      "# one\n// two\r\na/* three\n */{0.1.0{.:Struct//x\n.x : MVReg < u64 > @compartment #y\n.x.default( /*z*/ "
      "1\t)}}");
  CHECK(plain->hash() == busy->hash());
}

TEST_CASE("Names may contain digits and underscores, and methods' names are free for fields") {
  const auto p =
      package("a_1 { 0.1.0 { .: Struct .remove: Text .Rename_2: Text .default: Struct .default.hex: Text } }");
  CHECK(places(*p, "0.1.0") ==
        std::vector<std::string>{". Struct", ".remove Text", ".Rename_2 Text", ".default Struct", ".default.hex Text"});
}

TEST_CASE("One text may hold several schemas, in its order") {
  const auto compiled = compile("b { 0.1.0 { .: Text } } a { 0.1.0 { .: Struct } }", "two.tlfs");
  REQUIRE(compiled.ok());
  REQUIRE(compiled->size() == 2);
  CHECK((*compiled)[0].name == "b");
  CHECK((*compiled)[1].package->name() == "a");
}

TEST_CASE("A version without statements shows what the one before shows") {
  const auto p = package("a { 0.1.0 { .: Struct .x: Text } 0.2.0 { } }");
  CHECK(places(*p, "0.1.0") == places(*p, "0.2.0"));
  CHECK(p->versions().size() == 2);
}

TEST_CASE(
    "Removing hides what is below too, declaring the name again births another node, restoring shows the old one") {
  const auto p = package(R"(a {
    0.1.0 { .: Struct .x: Struct .x.deep: Text .z: Text }
    0.2.0 { .x.remove() .x: Struct }
    0.3.0 { .x.rename(y) .x.restore() } })");
  CHECK(places(*p, "0.2.0") == std::vector<std::string>{". Struct", ".z Text", ".x Struct"});
  CHECK(places(*p, "0.3.0") ==
        std::vector<std::string>{". Struct", ".x Struct", ".x.deep Text", ".z Text", ".y Struct"});
  const auto first = p->view("0.1.0"), last = p->view("0.3.0");
  CHECK((*first)->nodes()[(*first)->field(0, "x")].node == (*last)->nodes()[(*last)->field(0, "x")].node);
  CHECK((*first)->nodes()[(*first)->field(0, "x")].node != (*last)->nodes()[(*last)->field(0, "y")].node);
}

TEST_CASE("Restore brings back the node of that name that was removed last") {
  const auto p = package(R"(a {
    0.1.0 { .: Struct .x: Text }
    0.2.0 { .x.remove() .x: Counter }
    0.3.0 { .x.remove() .x.restore() }
    0.4.0 { .x.rename(counter) .x.restore() } })");
  CHECK(places(*p, "0.3.0") == std::vector<std::string>{". Struct", ".x Counter"});
  CHECK(places(*p, "0.4.0") == std::vector<std::string>{". Struct", ".x Text", ".counter Counter"});
}

TEST_CASE("The values of arrays and tables can be removed, declared anew and restored") {
  const auto p = package(R"(a {
    0.1.0 { .: Struct .l: Array .l.[]: Text }
    0.2.0 { .l.[].remove() .l.[]: Counter }
    0.3.0 { .l.[].remove() }
    0.4.0 { .l.[].restore() } })");
  CHECK(places(*p, "0.2.0") == std::vector<std::string>{". Struct", ".l Array", ".l.[] Counter"});
  CHECK(places(*p, "0.3.0") == std::vector<std::string>{". Struct", ".l Array"});
  CHECK(places(*p, "0.4.0") == places(*p, "0.2.0"));
}

TEST_CASE("A compartment can be marked on anything below the root and moves with its field") {
  const auto p =
      package(R"(a { 0.1.0 { .: Struct .in: Struct .in.secret: MVReg<String> @compartment .in.secret.hoist() } })");
  CHECK(places(*p, "0.1.0") == std::vector<std::string>{". Struct", ".in Struct", ".secret MVReg<String> @"});
}

TEST_CASE("A default is read in the version that sets it and after, not before") {
  const auto p = package(R"(a {
    0.1.0 { .: Struct .b: MVReg<bool> .u: MVReg<u64> .i: MVReg<i64> .f: MVReg<f64> .s: MVReg<String> .y: MVReg<Bytes> }
    0.2.0 { .b.default(true) .u.default(18446744073709551615) .i.default(-5) .f.default(-2.5e3)
            .s.default("a\"\\\n\t\r\u{1f600}ß") .y.default(hex"00fF") }
    0.3.0 { .u.default(0) } })");
  const auto value = [&](std::string_view version, std::string_view field) {
    const auto view = *p->view(version);
    return view->nodes()[view->field(0, field)].default_value;
  };
  CHECK(value("0.1.0", "b") == Value{});
  CHECK(value("0.2.0", "b") == Value{true});
  CHECK(value("0.2.0", "u") == Value{std::uint64_t{18446744073709551615u}});
  CHECK(value("0.2.0", "i") == Value{std::int64_t{-5}});
  CHECK(value("0.2.0", "f") == Value{-2500.0});
  CHECK(value("0.2.0", "s") == Value{std::string("a\"\\\n\t\r\U0001f600ß")});
  CHECK(value("0.2.0", "y") == Value{Bytes{0x00, 0xff}});
  CHECK(value("0.3.0", "u") == Value{std::uint64_t{0}});
}
