#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "actors/net/asio.h"
#include "actors/net/local_endpoint.h"
#include "actors/net/local_socket.h"

namespace tlfs::net {

namespace {

using asio::local::stream_protocol;
using Code = boost::system::error_code;

constexpr std::chrono::seconds kTick{1};  // how often what has stalled is looked for
constexpr int kListenBacklog = 64;

std::array<std::uint8_t, kFrameHeaderBytes> header_of(std::size_t size) {
  std::array<std::uint8_t, kFrameHeaderBytes> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(size >> (8 * i));
  return out;
}

// How long something has lasted, in ticks.
struct Lasting {
  std::chrono::seconds limit{};
  std::chrono::seconds so_far{0};
  bool over() { return (so_far += kTick) > limit; }
  void begin_again() { so_far = std::chrono::seconds(0); }
};

}  // namespace

struct LocalServer::Parts {
  explicit Parts(Settings s) : settings(std::move(s)) {}

  void accept_next();
  void tick();
  void forget(const std::shared_ptr<Connection>& connection);
  void stop();

  Settings settings;
  asio::io_context io;
  stream_protocol::acceptor acceptor{io};
  asio::steady_timer timer{io};
  bool accepting = false;  // false after an error, until the next tick
  bool stopping = false;
  std::set<std::shared_ptr<Connection>> connections;  // on the thread
  std::atomic<std::size_t> count{0};
  std::thread thread;
};

// On the server's thread, but for what LocalPeer promises.
class LocalServer::Connection final : public LocalPeer, public std::enable_shared_from_this<Connection> {
 public:
  Connection(LocalServer::Parts& server, stream_protocol::socket socket)
      : server_(server), io_(server.io), limits_(server.settings.limits), socket_(std::move(socket)) {
    frame_.limit = limits_.frame;
    idle_.limit = limits_.idle;
    stalled_.limit = limits_.stalled;
  }

  void begin(std::unique_ptr<LocalSession> session) {
    session_ = std::move(session);
    read_header();
  }

  void send(ByteView frame) override {
    const std::size_t size = frame.size() + kFrameHeaderBytes;
    if (waiting_.fetch_add(size) + size > limits_.backlog + kFrameHeaderBytes) {
      waiting_ -= size;
      cut("what was sent was not read: more than " + std::to_string(limits_.backlog) + " bytes wait");
      return;
    }
    in_reach([self = shared_from_this(), bytes = framed(frame)]() mutable { self->enqueue(std::move(bytes)); });
  }

  void cut(std::string reason) override {
    in_reach([self = shared_from_this(), reason = std::move(reason)] { self->cut_now(reason); });
  }

  void cut_now(const std::string& reason) {
    if (ending_) return;
    if (server_.settings.was_cut) server_.settings.was_cut(reason);
    ending_ = true;
    session_.reset();
    // What is being written is finished, so that the reason stands at the beginning of a frame.
    while (out_.size() > (writing_ ? 1u : 0u)) {
      waiting_ -= out_.back().size();
      out_.pop_back();
    }
    const Bytes farewell = server_.settings.farewell ? server_.settings.farewell(reason) : Bytes();
    if (farewell.empty()) return out_.empty() ? close() : void();
    Bytes bytes = framed(farewell);
    waiting_ += bytes.size();
    out_.push_back(std::move(bytes));
    write();
  }

  void close() {
    if (closed_.exchange(true)) return;
    ending_ = true;
    session_.reset();
    Code ignored;
    socket_.shutdown(stream_protocol::socket::shutdown_both, ignored);
    socket_.close(ignored);
    server_.forget(shared_from_this());
  }

  void tick() {
    if (!out_.empty() && stalled_.over()) return close();
    if (ending_) return;
    if (in_frame_ && frame_.over()) return cut_now("a frame was begun and not ended in time");
    if (in_frame_ || !out_.empty() || session_->busy()) return idle_.begin_again();
    if (idle_.over()) cut_now("nothing was asked for too long");
  }

 private:
  // After stop() nothing runs any more, and what is posted is thrown away with the server.
  template <class F>
  void in_reach(F f) {
    if (!closed_) asio::post(io_, std::move(f));
  }

  static Bytes framed(ByteView frame) {
    const auto header = header_of(frame.size());
    Bytes out(header.size() + frame.size());
    std::copy(frame.begin(), frame.end(), std::copy(header.begin(), header.end(), out.begin()));
    return out;
  }

  void read_header() {
    asio::async_read(socket_, asio::buffer(header_, 1), [self = shared_from_this()](Code error, std::size_t) {
      if (self->ending_) return;
      if (error) return self->close();
      self->in_frame_ = true;
      self->frame_.begin_again();
      self->read_rest_of_header();
    });
  }

  void read_rest_of_header() {
    asio::async_read(socket_, asio::buffer(header_.data() + 1, header_.size() - 1),
                     [self = shared_from_this()](Code error, std::size_t) {
                       if (self->ending_) return;
                       if (error) return self->close();
                       self->expected_ = 0;
                       for (std::size_t i = 0; i < kFrameHeaderBytes; ++i)
                         self->expected_ |= static_cast<std::size_t>(self->header_[i]) << (8 * i);
                       if (self->expected_ == 0) return self->cut_now("a frame without content");
                       if (self->expected_ > self->limits_.max_frame)
                         return self->cut_now("a frame of " + std::to_string(self->expected_) + " bytes; at most " +
                                              std::to_string(self->limits_.max_frame));
                       self->body_.clear();
                       self->read_body();
                     });
  }

  void read_body() {
    const std::size_t have = body_.size();
    const std::size_t step = std::min(expected_ - have, kReadStep);
    body_.resize(have + step);
    asio::async_read(socket_, asio::buffer(body_.data() + have, step),
                     [self = shared_from_this()](Code error, std::size_t) {
                       if (self->ending_) return;
                       if (error) return self->close();
                       if (self->body_.size() < self->expected_) return self->read_body();
                       self->in_frame_ = false;
                       self->idle_.begin_again();
                       self->session_->received(std::exchange(self->body_, Bytes()));
                       if (!self->ending_) self->read_header();
                     });
  }

  void enqueue(Bytes bytes) {
    if (ending_) {
      waiting_ -= bytes.size();
      return;
    }
    out_.push_back(std::move(bytes));
    write();
  }

  void write() {
    if (writing_ || out_.empty()) return;
    writing_ = true;
    stalled_.begin_again();
    written_ = 0;
    write_on();
  }

  // In pieces, so that it shows whether the other end reads.
  void write_on() {
    const Bytes& front = out_.front();
    socket_.async_write_some(asio::buffer(front.data() + written_, front.size() - written_),
                             [self = shared_from_this()](Code error, std::size_t n) {
                               if (self->closed_) return;
                               if (error) return self->close();
                               self->wrote(n);
                             });
  }

  void wrote(std::size_t n) {
    stalled_.begin_again();
    written_ += n;
    if (written_ < out_.front().size()) return write_on();
    waiting_ -= out_.front().size();
    out_.pop_front();
    writing_ = false;
    if (ending_ && out_.empty()) return close();
    write();
  }

  LocalServer::Parts& server_;
  asio::io_context& io_;
  const ServerLimits limits_;
  stream_protocol::socket socket_;
  std::unique_ptr<LocalSession> session_;  // until ending_
  bool ending_ = false;                    // nothing is read any more; what is queued is still written
  std::atomic<bool> closed_{false};

  std::array<std::uint8_t, kFrameHeaderBytes> header_{};
  std::size_t expected_ = 0;
  Bytes body_;
  bool in_frame_ = false;
  Lasting frame_, idle_, stalled_;

  std::deque<Bytes> out_;
  std::size_t written_ = 0;  // of the first one
  bool writing_ = false;
  std::atomic<std::size_t> waiting_{0};  // bytes that were sent and not written yet
};

void LocalServer::Parts::accept_next() {
  accepting = true;
  acceptor.async_accept([this](Code error, stream_protocol::socket socket) {
    if (stopping) return;
    if (error) {  // too many open files, say
      accepting = false;
      return;
    }
    if (const Status user = check_peer_user(socket.native_handle()); !user) {
      if (settings.was_cut) settings.was_cut(user.error().message());
      return accept_next();
    }
    const bool full = connections.size() >= settings.limits.connections;
    const auto connection = std::make_shared<Connection>(*this, std::move(socket));
    // One beyond the limit at a time lives until it is told.
    if (full && connections.size() > settings.limits.connections) {
      connection->close();
      return accept_next();
    }
    connections.insert(connection);
    count = connections.size();
    std::unique_ptr<LocalSession> session = full ? nullptr : settings.accept(connection);
    if (session)
      connection->begin(std::move(session));
    else
      connection->cut_now("too many connections; try again later");
    accept_next();
  });
}

void LocalServer::Parts::tick() {
  timer.expires_after(kTick);
  timer.async_wait([this](Code error) {
    if (error || stopping) return;
    const std::vector<std::shared_ptr<Connection>> now(connections.begin(), connections.end());
    for (const auto& connection : now) connection->tick();
    if (!accepting) accept_next();
    tick();
  });
}

void LocalServer::Parts::forget(const std::shared_ptr<Connection>& connection) {
  connections.erase(connection);
  count = connections.size();
}

void LocalServer::Parts::stop() {
  stopping = true;
  Code ignored;
  acceptor.close(ignored);
  timer.cancel();
  const std::vector<std::shared_ptr<Connection>> now(connections.begin(), connections.end());
  for (const auto& connection : now) connection->close();
}

LocalServer::LocalServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<LocalServer>> LocalServer::listen(Settings settings) {
  const std::string path = settings.path;
  if (const Status s = check_socket_path(path); !s) return s.error();
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode))
      return Error(Errc::in_the_way, path + ": is no socket, and is not replaced; move it away");
    if (::unlink(path.c_str()) != 0) return system_error(path, "cannot be replaced", errno);
  }
  auto parts = std::make_unique<Parts>(std::move(settings));
  Code error;
  parts->acceptor.open(stream_protocol(), error);
  if (!error) parts->acceptor.bind(stream_protocol::endpoint(path), error);
  if (error) return system_error(path, "cannot be made", error.value());
  // Nobody can connect before listen(), so the mode is there in time.
  if (::chmod(path.c_str(), 0600) != 0) return system_error(path, "cannot be made private", errno);
  parts->acceptor.listen(kListenBacklog, error);
  if (error) return system_error(path, "cannot be listened on", error.value());
  Parts* p = parts.get();
  p->accept_next();
  p->tick();
  p->thread = std::thread([p] { p->io.run(); });
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(parts)));
}

void LocalServer::stop() {
  if (!parts_->thread.joinable()) return;
  ::unlink(parts_->settings.path.c_str());
  asio::post(parts_->io, [p = parts_.get()] { p->stop(); });
  parts_->thread.join();
}

LocalServer::~LocalServer() { stop(); }

std::size_t LocalServer::connections() const { return parts_->count; }

}  // namespace tlfs::net
