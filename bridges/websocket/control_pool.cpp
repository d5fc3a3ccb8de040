#include "bridges/websocket/control_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tlfs::websocket_bridge {
namespace {

bool waits_for_others(messages::control::ControlRequest::Reader request) {
  return request.isConnect() || request.isJoin();
}

class Task final : public ControlTask {
 public:
  Task(control::Request request, std::function<void(const control::Reply&)> done)
      : request_(std::move(request)), done_(std::move(done)) {}

  void give_up() override {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
    if (session_ != nullptr) session_->interrupt();
  }

  void run(Node& node) {
    control::ControlSession session(node, [this](const control::Reply& reply) {
      {
        const std::lock_guard lock(mutex_);
        if (given_up_) return;
      }
      done_(reply);
    });
    {
      const std::lock_guard lock(mutex_);
      if (given_up_) return;
      session_ = &session;
    }
    session.handle(request_);
    const std::lock_guard lock(mutex_);
    session_ = nullptr;
  }

 private:
  const control::Request request_;
  const std::function<void(const control::Reply&)> done_;
  std::mutex mutex_;
  bool given_up_ = false;                       // guarded by mutex_
  control::ControlSession* session_ = nullptr;  // guarded by mutex_
};

}  // namespace

struct ControlPool::Lane {
  explicit Lane(Node& n) : node(n) {
    for (std::size_t i = 0; i < kPoolThreads; ++i) threads.emplace_back([this] { run(); });
  }
  void stop() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
      waiting.clear();
      for (const auto& task : running) task->give_up();
      changed.notify_all();
    }
    for (std::thread& thread : std::exchange(threads, {})) thread.join();
  }

  bool add(std::shared_ptr<Task> task) {
    const std::lock_guard lock(mutex);
    if (ending || waiting.size() >= kPoolQueue) return false;
    waiting.push_back(std::move(task));
    changed.notify_one();
    return true;
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return ending || !waiting.empty(); });
      if (ending) return;
      const std::shared_ptr<Task> task = std::move(waiting.front());
      waiting.pop_front();
      running.push_back(task);
      lock.unlock();
      task->run(node);
      lock.lock();
      std::erase(running, task);
    }
  }

  Node& node;
  std::mutex mutex;  // guards what follows, but the threads
  std::condition_variable changed;
  bool ending = false;
  std::deque<std::shared_ptr<Task>> waiting;
  std::vector<std::shared_ptr<Task>> running;
  std::vector<std::thread> threads;
};

ControlPool::ControlPool(Node& node) : quick_(std::make_unique<Lane>(node)), patient_(std::make_unique<Lane>(node)) {}

ControlPool::~ControlPool() { stop(); }

void ControlPool::stop() {
  quick_->stop();
  patient_->stop();
}

Result<std::shared_ptr<ControlTask>> ControlPool::run(control::Request request,
                                                      std::function<void(const control::Reply&)> done) {
  const bool patient = waits_for_others(*request.read());
  auto task = std::make_shared<Task>(std::move(request), std::move(done));
  if (!(patient ? *patient_ : *quick_).add(task))
    return Error(control::Errc::busy, "too many requests of user interfaces are under way; try again");
  return std::shared_ptr<ControlTask>(std::move(task));
}

}  // namespace tlfs::websocket_bridge
