// Names of patterns and what they stand for.
#include "runtime/noise/pattern.h"

#include <catch2/catch.hpp>

using namespace tlfs::noise;

TEST_CASE("A psk modifier puts its token at the beginning of the first message or at the end of another") {
  using enum Token;
  CHECK(parse_pattern("NNpsk0").value().messages == std::vector<std::vector<Token>>{{psk, e}, {e, ee}});
  CHECK(parse_pattern("XXpsk3").value().messages == std::vector<std::vector<Token>>{{e}, {e, ee, s, es}, {s, se, psk}});
  CHECK(parse_pattern("IKpsk1+psk2").value().messages ==
        std::vector<std::vector<Token>>{{e, es, s, ss, psk}, {e, ee, se, psk}});
  CHECK(parse_pattern("IKpsk1+psk2").value().psks() == 2);
}

TEST_CASE("A name that is no pattern is refused") {
  for (const char* name : {"", "X X", "KK", "XXpsk", "XXpsk4", "XXpskx", "XXpsk1+psk1", "XXpsk1+", "XX+psk1", "xx",
                           "XXpsk10", "XXfallback", "Npsk2", "NNpsk0+psk0"}) {
    INFO(name);
    CHECK(parse_pattern(name).ok() == false);
  }
  CHECK(parse_protocol_name("Noise_XX_25519_ChaChaPoly_BLAKE2b").value().name == "XX");
  for (const char* name : {"Noise_XX_25519_AESGCM_BLAKE2b", "Noise_XX_448_ChaChaPoly_BLAKE2b", "XX",
                           "Noise_25519_ChaChaPoly_BLAKE2b", "Noise__25519_ChaChaPoly_BLAKE2b"}) {
    INFO(name);
    CHECK(parse_protocol_name(name).ok() == false);
  }
}
