// What the node asks of its network, and how it answers, as plain values. All of it stays inside the process.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "actors/messaging/local_only.h"
#include "runtime/access/level.h"
#include "runtime/base/result.h"
#include "runtime/crypto/crypto.h"
#include "runtime/document/ids.h"

namespace tlfs::network {

using document::DocumentId;
using InvitationId = std::array<std::uint8_t, 16>;

enum class Errc : int {
  ok = 0,
  off,               // this node has no network
  bad_address,       // not HOST:PORT or ws(s)://HOST:PORT
  unreachable,       // no link came about; the message says why
  refused,           // by the other side; its sentence
  banned,            // the peer broke the rules; the message says how and until when
  no_such_peer,      // that is known here
  no_such_offer,     // an invitation that is not pending here
  too_many,          // a named limit
  bad_introduction,  // what a peer says of its user does not hold
  timeout,
  malformed_record,  // what the store holds of the network is none of its records
};
constexpr std::string_view errc_module(Errc) { return "network"; }

// ---- values ----

struct PeerInfo {
  crypto::PublicKey device{};
  std::optional<DocumentId> user;  // whose device it says it is, where that was checked
  std::string state;               // disconnected, connecting, handshaking, syncing, live, backing_off, banned;
                                   // nearby: a stranger who shows itself on the local network
  std::string name;                // as it calls itself to everyone on the local network; empty where it does not
  std::vector<std::string> addresses;
  std::string problem;  // why the last attempt or link ended; empty when all is well
  std::uint64_t sent_bytes = 0, received_bytes = 0;
  std::optional<std::chrono::milliseconds> round_trip;
};

struct InviteOptions {
  std::string path = ".";
  access::Level level = access::Level::read;
  std::chrono::seconds expires_in = std::chrono::hours(24 * 7);
  std::uint32_t uses = 1;  // devices
};

struct GivenInvitation {
  InvitationId id{};
  DocumentId document{};
  std::string name, path;
  access::Level level = access::Level::none;
  std::string state;  // open, used up, expired, revoked
  std::uint32_t uses_left = 0;
  std::chrono::seconds expires{0};  // since 1970
};

// A document that a peer lets this node have, and that is not here: to be accepted or declined.
struct Offer {
  DocumentId document{};
  crypto::PublicKey from{};  // the device that named it
  std::string name;          // as its side calls it
  std::string package;       // its name
};

struct Invitations {
  std::vector<GivenInvitation> given;
  std::vector<Offer> pending;
};

// One document with one peer.
struct SyncLine {
  DocumentId document{};
  crypto::PublicKey peer{};
  std::string state;  // syncing, synced, differs
};

// ---- requests; each is answered with its outcome in an Answer ----

template <class T>
struct Answer : messaging::LocalOnly {
  Answer() = default;
  explicit Answer(Result<T> o) : outcome(std::move(o)) {}
  Result<T> outcome = Error(Errc::timeout, "there is no answer");
};

struct GetPeers : messaging::LocalOnly {};  // Answer<std::vector<PeerInfo>>
struct Connect : messaging::LocalOnly {     // Answer<crypto::PublicKey>, when a link is there
  std::string address;                      // or the key of a device that is nearby or known, in hex
};
struct Invite : messaging::LocalOnly {  // Answer<std::string>: the link
  DocumentId document{};
  InviteOptions options;
};
struct RevokeInvitation : messaging::LocalOnly {  // Answer<void>
  InvitationId id{};
};
struct Join : messaging::LocalOnly {  // Answer<DocumentId>, when the document is here
  std::string link;
};
struct GetInvitations : messaging::LocalOnly {};  // Answer<Invitations>
struct DecideOffer : messaging::LocalOnly {       // Answer<void>, when an accepted document is here
  DocumentId document{};
  bool accept = false;
};
// Answer<std::vector<SyncLine>>: what is being synced or differs; and of `also` every peer who may have them.
struct GetSync : messaging::LocalOnly {
  std::vector<DocumentId> also;
};

}  // namespace tlfs::network
