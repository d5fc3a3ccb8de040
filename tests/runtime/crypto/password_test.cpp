// Secrets from passphrases.
#include "runtime/crypto/password.h"

#include <catch2/catch.hpp>

#include "tests/runtime/crypto/helpers.h"

using namespace tlfs;
using namespace tlfs::crypto;

namespace {

constexpr PasswordCost kCheap{1, 64};
const PasswordSalt kSalt = array_of<16>("000102030405060708090a0b0c0d0e0f");

Secret of(std::string_view passphrase, const PasswordSalt& salt = kSalt, const PasswordCost& cost = kCheap) {
  return secret_from_password(passphrase, salt, cost).value();
}

}  // namespace

TEST_CASE("the secret of a passphrase never changes") {
  CHECK(to_hex(of("correct horse").expose()) == "25ce5233cc1e4d37e9bca31bfef41710e40446cd1cb575932791c5fd3780bd3c");
  CHECK(to_hex(of("correct horse", kSalt, {3, 256}).expose()) ==
        "b58f5154338f732b3d4ecfc0795d583ecefacf59eb0e3ffbd0d7c836fe69c0f4");
}

TEST_CASE("each passphrase, salt and cost makes another secret") {
  const Secret secret = of("correct horse");
  CHECK(secret == of("correct horse"));
  CHECK_FALSE(secret == of("correct horsf"));
  CHECK_FALSE(secret == of("correct horse "));
  CHECK_FALSE(secret == of(""));
  CHECK(of("") == of(std::string_view()));
  CHECK_FALSE(secret == of("correct horse", array_of<16>("100102030405060708090a0b0c0d0e0f")));
  CHECK_FALSE(secret == of("correct horse", kSalt, {2, 64}));
  CHECK_FALSE(secret == of("correct horse", kSalt, {1, 72}));
}

TEST_CASE("a cost out of bounds is refused before anything is spent") {
  for (const PasswordCost& cost :
       {PasswordCost{0, 64}, PasswordCost{kMaxPasswordPasses + 1, 64}, PasswordCost{1, kMinPasswordMemoryKib - 1},
        PasswordCost{1, kMaxPasswordMemoryKib + 1}, PasswordCost{0xffffffff, 0xffffffff}}) {
    const auto secret = secret_from_password("x", kSalt, cost);
    REQUIRE_FALSE(secret);
    CHECK(secret.error().is(PasswordErrc::bad_cost));
    CHECK(secret.error().message().find("1 to 64 passes over 8 to 1048576 KiB") != std::string::npos);
  }
}
