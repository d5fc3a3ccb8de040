// Secrets in memory: wiped when they go, never copied by accident, never printed.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/environment.h"
#include "runtime/crypto/crypto.h"

namespace tlfs::crypto {

// 32 secret bytes: an encryption key, or what keys are derived from. Wiped when destroyed; copies only where copy() is
// written. Comparing takes the same time whatever the bytes are.
class Secret {
 public:
  static constexpr std::size_t kBytes = 32;
  static Secret generate(Random& random);
  static Secret from_bytes(std::span<const std::uint8_t, kBytes> bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();
  Secret copy() const { return from_bytes(bytes_); }
  // For handing to the functions of this folder and for sealing it under another key; nothing else.
  std::span<const std::uint8_t, kBytes> expose() const { return bytes_; }
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  Secret() = default;
  std::array<std::uint8_t, kBytes> bytes_{};
};

// Keyed BLAKE2b-256 of the domain (its length first) and the concatenation of `parts`: a new secret for each purpose.
// One-way and independent of every other domain. `domain` has at most 255 bytes.
Secret derive(const Secret& from, std::string_view domain, std::initializer_list<ByteView> parts = {});
// The same, as public bytes: a keyed hash. Independent of every derive(), also of the same domain.
Digest keyed_hash(const Secret& key, std::string_view domain, std::initializer_list<ByteView> parts);

// Overwrites with zeros; the compiler does not remove it.
void wipe(std::span<std::uint8_t> bytes);

}  // namespace tlfs::crypto
