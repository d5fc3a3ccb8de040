// Generated accessors. The build generates headers from golden/accessors.tlfs with `tlfs schema generate`; they are
// compiled here against the contract, so that what the generator promises is checked by the compiler.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "schema/compiler/compile.h"
#include "schema/compiler/cpp_generator.h"
#include "schema/compiler/cpp_names.h"
// generated
#include "awkward.tlfs.h"
#include "time.tlfs.h"
#include "todoapp.tlfs.h"

using namespace tlfs::schema;

namespace {

template <class T>
concept has_nope = requires(T t) { t.nope(); };
template <class T>
concept has_tasks = requires(T t) { t.tasks().push_back().title().set("milk"); };
template <class T>
concept takes_number = requires(T t) { t.tasks().push_back().title().set(std::uint64_t{1}); };

static_assert(has_tasks<todoapp::Root>);
static_assert(!has_nope<todoapp::Root>);
static_assert(!has_nope<decltype(std::declval<todoapp::Root>().tasks().push_back())>);
static_assert(!takes_number<todoapp::Root>);
static_assert(std::is_same_v<time_::Root, tlfs::document::TextField>);

std::string read(const std::string& name) {
  std::ifstream in(std::string(TLFS_SOURCE_DIR "/tests/schema/compiler/golden/").append(name), std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("The generated headers are what the generator writes, to the byte") {
  const auto compiled = compile(read("accessors.tlfs"), "accessors.tlfs");
  REQUIRE(compiled.ok());
  REQUIRE(compiled->size() == 3);
  for (const CompiledSchema& schema : *compiled) {
    CHECK(generate_cpp(*schema.package, *schema.package->latest()) == read(schema.name + ".tlfs.h.expected"));
  }
}

TEST_CASE("Typed accessors lead to the nodes that the schema names") {
  std::vector<std::string> log;
  const todoapp::Root tx({&log, ""});
  tx.title().set("groceries");
  tx.tasks().push_back().title().set("milk");
  tx.tasks().push_back().complete().touch();
  CHECK(log == std::vector<std::string>{"/1 set groceries", "/2/new/4 set milk", "/2/new/5 touch"});
  CHECK(todoapp::kSchema == "todoapp");
  CHECK(todoapp::kVersion == "0.1.0");
  CHECK(todoapp::kPackageHash.size() == 64);
}

TEST_CASE("Fields whose names C++ reserves get underscores, and no two the same") {
  std::vector<std::string> log;
  const awkward::Root tx({&log, ""});
  tx.class__().touch();
  tx.class_().touch();
  tx.delete_().touch();
  tx.field_().touch();
  tx.Root_().touch();
  tx.StructField_().touch();
  tx.tlfs_().touch();
  tx.AB_().touch();
  tx.a_b().x().set(true);
  tx.lists().at("x").push_back().at(7).raw().set({0});
  CHECK(log == std::vector<std::string>{"/1 touch", "/2 touch", "/3 touch", "/4 touch", "/5 touch", "/6 touch",
                                        "/7 touch", "/8 touch", "/11/12 set", "/16/key/new/key/20 set"});
}

TEST_CASE("Class names follow the case of C++ and stay apart") {
  CHECK(pascal_case("due_date") == "DueDate");
  CHECK(pascal_case("dueDate") == "DueDate");
  CppScope scope;
  CHECK(scope.numbered("DueDate") == "DueDate");
  CHECK(scope.numbered("DueDate") == "DueDate2");
  CHECK(scope.underscored("while") == "while_");
  CHECK(scope.underscored("while_") == "while__");
}
