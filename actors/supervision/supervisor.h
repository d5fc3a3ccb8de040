// A one_for_one supervisor: starts children, notices when one ends, and starts it again or gives up in an orderly way.
//
// Accepts   StartChild, StopChild, ReviveChild, GetStatus, WatchChild, UnwatchChild (supervisor_messages.h); an exit
//           message with any reason stops it.
// Replies   as said there.
// Emits     log lines `event key=value`; nothing else.
// Ends with the reason it was asked to stop with, or `escalated`, naming the child and its last error, or `crashed`.
// Survives  nothing: a restarted supervisor starts its static children afresh.
//
// Start     static children in the order given, one after another. (An actor is started when it exists; what it does in
//           its own first steps runs concurrently.)
// Stop      dynamic children first, all at once; then the static ones one by one, last started first. Each is asked
// with
//           user_shutdown, killed after its `shutdown` time, and given up for lost kKillGrace later: a handler that
//           hangs cannot be interrupted, but it must not keep the others from stopping.
//
// The decision what to do about an ending is RestartPolicy's; this actor only carries it out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>

#include "actors/supervision/child_spec.h"
#include "actors/supervision/errors.h"
#include "actors/supervision/supervisor_messages.h"
#include "runtime/base/environment.h"

namespace tlfs::supervision {

constexpr std::size_t kMaxChildren = 1'000'000;
constexpr Nanoseconds kKillGrace = std::chrono::seconds(1);

// Everything a supervisor takes from outside. `random` is used on its thread only; `clock` and `logger` are
// thread-safe.
struct SupervisorConfig {
  ActorPath path;
  std::vector<ChildSpec> children;
  Intensity intensity;
  Backoff backoff;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<Random> random;
  std::shared_ptr<spdlog::logger> logger;
};

class Supervisor : public caf::event_based_actor {
 public:
  Supervisor(caf::actor_config& actor_config, SupervisorConfig config);
  ~Supervisor() override;

  const char* name() const override { return "supervisor"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  struct Watcher;
  struct Child;
  struct RestartDue;
  struct ShutdownOverdue;

  // What the outside asks.
  caf::result<ChildPhase> start_child(const StartChild& request);
  caf::result<ChildPhase> revive_child(const std::string& id);
  caf::result<void> stop_child(const std::string& id);
  caf::result<ChildPhase> watch_child(const WatchChild& request);
  void unwatch_child(const UnwatchChild& request);
  SupervisorStatus status() const;

  // The life of one child.
  caf::expected<Child*> add_child(std::shared_ptr<const ChildSpec> spec, bool dynamic);
  void run(Child& child);
  void ended(Child& child, const caf::error& reason);
  void ended_as_asked(Child& child);
  void carry_out(Child& child, const Decision& decision);
  void rest(Child& child, ChildState state);  // finished or quarantined
  void forget(Child& child);
  void ask_to_stop(Child& child);
  void overdue(const ShutdownOverdue& due);
  void tell_watchers(Child& child);
  ChildPhase phase_of(const Child& child) const;
  Child* find(const std::string& id) const;

  // The end of the supervisor itself.
  void begin_stop(caf::error reason);
  void continue_stop();

  SupervisorConfig config_;
  RestartPolicy policy_;
  SupervisorCounters counters_;
  std::uint64_t last_incarnation_ = 0;
  std::uint64_t last_order_ = 0;
  std::unordered_map<std::string, std::unique_ptr<Child>> children_;
  std::unordered_map<caf::actor_id, Child*> running_;  // has a live actor
  std::map<std::uint64_t, Child*> by_order_;           // of first start
  std::size_t stopping_ = 0;                           // children asked to stop and not gone yet
  std::optional<caf::error> stop_reason_;              // set once the supervisor itself stops
};

// Spawns a supervisor that nobody supervises: the root of a tree.
caf::actor spawn_root_supervisor(caf::actor_system& system, SupervisorConfig config);

}  // namespace tlfs::supervision
