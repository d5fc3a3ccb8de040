#include "bridges/cli/stop_signal.h"

#include <unistd.h>
#include <csignal>
#include <mutex>

namespace tlfs::cli {
namespace {

constexpr int kEndThread = SIGUSR2;  // to our own thread
constexpr int kTwiceInterrupted = 130;

sigset_t signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGINT, SIGTERM, kEndThread}) sigaddset(&set, s);
  return set;
}

}  // namespace

struct StopSignal::Guarded {
  std::mutex mutex;
  std::function<void()> stop;
};

StopSignal::StopSignal() : guarded_(std::make_shared<Guarded>()) {
  const sigset_t set = signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { run(); });
}

StopSignal::~StopSignal() {
  ending_ = true;
  ::pthread_kill(thread_.native_handle(), kEndThread);
  thread_.join();
}

void StopSignal::call(std::function<void()> stop) {
  const std::lock_guard lock(guarded_->mutex);
  guarded_->stop = std::move(stop);
  if (came_ && guarded_->stop) guarded_->stop();
}

void StopSignal::run() {
  const sigset_t set = signals();
  while (true) {
    int signal = 0;
    if (::sigwait(&set, &signal) != 0) continue;
    if (ending_) return;
    if (signal == kEndThread) continue;
    if (came_) ::_exit(kTwiceInterrupted);
    came_ = true;
    came_.notify_all();
    const std::lock_guard lock(guarded_->mutex);
    if (guarded_->stop) guarded_->stop();
  }
}

}  // namespace tlfs::cli
