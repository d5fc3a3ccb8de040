#include "runtime/crypto/crypto.h"

#include <sodium.h>

#include "runtime/base/check.h"
#include "runtime/crypto/ready.h"
#include "runtime/crypto/secret.h"

namespace tlfs::crypto {

Digest hash(std::string_view domain, std::initializer_list<ByteView> parts) {
  ensure_ready();
  crypto_generichash_state state;
  const ByteView key = as_bytes(domain);
  TLFS_CHECK(crypto_generichash_init(&state, key.empty() ? nullptr : key.data(), key.size(), sizeof(Digest)) == 0,
             "domain longer than 64 bytes");
  for (ByteView part : parts) crypto_generichash_update(&state, part.data(), part.size());
  Digest out;
  crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

SigningKey SigningKey::from_seed(std::span<const std::uint8_t, 32> seed) {
  ensure_ready();
  SigningKey key;
  crypto_sign_seed_keypair(key.public_.data(), key.secret_.data(), seed.data());
  return key;
}

SigningKey SigningKey::generate(Random& random) {
  std::array<std::uint8_t, 32> seed;
  random.fill(seed);
  SigningKey key = from_seed(seed);
  sodium_memzero(seed.data(), seed.size());
  return key;
}

SigningKey::SigningKey(SigningKey&& other) noexcept : public_(other.public_), secret_(other.secret_) {
  sodium_memzero(other.secret_.data(), other.secret_.size());
}

SigningKey& SigningKey::operator=(SigningKey&& other) noexcept {
  if (this != &other) {
    public_ = other.public_;
    secret_ = other.secret_;
    sodium_memzero(other.secret_.data(), other.secret_.size());
  }
  return *this;
}

SigningKey::~SigningKey() { sodium_memzero(secret_.data(), secret_.size()); }

Signature SigningKey::sign(ByteView message) const {
  Signature out;
  crypto_sign_detached(out.data(), nullptr, message.data(), message.size(), secret_.data());
  return out;
}

Secret SigningKey::seed() const {
  std::array<std::uint8_t, Secret::kBytes> seed;
  crypto_sign_ed25519_sk_to_seed(seed.data(), secret_.data());
  Secret out = Secret::from_bytes(seed);
  wipe(seed);
  return out;
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
  ensure_ready();
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
  ensure_ready();
  randombytes_buf(out.data(), out.size());
}

}  // namespace tlfs::crypto
