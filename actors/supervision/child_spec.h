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
#include "actors/supervision/restart_policy.h"

namespace tlfs::supervision {

struct SupervisorConfig;

// Who a running child is. Shared by the child and its supervisor; immutable.
struct ChildIdentity {
  ActorPath path;
  std::uint64_t incarnation;  // never used twice by one supervisor
  std::shared_ptr<spdlog::logger> logger;
};

// What a start function gets. Lives for the call only.
//
// A start function spawns through this, so that an exception in a handler ends the child with its text as the reason
// instead of a line on stderr.
class ChildContext {
 public:
  ChildContext(caf::event_based_actor& supervisor, std::shared_ptr<const ChildIdentity> identity,
               const SupervisorConfig& surroundings)
      : supervisor_(supervisor), identity_(std::move(identity)), surroundings_(surroundings) {}

  const std::shared_ptr<const ChildIdentity>& identity() const { return identity_; }
  const ActorPath& path() const { return identity_->path; }
  caf::event_based_actor& supervisor() const { return supervisor_; }
  // What the supervisor itself was given.
  const SupervisorConfig& surroundings() const { return surroundings_; }

  // A class-based actor; the constructor runs here, make_behavior in the child.
  template <class Impl, class... Args>
  caf::actor spawn(Args&&... args) {
    return supervisor_.spawn<Guarded<Impl>>(identity_, std::forward<Args>(args)...);
  }

  // A function-based actor whose first parameter is its own pointer (event_based_actor*, stateful_actor<S>*).
  template <class F, class... Args>
  caf::actor spawn(F function, Args... args) {
    using Impl = caf::infer_impl_from_fun_t<F>;
    auto behave = [function = std::move(function), ... args = std::move(args)](Impl* self) -> caf::behavior {
      return function(self, args...);
    };
    return supervisor_.spawn<FromFunction<Impl, decltype(behave)>>(identity_, std::move(behave));
  }

 private:
  template <class Impl>
  class Guarded final : public Impl {
   public:
    template <class... Args>
    Guarded(caf::actor_config& config, const std::shared_ptr<const ChildIdentity>& identity, Args&&... args)
        : Impl(config, std::forward<Args>(args)...) {
      guard(*this, identity);
    }
  };

  template <class Impl, class Behave>
  class FromFunction final : public Impl {
   public:
    FromFunction(caf::actor_config& config, const std::shared_ptr<const ChildIdentity>& identity, Behave behave)
        : Impl(config), behave_(std::move(behave)) {
      guard(*this, identity);
    }
    caf::behavior make_behavior() override { return behave_(this); }

   private:
    Behave behave_;
  };

  static void guard(caf::scheduled_actor& self, const std::shared_ptr<const ChildIdentity>& identity);

  caf::event_based_actor& supervisor_;
  std::shared_ptr<const ChildIdentity> identity_;
  const SupervisorConfig& surroundings_;
};

// The text of the exception in flight.
std::string exception_text(const std::exception_ptr& exception);

enum class ChildKind { worker, supervisor };

struct ChildSpec {
  // Unique among the children of one supervisor; may contain slashes ("document/7f3a").
  std::string id;
  // Called for every incarnation, on the supervisor's thread; must not block. An exception or an invalid handle counts
  // as a failure of the child.
  std::function<caf::actor(ChildContext&)> start;
  Restart restart = Restart::permanent;
  Exhausted exhausted = Exhausted::escalate;
  // How long the child may take to stop when asked; then it is killed. Zero: killed at once.
  Nanoseconds shutdown = std::chrono::seconds(5);
  ChildKind kind = ChildKind::worker;
};

}  // namespace tlfs::supervision
