#include "bridges/control/control_session.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "bridges/control/answers.h"
#include "bridges/control/json_patch.h"
#include "bridges/control/names.h"
#include "bridges/control/network_verbs.h"
#include "bridges/control/tree_json.h"
#include "schema/framing/fields.h"
#include "schema/lens/package.h"

namespace tlfs::control {
namespace {

using document::DocumentId;
using framing::from_text;
using framing::to_blob;
using messages::control::ControlReply;
using messages::control::ControlRequest;
using ReplyBuilder = messaging::MessageBuilder<ControlReply>;

std::string path_of(messages::control::Place::Reader place) {
  return place.getPath().size() == 0 ? std::string(".") : from_text(place.getPath());
}

// One request, while it is handled.
class Verb {
 public:
  Verb(Node& node, ControlRequest::Reader request, const std::atomic<bool>& interrupted)
      : node_(node), request_(request), interrupted_(interrupted) {
    reply_->setNumber(request.getNumber());
  }

  // Everything but watches and unwatch.
  Status run();
  Reply take() { return std::move(reply_).seal(); }

 private:
  Status identity();
  Status list();
  Status create(messages::control::CreateDocument::Reader in);
  Status get(messages::control::GetValue::Reader in);
  Status set(messages::control::SetValue::Reader in);
  Status patch(messages::control::ApplyPatch::Reader in);
  Status remove(messages::control::Place::Reader in);
  Status history(messages::control::GetHistory::Reader in);
  Status forget(capnp::Text::Reader document);
  Status status(capnp::Text::Reader document);
  Status change_access(messages::control::ChangeAccess::Reader in, bool grant);
  Status explain(messages::control::ChangeAccess::Reader in);
  Status holders(messages::control::Place::Reader in);
  Status tree();
  Status metrics();
  Status introduction();
  Status learn(capnp::List<capnp::Data>::Reader statements);
  Status people(const Result<std::vector<DocumentId>>& users);

  Status committed(Result<Committed> done);
  Status done(std::future<Status> future);

  Node& node_;
  ControlRequest::Reader request_;
  const std::atomic<bool>& interrupted_;
  ReplyBuilder reply_;
};

// In a form that a reply can carry.
Result<std::string> json_text(const document::Data& data) {
  std::string text = document::to_json(data);
  if (text.size() <= kMaxJsonBytes) return text;
  return Error(document::Errc::limit_exceeded, "the value has " + std::to_string(text.size()) +
                                                   " bytes as JSON, and at most " + std::to_string(kMaxJsonBytes) +
                                                   " can be shown; name a part of it");
}

Status Verb::run() {
  switch (request_.which()) {
    case ControlRequest::IDENTITY:
      return identity();
    case ControlRequest::LIST_DOCUMENTS:
      return list();
    case ControlRequest::CREATE:
      return create(request_.getCreate());
    case ControlRequest::GET:
      return get(request_.getGet());
    case ControlRequest::SET:
      return set(request_.getSet());
    case ControlRequest::PATCH:
      return patch(request_.getPatch());
    case ControlRequest::REMOVE:
      return remove(request_.getRemove());
    case ControlRequest::HISTORY:
      return history(request_.getHistory());
    case ControlRequest::DELETE_DOCUMENT:
      return forget(request_.getDeleteDocument());
    case ControlRequest::STATUS:
      return status(request_.getStatus());
    case ControlRequest::GRANT:
      return change_access(request_.getGrant(), true);
    case ControlRequest::REVOKE:
      return change_access(request_.getRevoke(), false);
    case ControlRequest::EXPLAIN:
      return explain(request_.getExplain());
    case ControlRequest::LIST_HOLDERS:
      return holders(request_.getListHolders());
    case ControlRequest::NODE_TREE:
      return tree();
    case ControlRequest::NODE_METRICS:
      return metrics();
    case ControlRequest::INTRODUCTION:
      return introduction();
    case ControlRequest::LEARN:
      return learn(request_.getLearn());
    case ControlRequest::LIST_PEOPLE:
      return people(settled(node_.people()));
    case ControlRequest::PEERS:
    case ControlRequest::CONNECT:
    case ControlRequest::INVITE:
    case ControlRequest::REVOKE_INVITATION:
    case ControlRequest::JOIN:
    case ControlRequest::LIST_INVITATIONS:
    case ControlRequest::DECIDE_OFFER:
    case ControlRequest::SYNC_STATUS:
    case ControlRequest::PRESENCE:
      return run_network_verb(node_, request_, reply_.root(), interrupted_);
    default:
      return Error(Errc::malformed, "the node does not know this request; it is older than the program that asks");
  }
}

Status Verb::identity() {
  auto out = reply_->initIdentity();
  out.setDevice(to_blob(node_.device()));
  out.setUser(to_blob(node_.user()));
  return {};
}

Status Verb::list() {
  const auto documents = settled(node_.documents());
  if (!documents) return documents.error();
  auto out = reply_->initDocuments(static_cast<unsigned>(documents->size()));
  for (unsigned i = 0; i < out.size(); ++i) {
    const DocumentInfo& d = (*documents)[i];
    out[i].setId(to_blob(d.id));
    out[i].setName(d.name);
    out[i].setPackage(d.package);
    out[i].setVersion(d.version);
    out[i].setCreatedMs(d.created_ms);
  }
  return {};
}

Status Verb::create(messages::control::CreateDocument::Reader in) {
  const auto bytes = in.getPackage();
  auto package = schema::Package::decode({bytes.begin(), bytes.size()});
  if (!package) return package.error();
  std::string version = from_text(in.getVersion());
  if (version.empty()) version = (*package)->latest()->version();
  if (const auto view = (*package)->view(version); !view) return view.error();
  const auto id = settled(node_.create_document(std::move(*package), {from_text(in.getName()), std::move(version)}));
  if (!id) return id.error();
  reply_->setCreated(to_blob(*id));
  return {};
}

Status Verb::get(messages::control::GetValue::Reader in) {
  const auto id = find_document(node_, in.getPlace().getDocument());
  if (!id) return id.error();
  const std::string path = path_of(in.getPlace());
  document::Version version;
  std::vector<crypto::Digest> known;
  for (const capnp::Text::Reader one : in.getVersion()) {
    std::optional<crypto::Digest> hash = parse_id(from_text(one));
    if (!hash && known.empty()) {
      const auto entries = settled(node_.history(*id, kMaxHistory));
      if (!entries) return entries.error();
      for (const HistoryEntry& e : *entries) known.push_back(e.hash);
    }
    if (!hash) {
      const auto chosen = choose_hash(from_text(one), known);
      if (!chosen) return chosen.error();
      hash = *chosen;
    }
    version.push_back(*hash);
  }
  std::sort(version.begin(), version.end());
  version.erase(std::unique(version.begin(), version.end()), version.end());
  auto update = settled(version.empty() ? node_.snapshot(*id, path) : node_.snapshot_at(*id, version, path));
  if (!update) return update.error();
  if (!update->snapshot) return Error(Errc::malformed, "the node gave no value");
  const auto json = json_text(*update->snapshot);
  if (!json) return json.error();
  reply_->setValue(*json);
  return {};
}

Status Verb::set(messages::control::SetValue::Reader in) {
  const auto id = find_document(node_, in.getPlace().getDocument());
  if (!id) return id.error();
  auto data = document::parse_json(from_text(in.getJson()));
  if (!data) return data.error();
  WriteOptions options;
  options.label = "set";
  return committed(settled(
      node_.transact(*id, std::move(Edits().set(path_of(in.getPlace()), std::move(*data))), std::move(options))));
}

Status Verb::remove(messages::control::Place::Reader in) {
  const auto id = find_document(node_, in.getDocument());
  if (!id) return id.error();
  WriteOptions options;
  options.label = "remove";
  return committed(settled(node_.transact(*id, std::move(Edits().remove(path_of(in))), std::move(options))));
}

Status Verb::patch(messages::control::ApplyPatch::Reader in) {
  const auto id = find_document(node_, in.getDocument());
  if (!id) return id.error();
  const auto data = document::parse_json(from_text(in.getJson()));
  if (!data) return data.error();
  auto parsed = parse_json_patch(*data);
  if (!parsed) return parsed.error();
  const auto operations = std::make_shared<const std::vector<PatchOperation>>(std::move(*parsed));
  WriteOptions options;
  options.label = "patch";
  return committed(settled(node_.transact(
      *id, [operations](document::Transaction& tx) { return apply_json_patch(tx, *operations); }, std::move(options))));
}

Status Verb::history(messages::control::GetHistory::Reader in) {
  const auto id = find_document(node_, in.getDocument());
  if (!id) return id.error();
  const auto entries = settled(node_.history(*id, std::min(in.getLimit(), kMaxHistory)));
  if (!entries) return entries.error();
  auto out = reply_->initHistory(static_cast<unsigned>(entries->size()));
  for (unsigned i = 0; i < out.size(); ++i) {
    const HistoryEntry& e = (*entries)[i];
    out[i].setHash(to_blob(e.hash));
    out[i].setDevice(to_blob(e.device));
    out[i].setIncarnation(e.incarnation);
    out[i].setSeq(e.seq);
    out[i].setOperations(e.operations);
    out[i].setTimed(e.time_ms.has_value());
    out[i].setTimeMs(e.time_ms.value_or(0));
    out[i].setLabel(e.label);
    auto parents = out[i].initParents(static_cast<unsigned>(e.parents.size()));
    for (unsigned p = 0; p < parents.size(); ++p) parents.set(p, to_blob(e.parents[p]));
  }
  return {};
}

Status Verb::forget(capnp::Text::Reader document) {
  const auto id = find_document(node_, document);
  return id ? done(node_.delete_document(*id)) : Status(id.error());
}

void write(const std::vector<std::string>& from, capnp::List<capnp::Text>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, from[i]);
}

Status Verb::status(capnp::Text::Reader document) {
  const auto id = find_document(node_, document);
  if (!id) return id.error();
  const auto status = settled(node_.status(*id));
  if (!status) return status.error();
  auto out = reply_->initStatus();
  out.setId(to_blob(*id));
  out.setRevision(status->revision);
  out.setDurable(status->durable);
  out.setDiskError(status->disk_error.value_or(""));
  out.setChanges(status->changes);
  out.setWaiting(status->waiting);
  out.setUnreadable(status->unreadable);
  out.setSubscriptions(status->subscriptions);
  write(status->withheld, out.initWithheld(static_cast<unsigned>(status->withheld.size())));
  write(status->lost, out.initLost(static_cast<unsigned>(status->lost.size())));
  return {};
}

Status Verb::change_access(messages::control::ChangeAccess::Reader in, bool grant) {
  const auto who = parse_principal(from_text(in.getPrincipal()));
  if (!who) return who.error();
  const auto level = parse_level(from_text(in.getLevel()));
  if (!level) return level.error();
  access::Level keep = access::Level::none;
  if (in.getKeep().size() > 0) {
    const auto kept = parse_level(from_text(in.getKeep()));
    if (!kept) return kept.error();
    keep = *kept;
  }
  const auto id = find_document(node_, in.getPlace().getDocument());
  if (!id) return id.error();
  const std::string path = path_of(in.getPlace());
  return done(grant ? node_.grant(*id, path, *level, *who) : node_.revoke(*id, path, *level, *who, keep));
}

Status Verb::explain(messages::control::ChangeAccess::Reader in) {
  const auto who = parse_principal(from_text(in.getPrincipal()));
  if (!who) return who.error();
  const auto level = parse_level(from_text(in.getLevel()));
  if (!level) return level.error();
  const auto id = find_document(node_, in.getPlace().getDocument());
  if (!id) return id.error();
  const auto explained = settled(node_.explain(*id, path_of(in.getPlace()), *level, *who));
  if (!explained) return explained.error();
  auto out = reply_->initExplained();
  out.setAllowed(explained->allowed);
  out.setLevel(std::string(access::level_name(explained->level)));
  out.setSentence(explained->sentence);
  return {};
}

Status Verb::holders(messages::control::Place::Reader in) {
  const auto id = find_document(node_, in.getDocument());
  if (!id) return id.error();
  const auto found = settled(node_.holders(*id, path_of(in)));
  if (!found) return found.error();
  auto out = reply_->initHolders(static_cast<unsigned>(found->size()));
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setPrincipal(principal_text((*found)[i].who));
    out[i].setLevel(std::string(access::level_name((*found)[i].level)));
  }
  return {};
}

Status Verb::tree() {
  auto tree = node_.tree();
  if (tree.wait_for(kAnswerTimeout) != std::future_status::ready) return silent();
  document::Data data = tree_data(*tree.get().read());
  data.object()->insert(data.object()->begin(),
                        {{"device", Value(to_hex(node_.device()))}, {"user", Value(to_hex(node_.user()))}});
  const auto json = json_text(data);
  if (!json) return json.error();
  reply_->setTree(*json);
  return {};
}

Status Verb::metrics() {
  auto metrics = node_.metrics();
  if (metrics.wait_for(kAnswerTimeout) != std::future_status::ready) return silent();
  reply_->setMetrics(metrics.get());
  return {};
}

Status Verb::introduction() {
  const std::vector<Bytes> statements = node_.introduction();
  auto out = reply_->initIntroduction(static_cast<unsigned>(statements.size()));
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, to_blob(statements[i]));
  return {};
}

Status Verb::learn(capnp::List<capnp::Data>::Reader statements) {
  std::vector<Bytes> in;
  in.reserve(statements.size());
  for (const capnp::Data::Reader s : statements) in.emplace_back(s.begin(), s.end());
  return people(settled(node_.learn(in)));
}

Status Verb::people(const Result<std::vector<DocumentId>>& users) {
  if (!users) return users.error();
  auto out = reply_->initPeople(static_cast<unsigned>(users->size()));
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, to_blob((*users)[i]));
  return {};
}

Status Verb::committed(Result<Committed> done) {
  if (!done) return done.error();
  auto out = reply_->initCommitted();
  out.setRevision(done->revision);
  // What a large write has changed is known to who made it.
  const auto json = json_text(as_json_patch(done->patches));
  out.setPatch(json ? *json : "[]");
  return {};
}

Status Verb::done(std::future<Status> future) {
  Status s = settled(std::move(future));
  if (s) reply_->setDone();
  return s;
}

Reply failure(std::uint64_t number, const Error& error) { return control::failure(number, error, kind_of(error)); }

Reply update_reply(std::uint64_t number, const Update& update) {
  const auto json = json_text(update.snapshot ? as_json_patch(*update.snapshot) : as_json_patch(update.patches));
  if (!json) return failure(number, json.error());
  ReplyBuilder builder;
  builder->setNumber(number);
  auto out = builder->initUpdated();
  out.setFrom(update.from);
  out.setTo(update.to);
  out.setDurable(update.durable);
  out.setSnapshot(update.snapshot.has_value());
  out.setPatch(*json);
  return std::move(builder).seal();
}

}  // namespace

// The watches of one client. Shared with the callbacks, which may come while the session ends.
struct ControlSession::Watches {
  mutable std::mutex mutex;
  std::map<std::uint64_t, std::uint64_t> running;  // subscription, by the request's number
  std::set<std::uint64_t> failed;                  // before the subscription's number was known
  std::mutex emitting;
  bool closed = false;  // guarded by emitting
  Emit emit;

  void tell(const Reply& reply) {
    const std::lock_guard lock(emitting);
    if (!closed) emit(reply);
  }
};

ControlSession::ControlSession(Node& node, Emit emit) : node_(node), watches_(std::make_shared<Watches>()) {
  watches_->emit = std::move(emit);
}

ControlSession::~ControlSession() {
  {
    const std::lock_guard lock(watches_->emitting);
    watches_->closed = true;
  }
  std::map<std::uint64_t, std::uint64_t> running;
  {
    const std::lock_guard lock(watches_->mutex);
    running.swap(watches_->running);
  }
  for (const auto& [number, subscription] : running) node_.unsubscribe(subscription).wait_for(kAnswerTimeout);
}

bool ControlSession::watching() const {
  const std::lock_guard lock(watches_->mutex);
  return !watches_->running.empty();
}

void ControlSession::handle(const Request& message) {
  const auto request = message.read();
  const std::uint64_t number = request->getNumber();
  if (request->isWatch()) return watch_value(number, request->getWatch());
  if (request->isUnwatch()) return unwatch(number, request->getUnwatch());
  Verb verb(node_, *request, interrupted_);
  const Status s = verb.run();
  if (s && request->isPresence() && request->getPresence().getWatch())
    return watch_presence(number, request->getPresence());
  watches_->tell(s ? verb.take() : failure(number, s.error()));
}

void ControlSession::watch(std::uint64_t number, capnp::Text::Reader document, const Subscribe& subscribe) {
  {
    const std::lock_guard lock(watches_->mutex);
    if (watches_->running.contains(number))
      return watches_->tell(failure(number, Error(Errc::malformed, "a watch of that number is under way")));
    if (watches_->running.size() >= kMaxWatches)
      return watches_->tell(
          failure(number, Error(Errc::busy, "at most " + std::to_string(kMaxWatches) + " watches at once")));
  }
  const auto id = find_document(node_, document);
  if (!id) return watches_->tell(failure(number, id.error()));
  const auto watches = watches_;
  const auto failed = [watches, number](const Error& error) {
    {
      const std::lock_guard lock(watches->mutex);
      if (watches->running.erase(number) == 0) watches->failed.insert(number);
    }
    watches->tell(failure(number, error));
  };
  const Result<std::uint64_t> subscription = subscribe(*id, failed);
  if (!subscription) return watches_->tell(failure(number, subscription.error()));
  const std::lock_guard lock(watches_->mutex);
  if (watches_->failed.erase(number) == 0) watches_->running.emplace(number, *subscription);
}

void ControlSession::watch_value(std::uint64_t number, messages::control::Place::Reader place) {
  watch(number, place.getDocument(), [&](const DocumentId& id, std::function<void(const Error&)> failed) {
    SubscribeOptions options;
    options.prefix = path_of(place);
    options.failed = std::move(failed);
    options.tell_when_saved = true;
    return node_.subscribe(id, std::move(options), [watches = watches_, number](const Update& update) {
      watches->tell(update_reply(number, update));
    });
  });
}

void ControlSession::watch_presence(std::uint64_t number, messages::control::AskPresence::Reader in) {
  watch(number, in.getDocument(), [&](const DocumentId& id, std::function<void(const Error&)> failed) {
    return node_.watch_presence(
        id,
        [watches = watches_, number](const std::vector<Presence>& all) {
          ReplyBuilder reply;
          reply->setNumber(number);
          write_presences(all, reply.root());
          watches->tell(std::move(reply).seal());
        },
        std::move(failed));
  });
}

void ControlSession::unwatch(std::uint64_t number, std::uint64_t watch) {
  std::optional<std::uint64_t> subscription;
  {
    const std::lock_guard lock(watches_->mutex);
    const auto found = watches_->running.find(watch);
    if (found != watches_->running.end()) {
      subscription = found->second;
      watches_->running.erase(found);
    }
  }
  if (subscription) {
    node_.unsubscribe(*subscription).wait_for(kAnswerTimeout);
    watches_->tell(control::done(watch));
  }
  watches_->tell(control::done(number));
}

}  // namespace tlfs::control
