// Generated TypeScript as text. Whether it compiles and refuses what it must is typescript_compiles.py.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "schema/compiler/compile.h"
#include "schema/compiler/typescript_generator.h"
#include "schema/compiler/typescript_names.h"
#include "schema/lens/shape.h"
#include "tests/schema/lens/random_schema.h"

using namespace tlfs;
using namespace tlfs::schema;

namespace {

std::string read(const std::string& name) {
  std::ifstream in(std::string(TLFS_SOURCE_DIR "/tests/schema/compiler/golden/").append(name), std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string typescript(const std::string& text) {
  const auto compiled = compile(text, "test.tlfs");
  REQUIRE(compiled.ok());
  const auto& p = compiled->front().package;
  return generate_typescript(*p, *p->latest());
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("The generated modules are what the generator writes, to the byte") {
  const auto compiled = compile(read("accessors.tlfs"), "accessors.tlfs");
  REQUIRE(compiled.ok());
  REQUIRE(compiled->size() == 4);
  for (const CompiledSchema& schema : *compiled) {
    CHECK(generate_typescript(*schema.package, *schema.package->latest()) == read(schema.name + ".tlfs.ts.expected"));
  }
}

TEST_CASE("Every kind of place has its marker, and a register without a default may be null") {
  const std::string text = typescript(R"(todo {
    0.1.0 { .: Struct  .title: MVReg<String>  .title.default("new")  .note: MVReg<String>  .done: EWFlag  .body: Text
            .votes: Counter  .due: MVReg<u64>  .half: MVReg<f64>  .half.default(0.5)  .raw: MVReg<Bytes>
            .tasks: Array  .tasks.[]: Struct  .tasks.[].title: Text
            .people: Table<String>  .people.{}: Struct  .people.{}.age: MVReg<i64>  .years: Table<u64> } })");
  CHECK(
      has(text,
          "export interface TodoModel {\n  title: string;\n  note: string | null;\n  done: Flag;\n  body: Text;\n"
          "  votes: Counter;\n  due: Int64 | null;\n  half: number;\n  raw: Bytes | null;\n  tasks: List<TaskModel>;\n"
          "  people: Table<string, PersonModel>;\n  years: Table<number | bigint, never>;\n}\n"));
  CHECK(has(text, "export interface TaskModel {\n  title: Text;\n}\n"));
  CHECK(has(text, "export interface PersonModel {\n  age: Int64 | null;\n}\n"));
  CHECK(has(text, "export const todoSchema: Schema<TodoModel> = defineSchema<TodoModel>({"));
}

TEST_CASE("Names of types stay apart from each other, from markers and from globals") {
  const std::string text = typescript(R"(text {
    0.1.0 { .: Struct  .date: Struct  .a: Struct  .a.meta: Struct  .b: Struct  .b.meta: Struct  .b.BMeta: Struct } })");
  for (const char* name : {"TheText", "TheTextDate", "A", "Meta", "B", "BMeta", "BBMeta"}) {
    CHECK(has(text, "export type " + std::string(name) + " = Snapshot<" + name + "Model>;\n"));
  }
}

TEST_CASE("The elements of a root are named after the schema") {
  CHECK(has(typescript("todos { 0.1.0 { .: Array  .[]: Struct  .[].title: Text } }"),
            "export type TodosModel = List<TodoModel>;\n"));
  CHECK(has(typescript("diary { 0.1.0 { .: Table<u64>  .{}: Struct  .{}.title: Text } }"),
            "export type DiaryModel = Table<number | bigint, DiaryEntryModel>;\n"));
}

TEST_CASE("Words of the language are quoted as fields") {
  CHECK(property_name("class") == "\"class\"");
  CHECK(property_name("title") == "title");
}

TEST_CASE("What is one of many has the singular's name") {
  CHECK(singular("tasks") == "task");
  CHECK(singular("due_entries") == "due_entry");
  CHECK(singular("dueEntries") == "dueEntry");
  CHECK(singular("Boxes") == "Box");
  CHECK(singular("addresses") == "address");
  CHECK(singular("people") == "person");
  CHECK(singular("oldChildren") == "oldChild");
  CHECK(singular("status") == "status");
  CHECK(singular("address") == "address");
  CHECK(singular("s") == "s");
}

TEST_CASE("Property: every version of a generated schema becomes a module whose names are unique") {
  for (std::uint64_t seed = 0; seed < schema::testing::seeds(); ++seed) {
    CAPTURE(seed);
    SeededRandom random(seed);
    const auto p = schema::testing::random_package(random, 40);
    for (const Package::VersionMark& mark : p->versions()) {
      const auto view = *p->view(mark.version.text());
      const std::string text = generate_typescript(*p, *view);
      REQUIRE(text == generate_typescript(*p, *view));
      REQUIRE(has(text, "  shape: " + root_shape_json(*p, *view) + ",\n"));
      std::set<std::string> names;
      std::size_t structs = 0;
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("export ")) continue;
        std::istringstream words(line);
        std::string word, what, name;
        words >> word >> what >> name;
        CAPTURE(line);
        REQUIRE(names.insert(name).second);
        structs += what == "interface" ? 1 : 0;
      }
      std::size_t expected = 0;
      for (const ViewNode& node : view->nodes()) expected += p->nodes()[node.node].kind == Kind::structure ? 1 : 0;
      REQUIRE(structs == expected);
    }
  }
}
