// Changes and archives written by earlier versions: still the same hashes, headers and operations. The fixtures never
// change; a new format gets new ones beside them. NAME.changes holds changes, each with its length before it (LEB128),
// NAME.archive the same in an archive, NAME.expected what they meant when written.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "runtime/base/varint.h"
#include "runtime/document/archive.h"
#include "runtime/document/change_graph.h"
#include "tests/compat/fixtures.h"
#include "tests/runtime/document/random_batch.h"
#include "tests/runtime/document/random_history.h"

using namespace tlfs;
using namespace tlfs::document;
using tlfs::compat::read;
using tlfs::compat::write;
namespace fs = std::filesystem;

namespace {

const fs::path kFolder = fs::path(TLFS_SOURCE_DIR) / "tests/compat/changes";

std::string digests(const std::vector<crypto::Digest>& all) {
  std::string out;
  for (const auto& d : all) out += " " + to_hex(d);
  return out;
}

std::string meaning_of(const std::vector<Change>& changes) {
  std::string out;
  ChangeGraph graph;
  for (const Change& c : changes) {
    const Header& h = c.header;
    out += "change " + to_hex(c.hash) + "\n  document " + to_hex(h.document) + "\n  writer " + to_hex(h.writer.device) +
           " " + std::to_string(h.writer.incarnation) + "\n  seq " + std::to_string(h.seq) + " prev " +
           (h.prev ? to_hex(*h.prev) : "none") + "\n  deps" + digests(h.deps) + "\n  lamport " +
           std::to_string(h.lamport) + " counter " + std::to_string(h.first_counter) + " ids " +
           std::to_string(h.id_count) + "\n  authority" + digests(h.authority_heads) + "\n  package " +
           to_hex(h.package) + "\n  signature " + (c.signature ? to_hex(*c.signature) : "none") + "\n";
    const ChangeIndex index = graph.add(c.hash, h).value();
    const ChangeRecord& r = graph.at(index);
    for (const auto& leaf : c.leaves) {
      if (!leaf) {
        out += "  leaf absent\n";
        continue;
      }
      out += "  leaf " + to_hex(leaf->compartment) + " epoch " + std::to_string(leaf->epoch) + " salt " +
             to_hex(leaf->salt) + "\n";
      const auto batch =
          decode_block(leaf->payload, {r.agent, r.base, r.id_count}, graph.ids(), SeenWriters(graph, index));
      if (!batch) {
        out += "    unreadable\n";
        continue;
      }
      for (const std::string& line : document::testing::meaning(*batch)) out += "    " + line + "\n";
    }
  }
  return out;
}

std::vector<Change> read_changes(const fs::path& file) {
  const std::string bytes = read(file);
  ByteReader in(as_bytes(bytes));
  std::vector<Change> changes;
  while (!in.at_end()) {
    const auto change = decode_change(in.bytes());
    REQUIRE(change.ok());
    changes.push_back(*change);
  }
  REQUIRE_FALSE(in.failed());
  return changes;
}

}  // namespace

TEST_CASE("changes and archives of earlier versions still mean what they meant") {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".changes") continue;
    ++files;
    INFO(entry.path().string());
    const std::string expected = read(fs::path(entry.path()).replace_extension(".expected"));
    const std::vector<Change> changes = read_changes(entry.path());
    CHECK(meaning_of(changes) == expected);
    const std::string archive = read(fs::path(entry.path()).replace_extension(".archive"));
    const auto from_archive = decode_archive(as_bytes(archive));
    REQUIRE(from_archive.ok());
    CHECK(meaning_of(*from_archive) == expected);
  }
  CHECK(files >= 1);
}

// Run by hand, with the name of the test, when a format gets its first or its next fixtures.
TEST_CASE("write fixtures of changes", "[.]") {
  for (std::uint64_t seed : {1, 2}) {
    const std::vector<Change> changes = document::testing::random_history(seed, 10);
    ByteWriter all;
    for (const Change& c : changes) all.bytes(encode_change(c));
    const fs::path name = kFolder / ("format1_" + std::to_string(seed));
    write(name.string() + ".changes", as_text(all.view()));
    write(name.string() + ".archive", as_text(encode_archive(changes).value()));
    write(name.string() + ".expected", meaning_of(changes));
  }
}
