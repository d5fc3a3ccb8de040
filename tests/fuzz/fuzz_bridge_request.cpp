// Any bytes as what a user interface sends to the bridge, and any text as edits: a request is read as a session reads
// it, and its edits, where they are some, are done to a real document. What it shows afterwards follows from its
// patches.
#include <cstdint>

#include "actors/document/edit.h"
#include "actors/messaging/message.h"
#include "bridges/websocket/edits_json.h"
#include "bridges/websocket/gate.h"
#include "bridges/websocket/patches_json.h"
#include "runtime/base/check.h"
#include "schema/messages/bridge.capnp.h"
#include "tests/fuzz/small_document.h"

namespace {

using namespace tlfs;
using messages::bridge::BridgeRequest;

constexpr std::size_t kMaxEdits = 64;  // of one input that are done

void try_edits(std::string_view json) {
  const auto edits = websocket_bridge::parse_edits(json);
  if (!edits) {
    TLFS_CHECK(!edits.error().message().empty(), "an error without a message");
    return;
  }
  const auto doc = fuzz::small_document();
  document::Data value = doc->reader().data();
  const auto done = doc->transact({}, [&](document::Transaction& tx) -> Status {
    for (std::size_t i = 0; i < edits->size() && i < kMaxEdits; ++i)
      if (const Status s = document_actor::apply_edit(tx, (*edits)[i], document::TextUnit::utf16, doc->graph()); !s)
        return s;
    return {};
  });
  if (!done) return;
  TLFS_CHECK(document::apply_patches(value, done->patches).ok() && value == doc->reader().data(),
             "patches that do not lead to the value");
  TLFS_CHECK(document::parse_json(websocket_bridge::patches_json(done->patches)).ok(), "patches that are no JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_edits(text);
  (void)websocket_bridge::path_of(text);
  const auto request = messaging::Message<BridgeRequest>::parse({data, size}, {.traversal_words = 4u << 20});
  if (!request) return 0;
  const auto reading = request->read();
  if (reading->isWrite()) {
    const auto edits = reading->getWrite().getEdits();
    try_edits({reinterpret_cast<const char*>(edits.begin()), edits.size()});
  }
  if (reading->isOpen())
    (void)document::parse_path({reading->getOpen().getPath().begin(), reading->getOpen().getPath().size()});
  return 0;
}
