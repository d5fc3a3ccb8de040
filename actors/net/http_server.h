// A small HTTP/1.1 server for browsers on the same machine, on one thread of its own: answers GET and HEAD, sends
// files, and turns connections into WebSockets (RFC 6455, binary messages). What is allowed and what is where, its
// owner decides for each request.
//
// Whoever is at the other end is a stranger until the owner has looked at the request. What strangers can cost:
//   - `connections` at most, of all kinds; one more is cut off at once;
//   - a request's header has kMaxHttpHeaderBytes and `header_time`, and no body;
//   - a WebSocket message beyond `message_bytes`, text, and silence in answer to pings end the connection;
//   - what a WebSocket has received and what was not answered is bounded by `under_way` and `under_way_bytes`: beyond
//     that nothing more is read;
//   - what waits to be sent is bounded by `out_bytes`: beyond that the connection is cut, with a reason.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/net/errors.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace tlfs::net {

inline constexpr std::uint32_t kMaxHttpHeaderBytes = 16'384;

struct HttpRequest {
  std::string method, target;  // as they came
  std::string remote;          // for people
  std::vector<std::pair<std::string, std::string>> headers;
  bool upgrade = false;  // to a WebSocket

  // The only header of that name, without regard to case; empty when there is none, or more than one.
  std::string header(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

struct HttpAnswer {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string file;         // is sent instead of the body
  bool upgrade = false;     // the connection becomes a WebSocket instead; only where the request asks for it
  std::string subprotocol;  // of a WebSocket
};

// What is told of a WebSocket, on the server's thread, one call after the other; nothing here may block.
struct WebsocketEvents {
  std::function<void(Bytes)> received;
  // waiting() is low again, after it was not.
  std::function<void()> drained;
  // Exactly once, and last. Nothing was kept of what was not sent.
  std::function<void(const Error& why)> closed;
};

// One WebSocket. Any thread; may be kept for ever: after the end everything does nothing.
class WebsocketPeer {
 public:
  virtual ~WebsocketPeer() = default;
  // Reading begins. Once; a WebSocket that has not begun within `header_time` is cut.
  virtual void begin(WebsocketEvents events) = 0;
  virtual void send(Bytes message) = 0;
  // Bytes that were given to send() and have not left.
  virtual std::size_t waiting() const = 0;
  // A received message of so many bytes is dealt with: it is not under way any more.
  virtual void dealt_with(std::size_t bytes) = 0;
  // The first call counts; the reason is told to the other end in clear.
  virtual void close(std::string reason) = 0;
};

struct HttpLimits {
  std::size_t connections = 1'024;
  std::chrono::milliseconds header_time{10'000};  // from a connection's beginning, and from one request to the next
  std::chrono::milliseconds send_time{60'000};    // of an answer, a file included
  std::chrono::milliseconds idle{60'000};         // a WebSocket is asked for a sign of life after half of that
  std::size_t message_bytes = 16u << 20;
  std::size_t under_way = 256;
  std::size_t under_way_bytes = 32u << 20;
  std::size_t low_bytes = 512u << 10;  // below that waiting() is low
  std::size_t out_bytes = 256u << 20;
};

struct HttpCounts {
  std::size_t connections = 0;
  std::size_t websockets = 0;     // among these
  std::uint64_t accepted = 0;     // since the beginning
  std::uint64_t refused = 0;      // of these: no room
  std::uint64_t malformed = 0;    // requests that are none, or too long, or too slow
  std::uint64_t oversized = 0;    // WebSocket messages
  std::uint64_t wrong_kind = 0;   // WebSocket messages that are text
  std::size_t most_waiting = 0;   // bytes that one WebSocket ever had to send
  std::uint64_t not_reading = 0;  // WebSockets cut because they did not read what was sent
};

class HttpServer {
 public:
  struct Settings {
    std::string listen = "127.0.0.1:0";  // port 0: any that is free
    HttpLimits limits = {};
    // Both on the server's thread.
    std::function<HttpAnswer(const HttpRequest&)> answer = {};
    std::function<void(const HttpRequest&, std::shared_ptr<WebsocketPeer>)> opened = {};
    std::function<void(std::string_view what, const std::string& remote)> refused = {};  // for a log
    // Called about once a second; may be left out.
    std::function<void()> tick = {};
  };

  // Errors of listening: bad_address, in_the_way, denied, failed.
  static Result<std::unique_ptr<HttpServer>> start(Settings settings);
  // Cuts every connection; each `closed` was called when this returns. Not on the server's thread.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const std::string& address() const;  // with the port that was chosen
  HttpCounts counts() const;           // any thread

 private:
  struct Parts;
  explicit HttpServer(std::shared_ptr<Parts> parts);
  std::shared_ptr<Parts> parts_;
};

}  // namespace tlfs::net
