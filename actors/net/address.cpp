#include "actors/net/address.h"

#include <algorithm>
#include <charconv>

namespace tlfs::net {
namespace {

constexpr std::size_t kMaxHostBytes = 253;  // of a name, RFC 1035
constexpr std::size_t kMaxShownBytes = 80;

Error bad(std::string_view text, const char* what) {
  // It is shown to a person, and may come from a stranger.
  std::string shown;
  for (const char c : text.substr(0, kMaxShownBytes)) shown += c > 0x1f && c < 0x7f ? c : '?';
  if (text.size() > kMaxShownBytes) shown += "…";
  return {Errc::bad_address, "'" + shown + "' is no address: " + what};
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}
// Hexadecimal digits, colons, an IPv4 tail, and the interface of a link-local address behind '%'.
bool is_ipv6(char c) { return is_name(c) || c == ':' || c == '%'; }

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// `otherwise`: the port when none is named; 0 means that one has to be.
Result<HostPort> parse(std::string_view whole, std::string_view text, std::uint16_t otherwise) {
  HostPort out;
  std::string_view rest;
  if (!text.empty() && text[0] == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return bad(whole, "a bracket is not closed");
    out.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    if (out.host.find(':') == std::string::npos || !std::all_of(out.host.begin(), out.host.end(), is_ipv6))
      return bad(whole, "what stands in brackets is no IPv6 address");
  } else {
    const std::size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    if (rest.find(':', 1) != std::string_view::npos)
      return bad(whole, "an IPv6 address stands in brackets, as in [2001:db8::7]:4242");
    if (out.host.empty() || !std::all_of(out.host.begin(), out.host.end(), is_name))
      return bad(whole, "expected HOST:PORT, where the host is a name or an address");
  }
  if (out.host.size() > kMaxHostBytes) return bad(whole, "the host's name is too long");
  if (rest.empty() && otherwise != 0) {
    out.port = otherwise;
    return out;
  }
  if (rest.empty() || rest[0] != ':' || !parse_port(rest.substr(1), out.port))
    return bad(whole, "the port, a number from 0 to 65535, is missing or wrong");
  return out;
}

}  // namespace

Result<HostPort> parse_host_port(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return bad(text, "it is too long");
  return parse(text, text, 0);
}

std::string to_string(const HostPort& place) {
  const bool brackets = place.host.find(':') != std::string::npos;
  return (brackets ? "[" + place.host + "]" : place.host) + ":" + std::to_string(place.port);
}

Result<WebsocketUrl> parse_websocket_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return bad(text, "it is too long");
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; }))
    return bad(text, "it has blanks or characters that are not plain");
  WebsocketUrl out;
  const bool bare = text.find("://") == std::string_view::npos;
  std::string_view rest = text;
  if (!bare) {
    out.tls = text.substr(0, 6) == "wss://";
    if (!out.tls && text.substr(0, 5) != "ws://") return bad(text, "it begins neither with ws:// nor with wss://");
    rest = text.substr(out.tls ? 6 : 5);
  }
  const std::size_t slash = rest.find_first_of("/?#");
  if (slash != std::string_view::npos) {
    if (bare || rest[slash] != '/') return bad(text, "something follows the port");
    if (rest.find('#') != std::string_view::npos) return bad(text, "it has a part behind '#'");
    out.target = rest.substr(slash);
  }
  auto place = parse(text, rest.substr(0, slash),
                     bare      ? std::uint16_t{0}
                     : out.tls ? std::uint16_t{443}
                               : std::uint16_t{80});
  if (!place) return place.error();
  if (place->port == 0) return bad(text, "nobody can be dialled at port 0");
  out.place = std::move(*place);
  return out;
}

}  // namespace tlfs::net
