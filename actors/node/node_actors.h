// What is inside a Node. For tests, the demo and the inspector; applications include node.h alone.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "actors/node/node.h"
#include "actors/node/tree.h"

namespace tlfs {

struct Node::Actors {
  Settings settings;
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
  node::Tree tree;
  std::unique_ptr<supervision::Watchdog> watchdog;
  std::uint64_t client_id = 0;  // of WriteIds
  std::atomic<std::uint64_t> last_write{0};

  std::mutex listening_mutex;  // guards what follows
  std::vector<std::string> listening;
  std::optional<Error> not_listening;

  // What else belongs into the metrics: whoever serves the node from outside its tree says it here, in the text format
  // of Prometheus. The functions are called under the mutex, and must neither block nor ask the node.
  std::mutex figures_mutex;
  std::map<std::string, std::function<std::string()>> figures;

  std::mutex mutex;  // guards what follows
  crypto::SystemRandom random;
  std::map<document::DocumentId, std::size_t> under_way;
  std::map<std::uint64_t, document::DocumentId> subscriptions;
  std::uint64_t last_subscription = 0;
};

// Ends the document's actor as a crash would, wherever it is in its work. True when one was running.
bool crash_document(Node& node, const document::DocumentId& id);
// The same for the store.
bool crash_store(Node& node);
bool crash_app(Node& node, const std::string& id);
// The supervisor's view of the documents' actors. Waits for the answer.
supervision::SupervisorStatus documents_status(Node& node);

}  // namespace tlfs
