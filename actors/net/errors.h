// What can go wrong between two processes, of one machine or of two.
#pragma once

#include <string_view>

namespace tlfs::net {

enum class Errc : int {
  ok = 0,
  path_too_long,  // for the name of a Unix socket
  nobody,         // nothing listens there
  denied,         // by the file system, or the other end is another user's
  in_the_way,     // something that is no socket has the name, or another process listens on the port
  too_large,      // more bytes than a frame or a message may have
  timeout,
  closed,        // by the other end, perhaps in the middle of a frame
  interrupted,   // by this end
  failed,        // anything else that the system says
  bad_address,   // not written as HOST:PORT or as ws://HOST:PORT
  unknown_name,  // no address is known for a host's name
  unreachable,   // no way leads to the address
  broken,        // the other end does not speak the protocol, or breaks its rules
  untrusted,     // the other end's certificate is not to be trusted
  busy,          // the other end has no room for us, or we have none for it
  no_interface,  // no network that could carry it
};
constexpr std::string_view errc_module(Errc) { return "net"; }

}  // namespace tlfs::net
