// How versions and their differences are printed.
#include <catch2/catch.hpp>
#include <string>

#include "schema/compiler/compile.h"
#include "schema/show/difference.h"
#include "schema/show/show.h"

using namespace tlfs;
using namespace tlfs::schema;

namespace {

std::shared_ptr<const Package> package(std::string_view text) {
  auto compiled = compile(text, "test.tlfs");
  INFO((compiled.ok() ? "" : compiled.error().message()));
  REQUIRE(compiled.ok());
  return compiled->front().package;
}

constexpr std::string_view kText = R"(todo {
  0.1.0 { .: Struct .title: MVReg<String> .tasks: Array .tasks.[]: Struct .tasks.[].title: Text .old: Struct .old.x: Text }
  0.2.0 { .title.default("a\"b") .tasks.rename(todos) .todos.[].attrs: Struct .todos.[].title.plunge(attrs)
          .old.remove() .secret: Table<u64> @compartment .secret.{}: MVReg<Bytes> .secret.{}.default(hex"00ff") }
})";

}  // namespace

TEST_CASE("A version as text lists every place in the spelling of .tlfs") {
  const auto p = package(kText);
  CHECK(show_text(*p, *p->latest()) ==
        ".: Struct\n"
        ".title: MVReg<String>  .title.default(\"a\\\"b\")\n"
        ".todos: Array\n"
        ".todos.[]: Struct\n"
        ".todos.[].attrs: Struct\n"
        ".todos.[].attrs.title: Text\n"
        ".secret: Table<u64> @compartment\n"
        ".secret.{}: MVReg<Bytes>  .secret.{}.default(hex\"00ff\")\n");
}

TEST_CASE("A version as text compiles again to the same view") {
  const auto p = package(kText);
  const std::string shown = show_text(*p, *p->latest());
  const auto again = package("again { 1.0.0 {" + shown + "} }");
  CHECK(show_text(*again, *again->latest()) == shown);
}

TEST_CASE("A version as JSON shows the tree with permanent ids") {
  const auto p =
      package("a { 0.1.0 { .: Struct .l: Array .l.[]: MVReg<u64> @compartment .l.[].default(18446744073709551615) } }");
  const auto id = [&](Ordinal node) { return to_hex(p->nodes()[node].id); };
  CHECK(show_json(*p, *p->latest()) == R"({
  "name": "a",
  "version": "0.1.0",
  "package": ")" + to_hex(p->hash()) + R"(",
  "root": {
    "ordinal": 0,
    "id": ")" + id(0) + R"(",
    "kind": "Struct",
    "fields": [{
      "name": "l",
      "ordinal": 1,
      "id": ")" + id(1) + R"(",
      "kind": "Array",
      "value": {
        "ordinal": 2,
        "id": ")" + id(2) + R"(",
        "kind": "MVReg",
        "primitive": "u64",
        "compartment": true,
        "default": "18446744073709551615"
      }
    }]
  }
}
)");
}

TEST_CASE("Values are spelled as the compiler reads them") {
  CHECK(spell(Value{true}) == "true");
  CHECK(spell(Value{std::int64_t{-5}}) == "-5");
  CHECK(spell(Value{0.1}) == "0.1");
  CHECK(spell(Value{1e300}) == "1e+300");
  CHECK(spell(Value{std::string("a\n\t\r\"\\\x01ü")}) == "\"a\\n\\t\\r\\\"\\\\\\u{1}ü\"");
  CHECK(spell(Value{Bytes{0x0f}}) == "hex\"0f\"");
}

TEST_CASE("The difference of two versions names what appears, vanishes, is renamed, moved or defaults otherwise") {
  const auto p = package(kText);
  const auto from = *p->view("0.1.0"), to = *p->view("0.2.0");
  CHECK(show_differences(*p, *from, *to) ==
        "~ .title default none -> \"a\\\"b\"\n"
        "~ .tasks -> .todos (renamed)\n"
        "+ .todos.[].attrs: Struct\n"
        "~ .tasks.[].title -> .todos.[].attrs.title (moved)\n"
        "+ .secret: Table<u64> @compartment\n"
        "+ .secret.{}: MVReg<Bytes>\n"
        "- .old: Struct (and 1 place below it)\n");
  CHECK(show_differences(*p, *to, *from) ==
        "~ .title default \"a\\\"b\" -> none\n"
        "~ .todos -> .tasks (renamed)\n"
        "~ .todos.[].attrs.title -> .tasks.[].title (moved)\n"
        "+ .old: Struct\n"
        "+ .old.x: Text\n"
        "- .todos.[].attrs: Struct\n"
        "- .secret: Table<u64> @compartment (and 1 place below it)\n");
  CHECK(show_differences(*p, *from, *from).empty());
}
