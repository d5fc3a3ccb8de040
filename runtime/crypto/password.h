// A secret from a passphrase: Argon2id (RFC 9106).
#pragma once

#include <array>

#include "runtime/base/result.h"
#include "runtime/crypto/secret.h"

namespace tlfs::crypto {

struct PasswordCost {
  std::uint32_t passes = 3;
  std::uint32_t memory_kib = 64u << 10;
  friend bool operator==(const PasswordCost&, const PasswordCost&) = default;
};
inline constexpr std::uint32_t kMinPasswordMemoryKib = 8;
inline constexpr std::uint32_t kMaxPasswordMemoryKib = 1u << 20;
inline constexpr std::uint32_t kMaxPasswordPasses = 64;

enum class PasswordErrc : int { ok = 0, bad_cost, out_of_memory };
constexpr std::string_view errc_module(PasswordErrc) { return "password"; }

using PasswordSalt = std::array<std::uint8_t, 16>;

// Blocks for as long as the cost says (about 0.1 s with the default). bad_cost outside of the limits.
Result<Secret> secret_from_password(std::string_view passphrase, const PasswordSalt& salt, const PasswordCost& cost);

}  // namespace tlfs::crypto
