#include "actors/supervision/supervised_actor.h"

#include <string>

#include <caf/actor_control_block.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/type_nr.hpp>

#include "actors/supervision/child_spec.h"
#include "actors/supervision/errors.h"
#include "actors/supervision/log_event.h"
#include "actors/supervision/registry.h"
#include "runtime/base/check.h"

namespace tlfs::supervision {
namespace {

// What CAF itself says to an actor.
bool is_system_type(std::uint16_t number) {
  switch (number) {
    case caf::type_nr<caf::exit_msg>::value:
    case caf::type_nr<caf::down_msg>::value:
    case caf::type_nr<caf::group_down_msg>::value:
    case caf::type_nr<caf::timeout_msg>::value:
    case caf::type_nr<caf::open_stream_msg>::value:
    case caf::type_nr<caf::upstream_msg>::value:
    case caf::type_nr<caf::downstream_msg>::value:
      return true;
    default:
      return false;
  }
}

// Calls `f` with every element of a mailbox, whichever of its queues it is in, and takes it out.
template <class F>
struct Drain {
  F f;
  template <class Key, class Queue, class... Rest>
  caf::intrusive::task_result operator()(const Key&, const Queue&, Rest&... rest) {
    last(rest...);
    return caf::intrusive::task_result::resume;
  }
  void last(caf::mailbox_element& element) { f(element); }
  template <class Slot, class Queue>
  void last(const Slot&, const Queue&, caf::mailbox_element& element) {
    f(element);
  }
};
template <class F>
Drain(F) -> Drain<F>;

constexpr std::size_t kDrainAtOnce = 1000;

}  // namespace

Gate::Gate(std::shared_ptr<Probe> probe, const MailboxSpec& spec) : probe_(std::move(probe)) {
  TLFS_CHECK(spec.limit > 0, "a mailbox that holds nothing");
  if (spec.overflow != Overflow::reject) list_ = std::make_unique<WaitingList>(spec);
}

Gate::~Gate() = default;

bool Gate::counts(const caf::scheduled_actor& self, const caf::mailbox_element& element) const {
  if (element.mid.is_response()) return false;
  const auto& content = element.content();
  if (!content.empty() && is_system_type(content.type(0).first)) return false;
  return element.sender.get() != self.ctrl();
}

void Gate::admit(caf::scheduled_actor& self, caf::mailbox_element_ptr element, caf::execution_unit* unit, Push push) {
  if (!counts(self, *element)) return push(self, std::move(element), unit);
  // Between this look and the push the actor may end: such a letter is bounced or dropped as any, only not counted.
  if (self.mailbox().closed()) {
    dead_letter(*element, DeadLetterReason::ended);
    return push(self, std::move(element), unit);
  }
  if (list_) return admit_to_list(self, std::move(element), unit, push);
  if (probe_->enters_mailbox() > probe_->mailbox_limit()) {
    probe_->leaves_mailbox();
    return refuse(*element);
  }
  push(self, std::move(element), unit);
}

void Gate::admit_to_list(caf::scheduled_actor& self, caf::mailbox_element_ptr element, caf::execution_unit* unit,
                         Push push) {
  WaitingList::Added added{WaitingList::Outcome::refused, nullptr};
  bool closed = false;  // since the look
  {
    const std::lock_guard lock(list_->mutex);
    closed = list_->closed;
    if (!closed) {
      added = list_->add(std::move(element));
      // Inside the lock: a token must not be overtaken by what its sender sends next.
      if (added.outcome == WaitingList::Outcome::added) {
        probe_->enters_mailbox();
        return push(self, caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, MailboxToken()), unit);
      }
    }
  }
  if (closed) {
    dead_letter(*element, DeadLetterReason::ended);  // NOLINT(bugprone-use-after-move): it was not moved then
    return push(self, std::move(element), unit);
  }
  if (added.outcome == WaitingList::Outcome::refused) return refuse(*added.replaced);
  if (list_->coalesces()) return probe_->note_coalesced();
  probe_->note_dropped();
  dead_letter(*added.replaced, DeadLetterReason::dropped);
}

void Gate::refuse(const caf::mailbox_element& element) {
  probe_->note_rejected();
  dead_letter(element, DeadLetterReason::full);
  if (!element.mid.is_request() || !element.sender) return;
  auto error = to_caf(Errc::overloaded, probe_->path() + " has " + std::to_string(probe_->depth()) +
                                            " messages waiting and takes no more");
  element.sender->enqueue(nullptr, element.mid.response_id(), caf::make_message(std::move(error)), nullptr);
}

void Gate::dead_letter(const caf::mailbox_element& element, DeadLetterReason why) {
  probe_->registry().dead_letter(probe_->path(), MessageType(element.content()), why);
}

caf::invoke_message_result Gate::handle(caf::scheduled_actor& self, caf::mailbox_element& element, Handle go) {
  if (list_ && element.content().match_elements<MailboxToken>()) {
    auto& token = element.content().get_mutable_as<MailboxToken>(0);
    list_->handling = std::move(token.skipped);
    if (!list_->handling) {
      const std::lock_guard lock(list_->mutex);
      list_->handling = std::shared_ptr<caf::mailbox_element>(list_->take());
    }
    TLFS_CHECK(list_->handling, "a token without an entry");
    probe_->leaves_mailbox();
    probe_->begins(list_->handling->content());
    const auto result = go(self, *list_->handling);
    if (result == caf::invoke_message_result::skipped) {
      probe_->enters_mailbox();
      token.skipped = list_->handling;
    }
    return result;
  }
  const bool counted = !list_ && counts(self, element);
  if (counted) probe_->leaves_mailbox();
  probe_->begins(element.content());
  const auto result = go(self, element);
  if (counted && result == caf::invoke_message_result::skipped) probe_->enters_mailbox();
  return result;
}

void Gate::close(caf::scheduled_actor& self, const caf::error& reason) {
  if (self.mailbox().closed()) return;
  self.mailbox().close();
  self.get_normal_queue().flush_cache();
  self.get_urgent_queue().flush_cache();
  const caf::detail::sync_request_bouncer bounce{reason};
  const auto unread = [&](const caf::mailbox_element& element) {
    if (!counts(self, element)) return;
    dead_letter(element, DeadLetterReason::ended);
    bounce(element);
  };
  const auto take = [&](caf::mailbox_element& element) {
    if (!list_ || !element.content().match_elements<MailboxToken>()) return unread(element);
    if (const auto& skipped = element.content().get_as<MailboxToken>(0).skipped) unread(*skipped);
  };
  Drain drain{take};
  while (self.mailbox().queue().new_round(kDrainAtOnce, drain).consumed_items > 0) {
  }
  if (!list_) return;
  const std::lock_guard lock(list_->mutex);
  list_->closed = true;
  while (const auto element = list_->take()) unread(*element);
}

void guard_handlers(caf::scheduled_actor& self, const ChildIdentity& who) {
  self.set_exception_handler([identity = &who](std::exception_ptr& exception) -> caf::error {
    const std::string text = exception_text(exception);
    log_event(*identity->logger, spdlog::level::err, "handler_threw", identity->path.text(),
              {{"incarnation", identity->incarnation}, {"what", std::string_view(text)}});
    return crash_reason(identity->incarnation, text);
  });
}

}  // namespace tlfs::supervision
