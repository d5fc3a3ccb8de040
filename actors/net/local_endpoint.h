// What both ends of a Unix socket share.
#pragma once

#include <string>

#include "actors/net/errors.h"
#include "runtime/base/result.h"

namespace tlfs::net {

inline constexpr std::size_t kFrameHeaderBytes = 4;
inline constexpr std::size_t kReadStep = 256u << 10;  // a frame's memory grows by so much, as its bytes come

// Whether the name fits into the address of a Unix socket: path_too_long says how long it may be.
Status check_socket_path(const std::string& path);
// denied when the process at the other end of the connected socket runs under another user.
Status check_peer_user(int socket);
// Names the path, and tells what the system said.
Error system_error(const std::string& path, const char* what, int error);

}  // namespace tlfs::net
