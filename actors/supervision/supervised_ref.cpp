#include "actors/supervision/supervised_ref.h"

#include <algorithm>
#include <map>
#include <vector>

#include <caf/actor_clock.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

#include "runtime/base/check.h"

namespace tlfs::supervision {
namespace {

using Note = caf::response_handle<caf::event_based_actor, caf::message, false>;

// Runs `f` when everything that is in the owner's mailbox now has been handled.
template <class F>
void after_mailbox(caf::event_based_actor& owner, F f) {
  const auto id = owner.new_request_id(caf::message_priority::normal).response_id();
  Note(id, &owner).then([f](caf::ok_atom) mutable { f(); }, [](caf::error&) {});
  owner.ctrl()->enqueue(nullptr, id, caf::make_message(caf::ok_atom::value), owner.context());
}

// Runs `f` after `delay`: a request that nobody receives and that times out.
template <class F>
void after_delay(caf::event_based_actor& owner, Nanoseconds delay, F f) {
  const auto id = owner.new_request_id(caf::message_priority::normal);
  Note(id.response_id(), &owner).then([](caf::ok_atom) {}, [f](caf::error&) mutable { f(); });
  owner.request_response_timeout(caf::duration(delay), id);
}

bool mailbox_closed(const caf::actor& child) {
  const auto* actor = dynamic_cast<caf::scheduled_actor*>(caf::actor_cast<caf::abstract_actor*>(child));
  return actor != nullptr && const_cast<caf::scheduled_actor*>(actor)->mailbox().closed();
}

bool goes_by_itself(PhaseKind kind) { return kind == PhaseKind::up || kind == PhaseKind::waiting; }

}  // namespace

// A request whose outcome is open.
struct RefCore::Open {
  Attempt attempt;
  Fail fail;
  Time deadline;
  bool idempotent = false;
  Where where = Where::sent;
  std::uint64_t incarnation = 0;  // of the child it was sent to last
  caf::actor child;               // the same; empty while held
  caf::message_id response;       // what the owner waits for while sent
};

struct RefCore::Opens : std::map<std::uint64_t, Open> {};

RefCore::RefCore(caf::event_based_actor& owner, Whose whose, std::string id, RefOptions options)
    : owner_(owner),
      owner_address_(owner.address()),
      whose_(std::move(whose)),
      id_(std::move(id)),
      options_(std::move(options)),
      opens_(std::make_unique<Opens>()) {}

RefCore::~RefCore() {
  if (awaiting_ != 0) whose_.registry->stop_awaiting(whose_.path, owner_address_, caf::message_id(awaiting_));
  if (watching_ == 0) return;
  UnwatchChild unwatch;
  unwatch.id = id_;
  unwatch.watcher = owner_address_;
  unwatch.request = watching_;
  caf::anon_send(whose_.supervisor, std::move(unwatch));
}

RefCore::Time RefCore::now() const { return const_cast<caf::event_based_actor&>(owner_).clock().now(); }
std::string RefCore::label() const { return "request to " + id_; }

// ---- one request ----

void RefCore::request(const RequestOptions& options, Attempt attempt, Fail fail) {
  TLFS_CHECK(options.timeout > Nanoseconds::zero(), "every request needs a timeout");
  ++counters_.requests;
  const std::uint64_t ticket = ++last_ticket_;
  const bool direct = ready_ && (held_ == 0 || listening_);
  if (!direct && held_ >= options_.max_held) {
    ++counters_.overflowed;
    after_mailbox(owner_, [fail = std::move(fail), text = label() + ": " + std::to_string(held_) +
                                                          " are held already"] { fail(Error(Errc::overflow, text)); });
    return;
  }
  Open& open = (*opens_)[ticket];
  open.attempt = std::move(attempt);
  open.fail = std::move(fail);
  open.deadline = now() + std::chrono::duration_cast<Time::duration>(options.timeout);
  open.idempotent = options.idempotent;
  arm(open.deadline);
  if (direct) return send(ticket, open);
  ++counters_.held;
  hold(open);
  watch();
}

void RefCore::hold(Open& open) {
  open.where = Where::held;
  open.child = nullptr;
  ++held_;
}

void RefCore::send(std::uint64_t ticket, Open& open) {
  open.where = Where::sent;
  open.incarnation = phase_.incarnation;
  open.child = phase_.handle;
  open.response = open.attempt(*this, phase_.handle, ticket);
}

// The owner stops waiting for an answer: without this its handler would stay for ever, for CAF keeps no time here.
void RefCore::drop_response(Open& open) {
  if (open.where != Where::sent) return;
  owner_.ctrl()->enqueue(nullptr, open.response, caf::make_message(caf::make_error(caf::sec::request_timeout)),
                         owner_.context());
}

bool RefCore::answered(std::uint64_t ticket) {
  const auto it = opens_->find(ticket);
  if (it == opens_->end()) return false;
  if (it->second.where == Where::held) --held_;  // a late answer of an earlier incarnation serves as well
  opens_->erase(it);
  return true;
}

void RefCore::failed(std::uint64_t ticket, std::uint64_t incarnation, const caf::error& error) {
  const auto it = opens_->find(ticket);
  if (it == opens_->end()) return;
  Open& open = it->second;
  if (open.where != Where::sent || open.incarnation != incarnation) return;  // has been sent again, or will be
  if (error == caf::sec::request_receiver_down && !owner_.current_sender() && mailbox_closed(open.child)) {
    ++counters_.returned;
    ready_ = false;  // the rest will follow; what comes now must not overtake it
    return hold(open);
  }
  if (crashed_incarnation(error) == incarnation) {
    open.where = Where::responded;  // judged when the supervisor has said so too, with everything else that was lost
    ready_ = false;
    return;
  }
  open.where = Where::responded;
  settle(ticket, is(error, Errc::overloaded) ? Errc::overloaded : Errc::refused, describe(error));
}

void RefCore::settle(std::uint64_t ticket, Errc code, std::string text) {
  auto node = opens_->extract(ticket);
  if (node.empty()) return;
  if (node.mapped().where == Where::held) --held_;
  drop_response(node.mapped());
  if (code == Errc::timeout) ++counters_.timed_out;
  if (code == Errc::lost) ++counters_.lost;
  node.mapped().fail(Error(code, label() + ": " + std::move(text)));
}

// ---- following the child ----

void RefCore::start() {
  if (whose_.registry) return await_supervisor();
  watch();
}

void RefCore::await_supervisor() {
  if (awaiting_ != 0) return;
  phase_.kind = PhaseKind::waiting;
  phase_.handle = nullptr;
  const auto id = owner_.new_request_id(caf::message_priority::normal).response_id();
  awaiting_ = id.integer_value();
  Note(id, &owner_)
      .then(
          [weak = weak_from_this()](caf::actor& supervisor) {
            auto self = weak.lock();
            if (!self) return;
            self->awaiting_ = 0;
            self->whose_.supervisor = std::move(supervisor);
            self->watch();
          },
          [weak = weak_from_this()](caf::error& error) {
            auto self = weak.lock();
            if (!self) return;
            self->awaiting_ = 0;
            self->closed_ = true;
            self->supervisor_gone(describe(error));
          });
  const auto before = whose_.supervisor ? whose_.supervisor.id() : 0;
  whose_.registry->await_supervisor(whose_.path, before, owner_address_, id);
}

// What was under way is not judged yet when another supervisor may come: the child may outlive this one for a moment,
// and what it has not read it will still return.
void RefCore::supervisor_gone(const std::string& reason) {
  if (whose_.registry && !closed_) {
    watching_ = 0;
    ready_ = false;
    phase_.reason = reason;
    await_supervisor();
    after_mailbox(owner_, [self = shared_from_this()] {
      if (self->awaiting_ != 0 && self->listener_) self->listener_(self->phase_);
    });
    return;
  }
  asked_for_held_ = true;  // nobody is left to ask
  ChildPhase gone;
  gone.incarnation = phase_.incarnation;
  gone.reason = reason;
  moved(std::move(gone));
}

void RefCore::watch() {
  if (watching_ != 0 || awaiting_ != 0) return;
  if (closed_) return supervisor_gone("its node has stopped");
  WatchChild question;
  question.id = id_;
  question.known = phase_.kind;
  question.incarnation = phase_.incarnation;
  if (held_ > 0) question.start_when_absent = options_.start_when_absent;
  // A child that is up when it is asked about, and ends later, has not been asked to start again.
  asked_for_held_ = held_ > 0 && phase_.kind == PhaseKind::absent;
  const auto handle = owner_.request(whose_.supervisor, caf::infinite, std::move(question));
  watching_ = handle.id().integer_value();
  handle.then(
      [weak = weak_from_this()](ChildPhase& phase) {
        if (auto self = weak.lock()) self->moved(std::move(phase));
      },
      [weak = weak_from_this()](caf::error& error) {
        auto self = weak.lock();
        if (!self) return;
        self->supervisor_gone(error == caf::sec::request_receiver_down ? "its supervisor has stopped"
                                                                       : describe(error));
      });
}

void RefCore::moved(ChildPhase phase) {
  if (phase.supervisor_stops && whose_.registry && !closed_) return supervisor_gone(phase.reason);
  watching_ = 0;
  ready_ = false;
  const std::uint64_t before = phase_.incarnation;
  phase_ = std::move(phase);
  // Everything sent so far to an incarnation that is over went before this note.
  after_mailbox(owner_, [self = shared_from_this(), phase = phase_, before, asked_for_held = asked_for_held_] {
    // A supervisor that came after the one before may know of no incarnation: those that were are over all the same.
    self->judge(phase.kind == PhaseKind::up ? phase.incarnation - 1 : std::max(phase.incarnation, before));
    if (self->phase_.kind != phase.kind || self->phase_.incarnation != phase.incarnation) return;  // moved on meanwhile
    self->ready_ = phase.kind == PhaseKind::up;
    if (self->listener_) {
      self->listening_ = true;
      self->listener_(phase);
      self->listening_ = false;
    }
    if (self->ready_) return self->flush();
    if (phase.kind == PhaseKind::quarantined) self->fail_held(Errc::quarantined, phase.reason);
    if (phase.kind != PhaseKind::absent || self->held_ == 0) return;
    if (asked_for_held) return self->fail_held(Errc::stopped, phase.reason);
    self->watch();  // ask again, now on behalf of somebody
  });
  if (goes_by_itself(phase_.kind)) watch();
}

void RefCore::judge(std::uint64_t up_to_incarnation) {
  std::vector<std::uint64_t> lost;
  for (auto& [ticket, open] : *opens_) {
    if (open.where == Where::held || open.incarnation > up_to_incarnation) continue;  // held: known not to have arrived
    if (!open.idempotent) {
      lost.push_back(ticket);
      continue;
    }
    ++counters_.sent_again;
    drop_response(open);
    hold(open);
  }
  for (const auto ticket : lost) settle(ticket, Errc::lost, "the child ended without an answer");
}

void RefCore::flush() {
  for (auto& [ticket, open] : *opens_) {
    if (held_ == 0) break;
    if (open.where != Where::held) continue;
    --held_;
    send(ticket, open);
  }
}

void RefCore::fail_held(Errc code, const std::string& text) {
  std::vector<std::uint64_t> tickets;
  for (const auto& [ticket, open] : *opens_)
    if (open.where == Where::held) tickets.push_back(ticket);
  for (const auto ticket : tickets) settle(ticket, code, text);
}

// ---- deadlines ----

void RefCore::arm(Time deadline) {
  if (timer_set_ && timer_at_ <= deadline) return;
  timer_set_ = true;
  timer_at_ = deadline;
  const auto delay = std::max<Nanoseconds>(deadline - now(), std::chrono::nanoseconds(1));
  after_delay(owner_, delay, [self = shared_from_this(), deadline] {
    if (!self->timer_set_ || self->timer_at_ != deadline) return;  // an earlier one was set since
    self->timer_set_ = false;
    self->expire();
  });
}

void RefCore::expire() {
  std::vector<std::uint64_t> over;
  const auto time = now();
  auto next = Time::max();
  for (const auto& [ticket, open] : *opens_) {
    if (open.deadline <= time)
      over.push_back(ticket);
    else
      next = std::min(next, open.deadline);
  }
  if (next != Time::max()) arm(next);
  for (const auto ticket : over) settle(ticket, Errc::timeout, "no answer in time");
}

void find_supervisor(caf::event_based_actor& owner, const std::shared_ptr<Registry>& registry, const std::string& path,
                     const std::function<void(Result<caf::actor>)>& found) {
  const auto id = owner.new_request_id(caf::message_priority::normal).response_id();
  Note(id, &owner)
      .then([found](caf::actor& supervisor) { found(std::move(supervisor)); },
            [found](caf::error& error) { found(Error(Errc::stopped, describe(error))); });
  registry->await_supervisor(path, 0, owner.address(), id);
}

}  // namespace tlfs::supervision
