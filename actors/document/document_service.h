// All that a document actor does, without the actor: a document, its log, its subscribers. Single-threaded, never
// blocks unless its log does.
//
// What it answers is in the log before it is answered. When the log refuses something the service throws: what it holds
// in memory is then more than what it may claim, and the actor starts again from the log.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "actors/document/document_log.h"
#include "actors/document/patch_history.h"
#include "actors/document/protocol.h"
#include "actors/document/subscriptions.h"

namespace tlfs::document_actor {

inline constexpr std::size_t kMaxWatchedVersions = 64;  // at one time, the document's own not counted

class DocumentService {
 public:
  using EditFunction = std::function<Status(document::Transaction&)>;

  // Reads the log and goes on where it ends; an empty one makes an empty document. `incarnation` of the actor.
  // Errc::bad_log when the log cannot be read.
  static Result<std::unique_ptr<DocumentService>> open(document::Document::Settings settings,
                                                       std::shared_ptr<DocumentLog> log, std::uint64_t incarnation);

  // ---- writing ----
  Result<Committed> transact(WriteRequest request);
  Result<Committed> transact(const document::TransactionOptions& options, WriteId id, const EditFunction& edit);
  Result<Committed> take_back(const std::string& origin, bool redo, WriteId id);

  // ---- watching ----
  // `have`: the revision that the subscriber holds, if any.
  Result<Subscribed> subscribe(Subscriptions::Watched watched, std::optional<std::uint64_t> have);
  void unsubscribe(std::uint64_t subscription);
  Result<Update> pull(std::uint64_t subscription, std::optional<std::uint64_t> have);
  // Subscriptions whose subscriber is to be told of the current revision; each is named once until it has pulled.
  std::vector<std::uint64_t> due();

  // ---- reading ----
  Result<Update> get(const document::Path& path, const std::string& version) const;
  Result<PermanentAddress> locate(const document::Path& path) const;
  std::uint64_t revision() const { return document_.revision(); }
  const document::Document& document() const { return document_; }

  // ---- replicating ----
  Changes changes_since(const document::Version& have);
  Imported import(std::vector<document::Change> changes);

 private:
  // A version that is watched, and what has happened in its names lately.
  struct Watch {
    std::shared_ptr<const document::BoundView> view;  // null: the document's own
    PatchHistory history;
  };

  DocumentService(document::Document::Settings settings, std::shared_ptr<DocumentLog> log, std::uint64_t incarnation);
  Status recover(LogContents contents);
  template <class F>
  Result<Committed> write(WriteId id, F&& run);
  void remember(const DoneWrite& done);
  void log_changes(WriteId id);
  void remember(std::vector<document::Patch> patches);
  Result<std::shared_ptr<const document::BoundView>> view_of(const std::string& version) const;
  const document::BoundView& bound(const Watch& watch) const { return watch.view ? *watch.view : document_.view(); }

  std::shared_ptr<const schema::Package> package_;
  document::Document document_;
  std::shared_ptr<DocumentLog> log_;
  std::size_t logged_changes_ = 0;  // of the graph
  Subscriptions subscriptions_;
  std::map<std::string, Watch> watches_;  // by version; "" is the document's own and always there
  std::map<WriteId, std::uint64_t> done_;
  std::deque<WriteId> done_order_;
  std::uint64_t told_ = 0;  // the revision that was told last
};

}  // namespace tlfs::document_actor
