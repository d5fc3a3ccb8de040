// Handshake patterns of the Noise Protocol Framework (revision 34, sections 7 and 9) as lists of tokens.
//
// A pattern is what the engine of handshake_state.h runs; a new one is a new entry in the table of pattern.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/noise/errors.h"

namespace tlfs::noise {

enum class Token : std::uint8_t { e, s, ee, es, se, ss, psk };

struct Pattern {
  std::string name;                          // "XXpsk3"
  bool responder_static_known = false;       // the pre-message "<- s"
  std::vector<std::vector<Token>> messages;  // the initiator's first, then in turns

  std::size_t psks() const;
};

// "N", "X", "NN", "XX", "IK", each with psk modifiers ("XXpsk3", "NNpsk0+psk2"). unknown_protocol for anything else, a
// modifier beyond the pattern's messages, or one that stands twice.
Result<Pattern> parse_pattern(std::string_view name);

// The name of the pattern with our only suite: "Noise_XX_25519_ChaChaPoly_BLAKE2b".
std::string protocol_name(const Pattern& pattern);
// The pattern of such a name.
Result<Pattern> parse_protocol_name(std::string_view name);

}  // namespace tlfs::noise
