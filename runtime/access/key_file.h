// A device's key at rest. The file tells anybody whose key it is; the key itself is sealed, under a passphrase or under
// 32 random bytes that lie elsewhere (on a stick, in a system's key store).
//
//   file      "TLFSKEY" ‖ version (1) ‖ lock ‖ label (length, UTF-8) ‖ public key (32) ‖ nonce (24) ‖ sealed seed
//   lock      1 ‖ salt (16) ‖ passes ‖ memory in KiB   a passphrase, through Argon2id; numbers as varints
//             2                                        32 bytes elsewhere
//
// The seed is sealed (runtime/crypto/aead.h) with everything before the nonce as associated data, so a file whose
// label, public key or lock was altered does not open.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/environment.h"
#include "runtime/base/result.h"
#include "runtime/crypto/password.h"
#include "runtime/crypto/secret.h"

namespace tlfs::access {

enum class KeyFileErrc : int {
  ok = 0,
  malformed,            // no key file, or a damaged one
  unsupported_version,  // of a newer version of this software
  wrong_lock,           // locked in the other way
  wrong_passphrase,     // or a file that was altered
  wrong_unlock_key,     // or a file that was altered
  too_costly,           // the passphrase's cost is beyond what an honest file asks for
  bad_label,            // too long, or not printable
  bad_passphrase,       // nothing, or too long
  out_of_memory,
};
constexpr std::string_view errc_module(KeyFileErrc) { return "key file"; }

inline constexpr std::size_t kMaxLabelBytes = 128;
inline constexpr std::size_t kMaxPassphraseBytes = 1'024;
inline constexpr std::size_t kMaxKeyFileBytes = 512;
// Memory times passes of a passphrase: seconds at most, whoever made the file. Beside the limits of
// crypto::PasswordCost.
inline constexpr std::uint64_t kMaxPasswordWorkKib = std::uint64_t{4} << 20;

// What a person typed. Wiped when it goes; moves, never copies.
class Passphrase {
 public:
  explicit Passphrase(std::string_view text) : text_(as_bytes(text).begin(), as_bytes(text).end()) {}
  explicit Passphrase(Bytes text) : text_(std::move(text)) {}
  Passphrase(Passphrase&& other) noexcept = default;
  Passphrase& operator=(Passphrase&& other) noexcept;
  Passphrase(const Passphrase&) = delete;
  Passphrase& operator=(const Passphrase&) = delete;
  ~Passphrase() { crypto::wipe(text_); }
  std::string_view expose() const { return as_text(text_); }

 private:
  Bytes text_;
};

// 32 random bytes that are kept apart from the file that they unlock.
struct UnlockKey {
  crypto::Secret secret;
};

struct KeyFileInfo {
  // The numbers are part of the format.
  enum class Lock : std::uint8_t { passphrase = 1, unlock_key = 2 };
  crypto::PublicKey public_key{};
  std::string label;  // for people: the device's name; printable UTF-8, may be empty
  Lock lock = Lock::passphrase;
  crypto::PasswordCost cost;  // of a passphrase
};

// The file's bytes. With a passphrase it blocks for as long as the cost says. bad_label, bad_passphrase, too_costly,
// out_of_memory.
Result<Bytes> lock_key(const crypto::SigningKey& key, std::string_view label, const Passphrase& passphrase,
                       Random& random, const crypto::PasswordCost& cost = {});
Result<Bytes> lock_key(const crypto::SigningKey& key, std::string_view label, const UnlockKey& unlock);

// What the file says of itself, without opening it: true only once it has opened. malformed, unsupported_version,
// too_costly.
Result<KeyFileInfo> read_key_file(ByteView file);

// The errors of read_key_file, and wrong_lock, wrong_passphrase, wrong_unlock_key, out_of_memory.
Result<crypto::SigningKey> unlock_key(ByteView file, const Passphrase& passphrase);
Result<crypto::SigningKey> unlock_key(ByteView file, const UnlockKey& unlock);

}  // namespace tlfs::access
