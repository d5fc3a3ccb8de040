// Who is let in through the bridge's door, and with what headers it answers. Pure.
//
// A request must name the bridge itself as its host (a page whose name was made to point here names another), a
// WebSocket must come from one of the bridge's own pages or from no page at all, and everything needs one of two
// secrets of 256 bits: the token of the link that the node prints, random and new at every start, or the cookie that a
// browser gets for it, made of a key that the node keeps, so that a page that stays open outlives the node.
#pragma once

#include <optional>
#include <string>

#include "actors/net/http_server.h"
#include "runtime/base/environment.h"
#include "runtime/crypto/secret.h"

namespace tlfs::websocket_bridge {

inline constexpr const char* kSubprotocol = "tlfs.1";
inline constexpr const char* kSocketPath = "/bridge";

enum class Refusal : std::uint8_t { none, host, origin, token, method, path };
std::string_view name_of(Refusal refusal);

class Gate {
 public:
  // `address` is where the bridge listens: an IP address and a port. The cookie depends on the port and `cookie_key`.
  Gate(std::string address, Random& random, const crypto::Secret& cookie_key);

  const std::string& token() const { return token_; }
  // http://127.0.0.1:4242/?token=...
  std::string link() const;

  // Whether it may come in. A query `token` of a GET counts as one.
  Refusal judge(const net::HttpRequest& request) const;
  // Where a browser that brought its token in the query is to go instead, with its cookie; nothing for others.
  std::optional<net::HttpAnswer> exchange(const net::HttpRequest& request) const;
  // The browser came from another site, so it held its cookie back; it is asked to come again by itself.
  bool held_back(const net::HttpRequest& request) const;
  // Content-Security-Policy and what else every answer has.
  void add_headers(const net::HttpRequest& request, net::HttpAnswer& answer) const;

 private:
  bool own_host(const std::string& host) const;
  bool authorised(const net::HttpRequest& request) const;
  std::string cookie_name() const;

  std::string address_;
  std::string host_;
  std::string port_;
  bool any_address_ = false;
  std::string token_, cookie_;
};

// The path of a target without query, percent signs decoded; nothing when it is no path.
std::optional<std::string> path_of(std::string_view target);
// True when both are equal, in a time that depends on their lengths alone.
bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace tlfs::websocket_bridge
