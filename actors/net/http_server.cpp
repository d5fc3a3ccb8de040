#include "actors/net/http_server.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>

#include "actors/net/address.h"
#include "actors/net/http_websocket.h"

namespace tlfs::net {
namespace {

using Tcp = asio::ip::tcp;
using Code = boost::system::error_code;

constexpr int kListenBacklog = 512;
constexpr std::chrono::milliseconds kTick{500};

Error listen_error(const std::string& place, Code error) {
  if (error == asio::error::address_in_use)
    return {Errc::in_the_way, place + ": something listens there already; choose another port"};
  if (error == asio::error::access_denied) return {Errc::denied, place + ": the system does not allow to listen there"};
  return {Errc::failed, place + ": cannot listen there: " + error.message()};
}

HttpRequest plain(const HttpWebsocket::Request& request, std::string remote) {
  HttpRequest out;
  out.method = std::string(request.method_string());
  out.target = std::string(request.target());
  out.remote = std::move(remote);
  for (const auto& field : request) out.headers.emplace_back(field.name_string(), field.value());
  out.upgrade = websocket::is_upgrade(request);
  return out;
}

}  // namespace

std::size_t HttpRequest::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(headers.begin(), headers.end(), [&](const auto& header) {
    return beast::iequals({header.first.data(), header.first.size()}, {name.data(), name.size()});
  }));
}

std::string HttpRequest::header(std::string_view name) const {
  if (count(name) != 1) return {};
  for (const auto& [key, value] : headers)
    if (beast::iequals({key.data(), key.size()}, {name.data(), name.size()})) return value;
  return {};
}

// One connection, until it becomes a WebSocket: one request after another.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Become = std::function<void(HttpConnection&, std::shared_ptr<HttpWebsocket::Request>, const HttpRequest&,
                                    const HttpAnswer&)>;
  struct Owner {
    HttpHost& host;
    const HttpServer::Settings& settings;
    Become become;
  };

  HttpConnection(std::shared_ptr<const Owner> owner, Tcp::socket socket, std::string from, std::uint64_t name)
      : number(name), remote(std::move(from)), stream(std::move(socket)), owner_(std::move(owner)) {}

  void next() {
    if (over_) return;
    parser_.emplace();
    parser_->header_limit(kMaxHttpHeaderBytes);
    stream.expires_after(owner_->host.limits.header_time);
    http::async_read(stream, buffer_, *parser_,
                     [self = shared_from_this()](Code error, std::size_t) { self->came(error); });
  }
  void cut() {
    over_ = true;
    Code ignored;
    stream.socket().close(ignored);
  }

  const std::uint64_t number;
  const std::string remote;
  beast::tcp_stream stream;

 private:
  void came(Code error) {
    if (over_) return;
    if (error == http::error::end_of_stream || error == asio::error::eof || error == asio::error::connection_reset)
      return end();
    if (error) {
      const bool silent = error == beast::error::timeout;
      if (!silent || parser_->got_some() || buffer_.size() > 0)
        owner_->host.refuse(owner_->host.malformed, "no_request", remote);
      if (silent) return end();
      HttpAnswer answer;
      answer.status = 400;
      answer.body = "This is no request that can be answered here.\n";
      return send(answer, false, false);
    }
    auto request = std::make_shared<HttpWebsocket::Request>(parser_->release());
    const HttpRequest seen = plain(*request, remote);
    const HttpAnswer answer = owner_->settings.answer(seen);
    if (answer.upgrade && seen.upgrade) {
      over_ = true;
      return owner_->become(*this, std::move(request), seen, answer);
    }
    send(answer, request->method() == http::verb::head, request->keep_alive());
  }

  template <class Body>
  std::shared_ptr<http::response<Body>> response(const HttpAnswer& answer, bool keep_alive) {
    auto out = std::make_shared<http::response<Body>>();
    out->version(11);
    out->result(answer.status);
    out->set(http::field::server, "tlfs");
    for (const auto& [name, value] : answer.headers) out->set(name, value);
    out->keep_alive(keep_alive);
    return out;
  }

  void send(const HttpAnswer& answer, bool head, bool keep_alive) {
    if (!answer.file.empty()) {
      http::file_body::value_type file;
      Code error;
      file.open(answer.file.c_str(), beast::file_mode::scan, error);
      if (error) {
        HttpAnswer gone;
        gone.status = 404;
        gone.body = "There is nothing here.\n";
        return send(gone, head, keep_alive);
      }
      if (head) {
        auto out = response<http::empty_body>(answer, keep_alive);
        out->content_length(file.size());
        return write(std::move(out));
      }
      auto out = response<http::file_body>(answer, keep_alive);
      out->body() = std::move(file);
      out->prepare_payload();
      return write(std::move(out));
    }
    if (head || answer.status == 304) {
      auto out = response<http::empty_body>(answer, keep_alive);
      if (answer.status != 304) out->content_length(answer.body.size());
      return write(std::move(out));
    }
    auto out = response<http::string_body>(answer, keep_alive);
    out->body() = answer.body;
    out->prepare_payload();
    write(std::move(out));
  }

  template <class Response>
  void write(std::shared_ptr<Response> response) {
    stream.expires_after(owner_->host.limits.send_time);
    auto& held = *response;
    auto written = [self = shared_from_this(), response = std::move(response)](Code error, std::size_t) {
      if (self->over_) return;
      if (error || !response->keep_alive()) return self->end();
      self->next();
    };
    http::async_write(stream, held, std::move(written));
  }

  void end() {
    if (over_) return;
    over_ = true;
    Code ignored;
    stream.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    stream.socket().close(ignored);
    owner_->host.forget(number);
  }

  const std::shared_ptr<const Owner> owner_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  bool over_ = false;
};

struct HttpServer::Parts : HttpHost, std::enable_shared_from_this<Parts> {
  Settings settings;
  std::string address;
  Tcp::acceptor acceptor{io};
  asio::steady_timer timer{io};
  bool stopping = false;
  bool accepting = false;
  std::uint64_t last = 0;
  std::map<std::uint64_t, std::shared_ptr<HttpConnection>> plain_ones;
  std::map<std::uint64_t, std::shared_ptr<HttpWebsocket>> sockets;
  std::shared_ptr<HttpConnection::Owner> owner;
  std::chrono::steady_clock::time_point last_tick{};
  std::thread thread;

  Status listen() {
    const auto place = parse_host_port(settings.listen);
    if (!place) return place.error();
    Code error;
    const auto ip = asio::ip::make_address(place->host, error);
    if (error) return Error(Errc::bad_address, settings.listen + ": to listen, name an IP address, such as 127.0.0.1");
    const Tcp::endpoint endpoint(ip, place->port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error && ip.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(kListenBacklog, error);
    if (error) return listen_error(settings.listen, error);
    address = to_string(HostPort{place->host, acceptor.local_endpoint().port()});
    return {};
  }

  void accept_next() {
    if (accepting || stopping) return;
    accepting = true;
    acceptor.async_accept([this](Code error, Tcp::socket socket) {
      accepting = false;
      if (stopping || error) return;  // too many open files, say: again at the next tick
      take(std::move(socket));
      accept_next();
    });
  }

  void take(Tcp::socket socket) {
    ++accepted;
    Code error;
    const Tcp::endpoint from = socket.remote_endpoint(error);
    if (error) return;  // gone already
    const std::string remote = to_string(HostPort{from.address().to_string(), from.port()});
    if (connections >= limits.connections) return refuse(refused, "too_many_connections", remote);
    ++connections;
    const std::uint64_t number = ++last;
    const auto connection = std::make_shared<HttpConnection>(owner, std::move(socket), remote, number);
    plain_ones.emplace(number, connection);
    connection->next();
  }

  void become(HttpConnection& from, std::shared_ptr<HttpWebsocket::Request> request, const HttpRequest& seen,
              const HttpAnswer& answer) {
    const auto socket =
        std::make_shared<HttpWebsocket>(shared_from_this(), std::move(from.stream), from.remote, from.number);
    socket->handle()->attach(socket);
    plain_ones.erase(from.number);
    sockets.emplace(from.number, socket);
    socket->accept(std::move(request), answer.subprotocol, [this, seen, weak = std::weak_ptr(socket)] {
      if (const auto there = weak.lock(); there && settings.opened) settings.opened(seen, there->handle());
    });
  }

  void forget(std::uint64_t connection) override {
    if (plain_ones.erase(connection) + sockets.erase(connection) > 0) --connections;
  }
  void refuse(std::atomic<std::uint64_t>& counter, std::string_view what, const std::string& remote) override {
    ++counter;
    if (settings.refused) settings.refused(what, remote);
  }

  void tick() {
    timer.expires_after(kTick);
    timer.async_wait([this](Code error) {
      if (error || stopping) return;
      const auto now = std::chrono::steady_clock::now();
      const auto all = sockets;  // some end meanwhile
      for (const auto& [number, socket] : all) socket->tick(now);
      if (settings.tick && now - last_tick >= std::chrono::seconds(1)) {
        last_tick = now;
        settings.tick();
      }
      accept_next();
      tick();
    });
  }

  void stop_now() {
    stopping = true;
    Code ignored;
    acceptor.close(ignored);
    timer.cancel();
    for (const auto& [number, connection] : std::exchange(plain_ones, {})) connection->cut();
    const auto all = sockets;
    for (const auto& [number, socket] : all) socket->cut(Error(Errc::interrupted, "the node is ending"));
  }
};

HttpServer::HttpServer(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(Settings settings) {
  auto parts = std::make_shared<Parts>();
  parts->limits = settings.limits;
  parts->settings = std::move(settings);
  if (const Status s = parts->listen(); !s) return s.error();
  Parts* const p = parts.get();
  p->owner = std::make_shared<HttpConnection::Owner>(HttpConnection::Owner{
      *p, p->settings,
      [p](HttpConnection& from, std::shared_ptr<HttpWebsocket::Request> request, const HttpRequest& seen,
          const HttpAnswer& answer) { p->become(from, std::move(request), seen, answer); }});
  asio::post(p->io, [p] {
    p->accept_next();
    p->tick();
  });
  p->thread = std::thread([p] { p->io.run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(parts)));
}

// The thread ends when the last operation has.
HttpServer::~HttpServer() {
  asio::post(parts_->io, [p = parts_.get()] { p->stop_now(); });
  parts_->thread.join();
}

const std::string& HttpServer::address() const { return parts_->address; }

HttpCounts HttpServer::counts() const {
  const Parts& p = *parts_;
  return {p.connections, p.websockets, p.accepted,     p.refused,    p.malformed,
          p.oversized,   p.wrong_kind, p.most_waiting, p.not_reading};
}

}  // namespace tlfs::net
