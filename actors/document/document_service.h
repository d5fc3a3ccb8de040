// All that a document actor does, without the actor: a replica and its subscribers. Single-threaded, never blocks.
//
// Everything is done in memory and shown at once; take_writes() is what has to reach the disk before the outcome may be
// told (the actor's output gate sees to that), and saved() says that it has.
//
// Whatever needs old changes that are not in memory throws replica::HistoryNeeded. The replica is of no use then;
// replace() it with one that has them, and ask again. Subscriptions and what they missed are not touched by that.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "actors/document/patch_history.h"
#include "actors/document/protocol.h"
#include "actors/document/subscriptions.h"

namespace tlfs::document_actor {

inline constexpr std::size_t kMaxWatchedVersions = 64;      // at one time, the document's own not counted
inline constexpr std::size_t kMaxHistoryEntries = 100'000;  // in one answer

class DocumentService {
 public:
  using EditFunction = std::function<Status(document::Transaction&)>;

  // `package`: what subscriptions to other versions are looked up in. `incarnation` of the actor.
  DocumentService(std::unique_ptr<replica::Replica> replica, std::shared_ptr<const schema::Package> package,
                  std::uint64_t incarnation);
  // The document was opened from what the disk has, and somebody may have seen revisions beyond that: its next one
  // comes `leap` later, so that none of them is given out again and taken for what it was.
  void leap_over_lost_revisions(std::uint64_t leap);
  // The same document opened anew from what the disk has. Everything that was taken to be written is there.
  void replace(std::unique_ptr<replica::Replica> replica);

  // ---- writing ----
  Result<Committed> transact(WriteRequest request);
  Result<Committed> transact(const document::TransactionOptions& options, WriteId id, const EditFunction& edit);
  Result<Committed> take_back(const std::string& origin, bool redo, WriteId id);

  // ---- watching ----
  // `have`: the revision that the subscriber holds, if any.
  Result<Subscribed> subscribe(Subscriptions::Watched watched, std::optional<std::uint64_t> have);
  void unsubscribe(std::uint64_t subscription);
  Result<Update> pull(std::uint64_t subscription, std::optional<std::uint64_t> have);
  // Subscriptions whose subscriber is to be told that there is something to pull; each is named once until it has
  // pulled.
  std::vector<std::uint64_t> due();
  // The same for those who are to be told that all they have seen is saved.
  std::vector<std::uint64_t> due_saved();
  // Of those who watch who is present, which is not known here: who is to be told that it has changed, whether a
  // subscription is one of them, and that it has what there is now.
  std::vector<std::uint64_t> due_presence() { return subscriptions_.presence_changed(); }
  bool watches_presence(std::uint64_t subscription) const;
  void pulled_presence(std::uint64_t subscription) { subscriptions_.pulled(subscription); }
  std::size_t subscriptions() const { return subscriptions_.size(); }

  // ---- reading ----
  Result<Update> get(const document::Path& path, const std::string& version) const;
  Result<Update> get_at(const document::Version& at, const document::Path& path);
  Result<PermanentAddress> locate(const document::Path& path) const;
  std::vector<HistoryEntry> history(std::size_t limit);  // seals
  DocumentStatus status() const;
  std::uint64_t revision() const { return content().revision(); }
  const document::Document& content() const { return replica_->document().content(); }

  // ---- access ----
  // All of them may change what is shown; then subscribers get a snapshot.
  Status grant(const std::string& path, access::Level level, const access::Principal& to);
  Status revoke(const std::string& path, access::Level level, const access::Principal& from, access::Level keep);
  Status admit(const access::Principal& from);
  Result<Explained> explain(const std::string& path, access::Level level, const access::Principal& who) const;
  Result<std::vector<Holder>> holders(const std::string& path) const;
  // Says what nobody needs to ask for. To be called when statements have come, here or elsewhere.
  bool tend();

  // ---- replicating ----
  Changes changes_since(const document::Version& have, const std::optional<crypto::PublicKey>& peer);
  Imported import(std::vector<access::SignedStatement> statements, std::vector<document::Change> changes);
  // What a peer has sent.
  access::ProtectedDocument::Taken take(const std::vector<std::shared_ptr<const schema::Package>>& packages,
                                        std::vector<access::SignedStatement> statements,
                                        std::vector<document::Change> changes);

  // What is pending becomes a change.
  void seal();
  bool unsealed() const { return content().graph().first_unsealed() < content().graph().ids().size(); }

  // ---- the disk ----
  // To be written after everything that was taken before. To be called until it gives nothing.
  storage::Batch take_writes() { return replica_->take_writes(); }
  // Everything up to this revision is on the disk.
  void saved(std::uint64_t revision);
  std::uint64_t durable() const { return durable_; }
  replica::Replica& replica() { return *replica_; }

 private:
  // A version that is watched, and what has happened in its names lately.
  struct Watch {
    std::shared_ptr<const document::BoundView> view;  // null: the document's own
    PatchHistory history;
  };

  access::ProtectedDocument& document() { return replica_->document(); }
  const access::ProtectedDocument& document() const { return replica_->document(); }
  Result<Committed> write(const WriteId& id, const std::function<Result<document::Commit>(document::Document&)>& run);
  Status say(const std::function<Status(access::ProtectedDocument&)>& what);
  void remember(std::vector<document::Patch> patches);
  void forget_patches();
  std::size_t statements() const { return document().log().size(); }
  void changed_since(std::uint64_t revision, std::vector<document::Patch> patches);
  Result<std::shared_ptr<const document::BoundView>> view_of(const std::string& version) const;
  const document::BoundView& bound(const Watch& watch) const { return watch.view ? *watch.view : content().view(); }

  std::unique_ptr<replica::Replica> replica_;
  std::shared_ptr<const schema::Package> package_;
  Subscriptions subscriptions_;
  std::map<std::string, Watch> watches_;  // by version; "" is the document's own and always there
  std::uint64_t told_ = 0;                // the revision that was told last
  std::size_t told_statements_ = 0;       // how many statements of access there were then
  std::uint64_t durable_ = 0;
  std::uint64_t leap_ = 0, leaps_from_ = 0;  // until there is a revision after that one
  std::set<std::uint64_t> unsaved_;          // subscriptions that want to know when what they have seen is saved
};

}  // namespace tlfs::document_actor
