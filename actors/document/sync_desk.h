// The conversations of a document's actor with its peers: one document_sync::SyncSession each, what has been heard and
// not dealt with, and what is to be said and not yet durable, or not yet wanted by the link.
//
// The actor hands in what links send, calls work() as long as has_work() and the document can be worked on, brings what
// that did to the disk (flush) after every call, and says durable(staged()) when it is there. Nothing leaves before
// that, and never more than kSyncWindow bytes to a link that has not answered with room; a message that alone is larger
// goes when nothing else is on its way.
//
// work() may throw replica::HistoryNeeded; then nothing has been lost, and it is to be called again when the document
// has been opened with its history. Conversations are kept apart from the document for that.
//
// Owned by the document's actor, on its thread.
#pragma once

#include <deque>
#include <map>

#include <caf/event_based_actor.hpp>

#include "actors/document/document_environment.h"
#include "actors/document/document_service.h"
#include "actors/document/presence_desk.h"
#include "actors/document/sync_messages.h"
#include "runtime/document_sync/session.h"

namespace tlfs::document_actor {

// Of what one link has sent and was not told to be consumed; more is a link that heeds nothing.
inline constexpr std::size_t kMaxSyncHeard = 64u << 20;

class SyncDesk {
 public:
  using Nanoseconds = std::chrono::nanoseconds;
  SyncDesk(caf::event_based_actor* owner, const document::DocumentId& document, const crypto::PublicKey& device)
      : owner_(owner), document_(document), device_(device) {}

  // ---- from links ----
  void open(const OpenSync& request, Nanoseconds now);
  void heard(const SyncHeard& what, Nanoseconds now);
  void room(const SyncRoom& what);
  void close(SyncNumber number);
  void link_ended(const caf::actor_addr& link);

  // ---- from the actor ----
  bool has_work() const;
  // Takes in one message, or lets one conversation speak.
  void work(DocumentService& service, PackageShelf& packages, Nanoseconds now);
  // The document has changed, or there is room: every conversation is to speak.
  void all_speak();
  // The document is another object now.
  void opened_anew();
  // There are edits that are not sealed yet: no peer has caught up with them.
  void fall_behind();
  // Number of what has been staged last; when everything up to `number` is on the disk, it may leave.
  std::uint64_t staged() const { return staged_; }
  void durable(std::uint64_t number);
  // Whether statements have come that nobody has looked after (DocumentService::tend).
  bool tending() const { return tend_; }
  void tended() { tend_ = false; }
  // Who is present. Kept apart from what the conversations say: it needs no place in their order, and must not make
  // edits be sealed.
  PresenceDesk& presence() { return presence_; }
  // Stages what is to be said of it, to every peer that has room.
  void speak_presence(const access::ProtectedDocument& document);
  // `again`: SyncEnded::again.
  void end_all(const std::string& reason, bool again = false);
  bool empty() const { return conversations_.empty(); }
  // Whether none has anything to do or to say, and each is caught up and has been silent since `since`.
  bool quiet(Nanoseconds since) const;

 private:
  struct Progress {
    bool caught_up = false, peer_caught_up = false;
    friend bool operator==(const Progress&, const Progress&) = default;
  };
  // Something for the link.
  struct Staged {
    std::uint64_t number = 0;
    std::variant<Bytes, Progress, document_sync::Verdict> what;
  };
  struct Conversation {
    caf::actor link;
    document_sync::SyncSession session;
    std::deque<Bytes> heard;
    std::size_t heard_bytes = 0;
    std::optional<document_sync::SyncSession::Received> in_hand;  // of heard.front(), until the document has it
    bool speak = true;
    std::deque<Staged> out;
    std::size_t out_bytes = 0;
    std::size_t on_its_way = 0;  // said, and no room was made for it
    Progress noted;
    bool over = false;  // the verdict is staged
    Nanoseconds last_active{};
  };
  using Conversations = std::map<SyncNumber, Conversation>;

  // False when the conversation has ended with that and is gone.
  bool hear(Conversations::iterator at, DocumentService& service, PackageShelf& packages, Nanoseconds now);
  void speak(SyncNumber number, Conversation& c, DocumentService& service, Nanoseconds now);
  void stage(Conversation& c, decltype(Staged::what) what);
  // False when the conversation has ended with that and is gone.
  bool say(Conversations::iterator at);
  void forget(Conversations::iterator at);
  void tell_ended(SyncNumber number, const caf::actor& link, bool cut, std::string reason, bool again = false);

  caf::event_based_actor* owner_;
  document::DocumentId document_;
  const crypto::PublicKey device_;
  Conversations conversations_;
  PresenceDesk presence_;
  std::uint64_t staged_ = 0, durable_ = 0;
  SyncNumber turn_ = 0;  // who spoke or was heard last
  bool tend_ = false;
};

}  // namespace tlfs::document_actor
