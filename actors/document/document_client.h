// The actor through which threads of an application talk to documents: asks, and keeps watches alive across restarts of
// the documents' actors.
//
// Accepts   Ask, Show, Watch, Unwatch (below), Changed.
// Replies   nothing; outcomes go to the callbacks it was given, on its own thread.
// Emits     requests to the documents' actors, which it starts when they are absent; Close, to those that are too many.
// Restart   none: it lives as long as its owner wants.
//
// A watch starts with a snapshot. When the document's actor has been restarted, the watch is renewed with the revision
// that was delivered last: what follows is either the next patches or a fresh snapshot, never a gap. While a callback
// runs, what happens to the document piles up there and comes joined, or as a snapshot, next time.
//
// Writes carry a WriteId and are sent again when their fate is unknown, so each takes effect once.
//
// It keeps a place for each document that it has to do with; a place goes when the document's actor has ended and
// nobody asks or watches. Beyond `max_open` places it asks those documents to close that nobody watches, the ones first
// that were asked for longest ago.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include "actors/document/document_messages.h"
#include "actors/supervision/supervised_ref.h"

namespace tlfs::document_actor {

struct Ask : messaging::LocalOnly {
  document::DocumentId document{};
  caf::message request;  // one of the document actor's
  std::function<void(Result<ReplyMessage>)> done;
};

struct Watch : messaging::LocalOnly {
  document::DocumentId document{};
  std::uint64_t id = 0;  // chosen by the sender, for Unwatch
  document::Path prefix;
  std::string version;           // empty: the document's
  bool tell_when_saved = false;  // update also runs, without patches, when all that was delivered is on the disk
  std::function<void(const Update&)> update;
  // Watches who is present instead of the value: then this is called and not `update`, with all of them, at first and
  // when they have changed.
  std::function<void(const std::vector<Presence>&)> presence;
  // The watch could not begin, or cannot go on: the document's actor is not coming back, or does not know the place. No
  // more calls.
  std::function<void(const Error&)> failed;
};

// What this device shows of itself in the document from now on. Said again to every incarnation of the document's
// actor, which is kept open as long as something is shown.
struct Show : messaging::LocalOnly {
  document::DocumentId document{};
  std::string json;  // empty: nothing
  std::function<void(Result<ReplyMessage>)> done;
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
  using SpecOf = std::function<std::shared_ptr<const supervision::ChildSpec>(const document::DocumentId&)>;

  struct Settings {
    supervision::Nanoseconds timeout = std::chrono::seconds(30);  // of every request
    std::size_t max_held = 4096;                                  // requests to one document, during its restart
    std::size_t max_open = 1024;                                  // documents
  };

  // Documents are started below the supervisor at `path` when somebody asks.
  DocumentClient(caf::actor_config& config, std::shared_ptr<supervision::Registry> registry, std::string path,
                 SpecOf spec_of, Settings settings);
  ~DocumentClient() override;

  const char* name() const override { return "document_client"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  struct Place;
  struct Entry {
    Watch watch;
    std::uint64_t attempt = 0;          // counts Subscribes; an answer to an earlier one is void
    bool lost = false;                  // the document ended before it answered the latest one
    std::optional<std::uint64_t> have;  // the revision that is known
    std::uint64_t delivered = 0;        // the one that the last call led to
    std::uint64_t durable = 0;          // as the document said last
    std::uint64_t subscription = 0;     // 0: none yet
    bool pulling = false;
  };
  struct Sweep : messaging::LocalOnly {
    document::DocumentId document{};
  };

  Place& place_of(const document::DocumentId& document);
  Place* find(const document::DocumentId& document);
  Entry* find(const document::DocumentId& document, std::uint64_t watch);
  void ask(const document::DocumentId& document, caf::message request, bool idempotent,
           std::function<void(Result<ReplyMessage>)> answered);
  void subscribe(const document::DocumentId& document, std::uint64_t id);
  void unsubscribe(const document::DocumentId& document, std::uint64_t subscription);
  void pull(const document::DocumentId& document, std::uint64_t id);
  void deliver(Entry& entry, Update update);
  void show(const document::DocumentId& document, std::function<void(Result<ReplyMessage>)> done);
  void fail(const document::DocumentId& document, std::uint64_t id, const Error& error);
  void phase(const document::DocumentId& document, const supervision::ChildPhase& now);
  void sweep(const document::DocumentId& document);
  void close_some();

  std::shared_ptr<supervision::Registry> registry_;
  std::string path_;
  SpecOf spec_of_;
  Settings settings_;
  std::map<document::DocumentId, std::unique_ptr<Place>> places_;
  std::map<std::uint64_t, document::DocumentId> watched_;  // by watch
  // By the document's actor and subscription, since each numbers its own.
  std::map<std::pair<caf::actor_addr, std::uint64_t>, std::pair<document::DocumentId, std::uint64_t>> by_subscription_;
  ClientCounters counters_;
  std::uint64_t clock_ = 0;  // counts requests, for who was asked for last
};

}  // namespace tlfs::document_actor
