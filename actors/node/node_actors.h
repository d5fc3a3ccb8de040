// What is inside a Node. For tests, the demo and the inspector; applications include node.h alone.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "actors/document/document_client.h"
#include "actors/node/node.h"
#include "actors/supervision/supervisor.h"

namespace tlfs {

struct Node::Actors {
  struct OpenDocument {
    caf::actor client;
    std::shared_ptr<const supervision::ChildSpec> spec;
    std::shared_ptr<document_actor::DocumentLog> log;
    std::shared_ptr<std::atomic<std::size_t>> under_way;
  };

  Settings settings;
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
  caf::actor documents;         // the supervisor of all documents
  std::uint64_t client_id = 0;  // of WriteIds
  std::atomic<std::uint64_t> last_write{0};

  std::mutex mutex;  // guards what follows
  crypto::SystemRandom random;
  std::map<document::DocumentId, OpenDocument> open;
  std::map<std::uint64_t, document::DocumentId> subscriptions;
  std::uint64_t last_subscription = 0;
};

// Ends the document's actor as a crash would, wherever it is in its work. True when one was running.
bool crash_document(Node& node, const document::DocumentId& id);
// The supervisor's view of the documents' actors. Waits for the answer.
supervision::SupervisorStatus documents_status(Node& node);

}  // namespace tlfs
