// Frames between processes of one user on one machine, over a Unix socket.
//
// A frame is its length (4 bytes, little-endian; 1 to max_frame) and so many bytes. Either end may send at any time.
// Both ends make sure that the other one runs under the same user.
//
// Everything that the other end can make us keep is bounded (ServerLimits). Whoever breaks a rule, stalls or does not
// read loses the connection; before it is closed the server tries to say why.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "actors/net/errors.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace tlfs::net {

inline constexpr std::size_t kMaxFrameBytes = 64u << 20;

struct ServerLimits {
  std::size_t connections = 64;  // further ones are told so and closed
  std::size_t max_frame = kMaxFrameBytes;
  std::size_t backlog = 2 * kMaxFrameBytes;  // bytes of one connection that wait to be read by the other end
  std::chrono::seconds frame{30};            // from a frame's first byte to its last
  std::chrono::seconds idle{60};             // nothing comes, and the session is not busy
  std::chrono::seconds stalled{30};          // nothing of the backlog is read
};

// A connection, for whoever answers on it. Any thread.
class LocalPeer {
 public:
  virtual ~LocalPeer() = default;
  // Queues a frame of 1 to max_frame bytes; returns at once. After the end it does nothing. Beyond the backlog the
  // connection is cut.
  virtual void send(ByteView frame) = 0;
  // Ends the connection; `reason` is told to the other end.
  virtual void cut(std::string reason) = 0;
};

// Who answers on a connection. Lives on the server's thread, from the connection's beginning to its end; nothing here
// may block.
class LocalSession {
 public:
  virtual ~LocalSession() = default;
  virtual void received(Bytes frame) = 0;
  // Whether something is under way, so that a silent connection is not idle.
  virtual bool busy() const = 0;
};

class LocalServer {
 public:
  struct Settings {
    std::string path;
    ServerLimits limits = {};
    std::function<std::unique_ptr<LocalSession>(std::shared_ptr<LocalPeer>)> accept;
    // The frame that tells the other end why it is cut; empty: nothing is told.
    std::function<Bytes(std::string_view reason)> farewell;
    std::function<void(std::string_view reason)> was_cut = {};  // for a log; on the server's thread
  };

  // Makes the socket (mode 0600) and listens on a thread of its own. A socket that lies there is replaced: the caller
  // knows that nobody else is to listen. path_too_long, in_the_way, denied, failed.
  static Result<std::unique_ptr<LocalServer>> listen(Settings settings);
  // Ends all connections and removes the socket; no session is left. Waits for its thread. Peers may still be called
  // and do nothing; they must be gone before the server itself goes.
  void stop();
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  std::size_t connections() const;

 private:
  class Connection;
  struct Parts;
  explicit LocalServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The other end. Belongs to one thread, but for interrupt(). Blocks.
class LocalClient {
 public:
  // nobody: there is no socket, or one that nobody listens on any more.
  static Result<std::unique_ptr<LocalClient>> connect(const std::string& path, std::chrono::milliseconds timeout);
  ~LocalClient();
  LocalClient(const LocalClient&) = delete;
  LocalClient& operator=(const LocalClient&) = delete;

  // After any error the connection is of no use any more.
  Status send(ByteView frame, std::chrono::milliseconds timeout);
  Result<Bytes> receive(std::optional<std::chrono::milliseconds> timeout);  // nothing: for ever
  // From any thread: what blocks, and everything after it, ends with Errc::interrupted.
  void interrupt();

 private:
  struct Parts;
  explicit LocalClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tlfs::net
