// Hashing and signing, against published vectors.
#include "runtime/crypto/crypto.h"

#include <catch2/catch.hpp>

#include "tests/runtime/crypto/helpers.h"

using namespace tlfs;
using namespace tlfs::crypto;

TEST_CASE("a digest is that of BLAKE2b-256, keyed with the domain") {
  CHECK(to_hex(hash("", {as_bytes("abc")})) == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  CHECK(to_hex(hash("tlfs test", {as_bytes("one"), as_bytes("two")})) ==
        "aebb17a5d14a36f39213905723f0223f4e4eb460520b13bc173049025c3aebc6");
}

TEST_CASE("the signatures of RFC 8032 section 7.1 come out of its seeds") {
  const auto [seed, key, message, signature] = GENERATE(table<std::string, std::string, std::string, std::string>(
      {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
        "246"
        "55141438e7a100b"},
       {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
        "eeb"
        "00d291612bb0c00"}}));
  const SigningKey signer = SigningKey::from_seed(array_of<32>(seed));
  const Bytes said = from_hex(message).value();
  CHECK(to_hex(signer.public_key()) == key);
  CHECK(to_hex(signer.sign(said)) == signature);
  CHECK(verify(signer.public_key(), said, array_of<64>(signature)));
}

TEST_CASE("a signature is refused when any byte of it, of the key or of the message is another") {
  const SigningKey key = SigningKey::from_seed(counting(3));
  Bytes message = text_of(50);
  Signature signature = key.sign(message);
  PublicKey by = key.public_key();
  REQUIRE(verify(by, message, signature));
  const auto refused_without = [&](auto& bytes) {
    for (auto& byte : bytes) {
      byte ^= 0x10;
      CHECK_FALSE(verify(by, message, signature));
      byte ^= 0x10;
    }
  };
  refused_without(message);
  refused_without(signature);
  refused_without(by);
  REQUIRE(verify(by, message, signature));
}

TEST_CASE("a key of small order, under which one signature would fit every message, signs nothing") {
  // The points of order 1, 2, 4, 8; a signature of R = the neutral element and s = 0 satisfies the equation for the
  // first whatever the message, and for the others for some messages.
  const std::string_view point = GENERATE("0100000000000000000000000000000000000000000000000000000000000000",
                                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                          "0000000000000000000000000000000000000000000000000000000000000000",
                                          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  Signature signature{};
  signature[0] = 1;
  for (std::uint8_t i = 0; i < 64; ++i) CHECK_FALSE(verify(array_of<32>(point), ByteView(&i, 1), signature));
}

TEST_CASE("a signature whose number is not reduced is refused, so that there is one signature of a message") {
  const SigningKey key = SigningKey::from_seed(counting(3));
  Signature signature = key.sign({});
  const auto order = array_of<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += signature[32 + i] + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  CHECK_FALSE(verify(key.public_key(), {}, signature));
}
