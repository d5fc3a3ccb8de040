#include "actors/supervision/supervisor.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include "actors/supervision/log_event.h"
#include "runtime/base/check.h"

namespace tlfs::supervision {

namespace {

constexpr std::uint32_t kSweepWatchersAt = 16;

}  // namespace

// A held WatchChild. Weak, so that a child that never moves does not keep dead callers in memory.
struct Supervisor::Watcher {
  caf::actor_addr caller;
  caf::message_id request;
};

// What there is to remember of a child that has ended before, or is asked to. Most never have.
struct Supervisor::Past {
  ChildHistory history;
  std::uint32_t restarts = 0;
  std::string last_error;
  std::string last_reason;  // clean ones included
  Nanoseconds waiting_until{};
  std::vector<caf::response_promise> stop_waiters;
};

// One for every child of a node, and most of them are idle: a field here is paid for a hundred thousand times.
struct Supervisor::Child {
  std::shared_ptr<const ChildSpec> spec;
  std::shared_ptr<Probe> probe;  // of the incarnation that runs
  caf::actor handle;             // valid while running or stopping
  Child *previous = nullptr, *next = nullptr;
  std::uint64_t order = 0;
  std::uint64_t incarnation = 0;
  Nanoseconds started_at{};
  std::vector<Watcher> watchers;
  std::unique_ptr<Past> past;
  std::uint32_t sweep_watchers_at = kSweepWatchersAt;
  ChildState state = ChildState::finished;
  bool dynamic = false;
  bool killed = false;
  bool unwanted = false;  // stopped by request: not started again with its siblings
};

struct Supervisor::RestartDue : messaging::LocalOnly {
  std::string id;
  std::uint64_t incarnation = 0;
};

struct Supervisor::ShutdownOverdue : messaging::LocalOnly {
  std::string id;
  std::uint64_t incarnation = 0;
};

struct Supervisor::GroupDue : messaging::LocalOnly {
  std::uint64_t timer = 0;
};

Supervisor::Supervisor(caf::actor_config& actor_config, SupervisorConfig config, bool root)
    : caf::event_based_actor(actor_config),
      config_(std::move(config)),
      root_(root),
      policy_(config_.intensity, config_.backoff) {
  TLFS_CHECK(config_.clock && config_.random && config_.logger, "a supervisor without clock, random or logger");
  set_down_handler([this](caf::down_msg& down) {
    if (Child* child = running_.find(down.source.id())) ended(*child, down.reason);
  });
  set_exit_handler([this](caf::exit_msg& exit) { begin_stop(std::move(exit.reason)); });
  if (!config_.registry) config_.registry = std::make_shared<Registry>(config_.clock, config_.logger);
}

Supervisor::~Supervisor() = default;

caf::behavior Supervisor::make_behavior() {
  config_.registry->publish(config_.path.text(), caf::actor_cast<caf::actor>(this));
  for (ChildSpec& spec : config_.children) {
    if (stop_reason_) break;  // an earlier child failed and nobody wants it restarted
    auto child = add_child(std::make_shared<const ChildSpec>(std::move(spec)), false);
    TLFS_CHECK(child.engaged(), "two static children of one id, or too many");
    run_or_wait(**child);
  }
  config_.children.clear();
  if (stop_reason_ && running_.empty()) return {};  // it has quit already, a behavior would keep it alive
  return {
      [this](const StartChild& request) { return start_child(request); },
      [this](const ReviveChild& request) { return revive_child(request.id); },
      [this](const StopChild& request) { return stop_child(request.id); },
      [this](const WatchChild& request) { return watch_child(request); },
      [this](const UnwatchChild& request) { unwatch_child(request); },
      [this](const GetStatus&) { return status(); },
      [this](const RestartDue& due) {
        Child* child = find(due.id);
        if (child && child->state == ChildState::waiting && child->incarnation == due.incarnation) run(*child);
      },
      [this](const ShutdownOverdue& due) { overdue(due); },
      [this](const GroupDue& due) {
        if (group_ && group_->timer == due.timer) start_group();
      },
  };
}

// Reached by quit, by a kill from outside and by an exception: whatever happened, no child is left behind and no caller
// waits in vain.
void Supervisor::on_exit() {
  if (!stop_reason_) stop_reason_ = caf::error(caf::exit_reason::kill);
  for (Child* child = first_; child; child = child->next) {
    if (child->handle) caf::anon_send_exit(child->handle, caf::exit_reason::kill);
    child->handle = nullptr;
    child->state = ChildState::finished;
    if (!child->watchers.empty())
      past_of(*child).last_reason = "its supervisor " + config_.path.text() + " has stopped";
    tell_watchers(*child);
    if (!child->past) continue;
    for (auto& waiter : child->past->stop_waiters) waiter.deliver(caf::unit);
  }
  if (root_) config_.registry->close();
  running_.clear();
  first_ = last_ = nullptr;
  children_.clear();
}

// ---- what the outside asks ----

caf::result<ChildPhase> Supervisor::start_child(const StartChild& request) {
  if (Child* child = find(request.spec->id)) {
    const bool idle = child->state == ChildState::finished;
    if (!request.keep_existing) return to_caf(Errc::already_started, child->spec->id + " exists already");
    if (idle && !stop_reason_) run_or_wait(*child);
    return phase_of(*child);
  }
  auto added = add_child(request.spec, true);
  if (!added) return added.error();
  const std::string id = request.spec->id;
  run_or_wait(**added);
  if (Child* child = find(id)) return phase_of(*child);
  return to_caf(Errc::start_failed, id + " could not be started");
}

caf::result<ChildPhase> Supervisor::revive_child(const std::string& id) {
  Child* child = find(id);
  if (!child) return to_caf(Errc::not_found, "no child " + id + " under " + config_.path.text());
  if (stop_reason_) return to_caf(Errc::stopping, config_.path.text() + " is stopping");
  if (child->state != ChildState::finished && child->state != ChildState::quarantined)
    return to_caf(Errc::already_started, id + " is not at rest");
  past_of(*child).history = ChildHistory{};
  run_or_wait(*child);
  if ((child = find(id))) return phase_of(*child);
  return to_caf(Errc::start_failed, id + " could not be started");
}

caf::result<void> Supervisor::stop_child(const std::string& id) {
  Child* child = find(id);
  if (!child) return to_caf(Errc::not_found, "no child " + id + " under " + config_.path.text());
  child->unwanted = true;
  if (!child->handle) {
    past_of(*child).last_reason = "stopped on request";
    rest(*child, ChildState::finished);
    return caf::unit;
  }
  past_of(*child).stop_waiters.push_back(make_response_promise());
  if (child->state == ChildState::running) ask_to_stop(*child);
  return caf::delegated<void>();
}

caf::result<ChildPhase> Supervisor::watch_child(const WatchChild& request) {
  Child* child = find(request.id);
  const bool absent = !child || child->state == ChildState::finished;
  if (absent && request.start_when_absent && !stop_reason_) {
    StartChild start;
    start.spec = request.start_when_absent;
    start.keep_existing = true;
    return start_child(start);
  }
  if (!child || stop_reason_) {
    ChildPhase phase;
    if (child) phase.incarnation = child->incarnation;
    phase.supervisor_stops = stop_reason_.has_value();
    phase.reason = stop_reason_ ? config_.path.text() + " is stopping"
                                : "there is no " + request.id + " under " + config_.path.text();
    return phase;
  }
  ChildPhase phase = phase_of(*child);
  const bool moves = phase.kind == PhaseKind::up || phase.kind == PhaseKind::waiting;
  if (!moves || phase.kind != request.known || phase.incarnation != request.incarnation) return phase;

  caf::response_promise promise = make_response_promise();
  if (child->watchers.size() >= child->sweep_watchers_at) {
    std::erase_if(child->watchers, [](const Watcher& w) { return !caf::actor_cast<caf::strong_actor_ptr>(w.caller); });
    child->sweep_watchers_at = std::max(kSweepWatchersAt, static_cast<std::uint32_t>(child->watchers.size() * 2));
  }
  child->watchers.push_back({caf::actor_cast<caf::actor_addr>(promise.source()), promise.id()});
  return caf::delegated<ChildPhase>();
}

void Supervisor::unwatch_child(const UnwatchChild& request) {
  Child* child = find(request.id);
  if (!child) return;
  std::erase_if(child->watchers, [&](const Watcher& w) {
    return w.caller == request.watcher && w.request.response_id().integer_value() == request.request;
  });
}

SupervisorStatus Supervisor::status() {
  SupervisorStatus out;
  out.path = config_.path.text();
  out.stopping = stop_reason_.has_value();
  out.counters = counters_;
  out.retired = retired_;
  for (const Child* child = first_; child; child = child->next) {
    ChildStatus s;
    s.id = child->spec->id;
    s.path = config_.path.child(s.id).text();
    s.kind = child->spec->kind;
    s.state = child->state;
    s.incarnation = child->incarnation;
    s.started_at = child->started_at;
    if (child->past) {
      s.restarts = child->past->restarts;
      s.last_error = child->past->last_error;
      if (child->state == ChildState::waiting) s.waiting_until = child->past->waiting_until;
    }
    s.watchers = child->watchers.size();
    s.probe = child->probe;
    if (s.kind == ChildKind::supervisor) s.handle = child->handle;
    out.children.push_back(std::move(s));
  }
  return out;
}

// ---- the life of one child ----

caf::expected<Supervisor::Child*> Supervisor::add_child(std::shared_ptr<const ChildSpec> spec, bool dynamic) {
  TLFS_CHECK(spec && spec->start && !spec->id.empty(), "a child spec without id or start function");
  if (stop_reason_) return to_caf(Errc::stopping, config_.path.text() + " is stopping");
  if (children_.size() >= kMaxChildren)
    return to_caf(Errc::too_many_children,
                  config_.path.text() + " has " + std::to_string(kMaxChildren) + " children already");
  auto [it, fresh] = children_.try_emplace(&spec->id);
  if (!fresh) return to_caf(Errc::already_started, spec->id + " exists already");
  Child* child = &it->second;
  child->spec = std::move(spec);
  child->dynamic = dynamic;
  child->order = ++last_order_;
  child->previous = last_;
  (last_ ? last_->next : first_) = child;
  last_ = child;
  return child;
}

// A child that is to start while its siblings are being restarted starts with them.
void Supervisor::run_or_wait(Child& child) {
  if (!in_group(child)) return run(child);
  child.unwanted = false;
  child.state = ChildState::waiting;
  past_of(child).waiting_until = config_.clock->monotonic() + group_->delay;
}

void Supervisor::run(Child& child) {
  const bool again = child.incarnation != 0;
  child.incarnation = config_.registry->next_incarnation();
  child.started_at = config_.clock->monotonic();
  child.killed = false;
  child.unwanted = false;
  ++counters_.starts;
  if (again) ++counters_.restarts, ++past_of(child).restarts;

  caf::error failure;
  child.probe = std::make_shared<Probe>(
      config_.registry, ChildIdentity{config_.path.child(child.spec->id), child.incarnation, config_.logger},
      child.spec->kind, again ? child.past->restarts : 0, child.spec->mailbox.limit);
  try {
    ChildContext context(*this, child.probe, *child.spec, config_);
    child.handle = child.spec->start(context);
    if (!child.handle) failure = to_caf(Errc::crashed, "the start function returned no actor");
  } catch (...) {  // the start function is the child's, so its exception is the child's failure
    failure = to_caf(Errc::crashed, exception_text(std::current_exception()));
  }
  if (failure) return ended(child, failure);

  child.state = ChildState::running;
  running_.add(child.handle.id(), child);
  monitor(child.handle);
  log_event(*config_.logger, spdlog::level::debug, "child_started", child.probe->path(),
            {{"incarnation", child.incarnation}});
  tell_watchers(child);
}

void Supervisor::ended(Child& child, const caf::error& reason) {
  if (child.handle) running_.remove(child.handle.id());
  child.handle = nullptr;
  retire(child);
  Past& past = past_of(child);
  past.last_reason = describe(reason);
  const bool clean = is_clean(reason);
  if (!clean) past.last_error = past.last_reason;
  if (child.state == ChildState::stopping) {
    --stopping_;
    return ended_as_asked(child);
  }
  if (in_group(child)) {  // it went by itself before it was asked to
    if (!clean) ++counters_.crashes;
    rest_for_group(child);
    return continue_group();
  }

  const auto now = config_.clock->monotonic();
  if (!clean) {
    ++counters_.crashes;
    log_event(*config_.logger, spdlog::level::warn, "child_ended", config_.path.child(child.spec->id).text(),
              {{"incarnation", child.incarnation}, {"reason", past.last_reason}});
  }
  const Ending ending{child.spec->restart, child.spec->exhausted, clean, now - child.started_at, now};
  carry_out(child, policy_.decide(ending, past.history, *config_.random));
}

void Supervisor::ended_as_asked(Child& child) {
  log_event(*config_.logger, spdlog::level::debug, "child_stopped", config_.path.child(child.spec->id).text(),
            {{"incarnation", child.incarnation}});
  if (in_group(child))
    rest_for_group(child);
  else
    rest(child, ChildState::finished);
  if (stop_reason_) {
    if (stopping_ == 0) continue_stop();
  } else if (group_) {
    continue_group();
  }
}

void Supervisor::carry_out(Child& child, const Decision& decision) {
  Past& past = past_of(child);
  switch (decision.verdict) {
    case Verdict::finish:
      return rest(child, ChildState::finished);
    case Verdict::quarantine:
      ++counters_.quarantined;
      log_event(*config_.logger, spdlog::level::err, "child_quarantined", config_.path.child(child.spec->id).text(),
                {{"restarts", past.restarts}, {"reason", past.last_reason}});
      return rest(child, ChildState::quarantined);
    case Verdict::restart: {
      if (config_.strategy != Strategy::one_for_one) return restart_group(child, decision.delay);
      child.state = ChildState::waiting;
      past.waiting_until = config_.clock->monotonic() + decision.delay;
      tell_watchers(child);
      // Also without a delay through the mailbox: a start function that fails at once must not recurse.
      RestartDue due;
      due.id = child.spec->id;
      due.incarnation = child.incarnation;
      if (decision.delay > Nanoseconds::zero())
        delayed_send(this, decision.delay, std::move(due));
      else
        send(this, std::move(due));
      return;
    }
    case Verdict::escalate: {
      const auto& limit = policy_.intensity();
      std::string text = "child " + child.spec->id + " of " + config_.path.text() + " ended more than " +
                         std::to_string(limit.restarts) + " times in " +
                         std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(limit.period).count()) +
                         " ms; last error: " + past.last_reason;
      log_event(*config_.logger, spdlog::level::err, "supervisor_escalates", config_.path.text(),
                {{"child", child.spec->id}, {"reason", past.last_reason}});
      rest(child, ChildState::finished);
      return begin_stop(to_caf(Errc::escalated, std::move(text)));
    }
  }
}

// The child stays down. What is dynamic is forgotten with that, except in quarantine, which must be visible.
void Supervisor::rest(Child& child, ChildState state) {
  child.state = state;
  tell_watchers(child);
  if (child.past)
    for (auto& waiter : std::exchange(child.past->stop_waiters, {})) waiter.deliver(caf::unit);
  if (child.dynamic && state == ChildState::finished) forget(child);
}

std::string_view family_of(std::string_view child_id) { return child_id.substr(0, child_id.find('/')); }

// The totals of a family must not shrink when one of its actors goes.
void Supervisor::retire(Child& child) {
  const auto probe = std::exchange(child.probe, nullptr);
  RetiredTotals& totals = retired_[std::string(family_of(child.spec->id))];
  totals.messages += probe->messages();
  totals.rejected += probe->rejected();
  totals.dropped += probe->dropped();
  totals.coalesced += probe->coalesced();
  totals.busy += probe->busy();
}

void Supervisor::forget(Child& child) {
  if (child.past) retired_[std::string(family_of(child.spec->id))].restarts += child.past->restarts;
  (child.previous ? child.previous->next : first_) = child.next;
  (child.next ? child.next->previous : last_) = child.previous;
  const auto spec = child.spec;  // its id is the key of what goes
  children_.erase(&spec->id);
}

void Supervisor::ask_to_stop(Child& child) {
  child.state = ChildState::stopping;
  ++stopping_;
  const bool at_once = child.spec->shutdown <= Nanoseconds::zero();
  child.killed = at_once;
  send_exit(child.handle, at_once ? caf::exit_reason::kill : caf::exit_reason::user_shutdown);
  ShutdownOverdue due;
  due.id = child.spec->id;
  due.incarnation = child.incarnation;
  delayed_send(this, at_once ? kKillGrace : child.spec->shutdown, std::move(due));
}

void Supervisor::overdue(const ShutdownOverdue& due) {
  Child* child = find(due.id);
  if (!child || child->state != ChildState::stopping || child->incarnation != due.incarnation) return;
  if (!child->killed) {
    child->killed = true;
    ++counters_.killed;
    log_event(*config_.logger, spdlog::level::warn, "child_killed", config_.path.child(due.id).text(),
              {{"incarnation", due.incarnation}});
    send_exit(child->handle, caf::exit_reason::kill);
    delayed_send(this, kKillGrace, due);
    return;
  }
  ++counters_.abandoned;
  log_event(*config_.logger, spdlog::level::err, "child_abandoned", config_.path.child(due.id).text(),
            {{"incarnation", due.incarnation}});
  demonitor(child->handle);
  ended(*child, to_caf(Errc::crashed, "hung: it did not end when killed"));
}

void Supervisor::tell_watchers(Child& child) {
  const ChildPhase phase = phase_of(child);
  const auto self = caf::strong_actor_ptr(ctrl());
  for (const Watcher& watcher : std::exchange(child.watchers, {})) {
    auto caller = caf::actor_cast<caf::strong_actor_ptr>(watcher.caller);
    if (caller) caf::response_promise(self, std::move(caller), {}, watcher.request).deliver(phase);
  }
}

ChildPhase Supervisor::phase_of(const Child& child) const {
  ChildPhase phase;
  phase.incarnation = child.incarnation;
  if (child.past) phase.reason = child.past->last_reason;
  phase.supervisor_stops = stop_reason_.has_value() && !child.handle;
  switch (child.state) {
    case ChildState::running:
    case ChildState::stopping:
      phase.kind = PhaseKind::up;
      phase.handle = child.handle;
      phase.reason.clear();
      break;
    case ChildState::waiting:
      phase.kind = PhaseKind::waiting;
      break;
    case ChildState::finished:
      phase.kind = PhaseKind::absent;
      break;
    case ChildState::quarantined:
      phase.kind = PhaseKind::quarantined;
      break;
  }
  return phase;
}

Supervisor::Child* Supervisor::find(const std::string& id) {
  const auto it = children_.find(&id);
  return it == children_.end() ? nullptr : &it->second;
}

Supervisor::Past& Supervisor::past_of(Child& child) {
  if (!child.past) child.past = std::make_unique<Past>();
  return *child.past;
}

// ---- restarts of several siblings ----

bool Supervisor::in_group(const Child& child) const { return group_ && child.order >= group_->from; }

void Supervisor::restart_group(Child& culprit, Nanoseconds delay) {
  const std::uint64_t from = config_.strategy == Strategy::one_for_all ? 0 : culprit.order;
  if (!group_) group_ = Group{from, delay, 0};
  group_->from = std::min(group_->from, from);
  group_->delay = std::max(group_->delay, delay);
  group_->timer = 0;
  log_event(*config_.logger, spdlog::level::info, "siblings_restart", config_.path.text(),
            {{"cause", culprit.spec->id}, {"reason", past_of(culprit).last_reason}});
  rest_for_group(culprit);
  continue_group();
}

// The child is down and, unless it is meant to stay so, waits to be started with its siblings.
void Supervisor::rest_for_group(Child& child) {
  if (child.unwanted || child.spec->restart == Restart::temporary) return rest(child, ChildState::finished);
  child.state = ChildState::waiting;
  past_of(child).waiting_until = config_.clock->monotonic() + group_->delay;
  tell_watchers(child);
}

// Stops the last of those still alive, or, when none is, waits for the time to start them.
void Supervisor::continue_group() {
  if (group_->timer != 0) return;
  for (Child* child = last_; child && in_group(*child); child = child->previous) {
    if (!child->handle) continue;
    if (child->state == ChildState::running) ask_to_stop(*child);
    return;
  }
  GroupDue due;
  due.timer = group_->timer = ++last_group_timer_;
  if (group_->delay > Nanoseconds::zero())
    delayed_send(this, group_->delay, due);
  else
    send(this, due);
}

void Supervisor::start_group() {
  std::vector<std::shared_ptr<const ChildSpec>> members;  // by spec, for a child that fails may be gone before its turn
  for (Child* child = last_; child && in_group(*child); child = child->previous) {
    const bool finished = child->state == ChildState::finished && !child->unwanted;
    if (child->state == ChildState::waiting || (finished && child->spec->restart != Restart::temporary))
      members.push_back(child->spec);
  }
  group_.reset();
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    Child* child = find((*member)->id);
    if (!child || child->spec != *member) continue;
    run_or_wait(*child);  // waits when one before it failed to start: a new group has begun
    if (stop_reason_) return;
  }
}

// ---- the end of the supervisor itself ----

void Supervisor::begin_stop(caf::error reason) {
  if (stop_reason_) return;
  stop_reason_ = std::move(reason);
  group_.reset();
  log_event(*config_.logger, spdlog::level::info, "supervisor_stops", config_.path.text(),
            {{"reason", describe(*stop_reason_)}});
  continue_stop();
}

void Supervisor::continue_stop() {
  std::vector<Child*> alive_dynamic, resting;
  Child* last_static = nullptr;
  for (Child* child = first_; child; child = child->next) {
    if (!child->handle) {
      if (child->state == ChildState::waiting) resting.push_back(child);
      continue;
    }
    if (child->state == ChildState::stopping) continue;
    if (child->dynamic)
      alive_dynamic.push_back(child);
    else
      last_static = child;
  }
  for (Child* child : resting) rest(*child, ChildState::finished);
  for (auto it = alive_dynamic.rbegin(); it != alive_dynamic.rend(); ++it) ask_to_stop(**it);
  if (stopping_ > 0) return;
  if (last_static) return ask_to_stop(*last_static);
  quit(*stop_reason_);
}

ChildSpec supervisor_spec(std::string id, std::function<SupervisorConfig()> make) {
  ChildSpec spec;
  spec.id = std::move(id);
  spec.kind = ChildKind::supervisor;
  spec.shutdown = std::chrono::minutes(1);
  spec.mailbox.limit = kMaxChildren;
  spec.start = [make = std::move(make)](ChildContext& context) {
    SupervisorConfig config = make();
    const SupervisorConfig& parent = context.surroundings();
    config.path = context.path();
    if (!config.clock) config.clock = parent.clock;
    if (!config.logger) config.logger = parent.logger;
    if (!config.registry) config.registry = parent.registry;
    config.threads = parent.threads;
    // Its own, because the parent's is used on the parent's thread. It decides only how long to wait.
    if (!config.random) config.random = std::make_shared<SeededRandom>(parent.random->next_u64());
    return context.spawn<Supervisor>(std::move(config));
  };
  return spec;
}

caf::actor spawn_root_supervisor(caf::actor_system& system, SupervisorConfig config) {
  TLFS_CHECK(config.clock && config.random && config.logger, "a supervisor without clock, random or logger");
  if (!config.registry) config.registry = std::make_shared<Registry>(config.clock, config.logger);
  auto probe = std::make_shared<Probe>(config.registry, ChildIdentity{config.path, 1, config.logger},
                                       ChildKind::supervisor, 0, std::size_t{kMaxChildren});
  MailboxSpec mailbox;
  mailbox.limit = kMaxChildren;
  return system.spawn<SupervisedActor<Supervisor>>(std::move(probe), mailbox, std::move(config), true);
}

}  // namespace tlfs::supervision
