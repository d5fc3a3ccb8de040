// Generated accessors as text: the build generates headers from golden/accessors.tlfs with `tlfs schema generate`.
// What they do to documents is accessors_test.cpp.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "schema/compiler/compile.h"
#include "schema/compiler/cpp_generator.h"
#include "schema/compiler/cpp_names.h"

using namespace tlfs::schema;

namespace {

std::string read(const std::string& name) {
  std::ifstream in(std::string(TLFS_SOURCE_DIR "/tests/schema/compiler/golden/").append(name), std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("The generated headers are what the generator writes, to the byte") {
  const auto compiled = compile(read("accessors.tlfs"), "accessors.tlfs");
  REQUIRE(compiled.ok());
  REQUIRE(compiled->size() == 4);
  for (const CompiledSchema& schema : *compiled) {
    CHECK(generate_cpp(*schema.package, *schema.package->latest()) == read(schema.name + ".tlfs.h.expected"));
  }
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
