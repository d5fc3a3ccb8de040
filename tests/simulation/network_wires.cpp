#include "tests/simulation/network_wires.h"

#include <algorithm>

namespace tlfs::simulation {

using namespace std::chrono_literals;

// One connection: two ends, each with what it has said and what it has not read.
class Wires::Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct End {
    Place place = 0;
    std::uint64_t port = 0;  // the Port that it belongs to; 0: nobody's
    net::MessageHandlers handlers;
    std::deque<Bytes> queue;  // said
    std::size_t queued = 0;   // its bytes
    std::deque<Bytes> inbox;  // arrived
    std::optional<std::string> closing;
    std::optional<Error> no_more;  // after the inbox
    Time last_arrival{};
    bool full = false, sending = false, paused = false, over = false;
  };

  explicit Connection(std::shared_ptr<Wires> wires) : wires_(std::move(wires)) {}

  End& end(int side) { return ends_[side]; }
  bool over() const { return ends_[0].over && ends_[1].over; }

  void open() {
    open_ = true;
    for (const int side : {0, 1}) {
      if (!ends_[side].over && ends_[side].handlers.opened) ends_[side].handlers.opened();
      go_on(side);
    }
  }

  bool send(int side, Bytes message) {
    TLFS_CHECK(message.size() <= net::kMaxMessageBytes, "a message is too long for a connection");
    End& from = ends_[side];
    if (from.over || from.closing) return true;
    if (from.queued + message.size() > kWireQueueBytes) {
      from.full = true;
      return false;
    }
    from.queued += message.size();
    from.queue.push_back(std::move(message));
    go_on(side);
    return true;
  }

  // The next message of an end is sent, if it can be.
  void go_on(int side) {
    End& from = ends_[side];
    End& to = ends_[1 - side];
    if (!open_ || from.over || from.sending || wires_->cut_.contains({from.place, to.place})) return;
    if (from.queue.empty()) {
      if (from.closing) say_goodbye(side);
      return;
    }
    if (to.inbox.size() >= kWireInbox) return;
    from.sending = true;
    const auto takes =
        std::chrono::nanoseconds(from.queue.front().size() * 1'000'000'000ull / wires_->conditions_.bytes_per_second);
    wires_->after(takes, [self = shared_from_this(), side] { self->sent(side); });
  }

  void close(int side, std::string reason) {
    End& from = ends_[side];
    if (from.over || from.closing) return;
    from.closing = std::move(reason);
    if (!open_) return fail(side, Error(net::Errc::interrupted, "closed before it was open"));
    wires_->after(5s, [self = shared_from_this(), side] { self->say_goodbye(side); });  // if it has not gone by then
    go_on(side);
  }

  // An end hears that it is over, later.
  void fail(int side, const Error& why, Time delay = 0ns) {
    wires_->after(delay, [self = shared_from_this(), side, why] { self->finish(side, why); });
  }
  void resume(int side) {
    ends_[side].paused = false;
    wires_->after(0ns, [self = shared_from_this(), side] { self->read(side); });
  }
  // Nobody is there any more to be told.
  void forget(int side) {
    ends_[side].over = true;
    ends_[side].handlers = {};
    ends_[side].queue.clear();
    ends_[side].inbox.clear();
  }

 private:
  void sent(int side) {
    End& from = ends_[side];
    from.sending = false;
    if (from.over || from.queue.empty()) return;
    Bytes message = std::move(from.queue.front());
    from.queue.pop_front();
    from.queued -= message.size();
    if (const auto tamper = wires_->tampers_.find(from.place); tamper != wires_->tampers_.end())
      tamper->second(message);
    arrive_at(side, [self = shared_from_this(), side, message = std::move(message)]() mutable {
      End& to = self->ends_[1 - side];
      if (to.over) return;
      self->wires_->delivered_bytes_ += message.size();
      self->wires_->delivered_[{self->ends_[side].place, to.place}] += message.size();
      to.inbox.push_back(std::move(message));
      self->read(1 - side);
    });
    if (from.full && from.queued <= kWireQueueBytes / 2) {
      from.full = false;
      if (from.handlers.writable) from.handlers.writable();
    }
    go_on(side);
  }

  // In order, whatever the delays are.
  void arrive_at(int side, std::function<void()> what) {
    End& from = ends_[side];
    const Time now = wires_->now();
    from.last_arrival = std::max(from.last_arrival, now + wires_->travel());
    wires_->after(from.last_arrival - now, std::move(what));
  }

  void say_goodbye(int side) {
    End& from = ends_[side];
    if (from.over) return;
    arrive_at(side, [self = shared_from_this(), side, reason = *from.closing] {
      self->ends_[1 - side].no_more = Error(net::Errc::closed, "the other end has closed: " + reason);
      self->read(1 - side);
    });
    finish(side, Error(net::Errc::interrupted, "closed here"));
  }

  void read(int side) {
    End& to = ends_[side];
    while (!to.over && !to.paused && !to.inbox.empty()) {
      Bytes message = std::move(to.inbox.front());
      to.inbox.pop_front();
      if (to.handlers.message && !to.closing) to.handlers.message(std::move(message));
    }
    if (!to.over && to.inbox.empty() && to.no_more) finish(side, *to.no_more);
    go_on(1 - side);
  }

  void finish(int side, const Error& why) {
    End& end = ends_[side];
    if (end.over) return;
    const auto closed = std::move(end.handlers.closed);
    forget(side);
    if (closed) closed(why);
  }

  std::shared_ptr<Wires> wires_;
  End ends_[2];
  bool open_ = false;
};

class Wires::Socket final : public net::MessageSocket {
 public:
  Socket(std::shared_ptr<Connection> connection, int side, std::string remote)
      : connection_(std::move(connection)), side_(side), remote_(std::move(remote)) {}
  bool send(Bytes message) override { return connection_->send(side_, std::move(message)); }
  void close(std::string reason) override { connection_->close(side_, std::move(reason)); }
  void pause() override { connection_->end(side_).paused = true; }
  void resume() override { connection_->resume(side_); }
  std::string remote() const override { return remote_; }

 private:
  std::shared_ptr<Connection> connection_;
  int side_;
  std::string remote_;
};

class Wires::Port final : public network::Transport {
 public:
  Port(std::shared_ptr<Wires> wires, Place place, std::uint64_t port)
      : wires_(std::move(wires)), place_(place), port_(port), addresses_{address_of(place)} {}
  ~Port() override { wires_->detach(place_, port_); }
  std::shared_ptr<net::MessageSocket> dial(const std::string& address, net::MessageHandlers handlers) override {
    return wires_->dial_as(place_, port_, address, std::move(handlers));
  }
  const std::vector<std::string>& addresses() const override { return addresses_; }

 private:
  std::shared_ptr<Wires> wires_;
  Place place_;
  std::uint64_t port_;
  std::vector<std::string> addresses_;
};

Wires::Wires(testing::World& world, std::uint64_t seed) : world_(world), random_(seed), pump_(world.spawn_client()) {}

std::unique_ptr<network::Transport> Wires::attach(Place place, network::Transport::Accept accept) {
  const std::uint64_t port = ++last_port_;
  listeners_[place] = {port, std::move(accept)};
  return std::make_unique<Port>(shared_from_this(), place, port);
}

void Wires::detach(Place place, std::uint64_t port) {
  if (const auto at = listeners_.find(place); at != listeners_.end() && at->second.port == port) listeners_.erase(at);
  for (const auto& connection : connections())
    for (const int side : {0, 1})
      if (connection->end(side).port == port) {
        connection->forget(side);
        connection->fail(1 - side, Error(net::Errc::closed, "the other end is gone"), travel());
      }
}

std::shared_ptr<net::MessageSocket> Wires::dial(Place from, const std::string& address, net::MessageHandlers handlers) {
  return dial_as(from, 0, address, std::move(handlers));
}

std::shared_ptr<net::MessageSocket> Wires::dial_as(Place from, std::uint64_t port, const std::string& address,
                                                   net::MessageHandlers handlers) {
  auto connection = std::make_shared<Connection>(shared_from_this());
  connections_.push_back(connection);
  connection->end(0).place = from;
  connection->end(0).port = port;
  connection->end(0).handlers = std::move(handlers);
  const auto there = std::find_if(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
    return address == address_of(listener.first) || address == "ws://" + address_of(listener.first);
  });
  const Place to = there == listeners_.end() ? from : there->first;
  const auto socket = std::make_shared<Socket>(connection, 0, address);
  if (there == listeners_.end() || random_.chance(conditions_.dial_fails)) {
    connection->fail(0, Error(net::Errc::nobody, "nobody listens there"), travel() + travel());
  } else if (cut_.contains({from, to}) || cut_.contains({to, from})) {
    connection->fail(0, Error(net::Errc::timeout, "no answer"), 10s);
  } else {
    after(travel() + travel(), [this, connection, from, to] {
      const auto listener = listeners_.find(to);
      if (connection->end(0).over) return;
      if (listener == listeners_.end()) return connection->fail(0, Error(net::Errc::nobody, "nobody listens there"));
      connection->end(1).place = to;
      connection->end(1).port = listener->second.port;
      connection->end(1).handlers = listener->second.accept(std::make_shared<Socket>(connection, 1, address_of(from)));
      connection->open();
    });
  }
  return socket;
}

void Wires::restore_all() {
  cut_.clear();
  for (const auto& connection : connections())
    for (const int side : {0, 1}) connection->go_on(side);
}

void Wires::break_connections(Place place) {
  for (const auto& connection : connections()) {
    if (connection->end(0).place != place && connection->end(1).place != place) continue;
    ++broken_;
    for (const int side : {0, 1}) connection->fail(side, Error(net::Errc::closed, "the connection broke"), travel());
  }
}

void Wires::tamper(Place from, Tamper how) {
  if (how)
    tampers_[from] = std::move(how);
  else
    tampers_.erase(from);
}

void Wires::stop() {
  for (const auto& connection : connections())
    for (const int side : {0, 1}) connection->forget(side);
  events_.clear();
  listeners_.clear();
}

std::vector<std::shared_ptr<Wires::Connection>> Wires::connections() {
  std::vector<std::shared_ptr<Connection>> out;
  std::erase_if(connections_, [&](const std::weak_ptr<Connection>& weak) {
    const auto connection = weak.lock();
    if (connection && !connection->over()) out.push_back(connection);
    return !connection || connection->over();
  });
  return out;
}

Wires::Time Wires::travel() {
  const auto jitter = static_cast<std::uint64_t>(conditions_.jitter.count());
  return conditions_.delay + std::chrono::nanoseconds(jitter == 0 ? 0 : random_.below(jitter));
}

void Wires::after(Time delay, std::function<void()> what) {
  const Time when = now() + delay;
  events_.emplace(std::pair(when, ++last_event_), std::move(what));
  if (happening_ || (armed_ && *armed_ <= when)) return;
  arm();
}

void Wires::arm() {
  if (events_.empty()) return;
  armed_ = events_.begin()->first.first;
  testing::Do job;
  job.what = [weak = weak_from_this()](caf::event_based_actor&) {
    if (const auto self = weak.lock()) self->happen();
  };
  caf::delayed_anon_send(pump_, std::max(Time(0), *armed_ - world_.now()), std::move(job));
}

void Wires::happen() {
  while (!events_.empty() && events_.begin()->first.first <= world_.now()) {
    happening_ = events_.begin()->first.first;
    const auto what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    what();
  }
  happening_.reset();
  armed_.reset();
  arm();
}

}  // namespace tlfs::simulation
