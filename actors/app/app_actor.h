// The actor around an App: runs its callbacks, one at a time, and carries what it asks to the documents' clients.
//
// Accepts   Run (what others want to be done on its thread), Post (a message for the App).
// Replies   nothing.
// Emits     Ask, Watch and Unwatch, to the clients of documents.
// Restart   as the App's spec says; its watches are taken back and begun anew.
// Survives  nothing of the App's own.
// Thread    any worker, one at a time.
#pragma once

#include <caf/actor.hpp>

#include "actors/app/app.h"
#include "actors/document/document_client.h"

namespace tlfs::app {

// A message for an App, by its C++ type.
struct Post : messaging::LocalOnly {
  std::any message;
};

struct AppEnvironment {
  std::function<caf::actor(const DocumentId&)> client_of;  // the DocumentClient that a document belongs to
  std::shared_ptr<const Clock> clock;
  std::function<std::uint64_t()> random;  // for the names of writes
};

// The child spec of an App; its id is the App's.
supervision::ChildSpec app_spec(AppSpec spec, std::shared_ptr<const AppEnvironment> environment);

}  // namespace tlfs::app
