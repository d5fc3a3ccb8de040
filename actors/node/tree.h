// The supervision tree of a node, put together from its parts: in a process of its own by Node, on a deterministic
// scheduler by tests and simulations. It is the same tree in both.
//
//   node                 one_for_one
//   ├ store              owns the disk
//   ├ auth               carries what users and groups say
//   ├ documents          one_for_one; documents start when somebody asks
//   │  └ document/<id>
//   ├ network            one_for_one; only where the node has one
//   │  ├ hub             peers, invitations, which documents differ
//   │  ├ discovery       who is nearby; only where that is wished
//   │  └ link/<n>        one connection to a peer
//   ├ apps               the application's own actors
//   └ bridges            one session for each user interface that is connected
//
// Beside it stand the clients, through which everything outside talks to documents.
#pragma once

#include <array>

#include <caf/actor_system.hpp>

#include "actors/document/document_client.h"
#include "actors/document/document_environment.h"
#include "actors/network/discovery_actor.h"
#include "actors/network/hub_actor.h"
#include "actors/store/store_actor.h"
#include "actors/supervision/registry.h"
#include "actors/supervision/supervisor.h"

namespace tlfs::node {

using supervision::kAppsPath;
using supervision::kBridgesPath;
using supervision::kDocumentsPath;
using supervision::kNetworkPath;

struct TreeSettings {
  store::OpenStore open_store;
  bool threads = true;  // false where a test decides who runs when
  // Complete but for its registry.
  std::shared_ptr<document_actor::DocumentEnvironment> environment;
  std::function<std::shared_ptr<Random>()> random;  // one for each supervisor
  std::shared_ptr<spdlog::logger> logger;
  supervision::Nanoseconds stuck_after = std::chrono::seconds(5);  // in one handler
  supervision::Intensity intensity;
  supervision::Backoff backoff;
  document_actor::DocumentClient::Settings client;
  std::shared_ptr<network::HubSettings> network;          // complete but for its environment; null: none
  std::shared_ptr<network::DiscoverySettings> discovery;  // likewise; only with a network
};

struct Tree {
  static constexpr std::size_t kClients = 8;  // each document belongs to one of them

  std::shared_ptr<document_actor::DocumentEnvironment> environment;
  std::shared_ptr<supervision::Registry> registry;
  caf::actor root;
  std::array<caf::actor, kClients> clients;

  const caf::actor& client_of(const document::DocumentId& id) const { return clients[id[0] % kClients]; }
};

Tree start_tree(caf::actor_system& system, TreeSettings settings);

}  // namespace tlfs::node
