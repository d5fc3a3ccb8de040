// How comparing documents with a peer fails. Every one of these is the peer's doing.
#pragma once

#include <string_view>

namespace tlfs::sync {

enum class DifferenceErrc : int {
  ok = 0,
  malformed,     // bytes that are none of the messages
  out_of_turn,   // a message that this state of the session does not allow
  over_limit,    // more than one session may cost
  bad_key,       // a device key with which no secret can be shared
  false_naming,  // a document was named that was not asked for
};

constexpr std::string_view errc_module(DifferenceErrc) { return "sync difference"; }

}  // namespace tlfs::sync
