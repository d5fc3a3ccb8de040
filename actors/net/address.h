// How places in the network are written. Pure: no name is looked up here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/net/errors.h"
#include "runtime/base/result.h"

namespace tlfs::net {

inline constexpr std::size_t kMaxUrlBytes = 512;

struct HostPort {
  std::string host;  // a name, "192.0.2.7" or "2001:db8::7", without brackets
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};
// "192.0.2.7:4242", "[2001:db8::7]:4242", "name:4242"; an IPv6 address stands in brackets. bad_address.
Result<HostPort> parse_host_port(std::string_view text);
std::string to_string(const HostPort& place);

struct WebsocketUrl {
  bool tls = false;
  HostPort place;
  std::string target = "/";  // what follows the port
};
// "ws://HOST[:PORT][/PATH]", "wss://…", and "HOST:PORT", which means ws. Without a port it is 80, or 443 for wss. No
// user, no fragment, nothing but printable ASCII. bad_address.
Result<WebsocketUrl> parse_websocket_url(std::string_view text);

}  // namespace tlfs::net
