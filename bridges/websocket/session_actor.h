// What one WebSocket of a user interface has opened in the node.
//
// Accepts   Received, Drained, Gone (from the socket's thread), ControlDone (from the pool), SyncNews (from the
// bridge);
//           Changed from documents.
// Replies   nothing; every request of the browser gets one BridgeMessage.
// Emits     Subscribe, Unsubscribe, Pull, Transact, TakeBack, Explain to documents, which it starts when they are
//           absent; BridgeMessages to the socket.
// Restart   temporary: when it ends, so does the WebSocket, and the browser comes again.
// Survives  nothing; a document's restart costs a session only a new subscription, of which the browser sees `changed`.
// Thread    any worker, one at a time.
//
// What a browser can make it keep: kMaxSubscriptions, the requests that the socket lets through
// (HttpLimits::under_way), kMaxPulls answers that may be large, and what waits in the socket; a pull waits while that
// is not low. A browser that does not read is told nothing twice: one `changed` per subscription, one `sync` per
// document.
#pragma once

#include <memory>

#include "actors/document/document_environment.h"
#include "actors/messaging/message.h"
#include "actors/net/http_server.h"
#include "actors/supervision/child_spec.h"
#include "bridges/websocket/control_pool.h"
#include "schema/messages/bridge.capnp.h"

namespace tlfs::websocket_bridge {

inline constexpr std::size_t kMaxSubscriptions = 256;  // of one session
inline constexpr std::size_t kMaxPulls = 4;            // of one session, on their way through a document
inline constexpr std::size_t kMaxDocumentRefs = 512;   // of one session

using Request = messaging::Message<messages::bridge::BridgeRequest>;
using BridgeMessage = messaging::Message<messages::bridge::BridgeMessage>;

// What sessions share. Outlives them; thread-safe.
struct SessionEnvironment {
  std::shared_ptr<const document_actor::DocumentEnvironment> documents;
  std::shared_ptr<ControlPool> pool;
  net::HttpLimits limits;
  // Tells of a session while it lives: whoever is told sends SyncNews.
  std::function<void(const caf::actor&, bool here)> session;
  // A session has begun to show a document, or has ended that.
  std::function<void(const document::DocumentId&, bool here)> shows;
  std::function<void()> refused;  // a session has refused what its browser sent
};

using SyncStates = std::map<document::DocumentId, messages::bridge::Sync::State>;  // offline where there is none

struct SyncNews : messaging::LocalOnly {
  std::shared_ptr<const SyncStates> states;
};

// The child of the supervisor at kBridgesPath that belongs to a WebSocket.
supervision::ChildSpec session_spec(std::string id, std::shared_ptr<const SessionEnvironment> environment,
                                    std::shared_ptr<net::WebsocketPeer> peer);

}  // namespace tlfs::websocket_bridge
