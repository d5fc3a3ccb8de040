// A node's door for the programs beside it: takes requests from a Unix socket and has them handled.
//
// Each connection has a session and a thread of its own, which handles one request after another in the order in which
// they came; so requests of one client never overtake each other, and a slow one keeps nobody else waiting. Bytes that
// are no request cost the connection, never the node.
#pragma once

#include <memory>
#include <string>

#include "actors/net/local_socket.h"
#include "bridges/control/protocol.h"

namespace tlfs::control {

inline constexpr std::size_t kMaxUnderWay = 32;               // requests of one connection that wait or are handled
inline constexpr std::size_t kMaxUnderWayBytes = 128u << 20;  // of one connection

class ControlServer {
 public:
  using MakeSession = std::function<std::unique_ptr<Session>(Emit)>;
  struct Settings {
    std::string path;
    MakeSession session;  // on the thread that it will belong to
    net::ServerLimits limits = {};
    std::function<void(std::string_view)> was_cut = {};  // for a log
  };

  // Errors of net::LocalServer::listen.
  static Result<std::unique_ptr<ControlServer>> start(const Settings& settings);
  // Ends the connections and waits for the requests that are being handled. Removes the socket.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  struct Parts;
  explicit ControlServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tlfs::control
