// How other threads reach a connection, which lives on the thread of its host. For the sources of this folder alone.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "actors/net/asio.h"

namespace tlfs::net {

// `Host` has an io_context `io`. Any thread; after the end of either it does nothing.
template <class Host, class Connection>
class Reach {
 public:
  explicit Reach(std::weak_ptr<Host> host) : host_(std::move(host)) {}
  void attach(const std::shared_ptr<Connection>& connection) {
    connection_ = connection;
  }  // before anybody else sees it
  void end() { over_ = true; }
  bool over() const { return over_; }

  // Runs `f` with the connection on its thread, later.
  template <class F>
  void post(F f) {
    if (over_) return;
    const std::shared_ptr<Host> host = host_.lock();
    if (!host) return;
    // The connection is held on its own thread only, so that it ends there.
    asio::post(host->io, [weak = connection_, f = std::move(f)]() mutable {
      if (const auto connection = weak.lock()) f(*connection);
    });
  }

 private:
  const std::weak_ptr<Host> host_;
  std::weak_ptr<Connection> connection_;
  std::atomic<bool> over_{false};
};

}  // namespace tlfs::net
