// One WebSocket of an HttpServer. For the sources of this folder alone.
//
// Lives on the server's thread, kept by the server until it is over and by its own operations until they have ended.
// The rest of the world has its handle.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <optional>

#include "actors/net/beast.h"
#include "actors/net/http_server.h"
#include "actors/net/reach.h"

namespace tlfs::net {

class HttpWebsocket;

// What a WebSocket needs of its server.
class HttpHost {
 public:
  virtual ~HttpHost() = default;
  virtual void forget(std::uint64_t connection) = 0;
  virtual void refuse(std::atomic<std::uint64_t>& counter, std::string_view what, const std::string& remote) = 0;

  asio::io_context io{1};
  HttpLimits limits;
  std::atomic<std::size_t> connections{0}, websockets{0}, most_waiting{0};
  std::atomic<std::uint64_t> accepted{0}, refused{0}, malformed{0}, oversized{0}, wrong_kind{0}, not_reading{0};
};

// The door for other threads.
class HttpWebsocketHandle final : public WebsocketPeer {
 public:
  explicit HttpWebsocketHandle(std::weak_ptr<HttpHost> host, const HttpLimits& limits)
      : reach_(std::move(host)), low_(limits.low_bytes), most_(limits.out_bytes) {}
  void attach(const std::shared_ptr<HttpWebsocket>& connection) { reach_.attach(connection); }

  void begin(WebsocketEvents events) override;
  void send(Bytes message) override;
  std::size_t waiting() const override { return waiting_; }
  void dealt_with(std::size_t bytes) override;
  void close(std::string reason) override;

  // For the connection.
  void sent(std::size_t bytes) { waiting_ -= cost(bytes); }
  bool is_low_again() { return waiting_ <= low_ && high_.exchange(false); }
  void end() { reach_.end(); }

 private:
  static std::size_t cost(std::size_t bytes) { return bytes + 64; }

  Reach<HttpHost, HttpWebsocket> reach_;
  const std::size_t low_, most_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<bool> high_{false};
};

class HttpWebsocket : public std::enable_shared_from_this<HttpWebsocket> {
 public:
  using Code = boost::system::error_code;
  using Request = http::request<http::empty_body>;
  using Clock = std::chrono::steady_clock;

  HttpWebsocket(const std::shared_ptr<HttpHost>& host, beast::tcp_stream&& stream, std::string remote,
                std::uint64_t number);

  // `opened` runs when the browser was answered.
  void accept(std::shared_ptr<Request> request, const std::string& subprotocol, std::function<void()> opened);
  const std::shared_ptr<HttpWebsocketHandle>& handle() const { return handle_; }

  void begin(WebsocketEvents events);
  void enqueue(Bytes message);
  void dealt_with(std::size_t bytes);
  void close(websocket::close_code code, const std::string& reason, const Error& why);
  void not_reading();
  void cut(const Error& why) { finish(why); }
  void tick(Clock::time_point now);

 private:
  void read_on();
  void received(Code error);
  void write_on();
  void close_when_written();
  void finish(const Error& why);

  HttpHost& host_;  // outlives every operation
  const std::shared_ptr<HttpWebsocketHandle> handle_;
  const std::string remote_;
  const std::uint64_t number_;
  websocket::stream<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
  WebsocketEvents events_;
  bool begun_ = false, reading_ = false, writing_ = false, over_ = false, close_started_ = false;
  std::size_t under_way_ = 0, under_way_bytes_ = 0;
  std::deque<Bytes> out_;
  std::optional<Error> why_;  // closing
  websocket::close_reason reason_;
  Clock::time_point deadline_;  // until it has begun, and while closing
};

}  // namespace tlfs::net
