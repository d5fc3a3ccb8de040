// What can go wrong in a Noise handshake or its transport messages. After any of them the state is spent.
#pragma once

#include <string_view>

namespace tlfs::noise {

enum class Errc : int {
  ok = 0,
  unknown_protocol,  // a name that is no protocol of this engine
  missing_key,       // the pattern needs a key that was not given
  too_long,          // beyond the 65,535 bytes of a Noise message
  cut_off,           // shorter than its pattern requires
  not_authentic,     // does not decrypt: another key, changed, replayed, or out of order
  weak_key,          // a public key of small order
  out_of_turn,       // it is the other side's turn, the handshake has ended, or has failed before
  used_up,           // no nonce is left under this key
};
constexpr std::string_view errc_module(Errc) { return "noise"; }

}  // namespace tlfs::noise
