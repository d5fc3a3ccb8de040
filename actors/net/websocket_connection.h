// One WebSocket connection, from the first byte of its handshake to its end. For the sources of this folder alone: it
// shows Boost.Asio, but not Beast, which is slow to compile.
//
//   half_open ──handshake──▶ open ──close(), a broken rule──▶ closing ──▶ over
//       └──────────────────────┴───────────the network, a deadline──────────▲
//
// Lives on the transport's thread, kept by the transport until it is over and by its own operations until they have
// ended. The rest of the world has a WebsocketHandle.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>

#include "actors/net/address.h"
#include "actors/net/asio.h"
#include "actors/net/message_socket.h"
#include "actors/net/reach.h"
#include "actors/net/websocket_transport.h"

// As Boost.Asio names it; where it is defined is no business of this header.
namespace boost::asio::ssl {
class context;
}

namespace tlfs::net {

class WebsocketConnection;

// What a connection needs of the transport.
class WebsocketHost {
 public:
  virtual ~WebsocketHost() = default;
  // An accepted connection has finished its handshake; nothing: there is no room for it.
  virtual std::optional<MessageHandlers> opened(WebsocketConnection& connection) = 0;
  // Whether there is room for one more that is open; asked before the handshake is answered.
  virtual bool has_room() const = 0;
  virtual void forget(WebsocketConnection& connection) = 0;

  asio::io_context io;
  WebsocketLimits limits;
};

// The door for other threads.
class WebsocketHandle final : public MessageSocket {
 public:
  WebsocketHandle(std::weak_ptr<WebsocketHost> host, std::size_t queue_bytes, std::string remote)
      : reach_(std::move(host)), queue_bytes_(queue_bytes), remote_(std::move(remote)) {}
  void attach(const std::shared_ptr<WebsocketConnection>& connection) { reach_.attach(connection); }

  bool send(Bytes message) override;
  void close(std::string reason) override;
  void pause() override;
  void resume() override;
  std::string remote() const override;

  // For the connection.
  void end() { reach_.end(); }
  void sent(std::size_t bytes) { waiting_ -= cost(bytes); }
  bool take_room();  // whether somebody waits for room, and there is some; asked once
  void set_remote(std::string remote);

 private:
  static std::size_t cost(std::size_t bytes);

  Reach<WebsocketHost, WebsocketConnection> reach_;
  const std::size_t queue_bytes_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<bool> wants_room_{false};
  mutable std::mutex mutex_;
  std::string remote_;
};

class WebsocketConnection : public std::enable_shared_from_this<WebsocketConnection> {
 public:
  using Clock = std::chrono::steady_clock;
  using Tcp = asio::ip::tcp;
  using Code = boost::system::error_code;

  // An accepted connection, half-open. `tls` outlives it.
  static std::shared_ptr<WebsocketConnection> accepted(const std::shared_ptr<WebsocketHost>& host, Tcp::socket socket,
                                                       asio::ssl::context* tls);
  // One to be dialled; any thread.
  static std::shared_ptr<WebsocketConnection> dialled(const std::shared_ptr<WebsocketHost>& host,
                                                      const WebsocketUrl& url, MessageHandlers handlers,
                                                      asio::ssl::context* tls, WebsocketTransport::Trust trust);

  virtual ~WebsocketConnection() = default;

  void begin();
  void enqueue(Bytes message);
  void close(const std::string& reason);
  void go_away();  // the transport stops
  void cut(const Error& why) { finish(why); }
  void set_paused(bool paused);
  void check_room();
  void tick(Clock::time_point now);

  bool is_open() const { return phase_ == Phase::open || phase_ == Phase::closing; }
  const std::shared_ptr<WebsocketHandle>& handle() const { return handle_; }

  // The transport's notes.
  std::uint64_t number = 0;
  std::string address_key;  // of an accepted one
  bool dials() const { return url_.has_value(); }

 protected:
  WebsocketConnection(const std::shared_ptr<WebsocketHost>& host, std::string remote);

  // What the stream below does; each ends in the function named after it.
  virtual void start_connect(const Tcp::endpoint& to) = 0;                    // connected
  virtual void start_handshake() = 0;                                         // shaken
  virtual void start_read() = 0;                                              // received
  virtual void start_write(const Bytes& message) = 0;                         // written
  virtual void start_close(std::uint16_t code, const std::string& text) = 0;  // closed
  virtual void close_socket() = 0;

  void connected(Code error);
  void shaken(const std::optional<Error>& error);
  void received(const std::optional<Error>& error, Bytes message, bool is_text);
  void written(const std::optional<Error>& error);
  void closed();
  bool over() const { return phase_ == Phase::over; }

  // Never null while this lives: the transport outlives its connections' operations.
  WebsocketHost& host_;
  std::optional<WebsocketUrl> url_;

 private:
  enum class Phase : std::uint8_t { half_open, open, closing, over };

  void resolved(Code error, const Tcp::resolver::results_type& results);
  void connect_next();
  void read_on();
  void write_on();
  void break_off(const Error& why, std::uint16_t code);
  void begin_closing(const Error& why, std::uint16_t code, const std::string& text);
  void close_when_written();
  void finish(const Error& why);
  Error about(Errc code, const std::string& what) const;

  std::shared_ptr<WebsocketHandle> handle_;
  MessageHandlers handlers_;
  Phase phase_ = Phase::half_open;
  Clock::time_point deadline_;  // half-open and closing

  // Dialling.
  Tcp::resolver resolver_;
  std::deque<Tcp::endpoint> to_try_;
  bool connecting_ = false;
  std::optional<Error> last_failure_;

  bool reading_ = false;
  bool paused_ = false;
  Clock::time_point last_message_;

  std::deque<Bytes> out_;
  bool writing_ = false;  // the first of them
  Clock::time_point write_began_;

  std::optional<Error> why_;  // closing
  std::uint16_t close_code_ = 0;
  std::string close_text_;
  bool close_started_ = false;
};

}  // namespace tlfs::net
