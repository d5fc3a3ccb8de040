#include "bridges/control/control_server.h"

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

namespace tlfs::control {
namespace {

// A connection's requests and the thread that handles them.
class Worker {
 public:
  Worker(std::shared_ptr<net::LocalPeer> peer, const ControlServer::MakeSession& make)
      : peer_(std::move(peer)), thread_([this, make] { run(make); }) {}
  ~Worker() {
    end();
    thread_.join();
  }

  // Any thread; the worker ends after what it is doing, which is cut short where it may take long.
  void end() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    waiting_.clear();
    if (session_ != nullptr) session_->interrupt();
    changed_.notify_one();
  }
  bool ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  void take(const Bytes& frame) {
    Result<Request> request = Request::parse(frame);
    if (!request) return peer_->cut("what came is no request: " + request.error().message());
    const std::size_t size = request->bytes().size();
    const std::uint64_t number = request->read()->getNumber();
    {
      const std::lock_guard lock(mutex_);
      if (under_way_ < kMaxUnderWay && bytes_ + size <= kMaxUnderWayBytes) {
        ++under_way_;
        bytes_ += size;
        waiting_.push_back(std::move(*request));
        changed_.notify_one();
        return;
      }
    }
    send(failure(number, Error(Errc::busy, "too many requests of this connection are under way; wait for answers"),
                 FailureKind::UNAVAILABLE));
  }

  bool busy() const {
    const std::lock_guard lock(mutex_);
    return under_way_ > 0 || (session_ && session_->watching());
  }

 private:
  void send(const Reply& reply) {
    if (reply.bytes().size() <= net::kMaxFrameBytes) return peer_->send(reply.bytes());
    peer_->send(failure(reply.read()->getNumber(), Error(net::Errc::too_large, "the answer is too large to be sent"),
                        FailureKind::INPUT)
                    .bytes());
  }

  void run(const ControlServer::MakeSession& make) {
    auto session = make([this](const Reply& reply) { send(reply); });
    std::unique_lock lock(mutex_);
    session_ = session.get();
    while (true) {
      changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (ending_) break;
      const Request request = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      session->handle(request);
      lock.lock();
      --under_way_;
      bytes_ -= request.bytes().size();
    }
    session_ = nullptr;
    lock.unlock();
    session.reset();
    lock.lock();
    ended_ = true;
  }

  const std::shared_ptr<net::LocalPeer> peer_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Request> waiting_;
  std::size_t under_way_ = 0;
  std::size_t bytes_ = 0;
  bool ending_ = false;
  bool ended_ = false;
  Session* session_ = nullptr;
  std::thread thread_;  // last: it uses the others
};

// The connection's end of it, on the socket's thread.
class Connection final : public net::LocalSession {
 public:
  explicit Connection(Worker& worker) : worker_(worker) {}
  ~Connection() override { worker_.end(); }
  void received(Bytes frame) override { worker_.take(frame); }
  bool busy() const override { return worker_.busy(); }

 private:
  Worker& worker_;
};

}  // namespace

struct ControlServer::Parts {
  std::list<std::unique_ptr<Worker>> workers;  // on the socket's thread, and after its end
  std::unique_ptr<net::LocalServer> server;
};

ControlServer::ControlServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<ControlServer>> ControlServer::start(const Settings& settings) {
  auto parts = std::make_unique<Parts>();
  Parts* const p = parts.get();
  const std::size_t most = settings.limits.connections;
  net::LocalServer::Settings socket;
  socket.path = settings.path;
  socket.limits = settings.limits;
  socket.was_cut = settings.was_cut;
  socket.farewell = [](std::string_view reason) {
    const Reply reply = failure(0, Error(net::Errc::closed, std::string(reason)), FailureKind::UNAVAILABLE);
    return Bytes(reply.bytes().begin(), reply.bytes().end());
  };
  socket.accept =
      [p, most, make = settings.session](std::shared_ptr<net::LocalPeer> peer) -> std::unique_ptr<net::LocalSession> {
    p->workers.remove_if([](const std::unique_ptr<Worker>& w) { return w->ended(); });
    // Those whose connection has gone and that still work count too.
    if (p->workers.size() >= most) return nullptr;
    p->workers.push_back(std::make_unique<Worker>(std::move(peer), make));
    return std::make_unique<Connection>(*p->workers.back());
  };
  auto server = net::LocalServer::listen(std::move(socket));
  if (!server) return server.error();
  p->server = std::move(*server);
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(parts)));
}

ControlServer::~ControlServer() {
  parts_->server->stop();
  for (const auto& worker : parts_->workers) worker->end();
  parts_->workers.clear();
}

}  // namespace tlfs::control
