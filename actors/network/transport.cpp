#include "actors/network/transport.h"

#include <algorithm>

#include <caf/send.hpp>

#include "actors/net/address.h"
#include "actors/net/interfaces.h"
#include "actors/net/websocket_transport.h"
#include "actors/network/network_messages.h"
#include "runtime/invitation/invitation.h"

namespace tlfs::network {
namespace {

class WebsocketNetwork final : public Transport {
 public:
  explicit WebsocketNetwork(std::unique_ptr<net::WebsocketTransport> sockets) : sockets_(std::move(sockets)) {}
  std::shared_ptr<net::MessageSocket> dial(const std::string& address, net::MessageHandlers handlers) override {
    return sockets_->dial(address, std::move(handlers), net::WebsocketTransport::Trust::inner);
  }
  const std::vector<std::string>& addresses() const override { return sockets_->addresses(); }

 private:
  std::unique_ptr<net::WebsocketTransport> sockets_;
};

}  // namespace

Result<std::unique_ptr<Transport>> websocket_transport(const std::vector<std::string>& listen,
                                                       Transport::Accept accept) {
  net::WebsocketTransport::Settings settings;
  settings.listen = listen;
  settings.accept = std::move(accept);
  auto sockets = net::WebsocketTransport::start(std::move(settings));
  if (!sockets) return sockets.error();
  return std::unique_ptr<Transport>(std::make_unique<WebsocketNetwork>(std::move(*sockets)));
}

Result<std::string> url_of(const std::string& address) {
  const bool bare = address.find("://") == std::string::npos;
  if (bare)  // a port must be named
    if (const auto place = net::parse_host_port(address); !place)
      return Error(Errc::bad_address, place.error().message());
  const std::string url = bare ? "ws://" + address : address;
  if (const auto parsed = net::parse_websocket_url(url); !parsed)
    return Error(Errc::bad_address, parsed.error().message());
  return url;
}

std::vector<std::string> reachable_at(const std::vector<std::string>& listening) {
  std::vector<std::string> out;
  const auto add = [&](std::string address) {
    if (out.size() < invitation::kMaxAddresses && std::find(out.begin(), out.end(), address) == out.end())
      out.push_back(std::move(address));
  };
  for (const std::string& address : listening) {
    const bool any4 = address.starts_with("0.0.0.0:"), any6 = address.starts_with("[::]:");
    if (!any4 && !any6) {
      add(address);
      continue;
    }
    const std::string port = address.substr(address.rfind(':'));
    for (const std::string& host : net::own_addresses(any6)) add(host + port);
  }
  return out;
}

net::MessageHandlers SocketFeed::handlers() {
  const auto self = shared_from_this();
  net::MessageHandlers out;
  out.opened = [self] { self->deliver(caf::make_message(SocketOpened())); };
  out.message = [self](Bytes bytes) {
    SocketMessage message;
    message.bytes = std::move(bytes);
    self->arrived(1);
    self->deliver(caf::make_message(std::move(message)));
  };
  out.writable = [self] { self->deliver(caf::make_message(SocketWritable())); };
  out.closed = [self](const Error& why) {
    SocketClosed closed;
    closed.why = why.message();
    self->deliver(caf::make_message(std::move(closed)));
    const std::lock_guard lock(self->mutex_);
    self->to_ = nullptr;
  };
  return out;
}

void SocketFeed::set_socket(std::shared_ptr<net::MessageSocket> socket) {
  const std::lock_guard lock(mutex_);
  socket_ = std::move(socket);
}

std::shared_ptr<net::MessageSocket> SocketFeed::socket() const {
  const std::lock_guard lock(mutex_);
  return socket_;
}

// Under the lock, so that nothing overtakes what had waited.
void SocketFeed::deliver(caf::message event) {
  const std::lock_guard lock(mutex_);
  if (to_)
    caf::anon_send(to_, std::move(event));
  else
    waiting_.push_back(std::move(event));
}

void SocketFeed::attach(const caf::actor& to) {
  const std::lock_guard lock(mutex_);
  to_ = to;
  for (caf::message& event : waiting_) caf::anon_send(to_, std::move(event));
  waiting_.clear();
}

void SocketFeed::handled() { arrived(-1); }

void SocketFeed::hold(bool held) {
  {
    const std::lock_guard lock(mutex_);
    held_ = held;
  }
  arrived(0);
}

void SocketFeed::arrived(std::ptrdiff_t change) {
  const std::lock_guard lock(mutex_);  // so that pausing and going on are said in the order in which they were decided
  unhandled_ += static_cast<std::size_t>(change);
  const bool wanted = held_ || unhandled_ >= (paused_ ? kMaxUnhandled / 4 : kMaxUnhandled);
  if (wanted == paused_ || !socket_) return;
  paused_ = wanted;
  if (wanted)
    socket_->pause();
  else
    socket_->resume();
}

}  // namespace tlfs::network
