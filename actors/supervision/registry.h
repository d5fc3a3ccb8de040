// What a node knows of its actors as a whole: the probes of those alive, the last dead letters, and who sits in one
// handler for too long.
//
// Made by the node, handed down through SupervisorConfig, kept alive by whoever uses it. Thread-safe. It never asks an
// actor anything, so nothing here waits for one that hangs.
//
// How a hanging handler is found without a clock read per message. An actor that runs stands in one of kRunSlots slots.
// check_handlers looks at the slots: a probe that still counts as many messages as when it was first seen there has
// been in one handler since then (or since its run began, when it has not finished a message in this run). A probe
// removes itself under the mutex that check_handlers holds, so what is found in a slot is alive for the look.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include <spdlog/logger.h>
#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/message_id.hpp>

#include "actors/supervision/probe.h"
#include "runtime/base/environment.h"

namespace tlfs::supervision {

constexpr std::size_t kDeadLettersKept = 256;
// More actors than this in their handlers at one time are not watched for hanging.
constexpr std::size_t kRunSlots = 128;

enum class DeadLetterReason : std::uint8_t {
  ended,    // the receiver had ended, or ended with the message unread
  full,     // its mailbox was full
  dropped,  // a later message took its place in a full mailbox
};
std::string_view name_of(DeadLetterReason reason);

struct DeadLetter {
  std::chrono::nanoseconds when{};  // monotonic
  std::string to;
  std::string message_type;
  DeadLetterReason why = DeadLetterReason::ended;
};

// A copy of what a probe says, so that a reader holds no one's probe.
struct ProbeReading {
  std::string path;
  ChildKind kind = ChildKind::worker;
  std::uint64_t incarnation = 0, restarts = 0, messages = 0, rejected = 0, dropped = 0, coalesced = 0;
  std::size_t depth = 0, high_water = 0, mailbox_limit = 0;
  std::chrono::nanoseconds started_at{}, busy{}, stuck_for{};
  std::string stuck_on;  // the type of the message; empty unless stuck
};
ProbeReading read(const Probe& probe, std::chrono::nanoseconds now);

class Registry {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  Registry(std::shared_ptr<const Clock> clock, std::shared_ptr<spdlog::logger> logger,
           Nanoseconds stuck_after = std::chrono::seconds(5));
  ~Registry();

  // All actors alive, in no order. The whole list is read under one lock: for inspection, not for every message.
  std::vector<ProbeReading> readings() const;
  // The actor at that place, if one is alive.
  std::optional<ProbeReading> reading(std::string_view path) const;
  std::size_t size() const;

  // Numbers the incarnations of all children of the node.
  std::uint64_t next_incarnation() { return last_incarnation_.fetch_add(1, std::memory_order_relaxed) + 1; }

  // ---- supervisors by path ----
  // A supervisor says that it is the one at that path now.
  void publish(const std::string& path, const caf::actor& supervisor);
  // Who is there now; nothing when nobody is.
  caf::actor supervisor_at(const std::string& path) const;
  // The root has ended: no supervisor will come again.
  void close();
  // Sends `response` to `waiter` once a supervisor other than `not_this` is at that path: with the handle, or with an
  // error when none will come. At once, when that is so already.
  void await_supervisor(const std::string& path, caf::actor_id not_this, const caf::actor_addr& waiter,
                        caf::message_id response);
  void stop_awaiting(const std::string& path, const caf::actor_addr& waiter, caf::message_id response);

  void dead_letter(const std::string& to, MessageType type, DeadLetterReason why);
  std::uint64_t dead_letter_count() const { return dead_letter_count_.load(std::memory_order_relaxed); }
  std::vector<DeadLetter> dead_letters() const;  // oldest first

  // Looks for handlers that run longer than `stuck_after` and reports each once: a log line and a count.
  void check_handlers();
  std::uint64_t stuck_count() const { return stuck_count_.load(std::memory_order_relaxed); }
  Nanoseconds stuck_after() const { return stuck_after_; }
  Nanoseconds now() const { return clock_->monotonic(); }

 private:
  friend class Probe;
  struct Kept {
    Nanoseconds when{};
    std::string to;
    MessageType type;
    DeadLetterReason why = DeadLetterReason::ended;
  };
  // What check_handlers saw in a slot last.
  struct Sight {
    const Probe* probe = nullptr;
    std::uint64_t messages = 0;
    Nanoseconds since{};
    bool reported = false;
  };
  struct alignas(64) Slot {
    std::atomic<Probe*> running{nullptr};
  };

  struct Awaiting {
    caf::actor_addr waiter;
    caf::message_id response;
  };
  struct Seat {
    caf::actor_addr supervisor;
    caf::actor_id id = 0;
    std::vector<Awaiting> awaiting;
  };

  void add(Probe& probe);
  void remove(Probe& probe);
  std::size_t enter(Probe& probe);
  void leave(std::size_t slot) { slots_[slot].running.store(nullptr, std::memory_order_release); }
  void look(Sight& sight, Probe* probe, Nanoseconds now);
  void moves_again(Probe& probe);

  const std::shared_ptr<const Clock> clock_;
  const std::shared_ptr<spdlog::logger> logger_;
  const Nanoseconds stuck_after_;

  mutable std::mutex mutex_;
  Probe* first_ = nullptr;               // guarded by mutex_
  std::size_t size_ = 0;                 // guarded by mutex_
  std::array<Sight, kRunSlots> sights_;  // guarded by mutex_
  std::array<Slot, kRunSlots> slots_;
  std::atomic<std::uint64_t> stuck_count_{0};

  std::atomic<std::uint64_t> last_incarnation_{0};

  mutable std::mutex seats_mutex_;
  std::unordered_map<std::string, Seat> seats_;  // guarded by seats_mutex_; one for each supervisor ever or awaited
  bool closed_ = false;                          // guarded by seats_mutex_

  mutable std::mutex letters_mutex_;
  std::deque<Kept> letters_;  // guarded by letters_mutex_
  std::atomic<std::uint64_t> dead_letter_count_{0};
};

// Calls check_handlers from a thread of its own, five times within `stuck_after`. For production; a simulation calls
// check_handlers itself. The destructor waits for the thread.
class Watchdog {
 public:
  explicit Watchdog(std::shared_ptr<Registry> registry);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void run();

  const std::shared_ptr<Registry> registry_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace tlfs::supervision
