// What the Noise Protocol Framework (revision 34) is built of, for runtime/noise alone: BLAKE2b with 64 bytes, HMAC and
// HKDF over it (sections 4.3 and 12.8), and ChaCha20-Poly1305 with a counter for a nonce (section 12.3).
//
// All functions are thread-safe and never block.
#pragma once

#include <array>
#include <initializer_list>

#include "runtime/crypto/secret.h"

namespace tlfs::crypto {

// BLAKE2b-512, not keyed.
using NoiseHash = std::array<std::uint8_t, 64>;
NoiseHash noise_hash(std::initializer_list<ByteView> parts);

// HMAC (RFC 2104) over noise_hash() with its block of 128 bytes. `key` has at most 128 bytes.
NoiseHash noise_hmac(ByteView key, std::initializer_list<ByteView> parts);

// The first, second and third output of HKDF; the caller wipes what it does not keep.
struct NoiseKeys {
  NoiseHash first;
  NoiseHash second;
  NoiseHash third;
  NoiseKeys() = default;
  NoiseKeys(const NoiseKeys&) = delete;
  NoiseKeys& operator=(const NoiseKeys&) = delete;
  ~NoiseKeys();
};
void noise_hkdf(const NoiseHash& chaining_key, ByteView input, NoiseKeys& out);

inline constexpr std::size_t kNoiseTagBytes = 16;

// ChaCha20-Poly1305 (RFC 8439); the nonce is four zero bytes and `counter`, little-endian. Appends plaintext.size() +
// kNoiseTagBytes bytes to `out`, which must not hold `plaintext`.
void noise_seal(const Secret& key, std::uint64_t counter, ByteView associated, ByteView plaintext, Bytes& out);
// Appends the plaintext to `out` and says so, or leaves `out` as it is: whatever was sealed otherwise is refused.
bool noise_open(const Secret& key, std::uint64_t counter, ByteView associated, ByteView sealed, Bytes& out);

}  // namespace tlfs::crypto
