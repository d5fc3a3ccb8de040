// What can go wrong between two processes of one machine.
#pragma once

#include <string_view>

namespace tlfs::net {

enum class Errc : int {
  ok = 0,
  path_too_long,  // for the name of a Unix socket
  nobody,         // nothing listens there
  denied,         // by the file system, or the other end is another user's
  in_the_way,     // something that is no socket has the name
  too_large,      // more bytes than a frame may have
  timeout,
  closed,       // by the other end, perhaps in the middle of a frame
  interrupted,  // by this end
  failed,       // anything else that the system says
};
constexpr std::string_view errc_module(Errc) { return "net"; }

}  // namespace tlfs::net
