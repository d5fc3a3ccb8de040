// The actor through which one program part talks to one document: asks, and keeps watches alive across restarts of the
// document actor.
//
// Accepts   Ask, Watch, Unwatch (below), Changed.
// Replies   nothing; outcomes go to the callbacks it was given, on its own thread.
// Emits     requests to the document's actor, which it starts when it is absent.
// Restart   none: it lives as long as its owner wants.
//
// A watch starts with a snapshot. When the document's actor has been restarted, the watch is renewed with the revision
// that was delivered last: what follows is either the next patches or a fresh snapshot, never a gap. While a callback
// runs, what happens to the document piles up there and comes joined, or as a snapshot, next time.
//
// Writes carry a WriteId and are sent again when their fate is unknown, so each takes effect once.
#pragma once

#include <functional>
#include <map>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include "actors/document/document_messages.h"
#include "actors/supervision/supervised_ref.h"

namespace tlfs::document_actor {

struct Ask : messaging::LocalOnly {
  caf::message request;  // one of the document actor's
  std::function<void(Result<ReplyMessage>)> done;
};

struct Watch : messaging::LocalOnly {
  std::uint64_t id = 0;  // chosen by the sender, for Unwatch
  document::Path prefix;
  std::string version;  // empty: the document's
  std::function<void(const Update&)> update;
  // The watch could not begin, or cannot go on: the document's actor is not coming back, or does not know the place. No
  // more calls.
  std::function<void(const Error&)> failed;
};

struct Unwatch : messaging::LocalOnly {
  std::uint64_t id = 0;
  std::function<void()> done;  // no call of the watch's functions runs or follows
};

struct ClientCounters {
  std::uint64_t updates = 0;
  std::uint64_t snapshots = 0;  // among them
  std::uint64_t renewals = 0;   // of a watch after a restart
};

class DocumentClient final : public caf::event_based_actor {
 public:
  // `spec` is started below `supervisor` when somebody asks. `timeout` of every request.
  DocumentClient(caf::actor_config& config, caf::actor supervisor, std::shared_ptr<const supervision::ChildSpec> spec,
                 supervision::Nanoseconds timeout = std::chrono::seconds(30), std::size_t max_held = 4096);

  const char* name() const override { return "document_client"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  struct Entry {
    Watch watch;
    std::uint64_t attempt = 0;          // counts Subscribes; an answer to an earlier one is void
    std::optional<std::uint64_t> have;  // the revision that is known
    std::uint64_t delivered = 0;        // the one that the last call led to
    std::uint64_t subscription = 0;     // 0: none yet
    bool pulling = false;
  };

  void ask(caf::message request, std::function<void(Result<ReplyMessage>)> done);
  void subscribe(std::uint64_t id);
  void unsubscribe(std::uint64_t subscription);
  void pull(std::uint64_t id);
  void deliver(std::uint64_t id, Update update);
  void fail(std::uint64_t id, const Error& error);
  void phase(const supervision::ChildPhase& phase);

  caf::actor supervisor_;
  std::shared_ptr<const supervision::ChildSpec> spec_;
  supervision::RequestOptions options_;
  std::size_t max_held_;
  supervision::SupervisedRef document_;
  std::map<std::uint64_t, Entry> watches_;
  std::map<std::uint64_t, std::uint64_t> by_subscription_;
  ClientCounters counters_;
  std::uint64_t last_incarnation_ = 0;
};

}  // namespace tlfs::document_actor
