// Why an invitation is not accepted. Every message is a sentence for the person who holds the link.
#pragma once

#include <string_view>

namespace tlfs::invitation {

enum class Errc : int {
  ok = 0,
  no_link,        // the text is something else
  newer_version,  // made by a newer version of this software
  cut_off,        // the link's end is missing
  mistyped,       // a character is wrong, missing or too many
  malformed,      // whole, but not something that this software makes
  bad_terms,      // an invitation that cannot be given out: what it says is too long, or cannot be
  unknown,        // not one of those given out, or forgotten since
  expired,
  used_up,
  revoked,
  full,              // too many invitations are kept
  too_large,         // more text than a QR code holds
  bad_announcement,  // what a node on the network says of itself is not as it should be
};
constexpr std::string_view errc_module(Errc) { return "invitation"; }

}  // namespace tlfs::invitation
