// Messages over WebSocket, through real sockets on the loopback interface; and what it costs strangers to misbehave.
#include "actors/net/websocket_transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "actors/net/address.h"

using namespace tlfs;
using namespace tlfs::net;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 10s;

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// One end of a connection: remembers what it was told.
class End {
 public:
  MessageHandlers handlers() {
    MessageHandlers out;
    out.opened = [this] { note([&] { ++opened_; }); };
    out.message = [this](Bytes m) { note([&] { messages_.push_back(std::move(m)); }); };
    out.writable = [this] { note([&] { ++writable_; }); };
    out.closed = [this](const Error& why) { note([&] { closed_.push_back(why); }); };
    return out;
  }
  std::shared_ptr<MessageSocket> socket;

  bool wait_open() {
    return wait([&] { return opened_ > 0 || !closed_.empty(); }) && opened_ == 1;
  }
  // The next message, as text.
  std::string next() {
    REQUIRE(wait([&] { return !messages_.empty() || !closed_.empty(); }));
    const std::lock_guard lock(mutex_);
    if (messages_.empty()) return "closed: " + closed_.front().message();
    const std::string out(as_text(messages_.front()));
    messages_.pop_front();
    return out;
  }
  Error wait_closed() {
    REQUIRE(wait([&] { return !closed_.empty(); }));
    const std::lock_guard lock(mutex_);
    REQUIRE(closed_.size() == 1);
    return closed_.front();
  }
  bool wait_writable() {
    return wait([&] { return writable_ > 0; });
  }
  std::size_t received() const {
    const std::lock_guard lock(mutex_);
    return messages_.size();
  }
  std::size_t times_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_.size();
  }
  template <class P>
  bool wait(P done, std::chrono::milliseconds patience = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, done);
  }

 private:
  template <class F>
  void note(F f) {
    const std::lock_guard lock(mutex_);
    f();
    changed_.notify_all();
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int opened_ = 0, writable_ = 0;
  std::deque<Bytes> messages_;
  std::vector<Error> closed_;
};

// Listens, answers each message with the same, and remembers the connections.
class Server {
 public:
  explicit Server(WebsocketLimits limits = {}, std::vector<std::string> places = {"127.0.0.1:0"},
                  std::optional<TlsFiles> tls = {}, bool echo = true) {
    WebsocketTransport::Settings settings;
    settings.listen = std::move(places);
    settings.limits = limits;
    settings.tls = std::move(tls);
    settings.accept = [this, echo](std::shared_ptr<MessageSocket> socket) {
      auto end = std::make_shared<End>();
      end->socket = socket;
      {
        const std::lock_guard lock(mutex_);
        ends_.push_back(end);
      }
      MessageHandlers handlers = end->handlers();
      if (echo) handlers.message = [socket](Bytes m) { socket->send(std::move(m)); };
      return handlers;
    };
    auto started = WebsocketTransport::start(std::move(settings));
    INFO((started ? std::string() : started.error().message()));
    REQUIRE(started.ok());
    transport_ = std::move(*started);
  }
  WebsocketTransport* operator->() { return transport_.get(); }
  std::string url(std::size_t i = 0) const { return "ws://" + transport_->addresses().at(i); }
  std::uint16_t port() const { return parse_host_port(transport_->addresses().at(0))->port; }
  std::shared_ptr<End> end(std::size_t i) const {
    for (auto until = std::chrono::steady_clock::now() + kPatience; std::chrono::steady_clock::now() < until;) {
      {
        const std::lock_guard lock(mutex_);
        if (ends_.size() > i) return ends_[i];
      }
      std::this_thread::sleep_for(2ms);
    }
    FAIL("nobody has connected");
    return nullptr;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<End>> ends_;
  std::unique_ptr<WebsocketTransport> transport_;  // goes first
};

class Client {
 public:
  explicit Client(WebsocketLimits limits = {}, const std::string& trusted = "") {
    WebsocketTransport::Settings settings;
    settings.limits = limits;
    settings.trusted_certificates = trusted;
    auto started = WebsocketTransport::start(std::move(settings));
    REQUIRE(started.ok());
    transport_ = std::move(*started);
  }
  WebsocketTransport* operator->() { return transport_.get(); }
  std::shared_ptr<End> dial(const std::string& url,
                            WebsocketTransport::Trust trust = WebsocketTransport::Trust::certificate) {
    auto end = std::make_shared<End>();
    ends_.push_back(end);
    end->socket = transport_->dial(url, end->handlers(), trust);
    return end;
  }

 private:
  std::vector<std::shared_ptr<End>> ends_;
  std::unique_ptr<WebsocketTransport> transport_;  // goes first
};

// A stranger with a plain TCP socket.
class Stranger {
 public:
  explicit Stranger(std::uint16_t port, const char* from = "127.0.0.1") : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in mine{}, to{};
    mine.sin_family = to.sin_family = AF_INET;
    ::inet_pton(AF_INET, from, &mine.sin_addr);
    ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    to.sin_port = htons(port);
    connected_ = socket_ >= 0 && ::bind(socket_, reinterpret_cast<sockaddr*>(&mine), sizeof mine) == 0 &&
                 ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~Stranger() {
    if (socket_ >= 0) ::close(socket_);
  }
  Stranger(Stranger&& o) noexcept : socket_(std::exchange(o.socket_, -1)), connected_(o.connected_) {}
  Stranger(const Stranger&) = delete;
  bool connected() const { return connected_; }
  void say(std::string_view text) const {
    [[maybe_unused]] const ssize_t n = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // What comes until the connection is closed, or the patience ends.
  std::string hear(std::chrono::milliseconds patience = kPatience) {
    std::string out;
    const auto until = std::chrono::steady_clock::now() + patience;
    while (true) {
      pollfd wait{socket_, POLLIN, 0};
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left <= 0ms || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return out;
      char some[4096];
      const ssize_t n = ::recv(socket_, some, sizeof some, 0);
      if (n <= 0) {
        cut_ = true;
        return out;
      }
      out.append(some, static_cast<std::size_t>(n));
    }
  }
  bool cut() const { return cut_; }

 private:
  int socket_;
  bool connected_ = false;
  bool cut_ = false;
};

constexpr std::string_view kUpgrade =
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

bool has_ipv6() {
  const int s = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 a{};
  a.sin6_family = AF_INET6;
  a.sin6_addr = in6addr_loopback;
  const bool out = s >= 0 && ::bind(s, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
  if (s >= 0) ::close(s);
  return out;
}

template <class P>
bool eventually(P done, std::chrono::milliseconds patience = kPatience) {
  for (const auto until = std::chrono::steady_clock::now() + patience; std::chrono::steady_clock::now() < until;) {
    if (done()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return done();
}

}  // namespace

TEST_CASE("A message of any size up to the limit arrives whole, in order, over IPv4 and IPv6") {
  std::vector<std::string> places{"127.0.0.1:0"};
  if (has_ipv6())
    places.emplace_back("[::1]:0");
  else
    WARN("no IPv6 here: only IPv4 is tested");
  Server server({}, places);
  Client client;
  for (std::size_t i = 0; i < places.size(); ++i) {
    CHECK(parse_host_port(server->addresses()[i])->port != 0);
    const auto end = client.dial(server.url(i));
    REQUIRE(end->wait_open());
    const std::string large(kMaxMessageBytes, 'x');
    for (const std::string& text : {std::string("a"), large, std::string(), std::string("last")}) {
      REQUIRE(end->socket->send(bytes_of(text)));
      CHECK(end->next() == text);
    }
    CHECK(end->socket->remote() == server->addresses()[i]);
  }
}

TEST_CASE("What is sent before the connection stands is delivered once it does") {
  Server server;
  Client client;
  const auto end = client.dial(server.url());
  REQUIRE(end->socket->send(bytes_of("early")));
  CHECK(end->next() == "early");
}

TEST_CASE("Each end learns why the connection was closed, once, and after what was sent before") {
  Server server({}, {"127.0.0.1:0"}, {}, false);
  Client client;
  const auto end = client.dial(server.url());
  REQUIRE(end->wait_open());
  for (int i = 0; i < 100; ++i) end->socket->send(bytes_of(std::to_string(i)));
  end->socket->close("going to bed");
  const Error here = end->wait_closed();
  CHECK(here.is(Errc::interrupted));
  CHECK(here.message().find("going to bed") != std::string::npos);
  const Error there = server.end(0)->wait_closed();
  CHECK(there.is(Errc::closed));
  CHECK(there.message().find("going to bed") != std::string::npos);
  CHECK(server.end(0)->received() == 100);
  end->socket->close("again");
  CHECK(end->socket->send(bytes_of("late")));
  std::this_thread::sleep_for(20ms);
  CHECK(end->times_closed() == 1);
  CHECK(eventually([&] { return server->counts().open == 0 && client->counts().dialled == 0; }));
}

TEST_CASE("A transport that stops tells all its ends, and dials no more") {
  Server server;
  Client client;
  const auto end = client.dial(server.url());
  REQUIRE(end->wait_open());
  const auto served = server.end(0);  // which is open a little later than the other
  server->stop();
  CHECK(served->times_closed() == 1);
  CHECK(end->wait_closed().message().find("this node stops") != std::string::npos);
  CHECK(server->counts().open == 0);
  client->stop();
  CHECK(client.dial(server.url())->wait_closed().is(Errc::interrupted));
}

TEST_CASE("Dialling says what was in its way") {
  WebsocketLimits quick;
  quick.connect = quick.handshake = 300ms;
  Client client(quick);
  CHECK(client.dial("http://127.0.0.1:1")->wait_closed().is(Errc::bad_address));
  CHECK(client.dial("ws://no-such-name.invalid:4242")->wait_closed().is(Errc::unknown_name));
  std::string gone;
  {
    Server server;
    gone = server.url();
  }
  CHECK(client.dial(gone)->wait_closed().is(Errc::nobody));

  // Somebody listens, and never says a word.
  const int silent = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  REQUIRE(::bind(silent, reinterpret_cast<sockaddr*>(&place), size) == 0);
  REQUIRE(::listen(silent, 8) == 0);
  REQUIRE(::getsockname(silent, reinterpret_cast<sockaddr*>(&place), &size) == 0);
  const std::string url = "ws://127.0.0.1:" + std::to_string(ntohs(place.sin_port));
  CHECK(client.dial(url)->wait_closed().is(Errc::timeout));
  WebsocketLimits patient;
  Client other(patient);
  const auto cancelled = other.dial(url);
  std::this_thread::sleep_for(20ms);
  cancelled->socket->close("changed my mind");
  CHECK(cancelled->wait_closed().is(Errc::interrupted));
  ::close(silent);
}

TEST_CASE("Two listeners cannot have one port, and a name is no place to listen at") {
  Server server;
  WebsocketTransport::Settings settings;
  settings.accept = [](const std::shared_ptr<MessageSocket>&) { return MessageHandlers(); };
  settings.listen = {server->addresses()[0]};
  const auto second = WebsocketTransport::start(settings);
  REQUIRE(!second);
  CHECK(second.error().is(Errc::in_the_way));
  settings.listen = {"localhost:0"};
  CHECK(WebsocketTransport::start(settings).error().is(Errc::bad_address));
}

TEST_CASE("Whoever speaks something else gets a short answer and is cut") {
  Server server;
  Stranger browser(server.port());
  browser.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(browser.hear().find("426") != std::string::npos);
  CHECK(browser.cut());
  for (const std::string_view garbage :
       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello", "SSH-2.0-x\r\n\r\n", "\r\n\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"}) {
    Stranger stranger(server.port());
    stranger.say(garbage);
    stranger.hear();
    CHECK(stranger.cut());
  }
  Stranger long_winded(server.port());
  long_winded.say("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x'));
  long_winded.hear();
  CHECK(long_winded.cut());
  CHECK(eventually([&] { return server->counts().half_open == 0; }));
}

TEST_CASE("Whoever breaks the rules of an open connection is told and cut") {
  Server server;
  const auto after_upgrade = [&](std::string_view frames) {
    Stranger stranger(server.port());
    stranger.say(kUpgrade);
    std::this_thread::sleep_for(50ms);
    stranger.say(frames);
    const std::string heard = stranger.hear();
    CHECK(stranger.cut());
    return heard;
  };
  using namespace std::string_view_literals;
  const auto has_code = [](const std::string& heard, unsigned code) {
    const char bytes[] = {static_cast<char>(code >> 8), static_cast<char>(code)};
    return heard.find(std::string(bytes, 2), heard.find("\r\n\r\n")) != std::string::npos;
  };
  // Text; a message beyond the limit; a frame without mask; an opcode that does not exist; a compressed frame.
  CHECK(has_code(after_upgrade("\x81\x82\0\0\0\0hi"sv), 1003));
  CHECK(has_code(after_upgrade("\x82\xff\0\0\0\0\0\x01\0\0\0\0\0\0"sv), 1009));
  CHECK(has_code(after_upgrade("\x82\x02hi"sv), 1002));
  CHECK(has_code(after_upgrade("\x83\x80\0\0\0\0"sv), 1002));
  CHECK(has_code(after_upgrade("\xc2\x80\0\0\0\0"sv), 1002));
  CHECK(server.end(0)->wait_closed().is(Errc::broken));
  CHECK(server.end(1)->wait_closed().is(Errc::too_large));
  CHECK(eventually([&] { return server->counts().open == 0; }));
}

TEST_CASE("A handshake that is not finished in time is cut") {
  WebsocketLimits limits;
  limits.handshake = 100ms;
  Server server(limits);
  Stranger slow(server.port());
  slow.say("GET / HT");
  slow.hear();
  CHECK(slow.cut());
}

TEST_CASE("Silence ends a connection, and its ends say so") {
  WebsocketLimits limits;
  limits.idle = 150ms;
  Server server(limits);
  Client client;
  const auto end = client.dial(server.url());
  REQUIRE(end->wait_open());
  CHECK(server.end(0)->wait_closed().is(Errc::timeout));
  CHECK(end->wait_closed().is(Errc::closed));
}

TEST_CASE("To a reader that does not read, only so much is queued; when it reads, the sender is told") {
  WebsocketLimits limits;
  limits.queue_bytes = 256u << 10;
  Server server({}, {"127.0.0.1:0"}, {}, false);
  Client client(limits);
  const auto end = client.dial(server.url());
  REQUIRE(end->wait_open());
  const auto there = server.end(0);
  there->socket->pause();
  std::this_thread::sleep_for(20ms);
  std::size_t sent = 0;
  const Bytes message(32u << 10, 'x');
  // The system's own buffers take some megabytes before the queue fills up.
  while (sent < 4'096 && end->socket->send(message)) {
    ++sent;
    if (sent % 4 == 0) std::this_thread::sleep_for(1ms);
  }
  REQUIRE(sent < 4'096);
  CHECK(there->received() <= 1);
  there->socket->resume();
  CHECK(end->wait_writable());
  CHECK(end->socket->send(bytes_of("more")));
  CHECK(eventually([&] { return there->received() == sent + 1; }));
}

TEST_CASE("A reader that never reads loses its connection") {
  WebsocketLimits limits;
  limits.stalled = 200ms;
  limits.idle = 60s;
  Server server(limits, {"127.0.0.1:0"}, {}, false);
  Client client;
  const auto end = client.dial(server.url());
  REQUIRE(end->wait_open());
  end->socket->pause();
  const auto there = server.end(0);
  const Bytes message(60'000, 'x');
  for (int i = 0; i < 2'000 && there->times_closed() == 0; ++i)
    if (!there->socket->send(message)) std::this_thread::sleep_for(2ms);
  const Error why = there->wait_closed();
  CHECK(why.is(Errc::timeout));
  CHECK(why.message().find("not read") != std::string::npos);
}

TEST_CASE("Beyond the number of connections newcomers are told that there is no room") {
  WebsocketLimits limits;
  limits.connections = 2;
  Server server(limits);
  Client client;
  const auto a = client.dial(server.url()), b = client.dial(server.url());
  REQUIRE(a->wait_open());
  REQUIRE(b->wait_open());
  CHECK(client.dial(server.url())->wait_closed().is(Errc::busy));
  a->socket->close("");
  a->wait_closed();
  CHECK(eventually([&] { return server->counts().open == 1; }));
  CHECK(client.dial(server.url())->wait_open());
}

TEST_CASE("One address has so many connections, and others are not touched by it") {
  WebsocketLimits limits;
  limits.per_address = 3;
  Server server(limits);
  Client client;
  std::vector<std::shared_ptr<End>> ends;
  for (int i = 0; i < 3; ++i) REQUIRE(ends.emplace_back(client.dial(server.url()))->wait_open());
  CHECK(client.dial(server.url())->wait_closed().is(Errc::closed));
  CHECK(server->counts().refused == 1);
  Stranger other(server.port(), "127.0.0.2");
  other.say(kUpgrade);
  CHECK(other.hear(200ms).find("101") != std::string::npos);
}

TEST_CASE("A flood of half-open connections leaves the transport responsive") {
  // As many as the system lets one process have open, up to 10,000.
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const std::size_t flood = std::min<std::size_t>(files.rlim_max < 2'000 ? 200 : files.rlim_max - 1'200, 10'000);
  if (flood < 10'000) WARN("only so many files may be open here: a flood of " << flood);
  WebsocketLimits limits;
  limits.per_address = 100;
  Server server(limits);
  Client client;
  const auto before = client.dial(server.url());
  REQUIRE(before->wait_open());
  // From more addresses than it takes to fill the room for half-open ones.
  std::vector<Stranger> strangers;
  for (std::size_t i = 0; i < flood; ++i) {
    const std::string from = "127.0.1." + std::to_string(1 + i % 100);
    strangers.emplace_back(server.port(), from.c_str());
    REQUIRE(strangers.back().connected());
    if (i % 2 == 0) strangers.back().say("GET / HTTP/1.1\r\n");
    if (i % 500 == 199) {
      // In the middle of it: who was there is answered, and who comes gets in.
      before->socket->send(bytes_of("still there?"));
      CHECK(before->next() == "still there?");
      const auto fresh = client.dial(server.url());
      REQUIRE(fresh->wait_open());
      fresh->socket->close("");
    }
  }
  // Those that were not evicted are what there is room for; the system may still hold some that were not accepted yet.
  CHECK(eventually([&] { return server->counts().evicted + limits.half_open >= flood; }));
  CHECK(server->counts().half_open <= limits.half_open);
  CHECK(before->times_closed() == 0);
}

TEST_CASE("Over TLS the certificate is checked, unless what is inside counts alone") {
  std::string folder = "/tmp/net_tls_test.XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
      " -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout " +
      folder + "/key.pem -out " + folder + "/cert.pem >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) {
    WARN("the openssl tool is not here: TLS is not tested");
    return;
  }
  {
    Server server({}, {"127.0.0.1:0"}, TlsFiles{folder + "/cert.pem", folder + "/key.pem"});
    const std::string port = std::to_string(server.port());
    Client stranger, friendly({}, folder + "/cert.pem");
    CHECK(stranger.dial("wss://127.0.0.1:" + port)->wait_closed().is(Errc::untrusted));
    const auto inner = stranger.dial("wss://127.0.0.1:" + port, WebsocketTransport::Trust::inner);
    REQUIRE(inner->wait_open());
    inner->socket->send(bytes_of("hello"));
    CHECK(inner->next() == "hello");
    const auto checked = friendly.dial("wss://127.0.0.1:" + port);
    REQUIRE(checked->wait_open());
    checked->socket->send(Bytes(kMaxMessageBytes, 'x'));
    CHECK(checked->next().size() == kMaxMessageBytes);
    CHECK(friendly.dial("wss://127.0.0.2:" + port)->wait_closed().is(Errc::nobody));
    // Plain where TLS is expected, and the other way round.
    CHECK_FALSE(stranger.dial("ws://127.0.0.1:" + port)->wait_open());
    Server plain;
    CHECK_FALSE(stranger.dial("wss://127.0.0.1:" + std::to_string(plain.port()))->wait_open());
    checked->socket->close("done");
    CHECK(checked->wait_closed().is(Errc::interrupted));
  }
  WebsocketTransport::Settings settings;
  settings.tls = TlsFiles{folder + "/key.pem", folder + "/cert.pem"};
  CHECK(WebsocketTransport::start(settings).error().is(Errc::untrusted));
  std::filesystem::remove_all(folder);
}
