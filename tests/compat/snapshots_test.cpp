// Snapshots written by earlier versions: they still open, with the same value and the same canonical bytes, and can be
// written to. The fixtures never change; a new format gets new ones beside them. NAME.snapshot is of a document of the
// schema in NAME.tlfs; NAME.expected says what it meant when written.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "tests/compat/fixtures.h"
#include "tests/runtime/document/every_kind.h"

using namespace tlfs;
using namespace tlfs::document;
using tlfs::compat::read;
namespace fs = std::filesystem;

namespace {

std::string meaning_of(Document& d) {
  std::string out = "document " + to_hex(d.id()) + "\nwriter " + to_hex(d.writer().device) + " " +
                    std::to_string(d.writer().incarnation) + "\n";
  for (const ChangeHash& h : d.version()) out += "head " + to_hex(h) + "\n";
  return out + "state " + to_hex(crypto::hash("tlfs state", {d.state_digest_input()})) + "\n" + d.json(true) + "\n";
}

}  // namespace

TEST_CASE("Snapshots of earlier versions still open, mean what they meant, and can be written to") {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(TLFS_SOURCE_DIR) / "tests/compat/snapshots")) {
    if (entry.path().extension() != ".snapshot") continue;
    ++files;
    INFO(entry.path().string());
    const auto beside = [&](const char* extension) {
      return read(fs::path(entry.path()).replace_extension(extension));
    };
    const auto package = schema::compile(beside(".tlfs"), "fixture").value()[0].package;
    const std::string bytes = read(entry.path());
    auto opened = Document::open(as_bytes(bytes), testing::settings_of(package, 1), {}, {});
    if (!opened) FAIL(opened.error().message());
    CHECK(meaning_of(**opened) == beside(".expected"));
    const auto edited = (*opened)->transact({}, [](Transaction& tx) -> Status {
      if (Status s = tx.set(".title", Value(std::string("still"))); !s) return s;
      return tx.splice(*tx.address(".text"), 1, 1, "\xe2\x82\xac");
    });
    CHECK(edited.ok());
    CHECK((*opened)->get(".title")->value() != nullptr);
  }
  CHECK(files >= 2);
}
