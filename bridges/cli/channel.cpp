#include "bridges/cli/channel.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <mutex>
#include <thread>

#include "bridges/cli/own_node.h"
#include "bridges/cli/progress.h"
#include "bridges/control/control_session.h"
#include "runtime/storage/store.h"

namespace tlfs::cli {
namespace {

using control::Reply;
using control::Request;

constexpr std::chrono::milliseconds kConnectTimeout{2000};
constexpr std::chrono::seconds kReplyTimeout{120};  // longer than a node takes to give up
constexpr std::chrono::milliseconds kLockPatience{10'000};
constexpr std::chrono::milliseconds kLockRetry{50};

class RemoteChannel final : public Channel {
 public:
  explicit RemoteChannel(std::unique_ptr<net::LocalClient> client) : client_(std::move(client)) {}

  Result<Reply> next() override { return receive(std::nullopt); }
  void interrupt() override { client_->interrupt(); }

 private:
  Result<Reply> exchange(const Request& request, std::uint64_t number) override {
    if (const Status s = client_->send(request.bytes(), kReplyTimeout); !s) {
      // A node that cuts the connection says why first.
      const Result<Reply> last = receive(kConnectTimeout);
      return last && last->read()->isFailed() ? last : Result<Reply>(s.error());
    }
    while (true) {
      Result<Reply> reply = receive(kReplyTimeout);
      if (!reply) return reply;
      const std::uint64_t of = reply->read()->getNumber();
      if (of == number || of == 0) return reply;
    }
  }
  Result<Reply> receive(std::optional<std::chrono::milliseconds> timeout) {
    const Result<Bytes> frame = client_->receive(timeout);
    if (!frame) return frame.error();
    return Reply::parse(*frame);
  }

  std::unique_ptr<net::LocalClient> client_;
};

class LocalChannel final : public Channel {
 public:
  LocalChannel(std::unique_ptr<Node> node, std::unique_ptr<control::ControlServer> server)
      : node_(std::move(node)), server_(std::move(server)), session_(*node_, [this](const Reply& r) { keep(r); }) {}

  ~LocalChannel() override { interrupt(); }

  Result<Reply> next() override {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return interrupted_ || !replies_.empty(); });
    if (interrupted_) return Error(net::Errc::interrupted, "interrupted");
    Reply reply = std::move(replies_.front());
    replies_.pop_front();
    taken_.notify_one();
    return reply;
  }
  void interrupt() override {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    arrived_.notify_one();
    taken_.notify_one();
  }

 private:
  // A reader that is slow (a pipe that is full) holds up the one document's callbacks, and the node joins what it
  // misses.
  static constexpr std::size_t kMaxReplies = 64;

  Result<Reply> exchange(const Request& request, std::uint64_t) override {
    session_.handle(request);
    return next();
  }
  void keep(const Reply& reply) {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this] { return interrupted_ || replies_.size() < kMaxReplies; });
    if (interrupted_) return;
    replies_.push_back(reply);
    arrived_.notify_one();
  }

  std::unique_ptr<Node> node_;
  std::unique_ptr<control::ControlServer> server_;
  std::mutex mutex_;
  std::condition_variable arrived_, taken_;
  std::deque<Reply> replies_;
  bool interrupted_ = false;
  control::ControlSession session_;  // last: its replies come here
};

// Shows, on a terminal, that somebody else is waited for.
class Patience {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // Waits a while; false when it has been long enough.
  bool go_on() {
    if (waited_ >= kLockPatience) return false;
    std::this_thread::sleep_for(kLockRetry);
    waited_ += kLockRetry;
    if (waited_ >= kShowAfter && is_terminal(2)) show();
    return true;
  }

 private:
  static constexpr Milliseconds kShowAfter{1000};

  void show() {
    if (!progress_) {
      progress_.emplace(std::cerr, true, clock_);
      row_ = progress_->add("waiting for a node", static_cast<std::uint64_t>(kLockPatience.count()), "ms");
    }
    progress_->set(row_, static_cast<std::uint64_t>(waited_.count()));
  }

  SystemClock clock_;
  Milliseconds waited_{0};
  std::optional<Progress> progress_;
  Progress::Row row_ = 0;
};

// To the node that runs in the directory; nothing when none does.
Result<std::unique_ptr<Channel>> connect(const std::string& directory) {
  auto client = net::LocalClient::connect(socket_of(directory), kConnectTimeout);
  if (client) return std::unique_ptr<Channel>(std::make_unique<RemoteChannel>(std::move(*client)));
  // A node cannot listen under too long a name either.
  if (client.error().is(net::Errc::nobody) || client.error().is(net::Errc::path_too_long))
    return std::unique_ptr<Channel>();
  return client.error();
}

}  // namespace

Result<std::unique_ptr<Channel>> Channel::open(const DataOptions& options, Open how) {
  const Result<std::string> directory = directory_of(options);
  if (!directory) return directory.error();
  Patience patience;
  while (true) {
    Result<std::unique_ptr<Channel>> running = connect(*directory);
    if (!running || *running) return running;
    if (how.running_only)
      return Error(network::Errc::off, *directory +
                                           ": no node runs here, and only one that runs has links to others; start it "
                                           "with `tlfs node run --listen ADDRESS`, as 0.0.0.0:4242");
    if (!how.begin && !was_used(*directory))
      return Error(DataErrc::never_used, *directory + ": no node has been here yet; `tlfs doc create` begins one");
    Result<std::unique_ptr<Node>> node = start_node(options, *directory);
    if (node) {
      std::unique_ptr<control::ControlServer> server;
      if (how.serve) {
        auto started = serve(**node, *directory);
        if (!started) return started.error();
        server = std::move(*started);
      }
      return std::unique_ptr<Channel>(std::make_unique<LocalChannel>(std::move(*node), std::move(server)));
    }
    if (!node.error().is(storage::Errc::locked)) return node.error();
    // Another command is at work, or a node that is just starting or ending.
    if (!patience.go_on())
      return Error(control::Errc::unreachable, *directory +
                                                   ": another process has this data directory and does not answer on " +
                                                   socket_of(*directory) + "; wait for it or end it");
  }
}

Result<Reply> Channel::ask(RequestBuilder&& request) {
  const std::uint64_t number = ++last_number_;
  request->setNumber(number);
  const Request message = std::move(request).seal();
  if (message.bytes().size() > net::kMaxFrameBytes)
    return Error(net::Errc::too_large, "the request has " + std::to_string(message.bytes().size()) +
                                           " bytes; at most " + std::to_string(net::kMaxFrameBytes));
  return exchange(message, number);
}

}  // namespace tlfs::cli
