#include "runtime/crypto/box.h"

#include <sodium.h>

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/crypto/aead.h"
#include "runtime/crypto/ready.h"

namespace tlfs::crypto {
namespace {

constexpr std::size_t kPublicBytes = crypto_scalarmult_BYTES;
static_assert(Secret::kBytes == crypto_scalarmult_SCALARBYTES && kPublicBytes == sizeof(BoxPublicKey::bytes));

std::array<std::uint8_t, 8> length_of(std::size_t size) {
  std::array<std::uint8_t, 8> out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(std::uint64_t{size} >> (8 * i));
  return out;
}

BoxPublicKey public_of(const Secret& scalar) {
  ensure_ready();
  BoxPublicKey key;
  crypto_scalarmult_base(key.bytes.data(), scalar.expose().data());
  return key;
}

// Of everything that the box depends on, so that no two boxes share it.
Secret ephemeral_of(const BoxPublicKey& to, std::string_view context, ByteView associated, ByteView content) {
  Digest digest = hash("tlfs box content", {content});
  const Secret from = Secret::from_bytes(digest);
  wipe(digest);
  const auto context_length = length_of(context.size());
  return derive(from, "tlfs box ephemeral", {to.bytes, context_length, as_bytes(context), associated});
}

// Nothing when the other key is a point of small order.
std::optional<Secret> point_between(const Secret& own, const BoxPublicKey& other) {
  std::array<std::uint8_t, Secret::kBytes> point;
  const bool shared = crypto_scalarmult(point.data(), own.expose().data(), other.bytes.data()) == 0;
  std::optional<Secret> secret;
  if (shared) secret = Secret::from_bytes(point);
  wipe(point);
  return secret;
}

std::optional<Secret> key_between(const Secret& own, const BoxPublicKey& other, const BoxPublicKey& ephemeral,
                                  const BoxPublicKey& to, std::string_view context) {
  const std::optional<Secret> secret = point_between(own, other);
  if (!secret) return std::nullopt;
  return derive(*secret, "tlfs box", {ephemeral.bytes, to.bytes, as_bytes(context)});
}

}  // namespace

BoxKey BoxKey::from_secret(const Secret& secret) { return from_scalar(derive(secret, "tlfs box key")); }

BoxKey BoxKey::from_scalar(Secret scalar) {
  const BoxPublicKey key = public_of(scalar);
  return {std::move(scalar), key};
}

BoxKey BoxKey::copy() const { return {secret_.copy(), public_}; }

std::optional<Secret> BoxKey::agree(const BoxPublicKey& other) const { return point_between(secret_, other); }

std::optional<Secret> BoxKey::shared_with(const BoxPublicKey& other, std::string_view context) const {
  const std::optional<Secret> secret = point_between(secret_, other);
  if (!secret) return std::nullopt;
  const auto& [low, high] = std::minmax(public_, other);
  return derive(*secret, "tlfs box pair", {low.bytes, high.bytes, as_bytes(context)});
}

std::optional<Bytes> BoxKey::open(std::string_view context, ByteView associated, ByteView box) const {
  if (box.size() < kPublicBytes + kNonceBytes) return std::nullopt;
  BoxPublicKey ephemeral;
  Nonce nonce;
  std::copy_n(box.data(), kPublicBytes, ephemeral.bytes.data());
  std::copy_n(box.data() + kPublicBytes, kNonceBytes, nonce.data());
  const std::optional<Secret> key = key_between(secret_, ephemeral, ephemeral, public_, context);
  if (!key) return std::nullopt;
  std::optional<Bytes> content = crypto::open(*key, associated, nonce, box.subspan(kPublicBytes + kNonceBytes));
  if (!content) return std::nullopt;
  // What opens here and what others make again from the content are the same bytes, or it is no box.
  if (public_of(ephemeral_of(public_, context, associated, *content)) != ephemeral) {
    wipe(*content);
    return std::nullopt;
  }
  return content;
}

std::optional<Bytes> seal_box(const BoxPublicKey& to, std::string_view context, ByteView associated, ByteView content) {
  TLFS_CHECK(content.size() <= kMaxBoxContent, "content too large for a box");
  const Secret secret = ephemeral_of(to, context, associated, content);
  const BoxPublicKey ephemeral = public_of(secret);
  const std::optional<Secret> key = key_between(secret, to, ephemeral, to, context);
  if (!key) return std::nullopt;
  const Sealed sealed = seal(*key, associated, content);
  Bytes box;
  box.reserve(kPublicBytes + kNonceBytes + sealed.bytes.size());
  box.insert(box.end(), ephemeral.bytes.begin(), ephemeral.bytes.end());
  box.insert(box.end(), sealed.nonce.begin(), sealed.nonce.end());
  box.insert(box.end(), sealed.bytes.begin(), sealed.bytes.end());
  return box;
}

BoxKey SigningKey::box_key() const {
  std::array<std::uint8_t, Secret::kBytes> scalar;
  crypto_sign_ed25519_sk_to_curve25519(scalar.data(), secret_.data());
  BoxKey key = BoxKey::from_scalar(Secret::from_bytes(scalar));
  wipe(scalar);
  return key;
}

std::optional<BoxPublicKey> box_key_of(const PublicKey& signing_key) {
  ensure_ready();
  BoxPublicKey key;
  if (crypto_sign_ed25519_pk_to_curve25519(key.bytes.data(), signing_key.data()) != 0) return std::nullopt;
  return key;
}

}  // namespace tlfs::crypto
