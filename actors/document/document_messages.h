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

// Makes the document that this actor is for. Reply: Done; Errc::exists unless a document that this very request made is
// here already; Errc::deleted.
struct Begin : messaging::LocalOnly {
  std::shared_ptr<const schema::Package> package;
  std::shared_ptr<const schema::View> view;
  std::string name;     // what the user calls it
  std::string version;  // as asked for; empty: the latest
  // The key that signs the genesis of a new document. Null: a replica of a document that exists elsewhere.
  std::shared_ptr<const crypto::SigningKey> key;
  bool again = false;  // also when it was deleted here
};

// Asks the actor to end when nobody watches and everything is on the disk; it may go on otherwise. No reply.
struct Close : messaging::LocalOnly {};

template <class T>
using Message = messaging::Message<T>;

inline constexpr std::uint64_t kNoRevision = ~std::uint64_t{0};  // as messages say "none"

}  // namespace tlfs::document_actor
