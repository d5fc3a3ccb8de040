#include "actors/node/tree.h"

#include "actors/auth/auth_actor.h"
#include "actors/document/document_actor.h"

namespace tlfs::node {

Tree start_tree(caf::actor_system& system, TreeSettings settings) {
  Tree tree;
  tree.environment = settings.environment;
  tree.registry = std::make_shared<supervision::Registry>(settings.environment->clock, settings.logger);
  const auto supervisor = [&](const supervision::ActorPath& path, std::vector<supervision::ChildSpec> children) {
    supervision::SupervisorConfig config;
    config.path = path;
    config.children = std::move(children);
    config.intensity = settings.intensity;
    config.backoff = settings.backoff;
    config.clock = settings.environment->clock;
    config.random = settings.random();
    config.logger = settings.logger;
    config.registry = tree.registry;
    config.threads = settings.threads;
    return supervision::spawn_root_supervisor(system, std::move(config));
  };
  const supervision::ActorPath path("node");
  std::vector<supervision::ChildSpec> children;
  children.push_back(store::store_spec(std::move(settings.open_store)));
  children.push_back(auth::auth_spec(settings.environment->directory));
  tree.root = supervisor(path, std::move(children));
  settings.environment->root = tree.root;
  tree.documents = supervisor(path.child("documents"), {});
  tree.apps = supervisor(path.child("apps"), {});
  for (caf::actor& client : tree.clients)
    client = system.spawn<document_actor::DocumentClient>(
        tree.documents,
        [environment = settings.environment](const document::DocumentId& id) {
          return std::make_shared<const supervision::ChildSpec>(document_actor::document_spec(id, environment));
        },
        settings.client);
  return tree;
}

}  // namespace tlfs::node
