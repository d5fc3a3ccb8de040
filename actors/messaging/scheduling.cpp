#include "actors/messaging/scheduling.h"

namespace tlfs::messaging {
namespace {

constexpr std::chrono::microseconds kLooking{200};
constexpr std::chrono::microseconds kBusy{10};  // a yield that takes so long let another thread work

}  // namespace

void SharedQueue::put(coordinator_data& shared, caf::resumable* job) {
  bool wake;
  {
    const std::lock_guard lock(shared.mutex);
    shared.jobs.push_back(job);
    shared.any.store(true, std::memory_order_relaxed);
    wake = shared.sleeping > 0 && shared.jobs.size() > (shared.looking ? 1u : 0u);
  }
  if (wake) shared.work.notify_one();
}

caf::resumable* SharedQueue::take(coordinator_data& shared) {
  std::unique_lock lock(shared.mutex);
  if (shared.jobs.empty() && !shared.looking) {
    shared.looking = true;
    lock.unlock();
    auto now = std::chrono::steady_clock::now();
    for (const auto until = now + kLooking; now < until && !shared.any.load(std::memory_order_relaxed);) {
      const auto before = std::exchange(now, (std::this_thread::yield(), std::chrono::steady_clock::now()));
      if (now - before > kBusy) break;
    }
    lock.lock();
    shared.looking = false;
  }
  while (shared.jobs.empty()) {
    ++shared.sleeping;
    shared.work.wait(lock);
    --shared.sleeping;
  }
  caf::resumable* const job = shared.jobs.front();
  shared.jobs.pop_front();
  shared.any.store(!shared.jobs.empty(), std::memory_order_relaxed);
  return job;
}

void share_workers(caf::actor_system_config& config) { config.load<caf::scheduler::coordinator<SharedQueue>>(); }

}  // namespace tlfs::messaging
