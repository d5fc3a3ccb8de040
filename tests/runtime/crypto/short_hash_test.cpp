#include <catch2/catch.hpp>

#include "runtime/crypto/short_hash.h"
#include "tests/runtime/crypto/helpers.h"

using namespace tlfs;
using namespace tlfs::crypto;

TEST_CASE("SipHash-2-4 with 128 bits gives the vectors of its reference implementation") {
  const auto all = counting(0);
  const auto key = ShortHashKey::from_bytes(std::span(all).first<16>());
  CHECK(to_hex(key.hash({})) == "a3817f04ba25a8e66df67214c7550293");
  CHECK(to_hex(key.hash(ByteView(all).first(1))) == "da87c1d86b99af44347659119b22fc45");
}

TEST_CASE("Short hash keys of two purposes have nothing in common") {
  const Bytes input(64, 5);
  const ShortHashKey one(secret(1), "one"), again(secret(1), "one"), two(secret(1), "two"), other(secret(2), "one");
  CHECK(one.hash(input) == again.hash(input));
  CHECK(one.hash(input) != two.hash(input));
  CHECK(one.hash(input) != other.hash(input));
}
