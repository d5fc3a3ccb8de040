// Sealing under a key. The vectors were computed by reference.py of this folder.
#include "runtime/crypto/aead.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/runtime/crypto/helpers.h"

using namespace tlfs;
using namespace tlfs::crypto;

namespace {

const ByteView kDocument = as_bytes("document 7");

}  // namespace

TEST_CASE("sealed bytes never change") {
  const Sealed brief = seal(secret(0), kDocument, as_bytes("tea at four"));
  CHECK(to_hex(brief.nonce) == "ca1acf5d296b9528b5d934eb8039b86c79d2224b39b5a3ab");
  CHECK(
      to_hex(brief.bytes) ==
      "2f8cb4c665c6e62c1a094edb646c02a683f06401e268da25e33edf0044e6d8b2d173c25173c43ef3824df32fc1544a3affb26863a51eb4bf"
      "3aaee532180baca9e5645bd3c7d9fad5b18811be9997fa51");
  const Sealed longer = seal(secret(0), kDocument, text_of(100));
  CHECK(to_hex(longer.nonce) == "84ad0ad901551e9db4bafa811102939bf36189aa79cd0898");
  CHECK(
      to_hex(longer.bytes) ==
      "2a3048c58011b6f6a522beb055ee6eed9903207f9355c80bc14ede80e2189d47576bd4863ff56a70d3432cd2a36e3fb73d2fd7fb8259aa90"
      "b768ceffc058adbe2fd831885458749f3f3e2de6a203e04a01ceee811e60cd90eff418a4d17504a009aa76fca4ec055190ccc151b605ef7d"
      "c3cf1d1c3710d939a45c130dc0d3bd00bfd2a2d0150d3eeed2fc213f330a33a31c5d2cbe15daea92");
}

TEST_CASE("what was sealed opens again, whatever its length") {
  for (const std::size_t size : {0, 1, 30, 31, 32, 63, 64, 100, 1'000, 4'096, 70'000}) {
    const Bytes text = text_of(size);
    const Sealed sealed = seal(secret(0), kDocument, text);
    CHECK(sealed.bytes.size() == padded_size(size + 1) + kSealOverhead);
    CHECK(open(secret(0), kDocument, sealed.nonce, sealed.bytes) == text);
  }
}

TEST_CASE("sealing the same again makes the same bytes, and anything else makes others") {
  const Sealed sealed = seal(secret(0), kDocument, text_of(40));
  const auto same = [&](const Sealed& other) {
    CHECK((other.nonce == sealed.nonce) == (other.bytes == sealed.bytes));
    return other.bytes == sealed.bytes;
  };
  CHECK(same(seal(secret(0), kDocument, text_of(40))));
  CHECK_FALSE(same(seal(secret(1), kDocument, text_of(40))));
  CHECK_FALSE(same(seal(secret(0), as_bytes("document 8"), text_of(40))));
  CHECK_FALSE(same(seal(secret(0), kDocument, text_of(41))));
  // A byte that moves from the associated data to the text.
  CHECK_FALSE(same(seal(secret(0), as_bytes("document "), from_hex("37" + to_hex(text_of(40))).value())));
}

TEST_CASE("sealed bytes open with no byte changed, added or taken away") {
  const Sealed sealed = seal(secret(0), kDocument, text_of(40));
  Bytes bytes = sealed.bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const std::uint8_t bit : {0x01, 0x80}) {
      bytes[i] ^= bit;
      CHECK_FALSE(open(secret(0), kDocument, sealed.nonce, bytes));
      bytes[i] ^= bit;
    }
  }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(open(secret(0), kDocument, sealed.nonce, ByteView(bytes).first(size)));
  bytes.push_back(0);
  CHECK_FALSE(open(secret(0), kDocument, sealed.nonce, bytes));
}

TEST_CASE("sealed bytes open only with their key, nonce and associated data") {
  const Sealed sealed = seal(secret(0), kDocument, text_of(40));
  for (std::size_t i = 0; i < kNonceBytes; ++i) {
    Nonce nonce = sealed.nonce;
    nonce[i] ^= 1;
    CHECK_FALSE(open(secret(0), kDocument, nonce, sealed.bytes));
  }
  for (std::size_t i = 0; i < 32; ++i) {
    auto key = counting(0);
    key[i] ^= 1;
    CHECK_FALSE(open(Secret::from_bytes(key), kDocument, sealed.nonce, sealed.bytes));
  }
  CHECK_FALSE(open(secret(0), as_bytes("document 8"), sealed.nonce, sealed.bytes));
  CHECK_FALSE(open(secret(0), as_bytes("document 7 "), sealed.nonce, sealed.bytes));
  CHECK_FALSE(open(secret(0), {}, sealed.nonce, sealed.bytes));
}

TEST_CASE("a holder of the key who chose a nonce instead of making it has sealed nothing") {
  Nonce nonce;
  for (std::size_t i = 0; i < kNonceBytes; ++i) nonce[i] = static_cast<std::uint8_t>(i);
  const Bytes bytes = from_hex(
                          "18b20d1064c667d2577ad5f4e0cf7e129b0bab2609360da4390b4a7d3fe3b76f6fa7c9c18f68f0daf06c3b888fe1"
                          "3224990708557fd9d0121d3c3294f9a2ad2ddc71a511a698a01de3cff8bf540152ec")
                          .value();
  CHECK_FALSE(open(secret(0), kDocument, nonce, bytes));
}

TEST_CASE("each key and nonce has a commitment of its own, and it must be there") {
  constexpr std::size_t kCommitmentBytes = 32;
  std::set<Bytes> commitments;
  std::size_t made = 0;
  const Sealed first = seal(secret(0), kDocument, text_of(40));
  for (std::uint8_t key = 0; key < 50; ++key) {
    for (std::uint8_t text = 0; text < 4; ++text, ++made) {
      const Sealed sealed = seal(secret(key), kDocument, ByteView(&text, 1));
      const Bytes commitment(sealed.bytes.begin(), sealed.bytes.begin() + kCommitmentBytes);
      commitments.insert(commitment);
      // The very ciphertext and tag of the first, which would open, behind the promise of another key.
      Bytes swapped = first.bytes;
      std::copy(commitment.begin(), commitment.end(), swapped.begin());
      CHECK_FALSE(open(secret(0), kDocument, first.nonce, swapped));
    }
  }
  CHECK(commitments.size() == made);
}

TEST_CASE("a text grows by padding to a size that many share, by at most 12 % and at least one byte") {
  std::set<std::size_t> sizes;
  for (std::size_t n = 0; n <= 5'000; ++n) {
    const std::size_t padded = padded_size(n + 1);
    sizes.insert(padded);
    REQUIRE(padded >= n + 1);
    REQUIRE(padded >= padded_size(n));
    REQUIRE(padded_size(padded) == padded);
    if (n + 1 > kMinPaddedBytes) REQUIRE(padded * 100 <= (n + 1) * 112);
  }
  CHECK(*sizes.begin() == kMinPaddedBytes);
  CHECK(sizes.size() < 100);
  // Sizes of Padmé as published: 9 MiB and one byte go to the next of 32 steps between powers of two.
  CHECK(padded_size(9 * 1'048'576 + 1) == 9 * 1'048'576 + 262'144);
  CHECK(padded_size(100) == 104);
}

TEST_CASE("padding comes off as it went on") {
  Bytes text;
  for (std::size_t n = 0; n <= 5'000; ++n) {
    const Bytes padded = pad(text);
    REQUIRE(padded.size() == padded_size(n + 1));
    const auto back = unpad(padded);
    REQUIRE((back && std::equal(back->begin(), back->end(), text.begin(), text.end())));
    text.push_back(n % 3 == 0 ? 0x80 : 0);  // what padding itself is made of
  }
}

TEST_CASE("padding that pad() would not have made is refused") {
  CHECK_FALSE(unpad({}));
  CHECK_FALSE(unpad(Bytes(32, 0)));
  CHECK_FALSE(unpad(Bytes(32, 1)));
  const Bytes padded = pad(text_of(100));
  REQUIRE(unpad(padded));
  for (std::size_t i = 101; i < padded.size(); ++i) {
    Bytes other = padded;
    other[i] = 1;
    CHECK_FALSE(unpad(other));
  }
  for (std::size_t more = 1; more < 300; ++more) {
    Bytes longer = padded;
    longer.resize(padded.size() + more);
    CHECK_FALSE(unpad(longer));
  }
  for (std::size_t size = 0; size < padded.size(); ++size) CHECK_FALSE(unpad(ByteView(padded).first(size)));
}
