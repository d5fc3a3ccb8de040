// Frames between processes of one user; and what it costs the other end to break the rules.
#include "actors/net/local_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

using namespace tlfs;
using namespace tlfs::net;
using namespace std::chrono_literals;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = "/tmp/net_test.XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string socket() const { return path_ + "/node.sock"; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Answers each frame with the same; "busy" makes the session busy, "flood" makes it send without end.
class Echo final : public LocalSession {
 public:
  explicit Echo(std::shared_ptr<LocalPeer> peer) : peer_(std::move(peer)) {}
  void received(Bytes frame) override {
    if (as_text(frame) == "busy") busy_ = true;
    if (as_text(frame) == "cut") return peer_->cut("as you wish");
    if (as_text(frame) == "flood") {
      const Bytes much(1u << 20, 'x');
      for (int i = 0; i < 8; ++i) peer_->send(much);
      return;
    }
    peer_->send(frame);
  }
  bool busy() const override { return busy_; }

 private:
  std::shared_ptr<LocalPeer> peer_;
  bool busy_ = false;
};

class Server {
 public:
  explicit Server(const std::string& path, ServerLimits limits = {}) {
    LocalServer::Settings settings;
    settings.path = path;
    settings.limits = limits;
    settings.accept = [](std::shared_ptr<LocalPeer> peer) { return std::make_unique<Echo>(std::move(peer)); };
    settings.farewell = [](std::string_view reason) {
      const std::string text = "bye: " + std::string(reason);
      return Bytes(text.begin(), text.end());
    };
    settings.was_cut = [this](std::string_view reason) {
      const std::lock_guard lock(mutex_);
      cuts_.emplace_back(reason);
    };
    auto server = LocalServer::listen(std::move(settings));
    INFO((server ? std::string() : server.error().message()));
    REQUIRE(server.ok());
    server_ = std::move(*server);
  }
  LocalServer* operator->() { return server_.get(); }
  void end() { server_.reset(); }
  std::vector<std::string> cuts() const {
    const std::lock_guard lock(mutex_);
    return cuts_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> cuts_;
  std::unique_ptr<LocalServer> server_;
};

std::unique_ptr<LocalClient> connect(const std::string& path) {
  auto client = LocalClient::connect(path, 2s);
  INFO((client ? std::string() : client.error().message()));
  REQUIRE(client.ok());
  return std::move(*client);
}

std::string ask(LocalClient& client, std::string_view text) {
  REQUIRE(client.send(as_bytes(text), 5s).ok());
  const auto reply = client.receive(5s);
  INFO((reply ? std::string() : reply.error().message()));
  REQUIRE(reply.ok());
  return std::string(as_text(*reply));
}

// A connection that speaks bytes, not frames.
class Raw {
 public:
  explicit Raw(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), address.sun_path);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~Raw() { ::close(fd_); }
  void write(std::string_view bytes) {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }
  // Everything until the other end closes.
  std::string rest() {
    std::string out;
    char block[65536];
    for (ssize_t n; (n = ::read(fd_, block, sizeof block)) > 0;) out.append(block, static_cast<std::size_t>(n));
    return out;
  }

 private:
  int fd_;
};

template <class F>
bool eventually(F&& f) {
  for (int i = 0; i < 500; ++i) {
    if (f()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("frames of every size come back as they went, in order, on many connections") {
  const Folder folder;
  Server server(folder.socket());
  auto alice = connect(folder.socket());
  auto bob = connect(folder.socket());
  CHECK(ask(*alice, "x") == "x");
  CHECK(ask(*bob, "y") == "y");
  for (const std::size_t size : {2u, 255u, 256u, 65'535u, 300'000u, 5'000'000u}) {
    const std::string text(size, static_cast<char>('a' + size % 26));
    CHECK(ask(*alice, text) == text);
  }
  for (int i = 0; i < 100; ++i) REQUIRE(bob->send(as_bytes(std::to_string(i)), 5s).ok());
  for (int i = 0; i < 100; ++i) CHECK(as_text(*bob->receive(5s)) == std::to_string(i));
}

TEST_CASE("the socket is its owner's alone, replaces one that was left behind, and goes with the server") {
  const Folder folder;
  {
    Server first(folder.socket());
    struct stat there {};
    REQUIRE(::stat(folder.socket().c_str(), &there) == 0);
    CHECK((there.st_mode & 0777) == 0600);
    Server second(folder.socket());
    auto client = connect(folder.socket());
    CHECK(ask(*client, "x") == "x");
  }
  CHECK_FALSE(std::filesystem::exists(folder.socket()));
  CHECK(LocalClient::connect(folder.socket(), 1s).error().is(Errc::nobody));
}

TEST_CASE("a socket that nobody listens on any more is as good as none") {
  const Folder folder;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder.socket();
  std::copy(path.begin(), path.end(), address.sun_path);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
  CHECK(LocalClient::connect(path, 1s).error().is(Errc::nobody));
  Server server(path);
  auto client = connect(path);
  CHECK(ask(*client, "x") == "x");
}

TEST_CASE("a file that is no socket is not replaced, and too long a name is said to be so") {
  const Folder folder;
  std::ofstream(folder.socket()) << "precious";
  LocalServer::Settings settings;
  settings.path = folder.socket();
  const auto in_the_way = LocalServer::listen(settings);
  REQUIRE_FALSE(in_the_way.ok());
  CHECK(in_the_way.error().is(Errc::in_the_way));
  CHECK(std::filesystem::file_size(folder.socket()) == 8);

  settings.path = folder.path() + "/" + std::string(100, 'x');
  const auto too_long = LocalServer::listen(settings);
  REQUIRE_FALSE(too_long.ok());
  CHECK(too_long.error().is(Errc::path_too_long));
  CHECK(has(too_long.error().message(), "of at most 107"));
  CHECK(LocalClient::connect(settings.path, 1s).error().is(Errc::path_too_long));
}

TEST_CASE("a frame that is too large or empty ends its connection with the reason, and no other") {
  const Folder folder;
  ServerLimits limits;
  limits.max_frame = 1000;
  Server server(folder.socket(), limits);
  auto other = connect(folder.socket());
  Raw large(folder.socket()), empty(folder.socket());
  large.write(std::string("\xe9\x03\x00\x00", 4));  // 1001
  CHECK(has(large.rest(), "bye: a frame of 1001 bytes; at most 1000"));
  empty.write(std::string(4, '\0'));
  CHECK(has(empty.rest(), "bye: a frame without content"));
  CHECK(ask(*other, "x") == "x");
  CHECK(server.cuts().size() == 2);
}

TEST_CASE("a client that goes away in the middle of a frame leaves nothing behind") {
  const Folder folder;
  Server server(folder.socket());
  for (const std::string& bytes :
       {std::string(), std::string("\x09", 1), std::string("\x09\0\0\0", 4), std::string("\x09\0\0\0abc", 7)}) {
    Raw raw(folder.socket());
    if (!bytes.empty()) raw.write(bytes);
    CHECK(eventually([&] { return server->connections() == 1; }));
  }
  CHECK(eventually([&] { return server->connections() == 0; }));
}

TEST_CASE("who begins a frame and does not end it, or says nothing, is cut; who is busy is not") {
  const Folder folder;
  ServerLimits limits;
  limits.frame = 1s;
  limits.idle = 2s;
  Server server(folder.socket(), limits);
  auto busy = connect(folder.socket());
  CHECK(ask(*busy, "busy") == "busy");
  Raw begun(folder.socket()), silent(folder.socket());
  begun.write("\x09");
  CHECK(has(begun.rest(), "not ended in time"));
  CHECK(has(silent.rest(), "nothing was asked for too long"));
  std::this_thread::sleep_for(2s);
  CHECK(ask(*busy, "still") == "still");
}

TEST_CASE("who does not read what is sent is cut with the reason, and the backlog is given up") {
  const Folder folder;
  ServerLimits limits;
  limits.backlog = 3u << 20;
  Server server(folder.socket(), limits);
  auto client = connect(folder.socket());
  REQUIRE(client->send(as_bytes("flood"), 5s).ok());
  CHECK(eventually([&] { return !server.cuts().empty(); }));
  // One frame was under way; the reason stands right after it.
  const auto first = client->receive(5s);
  REQUIRE(first.ok());
  CHECK(first->size() == 1u << 20);
  const auto reason = client->receive(5s);
  REQUIRE(reason.ok());
  CHECK(has(std::string(as_text(*reason)), "bye: what was sent was not read"));
  CHECK(client->receive(5s).error().is(Errc::closed));
}

TEST_CASE("who reads nothing at all is closed in time") {
  const Folder folder;
  ServerLimits limits;
  limits.stalled = 1s;
  Server server(folder.socket(), limits);
  auto client = connect(folder.socket());
  CHECK(ask(*client, "busy") == "busy");
  REQUIRE(client->send(as_bytes("flood"), 5s).ok());
  const auto begun = std::chrono::steady_clock::now();
  CHECK(eventually([&] { return server->connections() == 0; }));
  CHECK(std::chrono::steady_clock::now() - begun > 500ms);
}

TEST_CASE("connections beyond the limit are told so, and there is room again when one goes") {
  const Folder folder;
  ServerLimits limits;
  limits.connections = 2;
  Server server(folder.socket(), limits);
  auto one = connect(folder.socket());
  auto two = connect(folder.socket());
  CHECK(ask(*one, "x") == "x");
  CHECK(ask(*two, "x") == "x");
  auto three = connect(folder.socket());
  const auto told = three->receive(5s);
  REQUIRE(told.ok());
  CHECK(as_text(*told) == "bye: too many connections; try again later");
  one.reset();
  CHECK(eventually([&] { return server->connections() < 2; }));
  auto four = connect(folder.socket());
  CHECK(ask(*four, "x") == "x");
}

TEST_CASE("a client that waits can be interrupted, and does not wait longer than it says") {
  const Folder folder;
  Server server(folder.socket());
  auto client = connect(folder.socket());
  CHECK(client->receive(50ms).error().is(Errc::timeout));
  auto other = connect(folder.socket());
  std::thread interrupting([&] {
    std::this_thread::sleep_for(100ms);
    other->interrupt();
  });
  CHECK(other->receive(std::nullopt).error().is(Errc::interrupted));
  interrupting.join();
  CHECK(other->receive(1s).error().is(Errc::interrupted));
}

TEST_CASE("a session that cuts its connection says why, and a server that ends closes all of them") {
  const Folder folder;
  Server server(folder.socket());
  auto cut = connect(folder.socket());
  CHECK(ask(*cut, "cut") == "bye: as you wish");
  CHECK(cut->receive(5s).error().is(Errc::closed));
  auto client = connect(folder.socket());
  CHECK(ask(*client, "x") == "x");
  server.end();
  CHECK(client->receive(5s).error().is(Errc::closed));
}
