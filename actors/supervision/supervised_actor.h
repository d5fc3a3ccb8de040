// What every supervised actor has under its own class: a probe, a bounded mailbox, and a way to end with the text of
// the exception that left a handler. Users never name these types: ChildContext::spawn makes them.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include <caf/scheduled_actor.hpp>

#include "actors/supervision/mailbox.h"
#include "actors/supervision/probe.h"
#include "actors/supervision/registry.h"

namespace tlfs::supervision {

// The gate between senders and one actor. `admit` is called by any thread, the rest by the actor's.
class Gate {
 public:
  Gate(std::shared_ptr<Probe> probe, const MailboxSpec& spec);
  ~Gate();

  Probe& probe() const { return *probe_; }

  using Push = void (*)(caf::scheduled_actor& self, caf::mailbox_element_ptr element, caf::execution_unit* unit);
  using Handle = caf::invoke_message_result (*)(caf::scheduled_actor& self, caf::mailbox_element& element);

  // Gives the element to the mailbox by `push`, or does what the mailbox's policy says.
  void admit(caf::scheduled_actor& self, caf::mailbox_element_ptr element, caf::execution_unit* unit, Push push);
  // Handles what came out of the mailbox by `handle`.
  caf::invoke_message_result handle(caf::scheduled_actor& self, caf::mailbox_element& element, Handle handle);
  // Closes the mailbox: returns the requests in it to their senders, unread, and counts the rest as dead letters.
  void close(caf::scheduled_actor& self, const caf::error& reason);

 private:
  void admit_to_list(caf::scheduled_actor& self, caf::mailbox_element_ptr element, caf::execution_unit* unit,
                     Push push);
  void refuse(const caf::mailbox_element& element);
  void dead_letter(const caf::mailbox_element& element, DeadLetterReason why);
  bool counts(const caf::scheduled_actor& self, const caf::mailbox_element& element) const;

  const std::shared_ptr<Probe> probe_;
  std::unique_ptr<WaitingList> list_;  // null for Overflow::reject
};

// Ends an actor whose handler threw with crash_reason and the text of the exception. `who` lives as long as the actor.
void guard_handlers(caf::scheduled_actor& self, const ChildIdentity& who);

template <class Impl>
class SupervisedActor : public Impl {
 public:
  template <class... Args>
  SupervisedActor(caf::actor_config& config, std::shared_ptr<Probe> probe, const MailboxSpec& mailbox, Args&&... args)
      : Impl(config, std::forward<Args>(args)...), gate_(std::move(probe), mailbox) {
    guard_handlers(*this, gate_.probe().identity());
  }

  using Impl::consume;
  using Impl::enqueue;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* unit) final {
    gate_.admit(*this, std::move(element), unit,
                [](caf::scheduled_actor& self, caf::mailbox_element_ptr ready, caf::execution_unit* where) {
                  static_cast<SupervisedActor&>(self).Impl::enqueue(std::move(ready), where);
                });
  }

  caf::invoke_message_result consume(caf::mailbox_element& element) final {
    return gate_.handle(*this, element, [](caf::scheduled_actor& self, caf::mailbox_element& ready) {
      return static_cast<SupervisedActor&>(self).Impl::consume(ready);
    });
  }

  // The worker that calls this holds a reference, so the probe outlives the run even when the actor ends in it.
  caf::resumable::resume_result resume(caf::execution_unit* unit, std::size_t max_throughput) final {
    const auto run = gate_.probe().run_begins();
    const auto result = Impl::resume(unit, std::min(max_throughput, kMessagesPerRun));
    gate_.probe().run_ends(run);
    return result;
  }

  bool cleanup(caf::error&& reason, caf::execution_unit* host) final {
    gate_.close(*this, reason);
    return Impl::cleanup(std::move(reason), host);
  }

 private:
  Gate gate_;
};

}  // namespace tlfs::supervision
