// Who is here and where: small messages of a document that are never stored (cursors, selections, "is typing").
//
// A message has a key (what it is about), an order number, and a time to live. Of each (device, key) only the latest
// counts; it ends with its time, or with an empty value. It is encrypted under the current epoch of the document's root
// compartment, so only who may read there now can read it, and signed by its device, so no other reader can speak for
// it. The signature covers document, key, number, time to live and value, inside the encryption.
//
//   message    u8 version, fixed64 epoch, nonce (24), sealed
//   inside     device (32), text key, varint number, varint time to live in ms, bytes value, signature (64)
//
// Owned by whoever owns the document; single-threaded; pure: time is given.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "runtime/access/protected_document.h"
#include "runtime/document_sync/errc.h"

namespace tlfs::document_sync {

inline constexpr std::size_t kMaxPresenceKeyBytes = 64;
inline constexpr std::size_t kMaxPresenceValueBytes = 8u << 10;
inline constexpr std::size_t kMaxPresenceKeys = 16;  // of one device
inline constexpr std::size_t kMaxPresenceDevices = 1024;
inline constexpr std::size_t kMaxPresenceRoomBytes = 4u << 20;  // of all messages that a room holds
inline constexpr std::chrono::milliseconds kMaxPresenceTtl{120'000};

class PresenceRoom {
 public:
  using Time = std::chrono::nanoseconds;  // of a monotonic clock
  using Way = std::uint64_t;              // names where a message came from: a conversation with a peer

  struct Entry {
    crypto::PublicKey device{};
    std::string key;
    Bytes value;
    Time since{};  // when it came
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // This device's own message, to be sent to every peer of the document; it counts here at once. `number` must grow
  // with every message of this device, over restarts too (the wall clock in microseconds will do). limit_exceeded,
  // no_key.
  Result<Bytes> say(const access::ProtectedDocument& document, const crypto::SigningKey& device, std::string_view key,
                    ByteView value, std::chrono::milliseconds ttl, std::uint64_t number, Time now);
  struct Heard {
    crypto::PublicKey device{};
    std::string key;
    std::uint64_t number = 0;
    bool differs = false;  // from what counted before; if not, it only lives on
    bool news = false;     // then it is to be passed on to the document's other peers
  };
  // What came that way; `direct`: the peer there may be its author. malformed is the peer's fault, since it checks what
  // it passes on; limit_exceeded, not_authentic may be that of somebody behind it, or of what it has not heard of yet;
  // no_key: nobody's.
  Result<Heard> take(const access::ProtectedDocument& document, ByteView message, Time now, Way way = 0);
  // The latest came that way too, and from its author: it counts as long as that way is there.
  void came_directly(const crypto::PublicKey& device, std::string_view key, Way way);
  // What came that way does not count any more, unless it comes again before its time is over. Whether there was any.
  bool leave(Way way);
  // It counts no more, as if its time were over.
  void end(const crypto::PublicKey& device, std::string_view key);
  // The latest message of that name, to be passed on; also one that says that there is nothing any more. Null when it
  // counts no more.
  const Bytes* message(const crypto::PublicKey& device, std::string_view key) const;
  // Its value, empty when there is nothing any more; null as above.
  const Bytes* value(const crypto::PublicKey& device, std::string_view key) const;
  // Drops what has ended. Returns whether there was any that counted.
  bool expire(Time now);
  // What counts, by device and key.
  std::vector<Entry> entries() const;
  std::optional<Time> next_expiry() const;

 private:
  // What has ended stays as a number, so that what was said before is not taken for news; as long as there is room.
  struct Held {
    Bytes value;
    Bytes message;
    std::uint64_t number = 0;
    Time since{}, until{};
    Way way = 0;
    bool away = false;  // its way has gone
    bool ended = false;
  };
  using Keys = std::map<std::string, Held, std::less<>>;
  Status room_for(const crypto::PublicKey& device, std::string_view key, std::size_t bytes);
  Result<bool> put(const crypto::PublicKey& device, std::string_view key, Held what);
  void drop(Held& held);
  Held* find(const crypto::PublicKey& device, std::string_view key);
  const Held* find(const crypto::PublicKey& device, std::string_view key) const;
  std::map<crypto::PublicKey, Keys> held_;
  std::size_t bytes_ = 0;
};

}  // namespace tlfs::document_sync
