#include "actors/document/document_service.h"

#include "actors/document/stale_edits.h"
#include "runtime/base/check.h"

namespace tlfs::document_actor {

using document::Change;
using document::Document;
using document::Path;

Result<std::unique_ptr<DocumentService>> DocumentService::open(Document::Settings settings,
                                                               std::shared_ptr<DocumentLog> log,
                                                               std::uint64_t incarnation) {
  // The writer may have gone on in another incarnation than it began in; the log knows.
  Result<LogContents> contents = log->load();
  if (!contents) return contents.error();
  if (contents->incarnation != 0) settings.incarnation = contents->incarnation;
  std::unique_ptr<DocumentService> service(new DocumentService(std::move(settings), std::move(log), incarnation));
  if (Status s = service->recover(std::move(*contents)); !s)
    return Error(Errc::bad_log, "document " + to_hex(service->document_.id()) + ": " + s.error().message());
  return service;
}

DocumentService::DocumentService(Document::Settings settings, std::shared_ptr<DocumentLog> log,
                                 std::uint64_t incarnation)
    : package_(settings.package),
      document_(std::move(settings)),
      log_(std::move(log)),
      subscriptions_(incarnation << 32) {}

Status DocumentService::recover(LogContents contents) {
  std::vector<Document::Logged> unsealed;
  unsealed.reserve(contents.unsealed.size());
  for (LogRecord& record : contents.unsealed) unsealed.push_back(std::move(record.transaction));
  if (Status s = document_.recover(std::move(contents.changes), unsealed, contents.revision); !s) return s;
  logged_changes_ = document_.graph().size();
  for (const DoneWrite& done : contents.done) remember(done);
  watches_.emplace("", Watch{nullptr, PatchHistory(document_.revision())});
  told_ = document_.revision();
  return {};
}

// ---- writing ----

void DocumentService::remember(const DoneWrite& done) {
  if (!done.write.named() || !done_.emplace(done.write, done.revision).second) return;
  done_order_.push_back(done.write);
  if (done_order_.size() <= kMaxDoneWrites) return;
  done_.erase(done_order_.front());
  done_order_.pop_front();
}

void DocumentService::log_changes(WriteId id) {
  std::vector<Change> fresh;
  for (; logged_changes_ < document_.graph().size(); ++logged_changes_) {
    Result<Change> change = document_.history().change(static_cast<document::ChangeIndex>(logged_changes_));
    TLFS_CHECK(change.ok(), "a new change has its bytes");
    fresh.push_back(std::move(*change));
  }
  const Status kept = log_->seal(std::move(fresh), document_.writer().incarnation, {id, document_.revision()});
  TLFS_CHECK(kept.ok(), "the log refused changes");
}

template <class F>
Result<Committed> DocumentService::write(WriteId id, F&& run) {
  if (const auto known = done_.find(id); id.named() && known != done_.end())
    return Committed{known->second, {}, {}, true};
  const auto before = document_.graph().ids().size();
  const std::uint64_t revision = document_.revision();
  Result<document::Commit> commit = run();
  if (!commit) return commit.error();
  const auto taken = document_.graph().ids().size() - before;
  Status kept;
  if (document_.graph().size() > logged_changes_) {
    log_changes(id);
  } else if (commit->revision != revision) {
    kept = log_->append({{commit->record, taken}, commit->revision, id});
  } else if (id.named()) {
    kept = log_->note({id, commit->revision});
  }
  TLFS_CHECK(kept.ok(), "the log refused a transaction");
  remember(DoneWrite{id, commit->revision});
  if (commit->revision != revision) remember(commit->patches);
  return Committed{commit->revision, std::move(commit->patches), std::move(commit->record), false};
}

Result<Committed> DocumentService::transact(WriteRequest request) {
  return write(request.id, [&]() -> Result<document::Commit> {
    if (request.on_revision && *request.on_revision != document_.revision()) {
      const auto since = watches_.at("").history.since(*request.on_revision);
      if (!since)
        return Error(Errc::stale, "the edits were made on revision " + std::to_string(*request.on_revision) +
                                      "; what has happened up to " + std::to_string(document_.revision()) +
                                      " is not remembered that far back");
      if (Status s = map_edits(request.edits, request.unit, *since, document_); !s) return s.error();
    }
    return document_.transact(request.options, [&](document::Transaction& tx) -> Status {
      for (const Edit& edit : request.edits)
        if (Status s = apply_edit(tx, edit, request.unit, document_.graph()); !s) return s;
      return {};
    });
  });
}

Result<Committed> DocumentService::transact(const document::TransactionOptions& options, WriteId id,
                                            const EditFunction& edit) {
  return write(id, [&] { return document_.transact(options, edit); });
}

Result<Committed> DocumentService::take_back(const std::string& origin, bool redo, WriteId id) {
  return write(id, [&] { return redo ? document_.redo(origin) : document_.undo(origin); });
}

// ---- watching ----

void DocumentService::remember(std::vector<document::Patch> patches) {
  for (auto& [version, watch] : watches_)
    if (watch.view) watch.history.append(document_.revision(), document_.last_patches(*watch.view));
  watches_.at("").history.append(document_.revision(), std::move(patches));
}

Result<std::shared_ptr<const document::BoundView>> DocumentService::view_of(const std::string& version) const {
  if (version.empty()) return std::shared_ptr<const document::BoundView>();
  Result<std::shared_ptr<const schema::View>> view = package_->view(version);
  if (!view) return view.error();
  return document_.bind(package_->hash(), std::move(*view));
}

Result<Subscribed> DocumentService::subscribe(Subscriptions::Watched watched, std::optional<std::uint64_t> have) {
  if (subscriptions_.full())
    return Error(Errc::too_many_subscriptions,
                 "a document has at most " + std::to_string(kMaxSubscriptions) + " subscriptions");
  if (!watches_.contains(watched.version)) {
    if (watches_.size() > kMaxWatchedVersions)
      return Error(Errc::too_many_subscriptions,
                   "at most " + std::to_string(kMaxWatchedVersions) + " versions are watched at one time");
    auto view = view_of(watched.version);
    if (!view) return view.error();
    watches_.emplace(watched.version, Watch{std::move(*view), PatchHistory(document_.revision())});
  }
  const Watch& watch = watches_.at(watched.version);
  // A place that the schema has and that does not exist now is fine.
  const auto place = document_.reader(bound(watch)).locate(watched.prefix);
  if (!place && !place.error().is(document::Errc::out_of_range)) return place.error();
  const bool up_to_date = have && *have == document_.revision();
  return Subscribed{subscriptions_.add(std::move(watched), up_to_date), document_.revision()};
}

void DocumentService::unsubscribe(std::uint64_t subscription) {
  const Subscriptions::Watched* watched = subscriptions_.find(subscription);
  if (!watched) return;
  const std::string version = watched->version;
  subscriptions_.remove(subscription);
  if (!version.empty() && !subscriptions_.watches(version)) watches_.erase(version);
}

Result<Update> DocumentService::pull(std::uint64_t subscription, std::optional<std::uint64_t> have) {
  const Subscriptions::Watched* watched = subscriptions_.find(subscription);
  if (!watched) return Error(Errc::no_such_subscription, "subscription " + std::to_string(subscription) + " has ended");
  const Watch& watch = watches_.at(watched->version);
  subscriptions_.pulled(subscription);
  if (have) {
    if (auto patches = watch.history.since(*have))
      if (auto relative = relative_to(watched->prefix, std::move(*patches)))
        return Update{*have, document_.revision(), std::move(*relative), std::nullopt};
  }
  Update update{0, document_.revision(), {}, document::Data()};
  const document::Reader reader = document_.reader(bound(watch));
  const auto place = reader.locate(watched->prefix);
  if (place && place->present) update.snapshot = reader.data_at(*place);
  return update;
}

std::vector<std::uint64_t> DocumentService::due() {
  if (document_.revision() == told_) return {};
  told_ = document_.revision();
  return subscriptions_.changed();
}

// ---- reading ----

Result<Update> DocumentService::get(const Path& path, const std::string& version) const {
  const auto view = view_of(version);
  if (!view) return view.error();
  const document::Reader reader = document_.reader(*view ? **view : document_.view());
  const auto place = reader.locate(path);
  if (!place) return place.error();
  Update update{0, document_.revision(), {}, document::Data()};
  if (place->present) update.snapshot = reader.data_at(*place);
  return update;
}

Result<PermanentAddress> DocumentService::locate(const Path& path) const {
  return permanent(document_.reader(), document_.graph(), path);
}

// ---- replicating ----

Changes DocumentService::changes_since(const document::Version& have) {
  Changes out{document_.changes_since(have), {}};
  out.heads = document_.version();
  if (document_.graph().size() > logged_changes_) log_changes({});
  return out;
}

Imported DocumentService::import(std::vector<Change> changes) {
  document::Import done = document_.import(std::move(changes));
  if (document_.graph().size() > logged_changes_) log_changes({});
  if (done.applied > 0) remember(std::move(done.patches));
  return {done.revision, done.applied, document_.waiting(), std::move(done.refused)};
}

}  // namespace tlfs::document_actor
