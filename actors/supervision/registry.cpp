#include "actors/supervision/registry.h"

#include <algorithm>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/message.hpp>

#include "actors/supervision/errors.h"
#include "actors/supervision/log_event.h"
#include "runtime/base/check.h"

namespace tlfs::supervision {
namespace {

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

void respond(const caf::actor_addr& waiter, caf::message_id response, caf::message content) {
  if (const auto alive = caf::actor_cast<caf::strong_actor_ptr>(waiter))
    alive->enqueue(nullptr, response, std::move(content), nullptr);
}

caf::message none_will_come() { return caf::make_message(to_caf(Errc::stopped, "its node has stopped")); }

}  // namespace

std::string_view name_of(DeadLetterReason reason) {
  switch (reason) {
    case DeadLetterReason::ended:
      return "ended";
    case DeadLetterReason::full:
      return "full";
    case DeadLetterReason::dropped:
      return "dropped";
  }
  return "unknown";
}

ProbeReading read(const Probe& probe, std::chrono::nanoseconds now) {
  ProbeReading r;
  r.path = probe.path();
  r.kind = probe.kind();
  r.incarnation = probe.incarnation();
  r.restarts = probe.restarts();
  r.messages = probe.messages();
  r.rejected = probe.rejected();
  r.dropped = probe.dropped();
  r.coalesced = probe.coalesced();
  r.depth = probe.depth();
  r.high_water = probe.high_water();
  r.mailbox_limit = probe.mailbox_limit();
  r.started_at = probe.started_at();
  r.busy = probe.busy();
  r.stuck_for = probe.stuck_for(now);
  if (r.stuck_for > std::chrono::nanoseconds::zero()) r.stuck_on = probe.current().name();
  return r;
}

Registry::Registry(std::shared_ptr<const Clock> clock, std::shared_ptr<spdlog::logger> logger, Nanoseconds stuck_after)
    : clock_(std::move(clock)), logger_(std::move(logger)), stuck_after_(stuck_after) {
  TLFS_CHECK(clock_ && logger_, "a registry without clock or logger");
  TLFS_CHECK(stuck_after_ > Nanoseconds::zero(), "no handler is that fast");
}

Registry::~Registry() = default;

// ---- the actors alive ----

void Registry::add(Probe& probe) {
  const std::lock_guard lock(mutex_);
  probe.next_ = first_;
  if (first_) first_->previous_ = &probe;
  first_ = &probe;
  ++size_;
}

void Registry::remove(Probe& probe) {
  const std::lock_guard lock(mutex_);
  (probe.previous_ ? probe.previous_->next_ : first_) = probe.next_;
  if (probe.next_) probe.next_->previous_ = probe.previous_;
  --size_;
}

std::vector<ProbeReading> Registry::readings() const {
  const Nanoseconds time = now();
  std::vector<ProbeReading> out;
  const std::lock_guard lock(mutex_);
  out.reserve(size_);
  for (const Probe* probe = first_; probe; probe = probe->next_) out.push_back(read(*probe, time));
  return out;
}

std::optional<ProbeReading> Registry::reading(std::string_view path) const {
  const Nanoseconds time = now();
  const std::lock_guard lock(mutex_);
  for (const Probe* probe = first_; probe; probe = probe->next_)
    if (probe->path() == path) return read(*probe, time);
  return std::nullopt;
}

std::size_t Registry::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

// ---- supervisors by path ----

void Registry::publish(const std::string& path, const caf::actor& supervisor) {
  std::vector<Awaiting> awaiting;
  {
    const std::lock_guard lock(seats_mutex_);
    Seat& seat = seats_[path];
    seat.supervisor = supervisor.address();
    seat.id = supervisor.id();
    awaiting.swap(seat.awaiting);
  }
  for (const Awaiting& a : awaiting) respond(a.waiter, a.response, caf::make_message(supervisor));
}

void Registry::close() {
  std::vector<Awaiting> awaiting;
  {
    const std::lock_guard lock(seats_mutex_);
    closed_ = true;
    for (auto& [path, seat] : seats_) {
      awaiting.insert(awaiting.end(), seat.awaiting.begin(), seat.awaiting.end());
      seat.awaiting.clear();
    }
  }
  for (const Awaiting& a : awaiting) respond(a.waiter, a.response, none_will_come());
}

caf::actor Registry::supervisor_at(const std::string& path) const {
  const std::lock_guard lock(seats_mutex_);
  const auto at = seats_.find(path);
  return at == seats_.end() ? caf::actor() : caf::actor_cast<caf::actor>(at->second.supervisor);
}

void Registry::await_supervisor(const std::string& path, caf::actor_id not_this, const caf::actor_addr& waiter,
                                caf::message_id response) {
  caf::actor there;
  {
    const std::lock_guard lock(seats_mutex_);
    Seat& seat = seats_[path];
    if (seat.id != not_this) there = caf::actor_cast<caf::actor>(seat.supervisor);
    if (!there && !closed_) {
      seat.awaiting.push_back({waiter, response});
      return;
    }
  }
  respond(waiter, response, there ? caf::make_message(there) : none_will_come());
}

void Registry::stop_awaiting(const std::string& path, const caf::actor_addr& waiter, caf::message_id response) {
  const std::lock_guard lock(seats_mutex_);
  const auto it = seats_.find(path);
  if (it == seats_.end()) return;
  std::erase_if(it->second.awaiting, [&](const Awaiting& a) { return a.waiter == waiter && a.response == response; });
}

// ---- dead letters ----

void Registry::dead_letter(const std::string& to, MessageType type, DeadLetterReason why) {
  dead_letter_count_.fetch_add(1, std::memory_order_relaxed);
  const Nanoseconds when = now();
  const std::lock_guard lock(letters_mutex_);
  Kept letter;
  if (letters_.size() >= kDeadLettersKept) {
    letter = std::move(letters_.front());  // with room for a path
    letters_.pop_front();
  }
  letter.when = when;
  letter.to = to;
  letter.type = type;
  letter.why = why;
  letters_.push_back(std::move(letter));
}

std::vector<DeadLetter> Registry::dead_letters() const {
  std::vector<DeadLetter> out;
  const std::lock_guard lock(letters_mutex_);
  out.reserve(letters_.size());
  for (const Kept& kept : letters_) out.push_back({kept.when, kept.to, kept.type.name(), kept.why});
  return out;
}

// ---- handlers that hang ----

std::size_t Registry::enter(Probe& probe) {
  // Threads have their stacks far apart, so each tends to find its own slot free.
  const int here = 0;
  const auto start = (reinterpret_cast<std::uintptr_t>(&here) >> 20) % kRunSlots;
  for (std::size_t i = 0; i < kRunSlots; ++i) {
    const std::size_t slot = (start + i) % kRunSlots;
    Probe* free = nullptr;
    if (slots_[slot].running.load(std::memory_order_relaxed) == nullptr &&
        slots_[slot].running.compare_exchange_strong(free, &probe, std::memory_order_acq_rel))
      return slot;
  }
  return kRunSlots;
}

void Registry::check_handlers() {
  const Nanoseconds time = now();
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < kRunSlots; ++i) look(sights_[i], slots_[i].running.load(std::memory_order_acquire), time);
}

void Registry::look(Sight& sight, Probe* probe, Nanoseconds now) {
  const auto messages = probe ? probe->messages_.load(std::memory_order_acquire) : 0;
  if (!probe || sight.probe != probe || sight.messages != messages) {
    const bool moved_on = probe && sight.probe == probe && sight.reported;
    sight = Sight{probe, messages, now, false};
    if (!probe) return;
    if (moved_on) moves_again(*probe);
    if (messages <= probe->run_began_with_.load(std::memory_order_relaxed))
      sight.since = Nanoseconds(probe->run_began_at_.load(std::memory_order_relaxed));
  }
  if (sight.reported || now - sight.since < stuck_after_) return;
  sight.reported = true;
  probe->stuck_since_.store(sight.since.count(), std::memory_order_relaxed);
  stuck_count_.fetch_add(1, std::memory_order_relaxed);
  log_event(*logger_, spdlog::level::err, "handler_stuck", probe->path(),
            {{"incarnation", probe->incarnation()},
             {"message", std::string_view(probe->current().name())},
             {"seconds", seconds(now - sight.since)}});
}

void Registry::moves_again(Probe& probe) {
  const auto since = probe.stuck_since_.exchange(-1, std::memory_order_relaxed);
  if (since < 0) return;
  log_event(*logger_, spdlog::level::warn, "handler_moves_again", probe.path(),
            {{"incarnation", probe.incarnation()}, {"seconds", seconds(now() - Nanoseconds(since))}});
}

// ---- the watchdog ----

Watchdog::Watchdog(std::shared_ptr<Registry> registry) : registry_(std::move(registry)), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, registry_->stuck_after() / 5, [this] { return stop_; })) registry_->check_handlers();
}

}  // namespace tlfs::supervision
