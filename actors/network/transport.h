// How a network reaches other machines: real sockets, or in a test what stands for them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <caf/actor.hpp>

#include "actors/messaging/local_only.h"
#include "actors/net/message_socket.h"

namespace tlfs::network {

// Any thread. Ends all its connections when it is destroyed, and calls nobody afterwards.
class Transport {
 public:
  using Accept = std::function<net::MessageHandlers(std::shared_ptr<net::MessageSocket>)>;
  virtual ~Transport() = default;
  // As net::WebsocketTransport::dial. What the certificate says does not count: the link inside proves who is there.
  virtual std::shared_ptr<net::MessageSocket> dial(const std::string& address, net::MessageHandlers handlers) = 0;
  virtual const std::vector<std::string>& addresses() const = 0;
};

// Listens where it should and dials over WebSocket.
Result<std::unique_ptr<Transport>> websocket_transport(const std::vector<std::string>& listen,
                                                       Transport::Accept accept);
// Whether an address can be dialled at all, and how it is written: "192.0.2.7:4242" is ws://192.0.2.7:4242.
Result<std::string> url_of(const std::string& address);

// What to tell others of where this node listens: the machine's own addresses in place of "any" (0.0.0.0, [::]); at
// most invitation::kMaxAddresses.
std::vector<std::string> reachable_at(const std::vector<std::string>& listening);

// ---- what happens at a socket, as messages to an actor ----

struct SocketOpened : messaging::LocalOnly {};
struct SocketMessage : messaging::LocalOnly {
  Bytes bytes;
};
struct SocketWritable : messaging::LocalOnly {};
struct SocketClosed : messaging::LocalOnly {
  std::string why;
};

inline constexpr std::size_t kMaxUnhandled = 64;  // messages of one socket that its actor has not handled yet

// Carries what happens at a socket to an actor, in order. What happens before the actor is known waits; a socket whose
// actor is behind is not read.
class SocketFeed : public std::enable_shared_from_this<SocketFeed> {
 public:
  net::MessageHandlers handlers();
  void set_socket(std::shared_ptr<net::MessageSocket> socket);
  std::shared_ptr<net::MessageSocket> socket() const;
  // From now on everything goes there.
  void attach(const caf::actor& to);
  // The actor has handled a message.
  void handled();
  // Nothing is read before resume(), whatever else allows it.
  void hold(bool held);

 private:
  void deliver(caf::message event);
  void arrived(std::ptrdiff_t change);

  mutable std::mutex mutex_;
  std::shared_ptr<net::MessageSocket> socket_;
  caf::actor to_;
  std::deque<caf::message> waiting_;
  std::size_t unhandled_ = 0;
  bool held_ = false;
  bool paused_ = false;
};

}  // namespace tlfs::network
