#include "runtime/crypto/short_hash.h"

#include <sodium.h>

#include <algorithm>

namespace tlfs::crypto {

static_assert(sizeof(ShortDigest) == crypto_shorthash_siphashx24_BYTES && crypto_shorthash_siphashx24_KEYBYTES == 16);

ShortHashKey::ShortHashKey(const Secret& secret, std::string_view purpose) {
  const Secret derived = derive(secret, purpose);
  std::copy_n(derived.expose().begin(), bytes_.size(), bytes_.begin());
}

ShortHashKey ShortHashKey::from_bytes(std::span<const std::uint8_t, 16> bytes) {
  ShortHashKey key;
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

ShortHashKey::ShortHashKey(ShortHashKey&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }

ShortHashKey& ShortHashKey::operator=(ShortHashKey&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    wipe(other.bytes_);
  }
  return *this;
}

ShortHashKey::~ShortHashKey() { wipe(bytes_); }

ShortDigest ShortHashKey::hash(ByteView input) const {
  ShortDigest digest;
  crypto_shorthash_siphashx24(digest.data(), input.data(), input.size(), bytes_.data());
  return digest;
}

}  // namespace tlfs::crypto
