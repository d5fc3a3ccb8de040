#include "runtime/crypto/password.h"

#include <sodium.h>

#include <string>

#include "runtime/crypto/ready.h"

namespace tlfs::crypto {
namespace {

static_assert(sizeof(PasswordSalt) == crypto_pwhash_argon2id_SALTBYTES);
static_assert(kMinPasswordMemoryKib * 1024 >= crypto_pwhash_argon2id_MEMLIMIT_MIN);

}  // namespace

Result<Secret> secret_from_password(std::string_view passphrase, const PasswordSalt& salt, const PasswordCost& cost) {
  ensure_ready();
  if (cost.passes == 0 || cost.passes > kMaxPasswordPasses || cost.memory_kib < kMinPasswordMemoryKib ||
      cost.memory_kib > kMaxPasswordMemoryKib) {
    return Error(PasswordErrc::bad_cost, "a passphrase cost of " + std::to_string(cost.passes) + " passes over " +
                                             std::to_string(cost.memory_kib) + " KiB; the limits are 1 to " +
                                             std::to_string(kMaxPasswordPasses) + " passes over " +
                                             std::to_string(kMinPasswordMemoryKib) + " to " +
                                             std::to_string(kMaxPasswordMemoryKib) + " KiB");
  }
  std::array<std::uint8_t, Secret::kBytes> bytes{};
  const char* text = passphrase.empty() ? "" : passphrase.data();  // libsodium wants a pointer even to nothing
  const bool done =
      crypto_pwhash_argon2id(bytes.data(), bytes.size(), text, passphrase.size(), salt.data(), cost.passes,
                             std::size_t{cost.memory_kib} * 1024, crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0;
  Secret secret = Secret::from_bytes(bytes);
  wipe(bytes);
  if (!done) {
    return Error(PasswordErrc::out_of_memory, "not enough memory to check the passphrase: it takes " +
                                                  std::to_string(cost.memory_kib) + " KiB; free some and try again");
  }
  return secret;
}

}  // namespace tlfs::crypto
