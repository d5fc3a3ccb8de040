// What calls on a link can be refused with. What the other side does wrong ends the link instead, with a CloseReason.
#pragma once

#include <string_view>

namespace tlfs::link {

enum class Errc : int {
  ok = 0,
  malformed,        // bytes that are no message, ban list or reason of ours
  limit_exceeded,   // beyond a named limit
  not_established,  // the handshake has not ended
  closed,           // the link has ended, or this side of the channel has
  unknown_channel,  // no such channel
  queue_full,       // what waits to be sent would be more than kMaxQueuedBytes
  bad_settings,     // what was asked for contradicts itself
};
constexpr std::string_view errc_module(Errc) { return "link"; }

}  // namespace tlfs::link
