#include "runtime/crypto/noise_primitives.h"

#include <sodium.h>

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/crypto/ready.h"

namespace tlfs::crypto {
namespace {

constexpr std::size_t kBlockBytes = 128;  // of BLAKE2b, RFC 7693 section 2.1
static_assert(kNoiseTagBytes == crypto_aead_chacha20poly1305_ietf_ABYTES);
static_assert(Secret::kBytes == crypto_aead_chacha20poly1305_ietf_KEYBYTES);

class Blake2b {
 public:
  Blake2b() { crypto_generichash_blake2b_init(&state_, nullptr, 0, sizeof(NoiseHash)); }
  ~Blake2b() { sodium_memzero(&state_, sizeof state_); }
  Blake2b(const Blake2b&) = delete;
  Blake2b& operator=(const Blake2b&) = delete;
  void add(ByteView part) { crypto_generichash_blake2b_update(&state_, part.data(), part.size()); }
  NoiseHash finish() {
    NoiseHash out;
    crypto_generichash_blake2b_final(&state_, out.data(), out.size());
    return out;
  }

 private:
  crypto_generichash_blake2b_state state_;
};

using ChaChaNonce = std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

ChaChaNonce nonce_of(std::uint64_t counter) {
  ChaChaNonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
  return nonce;
}

}  // namespace

NoiseKeys::~NoiseKeys() {
  wipe(first);
  wipe(second);
  wipe(third);
}

NoiseHash noise_hash(std::initializer_list<ByteView> parts) {
  ensure_ready();
  Blake2b hash;
  for (const ByteView part : parts) hash.add(part);
  return hash.finish();
}

NoiseHash noise_hmac(ByteView key, std::initializer_list<ByteView> parts) {
  ensure_ready();
  TLFS_CHECK(key.size() <= kBlockBytes, "a key longer than the block of BLAKE2b");
  const auto padded = [&](std::uint8_t mask) {
    std::array<std::uint8_t, kBlockBytes> block;
    block.fill(mask);
    for (std::size_t i = 0; i < key.size(); ++i) block[i] = static_cast<std::uint8_t>(key[i] ^ mask);
    return block;
  };
  auto block = padded(0x36);
  Blake2b inner;
  inner.add(block);
  for (const ByteView part : parts) inner.add(part);
  NoiseHash digest = inner.finish();
  block = padded(0x5c);
  Blake2b outer;
  outer.add(block);
  outer.add(digest);
  wipe(block);
  wipe(digest);
  return outer.finish();
}

void noise_hkdf(const NoiseHash& chaining_key, ByteView input, NoiseKeys& out) {
  NoiseHash temporary = noise_hmac(chaining_key, {input});
  constexpr std::array<std::uint8_t, 1> kOne = {1};
  constexpr std::array<std::uint8_t, 1> kTwo = {2};
  constexpr std::array<std::uint8_t, 1> kThree = {3};
  out.first = noise_hmac(temporary, {kOne});
  out.second = noise_hmac(temporary, {out.first, kTwo});
  out.third = noise_hmac(temporary, {out.second, kThree});
  wipe(temporary);
}

void noise_seal(const Secret& key, std::uint64_t counter, ByteView associated, ByteView plaintext, Bytes& out) {
  ensure_ready();
  const ChaChaNonce nonce = nonce_of(counter);
  const std::size_t start = out.size();
  out.resize(start + plaintext.size() + kNoiseTagBytes);
  crypto_aead_chacha20poly1305_ietf_encrypt(out.data() + start, nullptr, plaintext.data(), plaintext.size(),
                                            associated.data(), associated.size(), nullptr, nonce.data(),
                                            key.expose().data());
}

bool noise_open(const Secret& key, std::uint64_t counter, ByteView associated, ByteView sealed, Bytes& out) {
  ensure_ready();
  if (sealed.size() < kNoiseTagBytes) return false;
  const ChaChaNonce nonce = nonce_of(counter);
  const std::size_t start = out.size();
  out.resize(start + sealed.size() - kNoiseTagBytes);
  if (crypto_aead_chacha20poly1305_ietf_decrypt(out.data() + start, nullptr, nullptr, sealed.data(), sealed.size(),
                                                associated.data(), associated.size(), nonce.data(),
                                                key.expose().data()) != 0) {
    out.resize(start);
    return false;
  }
  return true;
}

}  // namespace tlfs::crypto
