// Sealing to a public key: X25519 (RFC 7748), then seal() of aead.h.
//
// A box is deterministic: the ephemeral key is derived from what is sealed and for whom. So everyone who knows the
// content can make the box again, and a box that was filled with junk is proved to be junk.
//
//   box         ephemeral public key (32) ‖ nonce (24) ‖ sealed, under a key derived from the shared secret, the
//               ephemeral key, the recipient's and the context
//
// A box opens exactly when it is the one that seal_box() makes of its content.
#pragma once

#include <optional>
#include <string_view>

#include "runtime/crypto/secret.h"

namespace tlfs::crypto {

// X25519. Another type than a signing key's PublicKey, so that they are not mixed up.
struct BoxPublicKey {
  std::array<std::uint8_t, 32> bytes{};
  friend auto operator<=>(const BoxPublicKey&, const BoxPublicKey&) = default;
};

inline constexpr std::size_t kMaxBoxContent = std::size_t{64} << 10;

class BoxKey {
 public:
  // The X25519 secret key is derived from `secret`.
  static BoxKey from_secret(const Secret& secret);
  // The X25519 secret key is these bytes, as RFC 7748 reads them. For protocols that say so; from_secret() otherwise.
  static BoxKey from_scalar(Secret scalar);
  BoxKey copy() const;
  const BoxPublicKey& public_key() const { return public_; }

  // The secret that only this key and `other` can compute (X25519), the same on both sides; bound to both public keys
  // and to `context`. It never changes: for naming and hashing, not for encrypting. Nothing when `other` is a point of
  // small order.
  std::optional<Secret> shared_with(const BoxPublicKey& other, std::string_view context) const;

  // The content of a box made for this key in this context; nothing for anything else.
  std::optional<Bytes> open(std::string_view context, ByteView associated, ByteView box) const;
  // X25519 with `other`, the same on both sides: a point, not a key, so it has to be hashed. Nothing when `other` is a
  // point of small order, with which no secret can be shared.
  std::optional<Secret> agree(const BoxPublicKey& other) const;

 private:
  BoxKey(Secret secret, const BoxPublicKey& key) : secret_(std::move(secret)), public_(key) {}
  Secret secret_;
  BoxPublicKey public_;
};

// `content` must not be guessable: it makes the ephemeral key. At most kMaxBoxContent bytes. Nothing when `to` is a
// point of small order, with which no secret can be shared.
std::optional<Bytes> seal_box(const BoxPublicKey& to, std::string_view context, ByteView associated, ByteView content);

// The box key that belongs to an Ed25519 key (the birational map of RFC 7748 section 4.1), so that a device is one key.
// Nothing when the bytes are no point of the main subgroup.
std::optional<BoxPublicKey> box_key_of(const PublicKey& signing_key);

}  // namespace tlfs::crypto
