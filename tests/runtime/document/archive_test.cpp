#include "runtime/document/archive.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/document/change_graph.h"
#include "tests/runtime/document/random_batch.h"
#include "tests/runtime/document/random_history.h"
#include "tests/runtime/document/trace_history.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

void require_comes_back(const std::vector<Change>& changes, const Bytes& archive) {
  const Result<std::vector<Change>> back = decode_archive(archive);
  REQUIRE(back.ok());
  REQUIRE(back->size() == changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    REQUIRE((*back)[i].header_bytes == changes[i].header_bytes);
    REQUIRE((*back)[i].hash == changes[i].hash);
    REQUIRE((*back)[i].header == changes[i].header);
    REQUIRE((*back)[i].leaves == changes[i].leaves);
    REQUIRE((*back)[i].signature == changes[i].signature);
  }
}

std::optional<cli::Trace> trace(const char* name) {
  const std::string path = std::string(TLFS_SHARED_DIR) + "/traces/" + name + ".json.gz";
  if (!std::filesystem::exists(path)) {
    WARN("skipped: " + path + " is not there");
    return {};
  }
  return cli::load_trace(path).value();
}

}  // namespace

TEST_CASE("every change comes back from an archive bit by bit, whatever it is") {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    INFO("seed " << seed);
    const std::vector<Change> changes = random_history(seed, 1 + seed % 40);
    const Result<Bytes> archive = encode_archive(changes);
    REQUIRE(archive.ok());
    require_comes_back(changes, *archive);
  }
}

TEST_CASE("an archive of no changes holds none") {
  const Result<Bytes> archive = encode_archive({});
  REQUIRE(archive.ok());
  const auto back = decode_archive(*archive);
  REQUIRE(back.ok());
  CHECK(back->empty());
}

TEST_CASE("the history of a paper of 259,778 edits, sealed every hundred, fits in 80 KB") {
  const auto paper = trace("automerge-paper");
  if (!paper) return;
  const std::vector<Change> changes = history_of(*paper, 100, kUncompressed);
  REQUIRE(changes.size() == 2598);
  const Result<Bytes> archive = encode_archive(changes);
  REQUIRE(archive.ok());
  CHECK(archive->size() <= 80'000);
  require_comes_back(changes, *archive);
}

TEST_CASE("a conversation of two writers comes back from its archive") {
  const auto friends = trace("friendsforever");
  if (!friends) return;
  const std::vector<Change> changes = history_of(*friends, 0, kUncompressed);
  const Result<Bytes> archive = encode_archive(changes);
  REQUIRE(archive.ok());
  require_comes_back(changes, *archive);
}

TEST_CASE("changes that are not one document's history in causal order have no archive") {
  std::vector<Change> changes = random_history(3, 12);
  std::vector<Change> backwards(changes.rbegin(), changes.rend());
  CHECK(encode_archive(backwards).error().is(Errc::missing_dependency));
  std::vector<Change> twice = changes;
  twice.push_back(changes[0]);
  CHECK(encode_archive(twice).error().is(Errc::malformed));
  Header other = changes[0].header;
  other.document.fill(77);
  changes.push_back(make_change(other, {Leaf{}}));
  CHECK(encode_archive(changes).error().is(Errc::wrong_document));
}

TEST_CASE("an archive with a changed byte is refused, or still holds the same changes") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SeededRandom random(seed);
    const std::vector<Change> changes = random_history(seed, 10);
    const Bytes archive = encode_archive(changes).value();
    for (int round = 0; round < 400; ++round) {
      Bytes bytes = archive;
      bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
      if (random.chance(0.1)) bytes.resize(random.below(bytes.size()) + 1);
      const auto back = decode_archive(bytes);
      if (!back.ok()) continue;
      REQUIRE(back->size() == changes.size());
      for (std::size_t i = 0; i < changes.size(); ++i) REQUIRE((*back)[i].hash == changes[i].hash);
    }
  }
}
