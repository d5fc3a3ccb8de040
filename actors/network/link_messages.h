// What the hub and the actors of links say to each other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <caf/actor.hpp>

#include "actors/document/sync_messages.h"
#include "runtime/link/link.h"

namespace tlfs::network {

// Names a link's actor; never used twice in a hub's life.
using LinkName = std::uint64_t;

// ---- from a link to the hub ----

// Both sides have proved who they are. Nothing goes over the link before the hub says LinkUse.
struct LinkUp : messaging::LocalOnly {
  LinkName link = 0;
  caf::actor actor;
  link::Established with;
};
// A message on the control channel.
struct LinkControl : messaging::LocalOnly {
  LinkName link = 0;
  Bytes message;
};
// How far a document is with the peer; `open` while there is a conversation about it.
struct LinkSyncState : messaging::LocalOnly {
  LinkName link = 0;
  document::DocumentId document{};
  bool open = false;
  bool caught_up = false;
  bool peer_caught_up = false;
};
// The last one.
struct LinkDown : messaging::LocalOnly {
  LinkName link = 0;
  link::CloseReason reason;
  bool by_peer = false;
  bool broke_rules = false;  // the peer did
};

// ---- from the hub to a link ----

struct LinkUse : messaging::LocalOnly {};
struct LinkClose : messaging::LocalOnly {
  link::CloseReason reason;
  bool broke_rules = false;
};
struct LinkTell : messaging::LocalOnly {  // on the control channel
  Bytes message;
};
// Talk about these documents, if it is not being done.
struct LinkSync : messaging::LocalOnly {
  std::vector<document::DocumentId> documents;
};
struct LinkProbe : messaging::LocalOnly {};
// Reply: LinkFigures.
struct GetLinkFigures : messaging::LocalOnly {};
struct LinkFigures : messaging::LocalOnly {
  link::LinkTraffic traffic;
  std::optional<link::Time> round_trip;
};

}  // namespace tlfs::network
