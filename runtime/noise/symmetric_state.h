// The running hash and chaining key of a handshake (Noise revision 34, section 5.2). Owned by a HandshakeState.
#pragma once

#include <utility>

#include "runtime/noise/cipher_state.h"

namespace tlfs::noise {

class SymmetricState {
 public:
  explicit SymmetricState(std::string_view protocol_name);
  SymmetricState(SymmetricState&&) = default;
  SymmetricState& operator=(SymmetricState&&) = default;
  SymmetricState(const SymmetricState&) = delete;
  SymmetricState& operator=(const SymmetricState&) = delete;
  ~SymmetricState();

  void mix_key(ByteView input);
  void mix_hash(ByteView data);
  void mix_key_and_hash(ByteView input);
  // Under the current key, if there is one, with the hash so far as associated data; the result goes into the hash.
  Status encrypt_and_hash(ByteView plaintext, Bytes& out);
  Status decrypt_and_hash(ByteView sealed, Bytes& out);

  bool has_key() const { return cipher_.has_key(); }
  const crypto::NoiseHash& hash() const { return hash_; }
  // For the initiator's and the responder's messages, in this order.
  std::pair<CipherState, CipherState> split() const;

 private:
  void set_key(const crypto::NoiseHash& key);

  crypto::NoiseHash hash_{};
  crypto::NoiseHash chaining_key_{};
  CipherState cipher_;
};

}  // namespace tlfs::noise
