#include "runtime/noise/cipher_state.h"

#include <array>
#include <string>

#include "runtime/base/check.h"

namespace tlfs::noise {

Status CipherState::encrypt(ByteView associated, ByteView plaintext, Bytes& out) {
  if (!key_) {
    out.insert(out.end(), plaintext.begin(), plaintext.end());
    return {};
  }
  if (plaintext.size() > kMaxMessageBytes - kTagBytes)
    return Error(Errc::too_long, "a text of " + std::to_string(plaintext.size()) + " bytes fits no Noise message");
  if (nonce_ == kNonceLimit) return Error(Errc::used_up, "no nonce is left under this key");
  crypto::noise_seal(*key_, nonce_, associated, plaintext, out);
  ++nonce_;
  return {};
}

Status CipherState::decrypt(ByteView associated, ByteView sealed, Bytes& out) {
  if (!key_) {
    out.insert(out.end(), sealed.begin(), sealed.end());
    return {};
  }
  if (sealed.size() > kMaxMessageBytes)
    return Error(Errc::too_long, "a Noise message of " + std::to_string(sealed.size()) + " bytes");
  if (sealed.size() < kTagBytes) return Error(Errc::cut_off, "sealed text shorter than its tag");
  if (nonce_ == kNonceLimit) return Error(Errc::used_up, "no nonce is left under this key");
  if (!crypto::noise_open(*key_, nonce_, associated, sealed, out))
    return Error(Errc::not_authentic, "a text that was not sealed under this key as message " + std::to_string(nonce_));
  ++nonce_;
  return {};
}

void CipherState::rekey() {
  TLFS_CHECK(key_.has_value(), "no key to make another one from");
  constexpr std::array<std::uint8_t, crypto::Secret::kBytes> kZeros{};
  Bytes sealed;
  crypto::noise_seal(*key_, kNonceLimit, {}, kZeros, sealed);
  key_ =
      crypto::Secret::from_bytes(std::span<const std::uint8_t, crypto::Secret::kBytes>(sealed.data(), kZeros.size()));
  crypto::wipe(sealed);
}

}  // namespace tlfs::noise
