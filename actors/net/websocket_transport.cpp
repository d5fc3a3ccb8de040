#include "actors/net/websocket_transport.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <thread>

#include "actors/net/beast.h"
#include "actors/net/websocket_connection.h"

namespace tlfs::net {
namespace {

using Tcp = asio::ip::tcp;
using Code = boost::system::error_code;

constexpr int kListenBacklog = 1'024;
constexpr std::size_t kMaxListeners = 16;
// How often deadlines are looked at.
constexpr std::chrono::milliseconds kLongestTick{250}, kShortestTick{5};

// What counts as one address: strangers have a whole /64 of IPv6.
std::string key_of(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  const auto bytes = v6.to_bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size() / 2};
}

Error listen_error(const std::string& place, Code error) {
  const Errc code = error.value() == EADDRINUSE ? Errc::in_the_way
                    : error.value() == EACCES   ? Errc::denied
                                                : Errc::failed;
  return {code, place + ": cannot listen there: " + error.message()};
}

}  // namespace

struct WebsocketTransport::Parts final : public WebsocketHost {
  struct Listener {
    explicit Listener(asio::io_context& io) : acceptor(io) {}
    Tcp::acceptor acceptor;
    bool accepting = false;  // false after an error, until the next tick
  };
  // Of one remote address.
  struct Visitors {
    std::size_t all = 0;
    std::map<std::uint64_t, WebsocketConnection*> half_open;  // the oldest first
  };
  using Connections = std::map<std::uint64_t, std::shared_ptr<WebsocketConnection>>;

  std::optional<MessageHandlers> opened(WebsocketConnection& connection) override;
  bool has_room() const override { return open_count < limits.connections; }
  void forget(WebsocketConnection& connection) override;

  Status listen(const std::string& place);
  Status load_tls(const TlsFiles& files);
  Status trust(const std::string& file);
  void accept_next(Listener& listener);
  void take(Tcp::socket socket);
  void evict(const Visitors& visitors);
  const Visitors& most_half_open() const;
  void adopt(const std::shared_ptr<WebsocketConnection>& connection);
  void tick();
  void stop_now();

  Settings settings;
  std::vector<std::string> addresses;
  std::optional<ssl::context> server_tls;
  ssl::context client_tls{ssl::context::tls_client};
  std::weak_ptr<Parts> self;

  // On the thread.
  std::vector<std::unique_ptr<Listener>> listeners;
  asio::steady_timer timer{io};
  std::chrono::milliseconds tick_length{kLongestTick};
  bool ticking = false;
  bool stopping = false;
  std::uint64_t next_number = 0;
  Connections connections;
  std::map<std::string, Visitors> visitors;

  std::atomic<std::size_t> open_count{0}, half_open_count{0}, dialled_count{0};
  std::atomic<std::uint64_t> accepted{0}, refused{0}, evicted{0};

  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work{asio::make_work_guard(io)};
  std::mutex mutex;      // so that nothing is posted behind the end
  bool stopped = false;  // under the mutex
  std::thread thread;
};

Status WebsocketTransport::Parts::listen(const std::string& place) {
  const auto parsed = parse_host_port(place);
  if (!parsed) return parsed.error();
  Code error;
  const auto address = asio::ip::make_address(parsed->host, error);
  if (error) return Error(Errc::bad_address, place + ": to listen, name an IP address, such as 0.0.0.0 or [::]");
  const Tcp::endpoint endpoint(address, parsed->port);
  auto listener = std::make_unique<Listener>(io);
  Tcp::acceptor& acceptor = listener->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error && address.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kListenBacklog, error);
  if (error) return listen_error(place, error);
  addresses.push_back(to_string(HostPort{parsed->host, acceptor.local_endpoint().port()}));
  listeners.push_back(std::move(listener));
  return {};
}

Status WebsocketTransport::Parts::load_tls(const TlsFiles& files) {
  server_tls.emplace(ssl::context::tls_server);
  Code error;
  server_tls->use_certificate_chain_file(files.certificate_chain, error);
  if (error) return Error(Errc::untrusted, files.certificate_chain + ": holds no certificates: " + error.message());
  server_tls->use_private_key_file(files.private_key, ssl::context::pem, error);
  if (error)
    return Error(Errc::untrusted,
                 files.private_key + ": holds no key that belongs to the certificate: " + error.message());
  return {};
}

Status WebsocketTransport::Parts::trust(const std::string& file) {
  Code error;
  client_tls.set_default_verify_paths(error);  // a system without certificates trusts nobody
  if (file.empty()) return {};
  client_tls.load_verify_file(file, error);
  if (error) return Error(Errc::untrusted, file + ": holds no certificates: " + error.message());
  return {};
}

void WebsocketTransport::Parts::accept_next(Listener& listener) {
  listener.accepting = true;
  listener.acceptor.async_accept([this, &listener](Code error, Tcp::socket socket) {
    if (stopping) return;
    if (error) {  // too many open files, say: again at the next tick
      listener.accepting = false;
      return tick();
    }
    take(std::move(socket));
    accept_next(listener);
  });
}

void WebsocketTransport::Parts::take(Tcp::socket socket) {
  ++accepted;
  Code error;
  const Tcp::endpoint from = socket.remote_endpoint(error);
  if (error) return;  // gone already
  const std::string key = key_of(from.address());
  const auto same = visitors.find(key);
  if (same != visitors.end() && same->second.all >= limits.per_address) {
    if (same->second.half_open.empty()) {
      ++refused;
      return;  // closes the socket
    }
    evict(same->second);
  } else if (half_open_count >= limits.half_open) {
    evict(most_half_open());
  }
  const auto connection =
      WebsocketConnection::accepted(self.lock(), std::move(socket), server_tls ? &*server_tls : nullptr);
  connection->address_key = key;
  connection->number = ++next_number;
  Visitors& mine = visitors[key];
  ++mine.all;
  mine.half_open.emplace(connection->number, connection.get());
  ++half_open_count;
  adopt(connection);
}

// The address that has most half-open connections makes room, so that a flood from one place takes its own.
const WebsocketTransport::Parts::Visitors& WebsocketTransport::Parts::most_half_open() const {
  return std::max_element(
             visitors.begin(), visitors.end(),
             [](const auto& a, const auto& b) { return a.second.half_open.size() < b.second.half_open.size(); })
      ->second;
}

void WebsocketTransport::Parts::evict(const Visitors& of) {
  ++evicted;
  of.half_open.begin()->second->cut(Error(Errc::busy, "there are too many that do not finish their handshake"));
}

void WebsocketTransport::Parts::adopt(const std::shared_ptr<WebsocketConnection>& connection) {
  connections.emplace(connection->number, connection);
  connection->begin();
  tick();
}

std::optional<MessageHandlers> WebsocketTransport::Parts::opened(WebsocketConnection& connection) {
  // Asked again: others may have come in while the answer was on its way.
  if (!has_room() || !settings.accept) return std::nullopt;
  visitors[connection.address_key].half_open.erase(connection.number);
  --half_open_count;
  ++open_count;
  return settings.accept(connection.handle());
}

void WebsocketTransport::Parts::forget(WebsocketConnection& connection) {
  // One that was never taken in may end on any thread.
  if (connection.number == 0) return;
  connections.erase(connection.number);
  if (stopping && connections.empty()) timer.cancel();
  if (connection.dials()) {
    --dialled_count;
    return;
  }
  const auto at = visitors.find(connection.address_key);
  if (at->second.half_open.erase(connection.number) != 0)
    --half_open_count;
  else
    --open_count;
  if (--at->second.all == 0) visitors.erase(at);
}

void WebsocketTransport::Parts::tick() {
  if (ticking) return;
  const bool waiting = std::any_of(listeners.begin(), listeners.end(), [](const auto& l) { return !l->accepting; });
  if (connections.empty() && (stopping || !waiting)) return;
  ticking = true;
  timer.expires_after(tick_length);
  timer.async_wait([this](Code) {
    ticking = false;
    const auto now = WebsocketConnection::Clock::now();
    const Connections those = connections;  // some may end
    for (const auto& [number, connection] : those) connection->tick(now);
    if (!stopping)
      for (const auto& listener : listeners)
        if (!listener->accepting) accept_next(*listener);
    tick();
  });
}

void WebsocketTransport::Parts::stop_now() {
  stopping = true;
  Code ignored;
  for (const auto& listener : listeners) listener->acceptor.close(ignored);
  const Connections those = connections;
  for (const auto& [number, connection] : those) connection->go_away();
  if (connections.empty()) timer.cancel();
  work.reset();  // the thread ends with the last connection
}

WebsocketTransport::WebsocketTransport(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<WebsocketTransport>> WebsocketTransport::start(Settings settings) {
  TLFS_CHECK(settings.listen.empty() || settings.accept, "a transport that listens, and nobody who answers");
  if (settings.listen.size() > kMaxListeners)
    return Error(Errc::bad_address, "more than " + std::to_string(kMaxListeners) + " places to listen at");
  auto parts = std::make_shared<Parts>();
  parts->self = parts;
  parts->limits = settings.limits;
  const WebsocketLimits& l = settings.limits;
  parts->tick_length =
      std::clamp(std::min({l.connect, l.handshake, l.idle, l.stalled, l.closing}) / 8, kShortestTick, kLongestTick);
  if (settings.tls)
    if (const Status s = parts->load_tls(*settings.tls); !s) return s.error();
  if (const Status s = parts->trust(settings.trusted_certificates); !s) return s.error();
  for (const std::string& place : settings.listen)
    if (const Status s = parts->listen(place); !s) return s.error();
  parts->settings = std::move(settings);
  for (const auto& listener : parts->listeners) parts->accept_next(*listener);
  parts->thread = std::thread([p = parts.get()] { p->io.run(); });
  return std::unique_ptr<WebsocketTransport>(new WebsocketTransport(std::move(parts)));
}

void WebsocketTransport::stop() {
  {
    const std::lock_guard lock(parts_->mutex);
    if (parts_->stopped) return;
    parts_->stopped = true;
    asio::post(parts_->io, [p = parts_.get()] { p->stop_now(); });
  }
  TLFS_CHECK(parts_->thread.get_id() != std::this_thread::get_id(), "a transport is stopped on its own thread");
  parts_->thread.join();
}

WebsocketTransport::~WebsocketTransport() { stop(); }

const std::vector<std::string>& WebsocketTransport::addresses() const { return parts_->addresses; }

std::shared_ptr<MessageSocket> WebsocketTransport::dial(const std::string& url, MessageHandlers handlers, Trust trust) {
  auto parsed = parse_websocket_url(url);
  std::optional<Error> refusal;
  if (!parsed) refusal = parsed.error();
  auto connection = WebsocketConnection::dialled(parts_, parsed ? std::move(*parsed) : WebsocketUrl(),
                                                 std::move(handlers), &parts_->client_tls, trust);
  std::shared_ptr<MessageSocket> handle = connection->handle();
  {
    const std::lock_guard lock(parts_->mutex);
    if (!parts_->stopped) {
      // Held by what is posted alone from here on: it begins and ends on the transport's thread.
      asio::post(parts_->io, [p = parts_.get(), c = std::move(connection), refusal] {
        if (refusal) return c->cut(*refusal);
        if (p->dialled_count >= p->limits.dialled)
          return c->cut(Error(Errc::busy, "this node dials too many others already"));
        ++p->dialled_count;
        c->number = ++p->next_number;
        p->adopt(c);
      });
      return handle;
    }
  }
  connection->cut(Error(Errc::interrupted, url + ": not dialled, this node stops"));
  return handle;
}

WebsocketCounts WebsocketTransport::counts() const {
  const Parts& p = *parts_;
  return {p.open_count, p.half_open_count, p.dialled_count, p.accepted, p.refused, p.evicted};
}

}  // namespace tlfs::net
