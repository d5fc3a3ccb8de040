// The actor of one document: decodes, lets DocumentService do the work, answers, and tells those who are to be told.
//
// Accepts   Transact, RunTransaction, TakeBack, Get, Locate, Subscribe, Unsubscribe, Pull, ChangesSince, ImportChanges
//           (schema/messages/document.capnp, document_messages.h).
// Replies   one Reply to each; bad requests get its `error` and change nothing.
// Emits     Changed, to subscribers, at most one each until they pull.
// Restart   transient; a log that cannot be read, or refuses, ends it with a reason.
// Survives  everything that was acknowledged: sealed changes, transactions that were not sealed, the revision, and
// which
//           named writes were done (the last kMaxDoneWrites). It is all in the log.
// Lost      subscriptions (subscribers renew them with the revision they hold and get a snapshot if that is not the
//           current one), undo stacks, patches of earlier revisions, changes that waited for others.
// Thread    any worker, one at a time.
#pragma once

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/document/document_messages.h"
#include "actors/supervision/child_spec.h"

namespace tlfs::document_actor {

struct DocumentActorState {
  static constexpr const char* name = "document";
  std::unique_ptr<DocumentService> service;
  std::map<std::uint64_t, caf::actor_addr> subscribers;  // by subscription
};

using DocumentActor = caf::stateful_actor<DocumentActorState>;

caf::behavior document_actor(DocumentActor* self, const document::Document::Settings& settings,
                             std::shared_ptr<DocumentLog> log, std::uint64_t incarnation);

// The child spec of a document: its id is "document/<id in hex>".
supervision::ChildSpec document_spec(document::Document::Settings settings, std::shared_ptr<DocumentLog> log);
std::string document_child_id(const document::DocumentId& id);

}  // namespace tlfs::document_actor
