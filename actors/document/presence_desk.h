// Who is present in a document: what this device shows there, what peers have said, and what is to be passed on to
// whom. The messages are those of document_sync::PresenceRoom, each device under one name, its value one JSON value.
//
// What is shown here is said anew every kPresenceAgain, so that it lives on at those who hear it, and once to every
// peer that comes. What a peer has said is passed on to the others, the latest of each device only; it ends with its
// time, and with the conversation through which it came. Only peers that may read the document are told anything.
//
// A peer costs a bounded amount: beyond kPresenceMessages a second, or kPresenceBytes, what it says is dropped unread;
// what the room holds is limited there; of what is to be passed on to one that reads slowly, only names are kept.
//
// Pure: time is given. Owned by the document's SyncDesk, on its thread; lost with it.
#pragma once

#include <deque>

#include "actors/document/protocol.h"
#include "actors/document/sync_messages.h"
#include "runtime/document_sync/presence.h"

namespace tlfs::document_actor {

inline constexpr std::size_t kMaxPresenceJsonBytes = 4u << 10;
inline constexpr std::size_t kMaxPresenceWindows = 64;  // of this device; those that were set the longest ago go
inline constexpr std::chrono::milliseconds kPresenceTtl{15'000}, kPresenceAgain{5'000};
inline constexpr std::chrono::milliseconds kPresencePause{50};  // between two messages of this device
// Of one peer, in a second; twice that at once.
inline constexpr std::size_t kPresenceMessages = 200;
inline constexpr std::size_t kPresenceBytes = 256u << 10;
inline constexpr std::size_t kPresenceWindow = 64u << 10;  // under way to a peer; beyond that presence waits
inline constexpr std::size_t kRecentPresence = 512;        // messages that are known again without opening them
inline constexpr std::size_t kMaxBadPresence = 16;         // of one peer; then it is cut off

class PresenceDesk {
 public:
  using Time = std::chrono::nanoseconds;
  struct Device {
    std::shared_ptr<const crypto::SigningKey> key;
    document::DocumentId user{};
  };

  // ---- this device ----
  // Of all windows that show a value here, the one that has set its own latest is shown to others. Without a value, the
  // window shows nothing any more. malformed.
  Status show(std::uint64_t window, std::optional<std::string> json, Time now);
  bool shows() const { return own_.has_value(); }
  // All that is known: by device key.
  std::vector<Presence> presences(const access::ProtectedDocument& document, const Device& device, Time now) const;

  // ---- peers ----
  void opened(SyncNumber conversation, const crypto::PublicKey& peer, Time now);
  void closed(SyncNumber conversation);
  // Both hold the same for the first time: the peer can open now what it could not before.
  void caught_up(SyncNumber conversation);
  // False when it has sent too much that is no presence at all: it is to be cut off.
  bool heard(SyncNumber conversation, const access::ProtectedDocument& document, ByteView message,
             const crypto::PublicKey& device, Time now);
  // What is to be said to the peer now, whole messages of document sync; of about so many bytes, or one.
  std::vector<Bytes> to_say(SyncNumber conversation, const access::ProtectedDocument& document, std::size_t credit);

  // ---- time ----
  // Drops what has ended and says what is due. `wall_ms`: since the Unix epoch. What cannot be sealed, because this
  // device cannot read the document yet, is tried again in kPresenceAgain.
  void turn(const access::ProtectedDocument& document, const Device& device, std::int64_t wall_ms, Time now);
  std::optional<Time> next_turn() const;
  // Whether presences() have changed since this was asked last.
  bool changed() { return std::exchange(changed_, false); }
  std::uint64_t dropped() const { return dropped_; }  // of peers, because they said too much

 private:
  struct Conversation {
    crypto::PublicKey peer{};
    std::set<crypto::PublicKey> due;  // whose latest it has not been told
    bool was_caught_up = false;
    std::size_t messages = 2 * kPresenceMessages, bytes = 2 * kPresenceBytes;  // that it may still say
    Time refilled{};
    std::size_t bad = 0;
  };
  static bool allows(Conversation& c, std::size_t bytes, Time now);
  void pass_on(const crypto::PublicKey& device, SyncNumber except);
  void remember(const crypto::Digest& message, const crypto::PublicKey& device);

  document_sync::PresenceRoom room_;
  std::map<SyncNumber, Conversation> conversations_;
  std::map<crypto::Digest, crypto::PublicKey> recent_;
  std::deque<crypto::Digest> recent_order_;
  std::vector<std::pair<std::uint64_t, std::string>> windows_;  // what each shows, the latest last
  std::optional<std::string> own_;
  bool to_say_ = false;  // own_ has changed since it was said
  Time own_since_{};
  std::optional<Time> said_at_;
  std::uint64_t number_ = 0;
  bool changed_ = false;
  std::uint64_t dropped_ = 0;
};

}  // namespace tlfs::document_actor
