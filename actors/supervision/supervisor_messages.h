// What a supervisor accepts and replies. All of it stays inside the process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>

#include "actors/messaging/local_only.h"
#include "actors/supervision/child_spec.h"

namespace tlfs::supervision {

// Starts a dynamic child. Reply: ChildPhase, or an error: already_started, stopping, too_many_children, start_failed.
struct StartChild : messaging::LocalOnly {
  std::shared_ptr<const ChildSpec> spec;
  // A child of that id that exists already is the answer, not an error (unless it has finished: then it is started).
  bool keep_existing = false;
};

// Stops a child and, when it is dynamic, forgets it. A child in quarantine is released by this. Reply: a unit once the
// child is gone, or the error not_found.
struct StopChild : messaging::LocalOnly {
  std::string id;
};

// Starts a static child that has finished or is in quarantine, with a clean history. Replies as StartChild.
struct ReviveChild : messaging::LocalOnly {
  std::string id;
};

// Reply: SupervisorStatus. For a whole tree: tree_reader.h.
struct GetStatus : messaging::LocalOnly {};

enum class PhaseKind : std::uint8_t {
  absent,       // no such child, or it has finished
  up,           // running
  waiting,      // ended, will be restarted
  quarantined,  // ended, will not be restarted
};

// Where a child stands, as its callers need to know it.
struct ChildPhase : messaging::LocalOnly {
  PhaseKind kind = PhaseKind::absent;
  std::uint64_t incarnation = 0;  // the latest one; 0: none yet
  caf::actor handle;              // valid only when up
  std::string reason;             // why it is not up
  // It is not up because its supervisor stops; another supervisor may take over.
  bool supervisor_stops = false;
};

// Asks for the next phase that differs from (known, incarnation): answered at once when the child is elsewhere already
// or not expected to move (absent, quarantined), otherwise when it moves. With a spec, a child that is absent is
// started. One such request per caller is held per child; it costs the supervisor no reference to the caller.
struct WatchChild : messaging::LocalOnly {
  std::string id;
  PhaseKind known = PhaseKind::absent;
  std::uint64_t incarnation = 0;
  std::shared_ptr<const ChildSpec> start_when_absent;
};

// Takes a WatchChild back; `request` is its message id. No reply.
struct UnwatchChild : messaging::LocalOnly {
  std::string id;
  caf::actor_addr watcher;
  std::uint64_t request = 0;
};

enum class ChildState : std::uint8_t { running, waiting, stopping, finished, quarantined };

struct ChildStatus {
  std::string id;
  std::string path;
  ChildKind kind = ChildKind::worker;
  ChildState state = ChildState::running;
  std::uint64_t incarnation = 0;
  std::uint64_t restarts = 0;
  std::string last_error;       // of the last ending that was not clean; empty if there was none
  Nanoseconds started_at{};     // monotonic
  Nanoseconds waiting_until{};  // of a child that waits for its restart
  std::size_t watchers = 0;
  std::shared_ptr<const Probe> probe;  // of the incarnation that runs; null when none does
  caf::actor handle;                   // of a supervisor that runs
};

// What children of one family that have ended had done. The family of a child is its id up to the first slash.
struct RetiredTotals {
  std::uint64_t messages = 0, rejected = 0, dropped = 0, coalesced = 0;
  std::uint64_t restarts = 0;  // of children that are forgotten
  Nanoseconds busy{};
};
std::string_view family_of(std::string_view child_id);

struct SupervisorCounters {
  std::uint64_t starts = 0;  // restarts included
  std::uint64_t restarts = 0;
  std::uint64_t crashes = 0;  // endings that were neither clean nor asked for
  std::uint64_t quarantined = 0;
  std::uint64_t killed = 0;     // did not stop in time
  std::uint64_t abandoned = 0;  // did not even end when killed: hung in a handler
};

struct SupervisorStatus : messaging::LocalOnly {
  std::string path;
  bool stopping = false;
  SupervisorCounters counters;
  std::vector<ChildStatus> children;                          // in the order of their first start
  std::map<std::string, RetiredTotals, std::less<>> retired;  // by family
};

}  // namespace tlfs::supervision
