// A snapshot of a protected document, changed: it is refused, or it opens and reads, takes edits, and makes a snapshot
// that opens as the same. The input says what is changed; after a first byte that is even it is the snapshot itself.
#include <cstdint>

#include "tests/fuzz/written_document.h"

namespace {

using namespace tlfs;
using fuzz::Script;
using fuzz::WrittenDocument;

std::unique_ptr<access::ProtectedDocument> open(WrittenDocument& written, ByteView snapshot) {
  access::ProtectedDocument::Settings settings = written.settings().document;
  settings.package = written.package();
  auto opened = access::ProtectedDocument::open(
      snapshot, std::move(settings), written.replica().document().statements(), {written.package()},
      [](const document::ChangeHash&) -> Result<document::Change> { throw replica::HistoryNeeded(); });
  if (opened) return std::move(*opened);
  TLFS_CHECK(!opened.error().message().empty(), "an error without a message");
  return nullptr;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static WrittenDocument written;
  static const Bytes whole = written.replica().document().snapshot(document::SnapshotPacking::plain);
  if (size == 0) return 0;
  Script script(ByteView(data + 1, size - 1));
  Bytes bytes = whole;
  if (data[0] % 2 == 0) {
    bytes.assign(data + 1, data + size);
  } else {
    for (int i = 0; i < 16 && script.more(); ++i) fuzz::mutate(bytes, script);
  }
  try {
    const auto document = open(written, bytes);
    if (!document || document->content().graph().ids().size() > (1u << 20)) return 0;
    if (!document->recover({}, {}, 0)) return 0;
    (void)document->content().transact({"window", "", std::nullopt},
                                       [](document::Transaction& tx) { return tx.set(".title", Value("more")); });
    const std::string json = document->content().json();
    const Bytes again = document->snapshot();
    const auto second = open(written, again);
    TLFS_CHECK(second != nullptr, "what was written cannot be read");
    TLFS_CHECK(second->recover({}, {}, 0).ok(), "what was written cannot be recovered");
    TLFS_CHECK(second->content().json() == json, "a document that changes its value on the way");
  } catch (const replica::HistoryNeeded&) {  // which this device would read
  }
  return 0;
}
