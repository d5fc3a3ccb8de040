// A supervisor: starts children, notices when one ends, and starts it (and, by its strategy, some of its siblings)
// again or gives up in an orderly way.
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
// Strategy  one_for_one restarts the child that ended. one_for_all restarts every child, rest_for_one the one that
// ended
//           and those first started after it: they are stopped one by one, last started first, each within its
//           `shutdown`; then, after the backoff, started in their order. A child that ends meanwhile is part of that
//           restart, not a reason for another. Temporary children are stopped and stay down; a transient child that had
//           finished is started again; one that was stopped by request or is in quarantine is left where it is.
//
// The decision what to do about an ending is RestartPolicy's; this actor only carries it out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>

#include "actors/supervision/actor_index.h"
#include "actors/supervision/child_spec.h"
#include "actors/supervision/errors.h"
#include "actors/supervision/registry.h"
#include "actors/supervision/supervisor_messages.h"
#include "runtime/base/environment.h"

namespace tlfs::supervision {

constexpr std::size_t kMaxChildren = 1'000'000;
constexpr Nanoseconds kKillGrace = std::chrono::seconds(1);

// Who is restarted when a child has ended and its restart type asks for a restart.
enum class Strategy : std::uint8_t { one_for_one, one_for_all, rest_for_one };

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
  Strategy strategy = Strategy::one_for_one;
  // The node's. A root without one makes its own, children have their parent's.
  std::shared_ptr<Registry> registry = nullptr;
  // False where everything must run under a deterministic scheduler: nobody gets a thread of its own.
  bool threads = true;
};

class Supervisor : public caf::event_based_actor {
 public:
  // Whoever is `root` has nobody above: when it ends, the registry says that no supervisor will come again.
  Supervisor(caf::actor_config& actor_config, SupervisorConfig config, bool root = false);
  ~Supervisor() override;

  const char* name() const override { return "supervisor"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  struct Watcher;
  struct Past;
  struct Child;
  struct RestartDue;
  struct ShutdownOverdue;
  struct GroupDue;

  // A child is found by the id in its spec, which is there only once.
  struct HashOfId {
    std::size_t operator()(const std::string* id) const noexcept { return std::hash<std::string>()(*id); }
  };
  struct SameId {
    bool operator()(const std::string* a, const std::string* b) const noexcept { return *a == *b; }
  };

  // Siblings that are restarted together: those whose order is at least `from`. First they are stopped, then, when all
  // are gone, `delay` passes, then they are started.
  struct Group {
    std::uint64_t from = 0;
    Nanoseconds delay{};
    std::uint64_t timer = 0;  // the GroupDue that is awaited; 0 while stopping
  };

  // What the outside asks.
  caf::result<ChildPhase> start_child(const StartChild& request);
  caf::result<ChildPhase> revive_child(const std::string& id);
  caf::result<void> stop_child(const std::string& id);
  caf::result<ChildPhase> watch_child(const WatchChild& request);
  void unwatch_child(const UnwatchChild& request);
  SupervisorStatus status();

  // The life of one child.
  caf::expected<Child*> add_child(std::shared_ptr<const ChildSpec> spec, bool dynamic);
  void run(Child& child);
  void run_or_wait(Child& child);
  void ended(Child& child, const caf::error& reason);
  void ended_as_asked(Child& child);
  void carry_out(Child& child, const Decision& decision);
  void rest(Child& child, ChildState state);  // finished or quarantined
  void forget(Child& child);
  void retire(Child& child);
  void ask_to_stop(Child& child);
  void overdue(const ShutdownOverdue& due);
  void tell_watchers(Child& child);
  ChildPhase phase_of(const Child& child) const;
  Child* find(const std::string& id);
  static Past& past_of(Child& child);

  // Restarts of several siblings.
  void restart_group(Child& culprit, Nanoseconds delay);
  void rest_for_group(Child& child);
  void continue_group();
  void start_group();
  bool in_group(const Child& child) const;

  // The end of the supervisor itself.
  void begin_stop(caf::error reason);
  void continue_stop();

  SupervisorConfig config_;
  const bool root_;
  RestartPolicy policy_;
  SupervisorCounters counters_;
  std::map<std::string, RetiredTotals, std::less<>> retired_;  // by family
  std::uint64_t last_order_ = 0;
  std::unordered_map<const std::string*, Child, HashOfId, SameId> children_;
  ActorIndex<Child> running_;                 // has a live actor
  Child *first_ = nullptr, *last_ = nullptr;  // of children_, in the order of their first start
  std::size_t stopping_ = 0;                  // children asked to stop and not gone yet
  std::optional<Group> group_;
  std::uint64_t last_group_timer_ = 0;
  std::optional<caf::error> stop_reason_;  // set once the supervisor itself stops
};

// A supervisor as a child of another. `make` is called for every incarnation and gives its configuration; the path is
// the child's place in the tree, and what is left empty (clock, random, logger, registry) is the
// parent's, threads always. A supervisor that
// gives up ends with `escalated`, which is a failure for its parent. It has a minute to stop its own children.
ChildSpec supervisor_spec(std::string id, std::function<SupervisorConfig()> make);

// Spawns a supervisor that nobody supervises: the root of a tree.
caf::actor spawn_root_supervisor(caf::actor_system& system, SupervisorConfig config);

}  // namespace tlfs::supervision
