// The network between simulated nodes: connections that carry messages in order or break, over ways that are slow, that
// are closed in one direction for a while, or that cannot be dialled. Everything happens at a time of the world's
// clock, in an order that the seed decides.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/network/transport.h"
#include "actors/testing/world.h"

namespace tlfs::simulation {

using Place = std::size_t;  // a machine

inline constexpr std::size_t kWireQueueBytes = 1u << 20;  // that one end may have waiting, as a real transport's
inline constexpr std::size_t kWireInbox = 16;             // messages that arrived and are not read

struct Conditions {
  std::chrono::nanoseconds delay = std::chrono::milliseconds(5);   // one way
  std::chrono::nanoseconds jitter = std::chrono::milliseconds(0);  // up to so much more
  std::uint64_t bytes_per_second = 10u << 20;
  double dial_fails = 0;  // how often
};

class Wires : public std::enable_shared_from_this<Wires> {
 public:
  Wires(testing::World& world, std::uint64_t seed);
  // No event happens any more; to be called before the world ends.
  void stop();

  static std::string address_of(Place place) { return "10.0.0." + std::to_string(place + 1) + ":4242"; }
  // What a node at that place has for a network, until it lets go of it.
  std::unique_ptr<network::Transport> attach(Place place, network::Transport::Accept accept);
  // A connection that is no node's.
  std::shared_ptr<net::MessageSocket> dial(Place from, const std::string& address, net::MessageHandlers handlers);

  // ---- what goes wrong ----
  void set_conditions(const Conditions& conditions) { conditions_ = conditions; }
  // Nothing leaves `from` for `to` until it is restored; what it says waits.
  void cut(Place from, Place to) { cut_.insert({from, to}); }
  void restore_all();
  // All connections of a place break.
  void break_connections(Place place);
  // Changes what leaves a place on its way.
  using Tamper = std::function<void(Bytes& message)>;
  void tamper(Place from, Tamper how);

  std::uint64_t delivered_bytes() const { return delivered_bytes_; }
  std::uint64_t broken() const { return broken_; }
  // Bytes that came from one place to another.
  std::uint64_t delivered(Place from, Place to) const {
    const auto at = delivered_.find({from, to});
    return at == delivered_.end() ? 0 : at->second;
  }

 private:
  class Connection;
  class Socket;
  class Port;
  using Time = std::chrono::nanoseconds;

  std::shared_ptr<net::MessageSocket> dial_as(Place from, std::uint64_t port, const std::string& address,
                                              net::MessageHandlers handlers);
  void detach(Place place, std::uint64_t port);
  void after(Time delay, std::function<void()> what);
  void happen();
  void arm();
  // While something happens, its own time: what follows from it is not put off until the world's clock moves again.
  Time now() const { return happening_ ? *happening_ : world_.now(); }
  Time travel();
  std::vector<std::shared_ptr<Connection>> connections();

  testing::World& world_;
  SeededRandom random_;
  caf::actor pump_;
  Conditions conditions_;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> events_;
  std::optional<Time> happening_, armed_;
  std::uint64_t last_event_ = 0, last_port_ = 0;
  struct Listener {
    std::uint64_t port = 0;
    network::Transport::Accept accept;
  };
  std::map<Place, Listener> listeners_;
  std::map<Place, Tamper> tampers_;
  std::set<std::pair<Place, Place>> cut_;
  std::vector<std::weak_ptr<Connection>> connections_;
  std::uint64_t delivered_bytes_ = 0, broken_ = 0;
  std::map<std::pair<Place, Place>, std::uint64_t> delivered_;
};

}  // namespace tlfs::simulation
