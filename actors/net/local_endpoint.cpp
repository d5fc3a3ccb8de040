#include "actors/net/local_endpoint.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tlfs::net {

Status check_socket_path(const std::string& path) {
  constexpr std::size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() <= kMost) return {};
  return Error(Errc::path_too_long, path + ": is too long for a socket's name, " + std::to_string(path.size()) +
                                        " bytes of at most " + std::to_string(kMost) +
                                        "; choose a data directory with a shorter path");
}

Status check_peer_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return Error(Errc::failed, "the user at the other end is not known: " + std::generic_category().message(errno));
  if (peer.uid == ::geteuid()) return {};
  return Error(Errc::denied, "the process at the other end runs under another user");
}

Error system_error(const std::string& path, const char* what, int error) {
  const Errc code = error == EACCES || error == EPERM                              ? Errc::denied
                    : error == ENOENT || error == ENOTDIR || error == ECONNREFUSED ? Errc::nobody
                    : error == EAGAIN || error == ETIMEDOUT                        ? Errc::timeout
                    : error == EPIPE || error == ECONNRESET                        ? Errc::closed
                                                                                   : Errc::failed;
  return Error(code, path + ": " + what + ": " + std::generic_category().message(error));
}

}  // namespace tlfs::net
