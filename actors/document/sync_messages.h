// What a document's actor and the links to its peers say to each other (runtime/document_sync is what they say it
// about), and what it tells the network of itself. All of it stays inside the process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <caf/actor.hpp>

#include "actors/messaging/local_only.h"
#include "runtime/access/principal.h"

namespace tlfs::document_actor {

// Who is told how documents stand: the network's hub, a child of supervision::kNetworkPath.
inline constexpr const char* kHubId = "hub";

// Names one conversation with one peer; given by the link, never used twice in a process.
using SyncNumber = std::uint64_t;

// What may lie at a link, not yet handed to its transport, of one conversation; and what it says beyond that waits in
// the document.
inline constexpr std::size_t kSyncWindow = 512u << 10;
inline constexpr std::size_t kMaxSyncs = 256;  // conversations of one document at once

// ---- from a link to the document ----

// Begins a conversation. Answered by SyncEnded when there can be none: the document is not here, or too many are under
// way. When the link's actor ends, so does the conversation.
struct OpenSync : messaging::LocalOnly {
  SyncNumber number = 0;
  crypto::PublicKey peer{};
  caf::actor link;
  bool likely_equal = false;  // document_sync::SyncSession::Settings
};
// What the peer has said, in order. Of a conversation that is not known here it is dropped.
struct SyncHeard : messaging::LocalOnly {
  SyncNumber number = 0;
  Bytes message;
};
// So many bytes of SyncSay have gone to the transport.
struct SyncRoom : messaging::LocalOnly {
  SyncNumber number = 0;
  std::size_t bytes = 0;
};
// The channel has ended. No reply.
struct CloseSync : messaging::LocalOnly {
  SyncNumber number = 0;
};

// ---- from the document to a link ----

struct SyncSay : messaging::LocalOnly {
  SyncNumber number = 0;
  std::vector<Bytes> messages;
};
// So many bytes of SyncHeard have been dealt with (message sizes).
struct SyncConsumed : messaging::LocalOnly {
  SyncNumber number = 0;
  std::size_t bytes = 0;
};
// How far it is; told when it changes.
struct SyncProgress : messaging::LocalOnly {
  SyncNumber number = 0;
  bool caught_up = false;       // everything that the peer had is here, on the disk
  bool peer_caught_up = false;  // and the other way round
};
// The last one. With `cut` the peer broke the rules.
struct SyncEnded : messaging::LocalOnly {
  SyncNumber number = 0;
  bool cut = false;
  bool again = false;  // only for now: the document's actor is about to end, and another may be started
  std::string reason;
};

// ---- from the document to the network (network::HubActor) ----

// How the document stands now, on the disk. Sent when it changes, and when the document is opened.
struct DocumentNews : messaging::LocalOnly {
  document::DocumentId document{};
  bool gone = false;       // it was deleted here
  crypto::Digest heads{};  // equal on two devices exactly when they hold the same changes and statements
  std::vector<access::Principal> syncers;  // whoever may sync any of it, as the grants name them; ascending
  bool lacking = false;                    // leaves lack here, which somebody with equal heads may have
  bool leaves_came = false;                // some came that had lacked, which others may lack still
};

}  // namespace tlfs::document_actor
