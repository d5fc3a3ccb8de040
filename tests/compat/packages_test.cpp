// Package files written by earlier versions: still the same hash, nodes and views. The fixtures never change; a new
// format gets new ones beside them. Beside each NAME.tlfspkg lie its source NAME.tlfs and NAME.expected, what it meant
// when written.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "schema/compiler/compile.h"
#include "schema/lens/package_file.h"
#include "schema/show/show.h"
#include "tests/compat/fixtures.h"

using namespace tlfs;
using namespace tlfs::schema;
using tlfs::compat::read;
namespace fs = std::filesystem;

namespace {

// Everything a package means: hash, every node, every place of every version.
std::string meaning(const Package& p) {
  std::string out = "package " + p.name() + " " + to_hex(p.hash()) + "\n";
  for (Ordinal i = 0; i < p.nodes().size(); ++i) {
    const Node& n = p.nodes()[i];
    out += "node " + std::to_string(i) + " " + to_hex(n.id) + " parent " +
           (n.parent == kNoOrdinal ? "-" : std::to_string(n.parent)) + " " + type_name(n.kind, n.primitive) +
           (n.compartment ? " @compartment" : "") + " \"" + n.birth_name + "\"\n";
  }
  for (const Package::VersionMark& mark : p.versions()) {
    const auto view = *p.view(mark.version.text());
    out += "version " + mark.version.text() + " after " + std::to_string(mark.lenses) + " lenses\n";
    for (std::uint32_t i = 0; i < view->nodes().size(); ++i) {
      const ViewNode& v = view->nodes()[i];
      out += "  " + view->path(i) + " node " + std::to_string(v.node) +
             (v.default_value == Value{} ? "" : " default " + spell(v.default_value)) + "\n";
    }
  }
  return out;
}

}  // namespace

TEST_CASE("Package files of earlier versions still mean what they meant, and their sources still compile to them") {
  const fs::path folder = fs::path(TLFS_SOURCE_DIR) / "tests/compat/packages";
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".tlfspkg") continue;
    ++files;
    INFO(entry.path().string());
    const std::string bytes = read(entry.path());
    const auto packages = decode_package_file(as_bytes(bytes));
    REQUIRE(packages.ok());
    std::string meant;
    for (const auto& package : *packages) meant += meaning(*package);
    CHECK(meant == read(fs::path(entry.path()).replace_extension(".expected")));

    const auto compiled = compile(read(fs::path(entry.path()).replace_extension(".tlfs")), "fixture");
    REQUIRE(compiled.ok());
    REQUIRE(compiled->size() == packages->size());
    for (std::size_t i = 0; i < compiled->size(); ++i) {
      CHECK((*compiled)[i].package->hash() == (*packages)[i]->hash());
    }
  }
  CHECK(files >= 3);
}
