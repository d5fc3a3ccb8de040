// Authenticated encryption that commits to its key: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a commitment
// in front, so that no ciphertext opens under two keys (the fix "padding block / hash of the key" of Albertini et al.,
// "How to Abuse and Fix Authenticated Encryption Without Key Commitment", USENIX Security 2022).
//
// Sealing is deterministic: the nonce is a keyed hash of the associated data and the plaintext (a synthetic IV in the
// manner of RFC 5297). So whoever holds key and plaintext makes the same bytes again, and equal plaintexts in one
// context are the only thing that shows. Opening makes the nonce again, so there is one ciphertext of a plaintext.
//
//   keys        (encryption key, commitment) = a keyed hash of the nonce under `key`, 64 bytes
//   sealed      commitment (32) ‖ XChaCha20-Poly1305(padded plaintext) with its tag (16)
#pragma once

#include <array>
#include <optional>

#include "runtime/crypto/secret.h"

namespace tlfs::crypto {

inline constexpr std::size_t kNonceBytes = 24;
using Nonce = std::array<std::uint8_t, kNonceBytes>;
inline constexpr std::size_t kSealOverhead = 32 + 16;  // bytes beyond the padded plaintext

struct Sealed {
  Nonce nonce{};
  Bytes bytes;
};

// The plaintext is padded by pad() first.
Sealed seal(const Secret& key, ByteView associated, ByteView plaintext);
// Nothing unless key, nonce, associated data and bytes are those of one seal() and the padding is as pad() makes it.
std::optional<Bytes> open(const Secret& key, ByteView associated, const Nonce& nonce, ByteView sealed);

// Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019):
// the plaintext, one byte 0x80 and zeros up to padded_size(plaintext bytes + 1); at most 12 % more, and lengths come in
// O(log log n) classes. Never shorter than kMinPaddedBytes.
inline constexpr std::size_t kMinPaddedBytes = 32;
std::size_t padded_size(std::size_t bytes);
Bytes pad(ByteView plaintext);
std::optional<ByteView> unpad(ByteView padded);  // a view into `padded`

}  // namespace tlfs::crypto
