// One direction of an encrypted conversation: a key and the number of the next message (Noise revision 34,
// section 5.1).
//
// Owned by whoever sends or receives in that direction. The key is wiped when replaced and when destroyed.
#pragma once

#include <optional>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/crypto/noise_primitives.h"
#include "runtime/noise/errors.h"

namespace tlfs::noise {

inline constexpr std::size_t kTagBytes = crypto::kNoiseTagBytes;
inline constexpr std::size_t kMaxMessageBytes = 65'535;  // section 3: of every handshake and transport message
// The last nonce is kept for rekey().
inline constexpr std::uint64_t kNonceLimit = ~std::uint64_t{0};

class CipherState {
 public:
  CipherState() = default;  // without a key: text passes as it is
  explicit CipherState(crypto::Secret key) : key_(std::move(key)) {}

  bool has_key() const { return key_.has_value(); }
  std::uint64_t nonce() const { return nonce_; }
  void set_nonce(std::uint64_t nonce) { nonce_ = nonce; }

  // Appends the sealed text to `out`; kTagBytes longer when there is a key. too_long or used_up leave `out` as it is.
  Status encrypt(ByteView associated, ByteView plaintext, Bytes& out);
  // Appends the plaintext to `out`. On not_authentic, cut_off, too_long or used_up `out` and the nonce stay as they
  // are.
  Status decrypt(ByteView associated, ByteView sealed, Bytes& out);
  // A new key from the old one, which cannot be found from it (section 4.2). The nonce goes on. There must be a key.
  void rekey();

 private:
  std::optional<crypto::Secret> key_;
  std::uint64_t nonce_ = 0;
};

}  // namespace tlfs::noise
