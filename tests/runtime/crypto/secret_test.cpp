// Secrets: what they derive, and that they do not get away.
#include "runtime/crypto/secret.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <new>
#include <ostream>
#include <type_traits>

#include "runtime/crypto/box.h"
#include "tests/runtime/crypto/helpers.h"

using namespace tlfs;
using namespace tlfs::crypto;

namespace {

template <class T>
concept Printed = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept ShownAsHex = requires(const T& value) { to_hex(value); };
static_assert(ShownAsHex<Digest> && Printed<std::string>);
static_assert(!Printed<Secret> && !ShownAsHex<Secret> && !std::is_convertible_v<Secret, ByteView>);
static_assert(!Printed<BoxKey> && !ShownAsHex<BoxKey> && !Printed<SigningKey> && !ShownAsHex<SigningKey>);
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(!std::is_copy_constructible_v<BoxKey> && !std::is_copy_constructible_v<SigningKey>);

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

}  // namespace

TEST_CASE("what is derived from a secret never changes") {
  const Digest digest = keyed_hash(secret(0), "tlfs test", {as_bytes("one"), as_bytes("two")});
  CHECK(to_hex(digest) == "c7f03108a817d1621cd5541755c81496c7e07a88cbb20a4939e467907849a6c7");
  const Secret derived = derive(secret(0), "tlfs test", {as_bytes("one"), as_bytes("two")});
  CHECK(to_hex(derived.expose()) == "890391a9c6a22a4e2f6e3b585419ad0ff0fe359c30d6d3e8b90d8e1245319bb5");
}

TEST_CASE("each key, domain and content derives something else") {
  const Secret all[] = {derive(secret(0), "tlfs a", {as_bytes("b")}),
                        derive(secret(1), "tlfs a", {as_bytes("b")}),
                        derive(secret(0), "tlfs ab"),
                        derive(secret(0), "tlfs a"),
                        derive(secret(0), "", {as_bytes("tlfs a")}),
                        derive(secret(0), "tlfs a", {as_bytes("c")})};
  for (std::size_t i = 0; i < std::size(all); ++i)
    for (std::size_t j = 0; j < std::size(all); ++j) CHECK((all[i] == all[j]) == (i == j));
}

TEST_CASE(
    "a public keyed hash says nothing about a secret derived with the same words, nor a plain hash about either") {
  const auto key = counting(1);
  const Digest digest = keyed_hash(secret(1), "x", {as_bytes("y")});
  CHECK_FALSE(Secret::from_bytes(digest) == derive(secret(1), "x", {as_bytes("y")}));
  const std::uint8_t length = 1;
  const Digest plain = hash(as_text(key), {ByteView(&length, 1), as_bytes("x"), as_bytes("y")});
  CHECK(plain != digest);
  CHECK_FALSE(Secret::from_bytes(plain) == derive(secret(1), "x", {as_bytes("y")}));
}

TEST_CASE("secrets are equal when all their bytes are") {
  CHECK(secret(0) == secret(0));
  for (std::size_t i = 0; i < 32; ++i) {
    auto bytes = counting(0);
    bytes[i] ^= 1;
    CHECK_FALSE(secret(0) == Secret::from_bytes(bytes));
  }
}

TEST_CASE("a secret that was moved away is zeros") {
  Secret first = secret(5);
  Secret second = std::move(first);
  CHECK(all_zero(first.expose()));
  CHECK(second == secret(5));
  Secret third = secret(6);
  third = std::move(second);
  CHECK(all_zero(second.expose()));
  CHECK(third == secret(5));
  const Secret fourth = third.copy();
  CHECK(fourth == third);
}

TEST_CASE("a secret that was destroyed has left zeros behind") {
  alignas(Secret) std::array<std::uint8_t, sizeof(Secret)> place{};
  Secret* there = new (place.data()) Secret(secret(9));
  REQUIRE_FALSE(all_zero(place));
  there->~Secret();
  CHECK(all_zero(place));
}

TEST_CASE("what is wiped is zeros") {
  Bytes bytes = text_of(100);
  wipe(bytes);
  CHECK(all_zero(bytes));
  CHECK(bytes.size() == 100);
}

TEST_CASE("a generated secret is what the random source says") {
  SeededRandom one(7), same(7), other(8);
  const Secret secret = Secret::generate(one);
  CHECK(secret == Secret::generate(same));
  CHECK_FALSE(secret == Secret::generate(other));
  CHECK_FALSE(secret == Secret::generate(one));
}

TEST_CASE("a signing key comes back from its seed") {
  SeededRandom random(3);
  const SigningKey key = SigningKey::generate(random);
  CHECK(SigningKey::from_seed(key.seed().expose()).public_key() == key.public_key());
  CHECK(SigningKey::from_seed(counting(4)).seed() == secret(4));
}
