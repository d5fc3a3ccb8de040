#include "actors/node/node_actors.h"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "actors/document/document_actor.h"

namespace tlfs {
namespace {

bool crash(Node& node, const caf::actor& supervisor, std::string id) {
  caf::scoped_actor self(*node.actors().system);
  supervision::WatchChild question;
  question.id = std::move(id);
  bool crashed = false;
  self->request(supervisor, std::chrono::seconds(10), std::move(question))
      .receive(
          [&](supervision::ChildPhase& phase) {
            if (phase.kind != supervision::PhaseKind::up) return;
            caf::anon_send_exit(phase.handle, caf::exit_reason::kill);
            crashed = true;
          },
          [](caf::error&) {});
  return crashed;
}

}  // namespace

bool crash_document(Node& node, const document::DocumentId& id) {
  return crash(node, node.actors().tree.registry->supervisor_at(node::kDocumentsPath),
               document_actor::document_child_id(id));
}

bool crash_app(Node& node, const std::string& id) {
  return crash(node, node.actors().tree.registry->supervisor_at(node::kAppsPath), id);
}

bool crash_store(Node& node) { return crash(node, node.actors().tree.root, store::kStoreId); }

supervision::SupervisorStatus documents_status(Node& node) {
  caf::scoped_actor self(*node.actors().system);
  supervision::SupervisorStatus out;
  self->request(node.actors().tree.registry->supervisor_at(node::kDocumentsPath), std::chrono::seconds(10),
                supervision::GetStatus())
      .receive([&](supervision::SupervisorStatus& status) { out = std::move(status); }, [](caf::error&) {});
  return out;
}

}  // namespace tlfs
