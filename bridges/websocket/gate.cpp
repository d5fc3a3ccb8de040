#include "bridges/websocket/gate.h"

#include <algorithm>
#include <array>

#include "actors/net/address.h"

namespace tlfs::websocket_bridge {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::string_view kTokenProtocol = "token.";
constexpr std::string_view kBearer = "Bearer ";

std::string secret(Random& random) {
  std::array<std::uint8_t, kSecretBytes> bytes;
  random.fill(bytes);
  return to_hex(bytes);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `f` with each part between separators.
template <class F>
void each(std::string_view text, char separator, F f) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    f(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view query_of(std::string_view target) {
  const std::size_t at = target.find('?');
  return at == std::string_view::npos ? std::string_view() : target.substr(at + 1);
}

std::optional<std::string_view> token_in(std::string_view query) {
  std::optional<std::string_view> out;
  each(query, '&', [&](std::string_view part) {
    if (part.substr(0, 6) == "token=") out = part.substr(6);
  });
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// An IPv4 address, or an IPv6 one without brackets: nothing that somebody else's name server could say.
bool is_ip(std::string_view host) {
  if (host.find(':') != std::string_view::npos) return true;
  return !host.empty() &&
         std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

}  // namespace

std::string_view name_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::none:
      return "none";
    case Refusal::host:
      return "foreign_host";
    case Refusal::origin:
      return "foreign_origin";
    case Refusal::token:
      return "no_token";
    case Refusal::method:
      return "method";
    case Refusal::path:
      return "path";
  }
  return "none";
}

bool equal_secrets(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference =
        static_cast<unsigned char>(difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  return difference == 0;
}

std::optional<std::string> path_of(std::string_view target) {
  const std::string_view coded = target.substr(0, target.find('?'));
  if (coded.empty() || coded.front() != '/') return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < coded.size(); ++i) {
    char c = coded[i];
    if (c == '%') {
      if (i + 2 >= coded.size()) return std::nullopt;
      const int high = hex_digit(coded[i + 1]), low = hex_digit(coded[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\') return std::nullopt;
    out += c;
  }
  return out;
}

Gate::Gate(std::string address, Random& random, const crypto::Secret& cookie_key)
    : address_(std::move(address)), token_(secret(random)) {
  const auto place = net::parse_host_port(address_);
  TLFS_CHECK(place.ok(), "a bridge listens at no address");
  host_ = place->host;
  port_ = std::to_string(place->port);
  cookie_ = to_hex(crypto::keyed_hash(cookie_key, "tlfs bridge cookie", {as_bytes(port_)}));
  any_address_ = host_ == "0.0.0.0" || host_ == "::";
}

std::string Gate::link() const {
  const std::string shown = any_address_ ? "127.0.0.1:" + port_ : address_;
  return "http://" + shown + "/?token=" + token_;
}

std::string Gate::cookie_name() const { return "tlfs_" + port_; }  // cookies do not tell ports apart

bool Gate::own_host(const std::string& host) const {
  // A browser leaves port 80 out.
  const bool bare = port_ == "80" && (host.empty() || host.back() == ']' || host.find(':') == std::string::npos);
  const auto place = net::parse_host_port(bare ? host + ":80" : host);
  if (!place || std::to_string(place->port) != port_) return false;
  if (place->host == "localhost" || place->host == host_) return true;
  return any_address_ && is_ip(place->host);
}

bool Gate::authorised(const net::HttpRequest& request) const {
  bool ok = false;
  const std::string authorization = request.header("Authorization");
  if (std::string_view(authorization).substr(0, kBearer.size()) == kBearer)
    ok = equal_secrets(trimmed(std::string_view(authorization).substr(kBearer.size())), token_);
  each(request.header("Cookie"), ';', [&](std::string_view part) {
    const std::string_view one = trimmed(part);
    const std::string name = cookie_name() + "=";
    if (one.substr(0, name.size()) == name && equal_secrets(one.substr(name.size()), cookie_)) ok = true;
  });
  if (request.upgrade)
    each(request.header("Sec-WebSocket-Protocol"), ',', [&](std::string_view part) {
      const std::string_view one = trimmed(part);
      if (one.substr(0, kTokenProtocol.size()) == kTokenProtocol &&
          equal_secrets(one.substr(kTokenProtocol.size()), token_))
        ok = true;
    });
  return ok;
}

Refusal Gate::judge(const net::HttpRequest& request) const {
  const std::string host = request.header("Host");
  if (!own_host(host)) return Refusal::host;
  if (request.method != "GET" && request.method != "HEAD") return Refusal::method;
  if (request.count("Origin") > 0 && request.header("Origin") != "http://" + host) return Refusal::origin;
  if (!path_of(request.target)) return Refusal::path;
  if (authorised(request)) return Refusal::none;
  if (!request.upgrade)
    if (const auto token = token_in(query_of(request.target)); token && equal_secrets(*token, token_))
      return Refusal::none;
  return Refusal::token;
}

std::optional<net::HttpAnswer> Gate::exchange(const net::HttpRequest& request) const {
  const std::string_view query = query_of(request.target);
  const auto token = token_in(query);
  if (request.upgrade || !token || !equal_secrets(*token, token_)) return std::nullopt;
  // One slash, lest what follows it be taken for another host.
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  std::string to = "/" + std::string(path.substr(std::min(path.find_first_not_of('/'), path.size())));
  char mark = '?';
  each(query, '&', [&](std::string_view part) {
    if (part.substr(0, 6) == "token=") return;
    to += mark;
    to.append(part);
    mark = '&';
  });
  net::HttpAnswer answer;
  answer.status = 303;
  answer.headers.emplace_back("Location", to);
  answer.headers.emplace_back("Cache-Control", "no-store");
  answer.headers.emplace_back("Set-Cookie", cookie_name() + "=" + cookie_ + "; Path=/; HttpOnly; SameSite=Strict");
  return answer;
}

bool Gate::held_back(const net::HttpRequest& request) const {
  const std::string site = request.header("Sec-Fetch-Site");
  return request.method == "GET" && !request.upgrade && request.header("Sec-Fetch-Dest") == "document" &&
         request.header("Sec-Fetch-Mode") == "navigate" && (site == "cross-site" || site == "same-site");
}

void Gate::add_headers(const net::HttpRequest& request, net::HttpAnswer& answer) const {
  const std::string host = request.header("Host");
  // Not every browser counts a WebSocket of the same host among 'self'.
  const std::string socket = own_host(host) ? " ws://" + host : "";
  answer.headers.emplace_back("Content-Security-Policy",
                              "default-src 'self'; connect-src 'self'" + socket +
                                  "; img-src 'self' data: blob:; object-src 'none'; frame-ancestors 'none'; "
                                  "base-uri 'none'; form-action 'self'");
  answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
  answer.headers.emplace_back("X-Frame-Options", "DENY");
  answer.headers.emplace_back("Referrer-Policy", "no-referrer");
  answer.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  answer.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (std::none_of(answer.headers.begin(), answer.headers.end(),
                   [](const auto& h) { return h.first == "Cache-Control"; }))
    answer.headers.emplace_back("Cache-Control", "no-cache");
}

}  // namespace tlfs::websocket_bridge
