#include "actors/node/tree.h"

#include "actors/auth/auth_actor.h"
#include "actors/document/document_actor.h"

namespace tlfs::node {

Tree start_tree(caf::actor_system& system, TreeSettings settings) {
  Tree tree;
  tree.registry =
      std::make_shared<supervision::Registry>(settings.environment->clock, settings.logger, settings.stuck_after);
  settings.environment->registry = tree.registry;
  tree.environment = settings.environment;
  const auto dynamic = [&](const char* id, const std::vector<supervision::ChildSpec>& children = {}) {
    return supervision::supervisor_spec(
        id, [random = settings.random, intensity = settings.intensity, backoff = settings.backoff, children] {
          supervision::SupervisorConfig config;
          config.children = children;
          config.intensity = intensity;
          config.backoff = backoff;
          config.random = random();
          return config;
        });
  };
  supervision::SupervisorConfig config;
  config.path = supervision::ActorPath("node");
  config.children.push_back(store::store_spec(std::move(settings.open_store)));
  config.children.push_back(auth::auth_spec(settings.environment->directory));
  config.children.push_back(dynamic("documents"));
  if (settings.network) {
    settings.network->environment = settings.environment;
    std::vector<supervision::ChildSpec> children{network::hub_spec(settings.network)};
    if (settings.discovery) {
      settings.discovery->environment = settings.environment;
      children.push_back(network::discovery_spec(settings.discovery));
    }
    config.children.push_back(dynamic("network", children));
  }
  config.children.push_back(dynamic("apps"));
  config.children.push_back(dynamic("bridges"));
  config.intensity = settings.intensity;
  config.backoff = settings.backoff;
  config.clock = settings.environment->clock;
  config.random = settings.random();
  config.logger = settings.logger;
  config.registry = tree.registry;
  config.threads = settings.threads;
  tree.root = supervision::spawn_root_supervisor(system, std::move(config));
  const auto spec_of = [environment = settings.environment](const document::DocumentId& id) {
    return std::make_shared<const supervision::ChildSpec>(document_actor::document_spec(id, environment));
  };
  for (caf::actor& client : tree.clients)
    client = system.spawn<document_actor::DocumentClient>(tree.registry, kDocumentsPath, spec_of, settings.client);
  return tree;
}

}  // namespace tlfs::node
