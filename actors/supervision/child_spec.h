// A child as data: what a supervisor needs to know to start it, stop it, and decide when it has ended.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <spdlog/logger.h>
#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include "actors/supervision/actor_path.h"
#include "actors/supervision/mailbox.h"
#include "actors/supervision/probe.h"
#include "actors/supervision/restart_policy.h"
#include "actors/supervision/supervised_actor.h"

namespace tlfs::supervision {

struct ChildSpec;
struct SupervisorConfig;

// What a start function gets. Lives for the call only.
//
// A start function spawns its child, one actor, through this: that gives it its probe, its bounded mailbox, and an end
// with the text of the exception when one leaves a handler.
class ChildContext {
 public:
  ChildContext(caf::event_based_actor& supervisor, std::shared_ptr<Probe> probe, const ChildSpec& spec,
               const SupervisorConfig& surroundings)
      : supervisor_(supervisor), probe_(std::move(probe)), spec_(spec), surroundings_(surroundings) {}

  // Keeps the probe alive, so only the child itself may hold it.
  std::shared_ptr<const ChildIdentity> identity() const { return {probe_, &probe_->identity()}; }
  const ActorPath& path() const { return probe_->identity().path; }
  caf::event_based_actor& supervisor() const { return supervisor_; }
  // What the supervisor itself was given.
  const SupervisorConfig& surroundings() const { return surroundings_; }

  // A class-based actor; the constructor runs here, make_behavior in the child.
  template <class Impl, class... Args>
  caf::actor spawn(Args&&... args) {
    return supervisor_.spawn<SupervisedActor<Impl>>(probe_, mailbox(), std::forward<Args>(args)...);
  }

  // A function-based actor whose first parameter is its own pointer (event_based_actor*, stateful_actor<S>*).
  template <class F, class... Args>
  caf::actor spawn(F function, Args... args) {
    using Impl = caf::infer_impl_from_fun_t<F>;
    auto behave = [function = std::move(function), ... args = std::move(args)](Impl* self) -> caf::behavior {
      return function(self, args...);
    };
    return spawn<FromFunction<Impl, decltype(behave)>>(std::move(behave));
  }

  // A class-based actor with a thread of its own: for what must block (the disk). Where the world has no threads
  // (SupervisorConfig::threads), an actor like any other.
  template <class Impl, class... Args>
  caf::actor spawn_detached(Args&&... args) {
    if (!threads()) return spawn<Impl>(std::forward<Args>(args)...);
    return supervisor_.spawn<SupervisedActor<Impl>, caf::detached>(probe_, mailbox(), std::forward<Args>(args)...);
  }

 private:
  template <class Impl, class Behave>
  class FromFunction : public Impl {
   public:
    FromFunction(caf::actor_config& config, Behave behave) : Impl(config), behave_(std::move(behave)) {}
    caf::behavior make_behavior() override { return behave_(this); }

   private:
    Behave behave_;
  };

  bool threads() const;
  const MailboxSpec& mailbox() const;

  caf::event_based_actor& supervisor_;
  const std::shared_ptr<Probe> probe_;
  const ChildSpec& spec_;
  const SupervisorConfig& surroundings_;
};

// The text of the exception in flight.
std::string exception_text(const std::exception_ptr& exception);

struct ChildSpec {
  // Unique among the children of one supervisor; may contain slashes ("document/7f3a").
  std::string id;
  // Called for every incarnation, on the supervisor's thread; must not block. An exception or an invalid handle counts
  // as a failure of the child.
  std::function<caf::actor(ChildContext&)> start;
  Restart restart = Restart::permanent;
  Exhausted exhausted = Exhausted::escalate;
  ChildKind kind = ChildKind::worker;
  // How long the child may take to stop when asked; then it is killed. Zero: killed at once.
  Nanoseconds shutdown = std::chrono::seconds(5);
  MailboxSpec mailbox = {};
};

}  // namespace tlfs::supervision
