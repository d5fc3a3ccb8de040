#include "actors/document/document_service.h"

#include <algorithm>

#include "actors/document/stale_edits.h"
#include "runtime/base/check.h"

namespace tlfs::document_actor {

using document::Change;
using document::Document;
using document::Path;

namespace {

// When a change was made and what its author called it, as far as it can be read.
void note_what_it_says(const document::History& history, document::ChangeIndex index, HistoryEntry& entry) {
  for (std::size_t leaf = 0; leaf < history.leaf_count(index); ++leaf) {
    const auto read = history.leaf(index, leaf);
    if (!read) continue;
    for (const document::TransactionMark& mark : read->batch.transactions) {
      const document::TransactionMetadata& said = read->batch.metadata[mark.metadata];
      if (said.time_ms) entry.time_ms = said.time_ms;
      if (!said.label.empty()) entry.label = said.label;
    }
  }
}

// `steps` lead to the place.
void fill(Update& update, const document::Reader& reader, const document::Reader::Place& place, std::size_t steps) {
  update.snapshot = reader.data_at(place, update.conflicts);
  for (document::Patch& conflict : update.conflicts)
    conflict.path.erase(conflict.path.begin(), conflict.path.begin() + static_cast<std::ptrdiff_t>(steps));
}

}  // namespace

DocumentService::DocumentService(std::unique_ptr<replica::Replica> replica,
                                 std::shared_ptr<const schema::Package> package, std::uint64_t incarnation)
    : replica_(std::move(replica)),
      package_(std::move(package)),
      subscriptions_(incarnation << 32),
      told_(content().revision()),
      told_statements_(statements()),
      durable_(told_) {
  watches_.emplace("", Watch{nullptr, PatchHistory(told_)});
}

void DocumentService::leap_over_lost_revisions(std::uint64_t leap) {
  leap_ = leap;
  leaps_from_ = revision();
  replica_->document().content().skip_revisions(leap);
}

void DocumentService::replace(std::unique_ptr<replica::Replica> replica) {
  const std::uint64_t newest = watches_.at("").history.newest();
  replica_ = std::move(replica);
  durable_ = revision();
  if (leap_ != 0 && revision() == leaps_from_) replica_->document().content().skip_revisions(leap_);
  if (revision() != newest) forget_patches();
  for (auto at = watches_.begin(); at != watches_.end();) {
    auto view = view_of(at->first);
    if (view) at->second.view = std::move(*view);
    at = view ? std::next(at) : watches_.erase(at);
  }
}

// ---- writing ----

Result<Committed> DocumentService::write(const WriteId& id,
                                         const std::function<Result<document::Commit>(Document&)>& run) {
  if (const auto known = replica_->done(id)) return Committed{*known, {}, {}, true};
  const std::uint64_t before = revision();
  Result<document::Commit> commit = replica_->run(id, run);
  if (!commit) return commit.error();
  if (commit->revision != before) remember(commit->patches);
  return Committed{commit->revision, std::move(commit->patches), std::move(commit->record), false};
}

Result<Committed> DocumentService::transact(WriteRequest request) {
  return write(request.id, [&](Document& document) -> Result<document::Commit> {
    if (request.on_revision && *request.on_revision != document.revision()) {
      const auto since = watches_.at("").history.since(*request.on_revision);
      if (!since)
        return Error(Errc::stale, "the edits were made on revision " + std::to_string(*request.on_revision) +
                                      ", which was lost before it was saved, or from which what has happened up to " +
                                      std::to_string(document.revision()) + " is not remembered");
      if (Status s = map_edits(request.edits, request.unit, *since, document); !s) return s.error();
    }
    return document.transact(request.options, [&](document::Transaction& tx) -> Status {
      for (const Edit& edit : request.edits)
        if (Status s = apply_edit(tx, edit, request.unit, document.graph()); !s) return s;
      return {};
    });
  });
}

Result<Committed> DocumentService::transact(const document::TransactionOptions& options, WriteId id,
                                            const EditFunction& edit) {
  return write(id, [&](Document& document) { return document.transact(options, edit); });
}

Result<Committed> DocumentService::take_back(const std::string& origin, bool redo, WriteId id) {
  return write(id, [&](Document& document) { return redo ? document.redo(origin) : document.undo(origin); });
}

// ---- watching ----

void DocumentService::remember(std::vector<document::Patch> patches) {
  for (auto& [version, watch] : watches_)
    if (watch.view) watch.history.append(revision(), content().last_patches(*watch.view));
  watches_.at("").history.append(revision(), std::move(patches));
}

void DocumentService::forget_patches() {
  for (auto& [version, watch] : watches_) watch.history = PatchHistory(revision());
}

Result<std::shared_ptr<const document::BoundView>> DocumentService::view_of(const std::string& version) const {
  if (version.empty()) return std::shared_ptr<const document::BoundView>();
  Result<std::shared_ptr<const schema::View>> view = package_->view(version);
  if (!view) return view.error();
  return content().bind(package_->hash(), std::move(*view));
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
    watches_.emplace(watched.version, Watch{std::move(*view), PatchHistory(revision())});
  }
  const Watch& watch = watches_.at(watched.version);
  // A place that the schema has and that does not exist now is fine.
  const auto place = content().reader(bound(watch)).locate(watched.prefix);
  if (!place && !place.error().is(document::Errc::out_of_range)) return place.error();
  const bool up_to_date = !watched.presence && have && *have == revision();
  return Subscribed{subscriptions_.add(std::move(watched), up_to_date), revision()};
}

void DocumentService::unsubscribe(std::uint64_t subscription) {
  const Subscriptions::Watched* watched = subscriptions_.find(subscription);
  if (!watched) return;
  const std::string version = watched->version;
  subscriptions_.remove(subscription);
  unsaved_.erase(subscription);
  if (!version.empty() && !subscriptions_.watches(version)) watches_.erase(version);
}

Result<Update> DocumentService::pull(std::uint64_t subscription, std::optional<std::uint64_t> have) {
  const Subscriptions::Watched* watched = subscriptions_.find(subscription);
  if (!watched) return Error(Errc::no_such_subscription, "subscription " + std::to_string(subscription) + " has ended");
  const Watch& watch = watches_.at(watched->version);
  subscriptions_.pulled(subscription);
  if (watched->tell_when_saved && durable_ < revision()) unsaved_.insert(subscription);
  const std::uint64_t written = watched->client == 0 ? 0 : replica_->last_done(watched->client);
  if (have) {
    if (auto patches = watch.history.since(*have))
      if (auto relative = relative_to(watched->prefix, std::move(*patches)))
        return Update{*have, revision(), durable_, written, std::move(*relative), std::nullopt, statements()};
  }
  Update update{0, revision(), durable_, written, {}, document::Data(), statements()};
  const document::Reader reader = content().reader(bound(watch));
  const auto place = reader.locate(watched->prefix);
  if (place && place->present) fill(update, reader, *place, watched->prefix.size());
  return update;
}

std::vector<std::uint64_t> DocumentService::due() {
  if (revision() == told_ && statements() == told_statements_) return {};
  told_ = revision();
  told_statements_ = statements();
  return subscriptions_.changed();
}

bool DocumentService::watches_presence(std::uint64_t subscription) const {
  const Subscriptions::Watched* watched = subscriptions_.find(subscription);
  return watched && watched->presence;
}

void DocumentService::saved(std::uint64_t revision) { durable_ = std::max(durable_, revision); }

std::vector<std::uint64_t> DocumentService::due_saved() {
  if (durable_ < revision() || unsaved_.empty()) return {};
  std::vector<std::uint64_t> tell;
  for (const std::uint64_t id : std::exchange(unsaved_, {}))
    if (subscriptions_.tell(id)) tell.push_back(id);
  return tell;
}

// ---- reading ----

Result<Update> DocumentService::get(const Path& path, const std::string& version) const {
  const auto view = view_of(version);
  if (!view) return view.error();
  const document::Reader reader = content().reader(*view ? **view : content().view());
  const auto place = reader.locate(path);
  if (!place) return place.error();
  Update update{0, revision(), durable_, 0, {}, document::Data()};
  if (place->present) fill(update, reader, *place, path.size());
  return update;
}

Result<Update> DocumentService::get_at(const document::Version& at, const Path& path) {
  Result<document::Data> value = document().content().data_at(at);
  replica_->observe();
  if (!value) return value.error();
  const document::Data* found = document::find(*value, path);
  return Update{0, revision(), durable_, 0, {}, found ? *found : document::Data()};
}

Result<PermanentAddress> DocumentService::locate(const Path& path) const {
  return permanent(content().reader(), content().graph(), path);
}

std::vector<HistoryEntry> DocumentService::history(std::size_t limit) {
  seal();
  const document::ChangeGraph& graph = content().graph();
  std::vector<HistoryEntry> out;
  for (std::size_t i = graph.size(); i-- > 0 && out.size() < std::min(limit, kMaxHistoryEntries);) {
    const auto index = static_cast<document::ChangeIndex>(i);
    const document::ChangeRecord& record = graph.at(index);
    const document::WriterId& writer = graph.ids().writer(record.agent);
    HistoryEntry entry{record.hash, writer.device, writer.incarnation, record.seq, record.id_count, {}, {}, {}};
    for (const document::ChangeIndex parent : record.parents) entry.parents.push_back(graph.at(parent).hash);
    try {
      note_what_it_says(content().history(), index, entry);
    } catch (const document::HistoryLost&) {  // nothing has been touched, and the graph says the rest
    }
    out.push_back(std::move(entry));
  }
  return out;
}

void DocumentService::seal() {
  document().content().seal();
  replica_->observe();
}

DocumentStatus DocumentService::status() const {
  DocumentStatus out;
  out.revision = revision();
  out.durable = durable_;
  out.changes = content().graph().size();
  out.waiting = content().waiting();
  out.unreadable = document().unreadable();
  out.subscriptions = subscriptions_.size();
  for (const access::Withheld& w : document().withheld_leaves())
    out.withheld.push_back("part " + std::to_string(w.leaf.leaf) + " of change " + to_hex(w.leaf.change) + ": " +
                           w.why);
  out.lost = replica_->lost();
  return out;
}

// ---- access ----

Status DocumentService::say(const std::function<Status(access::ProtectedDocument&)>& what) {
  const std::uint64_t before = revision();
  Status said = what(document());
  replica_->observe();
  if (revision() != before) forget_patches();
  return said;
}

Status DocumentService::grant(const std::string& path, access::Level level, const access::Principal& to) {
  return say([&](access::ProtectedDocument& d) -> Status {
    const auto at = d.address(path);
    return at ? d.grant(*at, level, to) : Status(at.error());
  });
}

Status DocumentService::revoke(const std::string& path, access::Level level, const access::Principal& from,
                               access::Level keep) {
  return say([&](access::ProtectedDocument& d) -> Status {
    const auto at = d.address(path);
    return at ? d.revoke(*at, level, from, keep) : Status(at.error());
  });
}

Status DocumentService::admit(const access::Principal& from) {
  return say([&](access::ProtectedDocument& d) { return d.admit_all(from); });
}

bool DocumentService::tend() {
  bool said = false;
  (void)say([&](access::ProtectedDocument& d) -> Status {
    said = d.tend();
    return {};
  });
  return said;
}

Result<Explained> DocumentService::explain(const std::string& path, access::Level level,
                                           const access::Principal& who) const {
  const auto at = document().address(path);
  if (!at) return at.error();
  access::Explanation why = document().explain(who, level, *at);
  return Explained{why.allowed, why.level, std::move(why.sentence)};
}

Result<std::vector<Holder>> DocumentService::holders(const std::string& path) const {
  const auto at = document().address(path);
  if (!at) return at.error();
  const auto found = document().holders(*at);
  if (!found) return found.error();
  std::vector<Holder> out;
  out.reserve(found->size());
  for (const auto& [who, level] : *found) out.push_back({who, level});
  return out;
}

// ---- replicating ----

Changes DocumentService::changes_since(const document::Version& have, const std::optional<crypto::PublicKey>& peer) {
  Changes out;
  Document& content = document().content();
  if (!peer || document().may_sync(*peer)) {
    out.changes = content.changes_since(have);
    if (peer)
      for (Change& change : out.changes) document().redact(change, *peer);
  }
  out.heads = content.version();
  // After sealing, which may have said something.
  for (const access::SignedStatement& s : peer ? document().statements_for(*peer) : document().statements())
    out.statements.push_back(access::encode_statement(s));
  replica_->observe();
  return out;
}

access::ProtectedDocument::Taken DocumentService::take(
    const std::vector<std::shared_ptr<const schema::Package>>& packages,
    std::vector<access::SignedStatement> statements, std::vector<Change> changes) {
  for (const auto& package : packages) {
    const std::uint64_t before = revision();
    // One that does not fit the document is of no use to it, and whoever sent it may not have known.
    if (Result<document::Import> import = document().content().add_package(package))
      changed_since(before, std::move(import->patches));
  }
  const std::uint64_t before = revision();
  access::ProtectedDocument::Taken taken = replica_->take(std::move(statements), std::move(changes));
  changed_since(before, std::exchange(taken.patches, {}));
  return taken;
}

void DocumentService::changed_since(std::uint64_t before, std::vector<document::Patch> patches) {
  if (revision() == before + 1)
    remember(std::move(patches));
  else if (revision() != before)
    forget_patches();
}

Imported DocumentService::import(std::vector<access::SignedStatement> statements, std::vector<Change> changes) {
  access::ProtectedDocument::Taken taken = take({}, std::move(statements), std::move(changes));
  return {revision(), taken.changes, content().waiting(), taken.statements, std::move(taken.refused)};
}

}  // namespace tlfs::document_actor
