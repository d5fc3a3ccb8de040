#include "runtime/crypto/aead.h"

#include <sodium.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "runtime/base/check.h"
#include "runtime/crypto/ready.h"

namespace tlfs::crypto {
namespace {

constexpr std::size_t kCommitmentBytes = 32;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::uint8_t kEndOfPlaintext = 0x80;
static_assert(kCommitmentBytes + kTagBytes == kSealOverhead);
static_assert(kNonceBytes == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(Secret::kBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

// Personal strings of BLAKE2b, as in secret.cpp: they spare deriving a key for each use.
constexpr std::string_view kNonce = "tlfs seal nonce ";
constexpr std::string_view kKeys = "tlfs seal keys  ";
static_assert(kNonce.size() == crypto_generichash_blake2b_PERSONALBYTES && kKeys.size() == kNonce.size());

class KeyedHash {
 public:
  KeyedHash(const Secret& key, std::string_view personal, std::size_t bytes) : bytes_(bytes) {
    crypto_generichash_blake2b_init_salt_personal(&state_, key.expose().data(), Secret::kBytes, bytes, nullptr,
                                                  as_bytes(personal).data());
  }
  ~KeyedHash() { sodium_memzero(&state_, sizeof state_); }
  KeyedHash(const KeyedHash&) = delete;
  KeyedHash& operator=(const KeyedHash&) = delete;
  void add(ByteView part) { crypto_generichash_blake2b_update(&state_, part.data(), part.size()); }
  void finish(std::uint8_t* out) { crypto_generichash_blake2b_final(&state_, out, bytes_); }

 private:
  crypto_generichash_blake2b_state state_;
  std::size_t bytes_;
};

// The length of the associated data comes first, so that no byte moves from it to the plaintext unnoticed.
Nonce nonce_of(const Secret& key, ByteView associated, ByteView plaintext) {
  std::array<std::uint8_t, 8> length;
  for (std::size_t i = 0; i < length.size(); ++i)
    length[i] = static_cast<std::uint8_t>(std::uint64_t{associated.size()} >> (8 * i));
  KeyedHash hash(key, kNonce, kNonceBytes);
  hash.add(length);
  hash.add(associated);
  hash.add(plaintext);
  Nonce nonce;
  hash.finish(nonce.data());
  return nonce;
}

// Both from one hash: whoever finds a second key with the same commitment has found a collision of BLAKE2b-256.
class Keys {
 public:
  Keys(const Secret& key, const Nonce& nonce) {
    KeyedHash hash(key, kKeys, bytes_.size());
    hash.add(nonce);
    hash.finish(bytes_.data());
  }
  ~Keys() { wipe(bytes_); }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;
  const std::uint8_t* encryption() const { return bytes_.data(); }
  const std::uint8_t* commitment() const { return bytes_.data() + Secret::kBytes; }

 private:
  std::array<std::uint8_t, Secret::kBytes + kCommitmentBytes> bytes_;
};

}  // namespace

std::size_t padded_size(std::size_t bytes) {
  TLFS_CHECK(bytes <= std::numeric_limits<std::size_t>::max() / 2, "no memory holds that many bytes");
  if (bytes <= kMinPaddedBytes) return kMinPaddedBytes;
  // A floating point number with as many bits of mantissa as its exponent has; rounded up.
  const auto exponent = static_cast<unsigned>(std::bit_width(bytes)) - 1;
  const auto mantissa = static_cast<unsigned>(std::bit_width(exponent));
  const std::size_t rest = (std::size_t{1} << (exponent - mantissa)) - 1;
  return (bytes + rest) & ~rest;
}

Bytes pad(ByteView plaintext) {
  Bytes padded;
  padded.reserve(padded_size(plaintext.size() + 1));
  padded.assign(plaintext.begin(), plaintext.end());
  padded.push_back(kEndOfPlaintext);
  padded.resize(padded_size(padded.size()));
  return padded;
}

std::optional<ByteView> unpad(ByteView padded) {
  std::size_t end = padded.size();
  while (end > 0 && padded[end - 1] == 0) --end;
  if (end == 0 || padded[end - 1] != kEndOfPlaintext || padded.size() != padded_size(end)) return std::nullopt;
  return padded.first(end - 1);
}

Sealed seal(const Secret& key, ByteView associated, ByteView plaintext) {
  ensure_ready();
  Sealed sealed;
  sealed.nonce = nonce_of(key, associated, plaintext);
  const Keys keys(key, sealed.nonce);
  const std::size_t padded = padded_size(plaintext.size() + 1);
  Bytes& out = sealed.bytes;
  // One allocation: the padded plaintext is laid where its ciphertext will be.
  out.reserve(padded + kSealOverhead);
  out.assign(keys.commitment(), keys.commitment() + kCommitmentBytes);
  out.insert(out.end(), plaintext.begin(), plaintext.end());
  out.push_back(kEndOfPlaintext);
  out.resize(padded + kSealOverhead);
  std::uint8_t* text = out.data() + kCommitmentBytes;
  crypto_aead_xchacha20poly1305_ietf_encrypt(text, nullptr, text, padded, associated.data(), associated.size(), nullptr,
                                             sealed.nonce.data(), keys.encryption());
  return sealed;
}

std::optional<Bytes> open(const Secret& key, ByteView associated, const Nonce& nonce, ByteView sealed) {
  ensure_ready();
  if (sealed.size() < kSealOverhead + kMinPaddedBytes) return std::nullopt;
  const Keys keys(key, nonce);
  if (sodium_memcmp(keys.commitment(), sealed.data(), kCommitmentBytes) != 0) return std::nullopt;
  Bytes text(sealed.size() - kSealOverhead);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(text.data(), nullptr, nullptr, sealed.data() + kCommitmentBytes,
                                                 sealed.size() - kCommitmentBytes, associated.data(), associated.size(),
                                                 nonce.data(), keys.encryption()) != 0)
    return std::nullopt;
  const std::optional<ByteView> plaintext = unpad(text);
  // A holder of the key may have encrypted under a nonce of its choice; seal() does not.
  if (!plaintext || nonce_of(key, associated, *plaintext) != nonce) {
    wipe(text);
    return std::nullopt;
  }
  text.resize(plaintext->size());
  return text;
}

}  // namespace tlfs::crypto
