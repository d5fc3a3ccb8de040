// How actors share the threads of a node: one queue for all workers, first in, first out, as caf::policy::work_sharing
// has it. Two things differ, because what a node waits for is short: a disk, a peer, another actor.
//
//   A worker that runs out of work looks for more a while before it sleeps: to wake a thread takes as long as a commit
//   on a fast disk. One at a time does so, and it lets every other thread go first.
//   Nobody is woken while somebody looks already, and nobody wakes another while the lock is held.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <caf/actor_system_config.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/scheduler/coordinator.hpp>

namespace tlfs::messaging {

class SharedQueue : public caf::policy::unprofiled {
 public:
  // NOLINTBEGIN(readability-identifier-naming): CAF asks for these names
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}
    std::mutex mutex;
    std::condition_variable work;
    std::deque<caf::resumable*> jobs;
    std::atomic<bool> any{false};  // jobs, for who looks without the lock
    unsigned sleeping = 0;
    bool looking = false;
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
  };
  // NOLINTEND(readability-identifier-naming)

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    put(self->data(), job);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    put(self->parent()->data(), job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    put(self->parent()->data(), job);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    put(self->parent()->data(), job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    return take(self->parent()->data());
  }

  template <class Worker, class F>
  void foreach_resumable(Worker*, F) {}
  template <class Coordinator, class F>
  void foreach_central_resumable(Coordinator* self, F f) {
    const std::lock_guard lock(self->data().mutex);
    for (caf::resumable* job : std::exchange(self->data().jobs, {})) f(job);
  }

 private:
  static void put(coordinator_data& shared, caf::resumable* job);
  static caf::resumable* take(coordinator_data& shared);
};

// For a configuration of which no actor system has been made yet.
void share_workers(caf::actor_system_config& config);

}  // namespace tlfs::messaging
