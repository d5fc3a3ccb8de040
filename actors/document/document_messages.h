// Messages of document actors that cannot leave the process, beside those of schema/messages/document.capnp.
#pragma once

#include "actors/document/document_service.h"
#include "actors/document/reply_message.h"

namespace tlfs::document_actor {

// Runs a function as one transaction on the actor's thread. Answered as Transact. The function may run again when the
// actor crashed while it ran, so all it does is edit.
struct RunTransaction : messaging::LocalOnly {
  DocumentService::EditFunction edit;
  document::TransactionOptions options;
  WriteId id;
};

template <class T>
using Message = messaging::Message<T>;

inline constexpr std::uint64_t kNoRevision = ~std::uint64_t{0};  // as messages say "none"

}  // namespace tlfs::document_actor
