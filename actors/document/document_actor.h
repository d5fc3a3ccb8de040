// The actor of one document: reads it from the store, lets DocumentService do the work, brings what it did to the disk,
// answers, and tells those who are to be told.
//
// Accepts   Begin, Transact, RunTransaction, TakeBack, Get, GetAt, GetHistory, GetStatus, Locate, Subscribe,
//           Unsubscribe, Pull, SetPresence, GetPresence, Grant, Revoke, Admit, Explain, ChangesSince, ImportChanges,
//           DeleteDocument, Close (schema/messages/document.capnp, document_messages.h); News (actors/auth); OpenSync,
//           SyncHeard, SyncRoom, CloseSync from the links to its peers (sync_messages.h).
// Replies   one Reply to each; bad requests get its `error` and change nothing. Whatever has changed something, or
//           hands out changes, is answered when that is on the disk; what is only shown is answered at once.
// Emits     Changed, to subscribers, at most one each until they pull; Said, to auth, when statements are on the disk;
//           SyncSay, SyncConsumed, SyncProgress, SyncEnded, to links; DocumentNews, to the network's hub.
// Restart   transient; a document that cannot be read, or whose store does not answer, ends it with a reason.
// Survives  everything that was acknowledged: it is in the store.
// Lost      subscriptions (subscribers renew them with the revision they hold and get a snapshot if that is not the
//           current one; revisions are never given out twice), undo stacks, patches of earlier revisions, changes that
//           waited for others, what was shown and not yet acknowledged, and conversations with peers.
// Thread    any worker, one at a time.
//
// Requests that come while the document is being read wait here, at most kMaxQueued. So do all when something needs
// history: then everything so far is brought to the disk, the records are read anew with the history, and the request
// runs again. Where the disk has lost history that a request needs, that request fails with history_lost and the name
// of the record, and the document is opened anew, which sets the record aside; conversations that need it end. A
// document that nobody has asked for in a while is compacted and closed, and so is one whose peers have nothing to say
// any more.
//
// With a conversation under way edits are sealed soon after they are on the disk, so that several go as one change; in
// a node with a network they are sealed a little later anyway, so that others can learn that there is something new.
#pragma once

#include <deque>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/document/document_environment.h"
#include "actors/document/document_messages.h"
#include "actors/document/sync_desk.h"
#include "actors/store/output_gate.h"
#include "actors/store/store_messages.h"
#include "actors/supervision/actor_path.h"
#include "actors/supervision/child_spec.h"
#include "actors/supervision/supervised_ref.h"
#include "runtime/replica/records.h"

namespace tlfs::document_actor {

inline constexpr std::size_t kMaxQueued = 4096;  // requests, while the document is being read

// Edits that are on the disk are sealed so long after the last one, at the latest so long after the first: while there
// are conversations, and else in a node with a network.
inline constexpr std::chrono::milliseconds kSealAfter{20}, kSealAtLatest{100};
inline constexpr std::chrono::milliseconds kLoneSealAfter{1000}, kLoneSealAtLatest{10'000};
inline constexpr const char* kNotHere = "the document is not here";

class DocumentActor : public caf::event_based_actor {
 public:
  DocumentActor(caf::actor_config& config, document::DocumentId id,
                std::shared_ptr<const DocumentEnvironment> environment,
                std::shared_ptr<const supervision::ChildIdentity> identity);
  ~DocumentActor() override;

  const char* name() const override { return "document"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  using Reply = caf::typed_response_promise<ReplyMessage>;
  using Work = std::function<ReplyMessage(DocumentService&)>;
  enum class State : std::uint8_t {
    reading,
    empty,
    open,
    closing,   // what was done is brought to the disk, and then it ends; the next incarnation serves what comes now
    stopping,  // the same, and there is no next one
    ending,    // it is being removed
  };
  enum class When : std::uint8_t {
    at_once,  // only looks: answered at once
    saved,    // answered when all that was done so far is on the disk
  };
  struct Job {
    Work work;
    Reply reply;  // may be invalid
    When when = When::at_once;
    bool writes = false;                 // refused while the disk takes nothing
    std::shared_ptr<const Begin> begin;  // instead of work
    bool removal = false;                // instead of work
  };
  struct Tick : messaging::LocalOnly {};   // looks whether the document may be closed
  struct Retry : messaging::LocalOnly {};  // of the store
  struct Compact : messaging::LocalOnly {};
  struct SealNow : messaging::LocalOnly {};
  struct SyncOn : messaging::LocalOnly {};  // there is more to do for conversations
  struct PresenceTick : messaging::LocalOnly {};

  caf::result<ReplyMessage> serve(When when, bool writes, Work work);
  caf::result<ReplyMessage> accept(Job job);
  template <class T, class F>
  auto handler(When when, bool writes, F work);
  void run(Job job);
  void answer(Job& job, ReplyMessage reply);
  static void refuse(Job& job, const Error& why);
  void run_queue();
  caf::result<ReplyMessage> subscribe(const Message<messages::Subscribe>& message);
  caf::result<ReplyMessage> grant(const Message<messages::Grant>& message);
  void remove(Job job);

  // Reading.
  void read(bool with_history);
  void opened(store::DocumentRecords records);
  void reload();
  Error history_lost(const document::HistoryLost& lost);
  void reload_when_saved();
  void refuse_queue(const Error& why);
  replica::Replica::Settings settings();
  void begin(Job job);
  void take_up(std::unique_ptr<replica::Replica> replica);
  void follow();

  // The disk.
  void flush();
  void pump();
  void written(const Result<store::Done>& outcome);
  Error not_saved(const Error& why) const;

  // Peers and the network (document_actor_sync.cpp).
  caf::message_handler sync_handlers();
  void open_sync(const OpenSync& request);
  void sync();
  void converse();
  void sync_saved();
  caf::message_handler presence_handlers();
  void tend_presence();
  ReplyMessage present();
  void seal_later();
  void seal_now();
  void note_standing(storage::Batch& writes);
  void announce();
  void announce_gone();

  void tell(const std::vector<std::uint64_t>& whom);
  void close_if_idle(bool asked);
  void finish(caf::error reason);
  std::string label() const;

  const document::DocumentId id_;
  const std::shared_ptr<const DocumentEnvironment> environment_;
  const std::shared_ptr<const supervision::ChildIdentity> identity_;
  std::shared_ptr<Random> random_;
  supervision::SupervisedRef store_, auth_, hub_;
  store::OutputGate gate_;
  State state_ = State::reading;
  bool history_ = false;    // the replica that is open has it
  bool forgotten_ = false;  // it was deleted here
  std::shared_ptr<const schema::Package> package_;
  std::unique_ptr<DocumentService> service_;
  std::deque<Job> queue_;
  std::map<std::uint64_t, caf::actor_addr> subscribers_;  // by subscription
  std::size_t announced_ = 0;                             // statements of the log that the directory knows
  std::set<document::DocumentId> followed_;
  bool reload_due_ = false;     // with history, when all is on the disk
  bool compacting_ = false;     // a Compact is in the mailbox
  bool retrying_ = false;       // a Retry is under way
  std::uint32_t failures_ = 0;  // of the store, in a row
  std::chrono::nanoseconds last_used_{};

  std::optional<SyncDesk> desk_;
  std::uint64_t awaited_ = 0;  // of what the desk has staged, that the gate was asked about
  bool syncing_ = false;       // a SyncOn is in the mailbox
  std::optional<std::chrono::nanoseconds> presence_timer_at_;
  std::optional<std::chrono::nanoseconds> unsealed_since_;
  std::chrono::nanoseconds seal_at_{}, seal_timer_at_{};
  std::size_t seal_timers_ = 0;
  // The last one that was written, is on the disk, was told to the hub.
  std::optional<replica::Standing> standing_, saved_standing_, told_standing_;
  std::pair<std::size_t, std::size_t> standing_of_{~std::size_t{0}, 0};  // changes and statements that it was made of
  std::uint64_t told_leaves_ = 0;  // that came later, of those that the network knows of
};

// The child spec of a document: its id is "document/<id in hex>".
supervision::ChildSpec document_spec(const document::DocumentId& id,
                                     std::shared_ptr<const DocumentEnvironment> environment);
std::string document_child_id(const document::DocumentId& id);

}  // namespace tlfs::document_actor
