// The bridge between a running node and user interfaces in browsers: README.md.
//
// Owns the server's thread, the threads for control verbs and what the sessions share. Sessions themselves belong to
// the node's supervisor of bridges.
#pragma once

#include <memory>
#include <string>

#include "actors/net/http_server.h"
#include "actors/node/node.h"

namespace tlfs::websocket_bridge {

struct BridgeCounts {
  net::HttpCounts http;
  std::uint64_t foreign_host = 0;    // requests that name another host
  std::uint64_t foreign_origin = 0;  // WebSockets of other sites' pages
  std::uint64_t no_token = 0;        // requests without the token or the cookie, or with wrong ones
  std::uint64_t other_request = 0;   // requests of methods and paths that there are not
  std::uint64_t malformed = 0;       // messages that are none
  std::uint64_t sessions = 0;        // since the beginning
};

class WebsocketBridge {
 public:
  struct Settings {
    std::string listen = "127.0.0.1:0";
    bool beyond_this_machine = false;  // other addresses than those of loopback are allowed
    std::string app = {};              // directory of a web app; empty: none
    std::string inspector = {};        // directory of the inspector; empty: where it was built
    net::HttpLimits limits = {};
  };

  // control::Errc::bad_name for an address beyond this machine that was not allowed, and for directories that are not
  // there, unreachable when the node's bridges do not come up within seconds; errors of net::HttpServer::start. Blocks
  // until they are up. The node outlives the bridge.
  static Result<std::unique_ptr<WebsocketBridge>> start(Node& node, const Settings& settings);
  // Ends all sessions.
  ~WebsocketBridge();
  WebsocketBridge(const WebsocketBridge&) = delete;
  WebsocketBridge& operator=(const WebsocketBridge&) = delete;

  // http://127.0.0.1:4242/?token=...: whoever has it is let in until the bridge ends.
  std::string link() const;
  std::string token() const;
  const std::string& address() const;
  BridgeCounts counts() const;

 private:
  struct Parts;
  explicit WebsocketBridge(std::shared_ptr<Parts> parts);
  std::shared_ptr<Parts> parts_;
};

}  // namespace tlfs::websocket_bridge
