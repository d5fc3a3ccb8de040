// Any bytes as a request to a document and as an answer of one: refused in words, or understood, and then the same
// again when written back. A write that is understood is tried on a document.
#include <cstdint>

#include "actors/document/document_service.h"
#include "actors/document/reply_message.h"
#include "actors/document/request_message.h"
#include "runtime/base/check.h"
#include "schema/compiler/compile.h"

namespace {

using namespace tlfs;
using namespace tlfs::document_actor;

std::unique_ptr<DocumentService> small_document() {
  static const auto package = schema::compile(R"(
d { 0.1.0 { .: Struct .a: MVReg<String> .t: Text .c: Counter .l: Array .l.[]: Struct .l.[].x: MVReg<i64>
            .m: Table<String> .m.{}: EWFlag } })",
                                              "d.tlfs")
                                  ->front()
                                  .package;
  static const auto key =
      std::make_shared<const crypto::SigningKey>(crypto::SigningKey::from_seed(std::array<std::uint8_t, 32>{}));
  static SeededRandom random(1);
  replica::Replica::Settings settings;
  settings.document.device = key;
  settings.document.package = package;
  settings.document.secrets = std::make_shared<access::EpochSecrets>();
  settings.document.random = &random;
  settings.at_rest = std::make_shared<const crypto::Secret>(crypto::derive(key->seed(), "fuzz"));
  settings.package = [](const crypto::Digest&) { return package; };
  const crypto::SigningKey document = crypto::SigningKey::generate(random);
  auto replica = replica::Replica::create(std::move(settings), document, access::Principal::of_key(key->public_key()),
                                          access::DocumentKind::ordinary, {});
  return std::make_unique<DocumentService>(std::move(replica), package, 1);
}

void try_write(ByteView bytes) {
  const auto message = messaging::Message<messages::Transact>::parse(bytes);
  if (!message) return;
  Result<WriteRequest> request = read(*message->read());
  if (!request) {
    TLFS_CHECK(!request.error().message().empty(), "an error without a message");
    return;
  }
  messaging::MessageBuilder<messages::Transact> builder;
  write(*request, builder.root());
  const Result<WriteRequest> again = read(*std::move(builder).seal().read());
  TLFS_CHECK(again.ok() && again->options.origin == request->options.origin, "a write that does not survive");
  const auto service = small_document();
  const auto watch = service->subscribe({{}, "", false}, 0);
  document::Data before = *service->get({}, "")->snapshot;
  const Result<Committed> done = service->transact(std::move(*request));
  const Result<Update> update = service->pull(watch->subscription, 0);
  TLFS_CHECK(update.ok() && (!done || update->to == done->revision), "a pull that fails");
  if (update->snapshot) return;
  TLFS_CHECK(document::apply_patches(before, update->patches).ok() && before == *service->get({}, "")->snapshot,
             "patches that do not lead to the value");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  try_write(bytes);
  if (const auto reply = ReplyMessage::parse(bytes)) {
    (void)from_reply<void>(*reply).ok();
    (void)from_reply<Committed>(*reply).ok();
    (void)from_reply<Subscribed>(*reply).ok();
    (void)from_reply<Update>(*reply).ok();
    (void)from_reply<Changes>(*reply).ok();
    (void)from_reply<Imported>(*reply).ok();
    (void)from_reply<PermanentAddress>(*reply).ok();
    (void)from_reply<std::vector<HistoryEntry>>(*reply).ok();
    (void)from_reply<DocumentStatus>(*reply).ok();
    (void)from_reply<Explained>(*reply).ok();
  }
  return 0;
}
