// A reference to a child that survives the child's restarts.
//
// An actor owns the reference and asks through it. Requests go straight to the current incarnation (no actor stands in
// between); between incarnations they wait here, in order. Every request ends in exactly one call of its callback, on
// the owner's thread and never inside `request` itself:
//   - the child's answer; or Error(Errc::refused) when that answer is an error or of another type;
//   - Errc::lost: the child had received the request and ended without an answer. Whether it took effect is unknown. A
//     request marked idempotent is sent again instead;
//   - Errc::timeout, counted from the call of `request`, wherever the request is by then;
//   - Errc::overloaded: the child's mailbox was full; it was not executed;
//   - Errc::overflow: `max_held` requests were waiting already; this one was not sent;
//   - Errc::quarantined, Errc::stopped: the child is not going to come back by itself. A later request tries anew.
// Requests of one reference reach each incarnation in the order they were made; one that is sent again keeps its place.
//
// How a request that never arrived is told from one that was lost. A dying actor closes its mailbox, returns the
// requests that are still in it to their senders, and only then tells who monitors it. Later requests are returned as
// they are sent. So when the supervisor says "ended", every return is already in the owner's mailbox or was put there
// by the owner itself: the reference posts itself a note, and when that note arrives, behind all of them, what was
// neither answered nor returned was lost. A returned request is held and sent to the next incarnation.
//
// A reference made with a registry and the path of a supervisor survives that supervisor's restarts as well: what is
// asked meanwhile waits for the next one, and what was under way is judged when the next one has said how its child is.
// Only when the root of the tree has ended do such requests end with Errc::stopped.
//
// The child should answer itself or delegate within its own fate: a request it delegates to an actor that dies is
// refused, not resent, as long as the child lives.
//
// Thread: the owner's. Lifetime: at most the owner's. A destroyed reference lets its requests run to their end.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/message.hpp>

#include "actors/supervision/errors.h"
#include "actors/supervision/registry.h"
#include "actors/supervision/supervisor_messages.h"
#include "runtime/base/result.h"

namespace tlfs::supervision {

struct RequestOptions {
  Nanoseconds timeout = std::chrono::seconds(30);  // positive
  bool idempotent = false;                         // may be executed twice
};

struct RefOptions {
  std::size_t max_held = 1024;
  // With a spec, a request to a child that is absent starts it.
  std::shared_ptr<const ChildSpec> start_when_absent = nullptr;
};

struct RefCounters {
  std::uint64_t requests = 0;
  std::uint64_t held = 0;        // had to wait for an incarnation at least once
  std::uint64_t returned = 0;    // came back unread from an incarnation that ended
  std::uint64_t sent_again = 0;  // idempotent, after having been lost
  std::uint64_t lost = 0;
  std::uint64_t overflowed = 0;
  std::uint64_t timed_out = 0;
};

// The part without the type of the reply. Not for direct use.
class RefCore : public std::enable_shared_from_this<RefCore> {
 public:
  // Sends a request to `child`, reports the outcome for `ticket` with `answered` or `failed`, and returns the id that
  // the response will have.
  using Attempt = std::function<caf::message_id(RefCore&, const caf::actor& child, std::uint64_t ticket)>;
  using Fail = std::function<void(Error)>;
  using Listener = std::function<void(const ChildPhase&)>;

  // The supervisor is given, or found under `path`.
  struct Whose {
    caf::actor supervisor;
    std::shared_ptr<Registry> registry;
    std::string path;
  };
  RefCore(caf::event_based_actor& owner, Whose whose, std::string id, RefOptions options);
  ~RefCore();

  void request(const RequestOptions& options, Attempt attempt, Fail fail);
  // True when the outcome of `ticket` was still open; it is settled with that.
  bool answered(std::uint64_t ticket);
  void failed(std::uint64_t ticket, std::uint64_t incarnation, const caf::error& error);
  std::uint64_t incarnation() const { return phase_.incarnation; }

  void listen(Listener listener) { listener_ = std::move(listener); }
  void start();
  const ChildPhase& phase() const { return phase_; }
  const RefCounters& counters() const { return counters_; }
  std::size_t held() const { return held_; }
  caf::event_based_actor& owner() { return owner_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class Where : std::uint8_t { held, sent, responded };
  struct Open;
  struct Opens;

  void watch();
  void await_supervisor();
  void supervisor_gone(const std::string& reason);
  void hold(Open& open);
  void send(std::uint64_t ticket, Open& open);
  void drop_response(Open& open);
  void settle(std::uint64_t ticket, Errc code, std::string text);
  void fail_held(Errc code, const std::string& text);
  void moved(ChildPhase phase);
  void judge(std::uint64_t up_to_incarnation);
  void flush();
  void arm(Time deadline);
  void expire();
  Time now() const;
  std::string label() const;

  caf::event_based_actor& owner_;
  const caf::actor_addr owner_address_;
  Whose whose_;  // its supervisor changes when it is found by path
  const std::string id_;
  const RefOptions options_;
  Listener listener_;
  std::unique_ptr<Opens> opens_;  // by ticket, which is the order of the requests
  std::uint64_t last_ticket_ = 0;
  std::size_t held_ = 0;
  ChildPhase phase_;
  bool ready_ = false;           // up, and everything older than this incarnation is settled
  bool closed_ = false;          // the registry says that no supervisor will come
  bool listening_ = false;       // inside the listener
  std::uint64_t awaiting_ = 0;   // the response the registry owes; 0: none
  std::uint64_t watching_ = 0;   // the message id of the open WatchChild; 0: none
  bool asked_for_held_ = false;  // it was asked, while the child was absent, for requests that were held
  bool timer_set_ = false;       // one timer, for the earliest deadline of all
  Time timer_at_{};
  RefCounters counters_;
};

// Calls `found` once, on the owner's thread: with the supervisor that is or comes to be at `path`, or with
// Errc::stopped when none will come.
void find_supervisor(caf::event_based_actor& owner, const std::shared_ptr<Registry>& registry, const std::string& path,
                     const std::function<void(Result<caf::actor>)>& found);

class SupervisedRef {
 public:
  SupervisedRef() = default;
  // Refers to child `id` of `supervisor`. The child need not exist yet.
  SupervisedRef(caf::event_based_actor* owner, caf::actor supervisor, std::string id, RefOptions options = {})
      : core_(std::make_shared<RefCore>(*owner, RefCore::Whose{std::move(supervisor), nullptr, {}}, std::move(id),
                                        std::move(options))) {
    core_->start();
  }
  // Refers to child `id` of whatever supervisor is at `path` ("/node/documents").
  SupervisedRef(caf::event_based_actor* owner, std::shared_ptr<Registry> registry, std::string path, std::string id,
                RefOptions options = {})
      : core_(std::make_shared<RefCore>(*owner, RefCore::Whose{nullptr, std::move(registry), std::move(path)},
                                        std::move(id), std::move(options))) {
    core_->start();
  }

  // Asks the child. Reply is the type of its single answer, or void for an empty one.
  //   ref.request<int>({.timeout = 1s}, [](Result<int> sum) { ... }, Add{1, 2});
  template <class Reply, class Callback, class... Args>
  void request(const RequestOptions& options, Callback callback, Args&&... args) {
    auto shared = std::make_shared<Callback>(std::move(callback));
    auto attempt = [shared, message = caf::make_message(std::forward<Args>(args)...)](
                       RefCore& core, const caf::actor& child, std::uint64_t ticket) {
      auto self = core.shared_from_this();
      auto on_error = [self, ticket, incarnation = core.incarnation()](caf::error& error) {
        self->failed(ticket, incarnation, error);
      };
      auto handle = core.owner().request(child, caf::infinite, message);  // the core keeps the time
      if constexpr (std::is_void_v<Reply>) {
        handle.then(
            [self, shared, ticket] {
              if (self->answered(ticket)) (*shared)(Result<void>());
            },
            on_error);
      } else {
        handle.then(
            [self, shared, ticket](Reply& reply) {
              if (self->answered(ticket)) (*shared)(Result<Reply>(std::move(reply)));
            },
            on_error);
      }
      return handle.id();
    };
    core_->request(options, std::move(attempt), [shared](Error error) { (*shared)(Result<Reply>(std::move(error))); });
  }

  // Called with every new phase; when it is `up`, before the requests that were held go out, and what the listener asks
  // goes first: the place to subscribe again.
  void on_phase(std::function<void(const ChildPhase&)> listener) { core_->listen(std::move(listener)); }

  const ChildPhase& phase() const { return core_->phase(); }
  const RefCounters& counters() const { return core_->counters(); }
  std::size_t held() const { return core_->held(); }

 private:
  std::shared_ptr<RefCore> core_;
};

}  // namespace tlfs::supervision
