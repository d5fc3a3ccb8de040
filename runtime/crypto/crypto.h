// The only door to libsodium: hashing and signing, as plain values.
//
// All functions are thread-safe and never block. Keys and digests are fixed-size arrays, so a wrong length does not
// compile.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/environment.h"

namespace tlfs::crypto {

class BoxKey;  // box.h
class Secret;  // secret.h

// 32 bytes; BLAKE2b-256 (RFC 7693).
using Digest = std::array<std::uint8_t, 32>;
// Ed25519 (RFC 8032).
using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

// BLAKE2b-256 of the concatenation of `parts`, keyed with `domain` (at most 64 bytes), so that a digest made for one
// purpose is never valid for another.
Digest hash(std::string_view domain, std::initializer_list<ByteView> parts);

// A signing key. Wiped when destroyed; moves, never copies.
class SigningKey {
 public:
  static SigningKey generate(Random& random);
  static SigningKey from_seed(std::span<const std::uint8_t, 32> seed);
  SigningKey(SigningKey&& other) noexcept;
  SigningKey& operator=(SigningKey&& other) noexcept;
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  ~SigningKey();

  const PublicKey& public_key() const { return public_; }
  Signature sign(ByteView message) const;
  // The X25519 key that belongs to it: its public half is box_key_of(public_key()). Include box.h.
  BoxKey box_key() const;
  // What from_seed() makes this key from; for sealing it in a file. Include secret.h.
  Secret seed() const;

 private:
  SigningKey() = default;
  PublicKey public_{};
  std::array<std::uint8_t, 64> secret_{};
};

bool verify(const PublicKey& key, ByteView message, const Signature& signature);

// Unpredictable bytes from the operating system.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// Hash for containers keyed by digests or keys, which are uniform already.
struct DigestHash {
  std::size_t operator()(const std::array<std::uint8_t, 32>& d) const {
    std::size_t h;
    __builtin_memcpy(&h, d.data(), sizeof h);
    return h;
  }
};

}  // namespace tlfs::crypto
