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
inline constexpr std::chrono::milliseconds kMaxPresenceTtl{120'000};

class PresenceRoom {
 public:
  using Time = std::chrono::nanoseconds;  // of a monotonic clock

  struct Entry {
    crypto::PublicKey device{};
    std::string key;
    Bytes value;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // This device's own message, to be sent to every peer of the document; it counts here at once. `number` must grow
  // with every message of this device, over restarts too (the wall clock in microseconds will do). limit_exceeded,
  // no_key.
  Result<Bytes> say(const access::ProtectedDocument& document, const crypto::SigningKey& device, std::string_view key,
                    ByteView value, std::chrono::milliseconds ttl, std::uint64_t number, Time now);
  // What a peer sent. True when it is news: then it is to be passed on to the document's other peers. malformed,
  // limit_exceeded, not_authentic: the peer's fault, unless it cannot read there itself; no_key: nobody's.
  Result<bool> take(const access::ProtectedDocument& document, ByteView message, Time now);
  // Drops what has ended. Returns whether there was any.
  bool expire(Time now);
  // What counts, by device and key.
  std::vector<Entry> entries() const;
  std::optional<Time> next_expiry() const;

 private:
  struct Held {
    Bytes value;
    std::uint64_t number = 0;
    Time until{};
  };
  Result<bool> put(const crypto::PublicKey& device, std::string_view key, ByteView value, std::uint64_t number,
                   std::chrono::milliseconds ttl, Time now);
  std::map<crypto::PublicKey, std::map<std::string, Held>> held_;
};

}  // namespace tlfs::document_sync
