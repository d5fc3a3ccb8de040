// Any bytes as what a peer says about a document: a message, the batch, summary or presence inside, and as the next
// words of a session. The first byte says which.
#include <cstdint>

#include "runtime/base/check.h"
#include "runtime/document_sync/change_batch.h"
#include "runtime/document_sync/presence.h"
#include "runtime/document_sync/session.h"
#include "schema/compiler/compile.h"

namespace {

using namespace tlfs;
using namespace tlfs::document_sync;

struct World {
  SeededRandom random{1};
  std::shared_ptr<const crypto::SigningKey> device =
      std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random));
  std::unique_ptr<access::ProtectedDocument> document;

  World() {
    access::ProtectedDocument::Settings s;
    s.device = device;
    s.package = schema::compile("f { 0.1.0 { .: Struct .title: MVReg<String> } }", "fuzz.tlfs").value().front().package;
    s.secrets = std::make_shared<access::EpochSecrets>();
    s.random = &random;
    document = access::ProtectedDocument::create(std::move(s), crypto::SigningKey::generate(random),
                                                 access::Principal::of_key(device->public_key()),
                                                 access::DocumentKind::ordinary, {});
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 5) {
    case 0: {
      const auto message = decode_message(bytes);
      if (message) TLFS_CHECK(decode_message(encode_message(*message)).ok(), "a message that does not survive");
      break;
    }
    case 1: {
      const auto changes = decode_batch(bytes, {});
      if (!changes) break;
      for (const document::Change& c : *changes)
        TLFS_CHECK(document::encode_header(c.header) == c.header_bytes && document::decode_header(c.header_bytes).ok(),
                   "a batch gave a header that is none");
      const auto again = decode_batch(encode_batch(*changes, true), {});
      TLFS_CHECK(again.ok() && again->size() == changes->size(), "a batch that does not survive");
      for (std::size_t i = 0; i < changes->size(); ++i)
        TLFS_CHECK((*again)[i].hash == (*changes)[i].hash && (*again)[i].leaves == (*changes)[i].leaves,
                   "a batch that changes");
      break;
    }
    case 2: {
      const auto summary = decode_summary(bytes);
      if (!summary) break;
      TLFS_CHECK(decode_summary(encode_summary(*summary)).ok(), "a summary that does not survive");
      break;
    }
    case 3: {
      World world;
      PresenceRoom room;
      TLFS_CHECK(!room.take(*world.document, bytes, {}).ok(), "presence that nobody said");
      break;
    }
    default: {
      // Messages one after the other, each behind its length in words.
      World world;
      SyncSession::Settings s;
      s.document = world.document->id();
      s.peer = world.device->public_key();
      SyncSession session(s);
      (void)session.poll(*world.document, 1u << 20);
      for (ByteView rest = bytes; !rest.empty() && !session.ended();) {
        const std::size_t n = std::min<std::size_t>(8 * std::size_t{rest[0]}, rest.size() - 1);
        auto got = session.receive(*world.document, rest.subspan(1, n));
        const auto taken = world.document->take(std::move(got.statements), std::move(got.changes));
        session.took(*world.document, taken);
        (void)session.poll(*world.document, 1u << 20);
        rest = rest.subspan(1 + n);
      }
      if (session.ended()) TLFS_CHECK(!session.ended()->reason.empty(), "a session that ends without a reason");
    }
  }
  return 0;
}
