#include "runtime/crypto/secret.h"

#include <sodium.h>

#include "runtime/base/check.h"
#include "runtime/crypto/ready.h"

namespace tlfs::crypto {
namespace {

// BLAKE2b has room for a personal string beside its key (RFC 7693 section 2.5: the last 16 bytes of the parameter
// block). It keeps what this folder does with one key apart, and all of it apart from hash(), which has none.
constexpr std::string_view kDerive = "tlfs derive     ";
constexpr std::string_view kKeyedHash = "tlfs keyed hash ";
static_assert(kDerive.size() == crypto_generichash_blake2b_PERSONALBYTES && kKeyedHash.size() == kDerive.size());
static_assert(Secret::kBytes == crypto_generichash_blake2b_KEYBYTES);

void keyed(const Secret& key, std::string_view personal, std::string_view domain, std::initializer_list<ByteView> parts,
           std::span<std::uint8_t, 32> out) {
  ensure_ready();
  TLFS_CHECK(domain.size() <= 255, "domain longer than 255 bytes");
  crypto_generichash_blake2b_state state;
  crypto_generichash_blake2b_init_salt_personal(&state, key.expose().data(), Secret::kBytes, out.size(), nullptr,
                                                as_bytes(personal).data());
  const auto length = static_cast<std::uint8_t>(domain.size());
  crypto_generichash_blake2b_update(&state, &length, 1);
  crypto_generichash_blake2b_update(&state, as_bytes(domain).data(), domain.size());
  for (const ByteView part : parts) crypto_generichash_blake2b_update(&state, part.data(), part.size());
  crypto_generichash_blake2b_final(&state, out.data(), out.size());
  sodium_memzero(&state, sizeof state);
}

}  // namespace

Secret Secret::generate(Random& random) {
  Secret secret;
  random.fill(secret.bytes_);
  return secret;
}

Secret Secret::from_bytes(std::span<const std::uint8_t, kBytes> bytes) {
  Secret secret;
  std::copy(bytes.begin(), bytes.end(), secret.bytes_.begin());
  return secret;
}

Secret::Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    wipe(other.bytes_);
  }
  return *this;
}

Secret::~Secret() { wipe(bytes_); }

bool operator==(const Secret& a, const Secret& b) {
  return sodium_memcmp(a.bytes_.data(), b.bytes_.data(), Secret::kBytes) == 0;
}

Secret derive(const Secret& from, std::string_view domain, std::initializer_list<ByteView> parts) {
  std::array<std::uint8_t, Secret::kBytes> bytes;
  keyed(from, kDerive, domain, parts, bytes);
  Secret secret = Secret::from_bytes(bytes);
  wipe(bytes);
  return secret;
}

Digest keyed_hash(const Secret& key, std::string_view domain, std::initializer_list<ByteView> parts) {
  Digest digest;
  keyed(key, kKeyedHash, domain, parts, digest);
  return digest;
}

void wipe(std::span<std::uint8_t> bytes) { sodium_memzero(bytes.data(), bytes.size()); }

}  // namespace tlfs::crypto
