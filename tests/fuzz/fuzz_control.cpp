// Any bytes as a request to a node, and as a reply of one. A request is handled by a session that stands for a node's:
// it reads everything that a node's would, and gives a JSON patch to a real document. A connection gets an answer, or
// is cut; nothing else.
#include <cstdint>

#include "bridges/control/json_patch.h"
#include "bridges/control/names.h"
#include "bridges/control/protocol.h"
#include "runtime/base/check.h"
#include "schema/framing/fields.h"
#include "tests/fuzz/small_document.h"

namespace {

using namespace tlfs;
using namespace tlfs::control;
using messages::control::ControlRequest;

// All or nothing, and what it did is told in patches that do the same to the value.
void try_patch(std::string_view json) {
  const auto data = document::parse_json(json);
  if (!data) return;
  const auto operations = parse_json_patch(*data);
  if (!operations) {
    TLFS_CHECK(!operations.error().message().empty(), "an error without a message");
    return;
  }
  const auto doc = fuzz::small_document();
  document::Data value = doc->reader().data();
  const document::Data before = value;
  const auto done = doc->transact({}, [&](document::Transaction& tx) { return apply_json_patch(tx, *operations); });
  if (!done) {
    TLFS_CHECK(before == doc->reader().data(), "a patch that failed and did something");
    return;
  }
  TLFS_CHECK(document::apply_patches(value, done->patches).ok() && value == doc->reader().data(),
             "patches that do not lead to the value");
  (void)as_json_patch(done->patches);
}

void try_names(const std::string& text) {
  const std::vector<Named> documents = {{{1, 2, 3}, "one"}, {{1, 2, 4}, "two"}, {{}, ""}};
  (void)choose_document(text, documents).ok();
  (void)choose_hash(text, {documents[0].id, documents[1].id}).ok();
  (void)parse_principal(text).ok();
  (void)parse_level(text).ok();
}

void try_access(messages::control::ChangeAccess::Reader in) {
  for (const auto text : {in.getPrincipal(), in.getLevel(), in.getKeep(), in.getPlace().getDocument()})
    try_names(framing::from_text(text));
}

void handle(ControlRequest::Reader request) {
  switch (request.which()) {
    case ControlRequest::CREATE:
      (void)schema::Package::decode({request.getCreate().getPackage().begin(), request.getCreate().getPackage().size()})
          .ok();
      break;
    case ControlRequest::GET:
      for (const auto hash : request.getGet().getVersion()) try_names(framing::from_text(hash));
      try_names(framing::from_text(request.getGet().getPlace().getDocument()));
      break;
    case ControlRequest::SET:
      (void)document::parse_json(framing::from_text(request.getSet().getJson())).ok();
      (void)document::parse_path(framing::from_text(request.getSet().getPlace().getPath())).ok();
      break;
    case ControlRequest::PATCH:
      try_patch(framing::from_text(request.getPatch().getJson()));
      break;
    case ControlRequest::REMOVE:
      (void)document::parse_path(framing::from_text(request.getRemove().getPath())).ok();
      break;
    case ControlRequest::DELETE_DOCUMENT:
      try_names(framing::from_text(request.getDeleteDocument()));
      break;
    case ControlRequest::GRANT:
      return try_access(request.getGrant());
    case ControlRequest::REVOKE:
      return try_access(request.getRevoke());
    case ControlRequest::EXPLAIN:
      return try_access(request.getExplain());
    default:
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (const auto request = Request::parse(bytes)) handle(*request->read());
  if (const auto reply = Reply::parse(bytes)) {
    const auto reading = reply->read();
    if (reading->isFailed()) (void)framing::from_text(reading->getFailed().getMessage());
    if (reading->isUpdated()) (void)document::parse_json(framing::from_text(reading->getUpdated().getPatch())).ok();
  }
  // The text itself too, so that what is searched need not find its way through a message.
  try_patch(as_text(bytes));
  return 0;
}
