// SIGINT and SIGTERM as a polite request to end.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

namespace tlfs::cli {

// While it lives, the two signals call `stop`, once, on a thread of its own, instead of ending the process; a second
// one ends it. To be made before any other thread is, because they inherit that the signals are not for them.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // What to call; at once, when a signal has come already. Replaces what was set before; when it returns, that runs no
  // more.
  void call(std::function<void()> stop);
  // Returns when a signal has come.
  void wait() const { came_.wait(false); }
  bool came() const { return came_; }

 private:
  void run();

  std::atomic<bool> came_{false};
  std::atomic<bool> ending_{false};
  struct Guarded;
  std::shared_ptr<Guarded> guarded_;
  std::thread thread_;
};

}  // namespace tlfs::cli
