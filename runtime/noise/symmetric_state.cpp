#include "runtime/noise/symmetric_state.h"

#include <algorithm>

namespace tlfs::noise {

SymmetricState::SymmetricState(std::string_view protocol_name) {
  if (protocol_name.size() <= hash_.size()) {
    std::copy(protocol_name.begin(), protocol_name.end(), hash_.begin());
  } else {
    hash_ = crypto::noise_hash({as_bytes(protocol_name)});
  }
  chaining_key_ = hash_;
}

SymmetricState::~SymmetricState() { crypto::wipe(chaining_key_); }

void SymmetricState::set_key(const crypto::NoiseHash& key) {
  // HASHLEN is 64, a key has its first 32 bytes (section 5.2).
  const std::span<const std::uint8_t, 64> whole(key);
  cipher_ = CipherState(crypto::Secret::from_bytes(whole.first<crypto::Secret::kBytes>()));
}

void SymmetricState::mix_key(ByteView input) {
  crypto::NoiseKeys keys;
  crypto::noise_hkdf(chaining_key_, input, keys);
  chaining_key_ = keys.first;
  set_key(keys.second);
}

void SymmetricState::mix_hash(ByteView data) { hash_ = crypto::noise_hash({hash_, data}); }

void SymmetricState::mix_key_and_hash(ByteView input) {
  crypto::NoiseKeys keys;
  crypto::noise_hkdf(chaining_key_, input, keys);
  chaining_key_ = keys.first;
  mix_hash(keys.second);
  set_key(keys.third);
}

Status SymmetricState::encrypt_and_hash(ByteView plaintext, Bytes& out) {
  const std::size_t start = out.size();
  if (Status done = cipher_.encrypt(hash_, plaintext, out); !done) return done;
  mix_hash(ByteView(out).subspan(start));
  return {};
}

Status SymmetricState::decrypt_and_hash(ByteView sealed, Bytes& out) {
  if (Status done = cipher_.decrypt(hash_, sealed, out); !done) return done;
  mix_hash(sealed);
  return {};
}

std::pair<CipherState, CipherState> SymmetricState::split() const {
  crypto::NoiseKeys keys;
  crypto::noise_hkdf(chaining_key_, {}, keys);
  const auto key_of = [](const crypto::NoiseHash& hash) {
    return CipherState(
        crypto::Secret::from_bytes(std::span<const std::uint8_t, 64>(hash).first<crypto::Secret::kBytes>()));
  };
  return {key_of(keys.first), key_of(keys.second)};
}

}  // namespace tlfs::noise
