// The live tree as one message.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include "actors/messaging/message.h"
#include "actors/supervision/registry.h"
#include "actors/supervision/restart_policy.h"
#include "schema/messages/tree.capnp.h"

namespace tlfs::supervision {

using TreeMessage = messaging::Message<messages::NodeTree>;

constexpr std::size_t kMaxTreeNodes = 200'000;  // of one message; more are left out, and it says so
constexpr std::size_t kMaxTreeText = 1'000;     // bytes of an error in it

struct TreeOptions {
  // How long each supervisor may take to answer. All on one level are asked at once, so the whole takes at most this
  // times the depth of the tree.
  Nanoseconds patience = std::chrono::seconds(2);
  std::size_t max_nodes = kMaxTreeNodes;
};

// Asks the root supervisor and those below it and calls `done` once, on `self`'s thread, never from inside this call. A
// supervisor that does not answer is in the tree, silent, without its children; so nothing makes this hang. The
// registry is the node's.
void read_tree(caf::event_based_actor& self, const caf::actor& root, std::string root_path,
               std::shared_ptr<const Registry> registry, const TreeOptions& options,
               std::function<void(TreeMessage)> done);

}  // namespace tlfs::supervision
