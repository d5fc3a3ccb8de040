#include "bridges/websocket/session_actor.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include <spdlog/spdlog.h>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include "actors/document/document_actor.h"
#include "actors/document/request_message.h"
#include "actors/store/store_actor.h"
#include "actors/supervision/supervised_ref.h"
#include "bridges/control/names.h"
#include "bridges/websocket/edits_json.h"
#include "bridges/websocket/patches_json.h"
#include "runtime/replica/records.h"
#include "schema/framing/fields.h"
#include "schema/lens/shape.h"

namespace tlfs::websocket_bridge {
namespace {

namespace bridge = messages::bridge;
using document::DocumentId;
using document_actor::ReplyMessage;
using document_actor::Update;
using framing::from_text;
using messaging::message_of;
using Builder = bridge::BridgeMessage::Builder;
using SyncState = bridge::Sync::State;

constexpr std::uint32_t kProtocol = 1;
constexpr std::uint64_t kMaxTraversalWords = 4u << 20;  // of a request: twice what a frame may have
constexpr int kMaxPullAttempts = 8;                     // of one pull, when its document is restarted again and again

struct Received : messaging::LocalOnly {
  std::shared_ptr<const Bytes> frame;
};
struct Drained : messaging::LocalOnly {};
struct Gone : messaging::LocalOnly {};
struct ControlDone : messaging::LocalOnly {
  std::shared_ptr<const control::Reply> reply;
};

// A request that is to be answered.
struct Asked {
  std::uint64_t number = 0;
  std::size_t bytes = 0;
};

std::string_view view_of(capnp::Data::Reader data) {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}
capnp::Data::Reader data_of(std::string_view text) {
  return {reinterpret_cast<const kj::byte*>(text.data()), text.size()};
}

void write(const Error& error, messages::control::Failure::Builder out) {
  out.setKind(control::kind_of(error));
  out.setModule(std::string(error.module()));
  out.setCode(error.code());
  out.setMessage(error.message());
}

Error no_subscription(std::uint64_t id) {
  return {document_actor::Errc::no_such_subscription, "there is no subscription " + std::to_string(id)};
}

class SessionActor : public caf::event_based_actor {
 public:
  SessionActor(caf::actor_config& config, std::shared_ptr<const SessionEnvironment> environment,
               std::shared_ptr<net::WebsocketPeer> peer, std::shared_ptr<const supervision::ChildIdentity> identity)
      : caf::event_based_actor(config),
        environment_(std::move(environment)),
        peer_(std::move(peer)),
        identity_(std::move(identity)) {}

  const char* name() const override { return "bridge_session"; }

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  struct Subscription {
    DocumentId document{};
    document::Path prefix;
    std::string path;  // the same as text
    std::string version;
    std::uint64_t client = 0;
    std::optional<Asked> open;     // not answered yet
    std::uint64_t attempt = 0;     // counts Subscribes; an answer to an earlier one is void
    bool lost = false;             // the document ended before it answered the latest one
    std::uint64_t there = 0;       // its name at the document's actor; 0: none now
    bool told = false;             // `changed` was sent and is not answered by a pull
    std::size_t pulling = 0;       // pulls on their way through the document
    std::uint64_t changed_to = 0;  // told by the document meanwhile
    bool presence = false;  // of the session's own: who is present, which is told without a pull of the browser's
    bool due = false;       // of presence: it is to be asked for when the browser reads again
    std::string level;      // that the browser knows
    std::optional<std::uint64_t> statements;  // how many there were when the level was last asked for
  };
  // What there is to do with one document.
  struct Place {
    supervision::SupervisedRef ref;
    std::set<std::uint64_t> subscriptions;
    std::uint64_t presence = 0;  // one of them; 0: none
    bool shown = false;          // this session has shown something in it
    std::size_t asked = 0;
    std::uint64_t last_incarnation = 0;
  };
  struct Pull {
    Asked asked;
    std::uint64_t subscription = 0;
    std::uint64_t have = 0;
    int attempts = 0;
  };

  // Frames and answers.
  void received(const Bytes& frame);
  void refuse(const std::string& why);
  template <class F>
  void tell(F&& fill);
  template <class F>
  void answer(const Asked& asked, F&& fill);
  void fail(const Asked& asked, const Error& error);
  bool is_low() const { return peer_->waiting() <= environment_->limits.low_bytes; }

  // Requests.
  void open(const Asked& asked, bridge::Open::Reader in);
  void opened(std::uint64_t id, std::uint64_t revision, std::string_view level);
  void find_level(std::uint64_t id, std::function<void(std::string level)> found);
  void renew_level(std::uint64_t id, std::uint64_t statements);
  void close(const Asked& asked, std::uint64_t id);
  void pull(const Asked& asked, bridge::Pull::Reader in);
  void pump();
  void pulled(const Pull& pull, const Result<ReplyMessage>& reply);
  void write(const Asked& asked, bridge::Write::Reader in);
  void take_back(const Asked& asked, bridge::TakeBack::Reader in);
  void control(const Asked& asked, messages::control::ControlRequest::Reader in);
  void pump_control();
  void control_done(const control::Reply& reply);

  void schema(const Asked& asked, capnp::Text::Reader document);
  void set_presence(const Asked& asked, bridge::SetPresence::Reader in);
  void watch_presence(const DocumentId& document);
  void pull_presence(std::uint64_t id);
  void tell_presence(const DocumentId& document, const std::vector<document_actor::Presence>& all);

  // Documents.
  Place& place_of(const DocumentId& document);
  void ask(const DocumentId& document, caf::message request, bool idempotent,
           std::function<void(Result<ReplyMessage>)> answered);
  void committed(const Asked& asked, const DocumentId& document, caf::message request, bool idempotent);
  void subscribe(std::uint64_t id);
  void subscribed(std::uint64_t id, std::uint64_t revision);
  void unsubscribe(const DocumentId& document, std::uint64_t there);
  void drop(std::uint64_t id);
  void end(std::uint64_t id, const Error& error);
  void phase(const DocumentId& document, const supervision::ChildPhase& now);
  void changed(std::uint64_t id, std::uint64_t revision);

  // Synchronisation.
  void tell_sync(const DocumentId& document);
  void tell_sync();

  const std::shared_ptr<const SessionEnvironment> environment_;
  const std::shared_ptr<net::WebsocketPeer> peer_;
  const std::shared_ptr<const supervision::ChildIdentity> identity_;
  std::uint64_t last_subscription_ = 0;
  std::map<std::uint64_t, Subscription> subscriptions_;
  // By the document's actor and its name for the subscription, since each numbers its own.
  std::map<std::pair<caf::actor_addr, std::uint64_t>, std::uint64_t> by_subscription_;
  std::map<DocumentId, Place> places_;
  supervision::SupervisedRef store_;
  std::deque<Pull> pulls_;  // that wait
  std::size_t pulls_under_way_ = 0;
  std::deque<std::pair<Asked, control::Request>> controls_;  // the first one is under way when control_ is set
  std::shared_ptr<ControlTask> control_;
  std::shared_ptr<const SyncStates> sync_;
  std::map<DocumentId, SyncState> told_sync_;  // of the documents that are open
};

caf::behavior SessionActor::make_behavior() {
  const auto self = caf::actor_cast<caf::actor>(this);
  store_ = supervision::SupervisedRef(this, environment_->documents->registry, supervision::kNodePath, store::kStoreId);
  environment_->session(self, true);
  tell([this](Builder& out) {
    auto hello = out.initHello();
    hello.setProtocol(kProtocol);
    hello.setDevice(framing::to_blob(environment_->documents->device->public_key()));
    hello.setUser(framing::to_blob(environment_->documents->user));
    hello.setMaxFrameBytes(static_cast<std::uint32_t>(environment_->limits.message_bytes));
    hello.setMaxSubscriptions(kMaxSubscriptions);
  });
  const auto send_there = [here = address()](auto message) {
    if (const auto there = caf::actor_cast<caf::actor>(here)) caf::anon_send(there, std::move(message));
  };
  net::WebsocketEvents events;
  events.received = [send_there](Bytes frame) {
    Received message;
    message.frame = std::make_shared<const Bytes>(std::move(frame));
    send_there(std::move(message));
  };
  events.drained = [send_there] { send_there(Drained()); };
  events.closed = [send_there](const Error&) { send_there(Gone()); };
  peer_->begin(std::move(events));
  return {
      [this](const Received& message) { received(*message.frame); },
      [this](const Drained&) {
        pump();
        pump_control();
        tell_sync();
        for (const auto& [id, s] : subscriptions_)
          if (s.due) pull_presence(id);
      },
      [this](const Gone&) { quit(); },
      [this](const ControlDone& message) { control_done(*message.reply); },
      [this](const SyncNews& news) {
        sync_ = news.states;
        tell_sync();
      },
      [this](const messaging::Message<messages::Changed>& message) {
        const auto from = caf::actor_cast<caf::actor_addr>(current_sender());
        const auto at = by_subscription_.find({from, message.read()->getSubscription()});
        if (at != by_subscription_.end()) changed(at->second, message.read()->getRevision());
      },
  };
}

void SessionActor::on_exit() {
  environment_->session(caf::actor_cast<caf::actor>(this), false);
  if (control_) control_->give_up();
  peer_->close("the session has ended");
  // Answers would come too late.
  for (const auto& [id, s] : subscriptions_) {
    const caf::actor there = places_.at(s.document).ref.phase().handle;
    if (s.there != 0 && there)
      caf::anon_send(there, message_of<messages::Unsubscribe>([&, name = s.there](messages::Unsubscribe::Builder& out) {
                       out.setSubscription(name);
                     }));
  }
  for (const auto& [document, place] : places_)
    if (const caf::actor there = place.ref.phase().handle; place.shown && there)
      caf::anon_send(
          there, message_of<messages::SetPresence>([&](messages::SetPresence::Builder& out) { out.setWindow(id()); }));
  for (const auto& [document, place] : places_)
    if (!place.subscriptions.empty()) environment_->shows(document, false);
  subscriptions_.clear();
  by_subscription_.clear();
  places_.clear();
  store_ = {};
  pulls_.clear();
  controls_.clear();
  control_ = nullptr;
}

// ---- frames and answers ----

void SessionActor::received(const Bytes& frame) {
  const Result<Request> request =
      Request::parse(frame, {.max_bytes = environment_->limits.message_bytes, .traversal_words = kMaxTraversalWords});
  if (!request) return refuse("what came is no request: " + request.error().message());
  const auto reading = request->read();
  const Asked asked{reading->getNumber(), frame.size()};
  if (asked.number == 0) return refuse("requests are numbered from 1 on");
  switch (reading->which()) {
    case bridge::BridgeRequest::OPEN:
      return open(asked, reading->getOpen());
    case bridge::BridgeRequest::PULL:
      return pull(asked, reading->getPull());
    case bridge::BridgeRequest::CLOSE:
      return close(asked, reading->getClose());
    case bridge::BridgeRequest::WRITE:
      return write(asked, reading->getWrite());
    case bridge::BridgeRequest::TAKE_BACK:
      return take_back(asked, reading->getTakeBack());
    case bridge::BridgeRequest::CONTROL:
      return control(asked, reading->getControl());
    case bridge::BridgeRequest::SET_PRESENCE:
      return set_presence(asked, reading->getSetPresence());
    case bridge::BridgeRequest::SCHEMA:
      return schema(asked, reading->getSchema());
  }
  fail(asked, Error(control::Errc::malformed, "the node does not know this request; it is older than who asks"));
}

// Whoever says what makes no sense may have lost the thread: it comes again.
void SessionActor::refuse(const std::string& why) {
  environment_->refused();
  identity_->logger->warn("bridge_refused path={} why=\"{}\"", identity_->path.text(), why);
  peer_->close(why);
}

template <class F>
void SessionActor::tell(F&& fill) {
  const BridgeMessage message = message_of<bridge::BridgeMessage>(std::forward<F>(fill));
  const ByteView bytes = message.bytes();
  peer_->send(Bytes(bytes.begin(), bytes.end()));
}

template <class F>
void SessionActor::answer(const Asked& asked, F&& fill) {
  tell([&](Builder& out) {
    out.setNumber(asked.number);
    fill(out);
  });
  peer_->dealt_with(asked.bytes);
}

void SessionActor::fail(const Asked& asked, const Error& error) {
  answer(asked, [&](Builder& out) { websocket_bridge::write(error, out.initFailed()); });
}

// ---- opening and closing ----

Result<DocumentId> document_of(capnp::Text::Reader text) {
  const auto id = control::parse_id(from_text(text));
  if (!id) return Error(control::Errc::malformed, "a document is named by its id, of 64 digits");
  return *id;
}

void SessionActor::open(const Asked& asked, bridge::Open::Reader in) {
  const auto document = document_of(in.getDocument());
  if (!document) return fail(asked, document.error());
  if (subscriptions_.size() >= kMaxSubscriptions)
    return fail(asked, Error(document_actor::Errc::too_many_subscriptions,
                             "at most " + std::to_string(kMaxSubscriptions) + " subscriptions of one connection"));
  Subscription subscription;
  subscription.document = *document;
  subscription.path = in.getPath().size() == 0 ? std::string(".") : from_text(in.getPath());
  auto prefix = document::parse_path(subscription.path);
  if (!prefix) return fail(asked, prefix.error());
  subscription.prefix = std::move(*prefix);
  subscription.version = from_text(in.getVersion());
  subscription.client = in.getClient();
  subscription.open = asked;
  const std::uint64_t id = ++last_subscription_;
  Place& place = place_of(*document);
  if (place.subscriptions.empty()) environment_->shows(*document, true);
  place.subscriptions.insert(id);
  subscriptions_.emplace(id, std::move(subscription));
  subscribe(id);
  if (in.getPresence() && place.presence == 0) watch_presence(*document);
}

void SessionActor::close(const Asked& asked, std::uint64_t id) {
  const auto at = subscriptions_.find(id);
  if (at != subscriptions_.end() && !at->second.open) {
    if (at->second.there != 0) unsubscribe(at->second.document, at->second.there);
    drop(id);
    pump();  // what was asked of it is answered
  }
  answer(asked, [](Builder& out) { out.setDone(); });
}

// Subscribed: the level is asked for, and then the browser is answered.
void SessionActor::subscribed(std::uint64_t id, std::uint64_t revision) {
  Subscription& s = subscriptions_.at(id);
  if (s.presence) return pull_presence(id);
  if (!s.open) {
    const bool waits = std::any_of(pulls_.begin(), pulls_.end(), [&](const Pull& p) { return p.subscription == id; });
    if (!s.told && s.pulling == 0 && !waits) changed(id, revision);
    return pump();
  }
  find_level(id, [this, id, revision](const std::string& level) { opened(id, revision, level); });
}

// What this device has at the watched place; "none" when nobody can say.
void SessionActor::find_level(std::uint64_t id, std::function<void(std::string level)> found) {
  const Subscription& s = subscriptions_.at(id);
  const auto explain = [own = environment_->documents->device->public_key()](const std::string& at) {
    return caf::make_message(message_of<messages::Explain>([&](messages::Explain::Builder& out) {
      out.setAt(at);
      out.setLevel(messages::Level::READ);
      document_actor::write(access::Principal::of_key(own), out.initWho());
    }));
  };
  const auto level = [](const Result<ReplyMessage>& reply) -> std::optional<std::string> {
    if (!reply) return std::nullopt;
    const auto explained = document_actor::from_reply<document_actor::Explained>(*reply);
    if (!explained) return std::nullopt;
    return std::string(access::level_name(explained->level));
  };
  const DocumentId document = s.document;
  ask(document, explain(s.path), true,
      [this, document, explain, level, found = std::move(found)](const Result<ReplyMessage>& reply) {
        if (auto there = level(reply)) return found(std::move(*there));
        // There is nothing at that place now: what this device has everywhere it has there too.
        ask(document, explain("."), true,
            [level, found](const Result<ReplyMessage>& all) { found(level(all).value_or("none")); });
      });
}

// A pull has shown so many statements of access. When they are not those that the level was found with, it is asked for
// anew, and the browser is told when it is another one.
void SessionActor::renew_level(std::uint64_t id, std::uint64_t statements) {
  Subscription& s = subscriptions_.at(id);
  if (s.statements == statements) return;
  s.statements = statements;
  find_level(id, [this, id](const std::string& level) {
    const auto at = subscriptions_.find(id);
    if (at == subscriptions_.end() || at->second.level == level) return;
    at->second.level = level;
    tell([&](Builder& out) {
      auto now = out.initLevel();
      now.setSubscription(id);
      now.setLevel(level);
    });
  });
}

void SessionActor::opened(std::uint64_t id, std::uint64_t revision, std::string_view level) {
  const auto at = subscriptions_.find(id);
  if (at == subscriptions_.end() || !at->second.open) return;
  const Asked asked = *std::exchange(at->second.open, std::nullopt);
  at->second.level = level;
  answer(asked, [&](Builder& out) {
    auto opened = out.initOpened();
    opened.setSubscription(id);
    opened.setRevision(revision);
    opened.setLevel(std::string(level));
  });
  const DocumentId document = at->second.document;
  told_sync_.erase(document);
  tell_sync(document);
}

// ---- pulling ----

void SessionActor::pull(const Asked& asked, bridge::Pull::Reader in) {
  const auto at = subscriptions_.find(in.getSubscription());
  if (at == subscriptions_.end() || at->second.open) return fail(asked, no_subscription(in.getSubscription()));
  pulls_.push_back({asked, in.getSubscription(), in.getHave()});
  pump();
}

void SessionActor::pump() {
  for (auto at = pulls_.begin(); at != pulls_.end() && pulls_under_way_ < kMaxPulls && is_low();) {
    const auto found = subscriptions_.find(at->subscription);
    if (found != subscriptions_.end() && found->second.there == 0) {  // it is being renewed
      ++at;
      continue;
    }
    Pull pull = *at;
    at = pulls_.erase(at);
    if (found == subscriptions_.end()) {
      fail(pull.asked, no_subscription(pull.subscription));
      continue;
    }
    Subscription& s = found->second;
    s.told = false;
    ++s.pulling;
    ++pulls_under_way_;
    ++pull.attempts;
    ask(s.document, caf::make_message(message_of<messages::Pull>([&](messages::Pull::Builder& out) {
          out.setSubscription(s.there);
          out.setHave(pull.have);
        })),
        true, [this, pull, attempt = s.attempt](const Result<ReplyMessage>& reply) {
          --pulls_under_way_;
          const auto here = subscriptions_.find(pull.subscription);
          if (here == subscriptions_.end()) {
            fail(pull.asked, no_subscription(pull.subscription));
            return pump();
          }
          --here->second.pulling;
          const auto update = reply ? document_actor::from_reply<Update>(*reply) : Result<Update>(reply.error());
          // It reached an incarnation that does not know the subscription: that is being renewed, or is renewed here.
          if (!update && update.error().is(document_actor::Errc::no_such_subscription) &&
              pull.attempts < kMaxPullAttempts) {
            pulls_.push_front(pull);
            if (here->second.attempt == attempt && here->second.there != 0) subscribe(pull.subscription);
            return pump();
          }
          pulled(pull, reply);
          pump();
        });
  }
}

void SessionActor::pulled(const Pull& pull, const Result<ReplyMessage>& reply) {
  const auto update = reply ? document_actor::from_reply<Update>(*reply) : Result<Update>(reply.error());
  if (!update) return fail(pull.asked, update.error());
  const std::string json = update->snapshot ? document::to_json(*update->snapshot) : patches_json(update->patches);
  const std::string conflicts = update->conflicts.empty() ? std::string() : patches_json(update->conflicts);
  if (const std::size_t size = json.size() + conflicts.size(); size > control::kMaxJsonBytes)
    return fail(pull.asked, Error(document::Errc::limit_exceeded,
                                  "the value has " + std::to_string(size) + " bytes as JSON, and at most " +
                                      std::to_string(control::kMaxJsonBytes) + " can be shown; open a part of it"));
  answer(pull.asked, [&](Builder& out) {
    if (update->snapshot) {
      auto value = out.initValue();
      value.setRevision(update->to);
      value.setDurable(update->durable);
      value.setWritten(update->written);
      value.setJson(data_of(json));
      if (!conflicts.empty()) value.setConflicts(data_of(conflicts));
      return;
    }
    auto patches = out.initPatches();
    patches.setFrom(update->from);
    patches.setTo(update->to);
    patches.setDurable(update->durable);
    patches.setWritten(update->written);
    patches.setPatches(data_of(json));
  });
  Subscription& s = subscriptions_.at(pull.subscription);
  renew_level(pull.subscription, update->statements);
  const std::uint64_t news = std::exchange(s.changed_to, 0);
  if (news > update->to) changed(pull.subscription, news);
}

void SessionActor::changed(std::uint64_t id, std::uint64_t revision) {
  Subscription& s = subscriptions_.at(id);
  if (s.presence) return pull_presence(id);
  if (s.told) return;
  if (s.pulling > 0) {
    s.changed_to = std::max(s.changed_to, revision);
    return;
  }
  s.told = true;
  tell([&](Builder& out) {
    auto changed = out.initChanged();
    changed.setSubscription(id);
    changed.setRevision(revision);
  });
}

// ---- writing ----

void SessionActor::write(const Asked& asked, bridge::Write::Reader in) {
  const auto document = document_of(in.getDocument());
  if (!document) return fail(asked, document.error());
  auto edits = parse_edits(view_of(in.getEdits()));
  if (!edits) return fail(asked, edits.error());
  document_actor::WriteRequest request;
  request.edits = std::move(*edits);
  if (in.getOnRevision() != document_actor::kNoRevision) request.on_revision = in.getOnRevision();
  request.unit = document::TextUnit::utf16;
  request.options.origin = from_text(in.getOrigin());
  request.options.label = from_text(in.getLabel());
  request.options.time_ms = environment_->documents->clock->wall().count();
  request.id = {in.getClient(), in.getNumber()};
  const bool once = in.getClient() != 0 && in.getNumber() != 0;
  if (!once) request.id = {};
  committed(asked, *document, caf::make_message(message_of<messages::Transact>([&](messages::Transact::Builder& out) {
              document_actor::write(request, out);
            })),
            once);
}

void SessionActor::take_back(const Asked& asked, bridge::TakeBack::Reader in) {
  const auto document = document_of(in.getDocument());
  if (!document) return fail(asked, document.error());
  const bool once = in.getClient() != 0 && in.getNumber() != 0;
  committed(asked, *document, caf::make_message(message_of<messages::TakeBack>([&](messages::TakeBack::Builder& out) {
              out.setOrigin(in.getOrigin());
              out.setRedo(in.getRedo());
              if (!once) return;
              auto id = out.initWrite();
              id.setClient(in.getClient());
              id.setNumber(in.getNumber());
            })),
            once);
}

void SessionActor::committed(const Asked& asked, const DocumentId& document, caf::message request, bool idempotent) {
  ask(document, std::move(request), idempotent, [this, asked](const Result<ReplyMessage>& reply) {
    const auto made = reply ? document_actor::from_reply<document_actor::Committed>(*reply)
                            : Result<document_actor::Committed>(reply.error());
    if (!made) return fail(asked, made.error());
    answer(asked, [&](Builder& out) {
      auto written = out.initWritten();
      written.setRevision(made->revision);
      written.setRepeated(made->repeated);
    });
  });
}

// ---- schemas ----

void SessionActor::schema(const Asked& asked, capnp::Text::Reader name) {
  const auto document = document_of(name);
  if (!document) return fail(asked, document.error());
  store_.request<store::Listings>(
      {.timeout = environment_->documents->request_timeout, .idempotent = true},
      [this, asked, id = *document](const Result<store::Listings>& read) {
        if (!read) return fail(asked, read.error());
        if (read->error) return fail(asked, *read->error);
        const auto at = std::find_if(read->listings.begin(), read->listings.end(),
                                     [&](const auto& one) { return one.first == id; });
        const Error missing(document_actor::Errc::no_such_document, document_actor::kNotHere);
        if (at == read->listings.end()) return fail(asked, missing);
        const auto listing = replica::Listing::decode(at->second, id, *environment_->documents->at_rest);
        if (!listing) return fail(asked, listing.error());
        const auto package = environment_->documents->packages->find(listing->package);
        if (listing->forgotten || !package) return fail(asked, missing);
        const auto view = listing->version.empty() ? Result<std::shared_ptr<const schema::View>>(package->latest())
                                                   : package->view(listing->version);
        if (!view) return fail(asked, view.error());
        const std::string shape = schema::shape_json(*package, **view);
        answer(asked, [&](Builder& out) { out.setSchema(data_of(shape)); });
      },
      store::ReadListings());
}

// ---- presence ----

void SessionActor::set_presence(const Asked& asked, bridge::SetPresence::Reader in) {
  const auto document = document_of(in.getDocument());
  if (!document) return fail(asked, document.error());
  const std::string json(view_of(in.getJson()));
  place_of(*document).shown = !json.empty();
  auto message = message_of<messages::SetPresence>([&](messages::SetPresence::Builder& out) {
    out.setJson(json);
    out.setWindow(id());
  });
  ask(*document, caf::make_message(std::move(message)), true, [this, asked](const Result<ReplyMessage>& reply) {
    const Status shown = reply ? document_actor::from_reply<void>(*reply) : Status(reply.error());
    if (!shown) return fail(asked, shown.error());
    answer(asked, [](Builder& out) { out.setDone(); });
  });
}

void SessionActor::watch_presence(const DocumentId& document) {
  const std::uint64_t id = ++last_subscription_;
  Subscription subscription;
  subscription.document = document;
  subscription.path = ".";
  subscription.presence = true;
  Place& place = places_.at(document);
  place.presence = id;
  place.subscriptions.insert(id);
  subscriptions_.emplace(id, std::move(subscription));
  subscribe(id);
}

// While the browser does not read, nothing is asked for; what it is told then is how it is by then.
void SessionActor::pull_presence(std::uint64_t id) {
  Subscription& s = subscriptions_.at(id);
  s.due = !is_low();
  if (s.due || s.there == 0) return;
  auto message = message_of<messages::Pull>([&](messages::Pull::Builder& out) { out.setSubscription(s.there); });
  ask(s.document, caf::make_message(std::move(message)), false,
      [this, document = s.document](const Result<ReplyMessage>& reply) {
        if (!reply) return;  // the next incarnation is subscribed to anew, and asked then
        const auto all = document_actor::from_reply<std::vector<document_actor::Presence>>(*reply);
        if (all && places_.contains(document) && places_.at(document).presence != 0) tell_presence(document, *all);
      });
}

void SessionActor::tell_presence(const DocumentId& document, const std::vector<document_actor::Presence>& all) {
  std::string others;
  for (const document_actor::Presence& one : all) {
    if (one.own) continue;
    others += others.empty() ? "[" : ",";
    others += R"({"device":")" + to_hex(one.device) + R"(","user":)" +
              (one.user ? '"' + to_hex(*one.user) + '"' : std::string("null")) + R"(,"value":)" + one.json +
              R"(,"age":)" + std::to_string(one.age.count()) + '}';
  }
  others += others.empty() ? "[]" : "]";
  tell([&](Builder& out) {
    auto presence = out.initPresence();
    presence.setDocument(to_hex(document));
    presence.setOthers(data_of(others));
  });
}

// ---- control verbs ----

void SessionActor::control(const Asked& asked, messages::control::ControlRequest::Reader in) {
  if (in.isWatch() || in.isUnwatch())
    return fail(asked, Error(control::Errc::malformed, "what is to be watched is opened"));
  capnp::MallocMessageBuilder copy;
  copy.setRoot(in);
  const auto words = capnp::messageToFlatArray(copy);
  const auto bytes = words.asBytes();
  auto request = control::Request::parse({bytes.begin(), bytes.size()});
  if (!request) return fail(asked, request.error());
  controls_.emplace_back(asked, std::move(*request));
  pump_control();
}

void SessionActor::pump_control() {
  while (!control_ && !controls_.empty() && is_low()) {
    auto running = environment_->pool->run(controls_.front().second, [here = address()](const control::Reply& reply) {
      ControlDone message;
      message.reply = std::make_shared<const control::Reply>(reply);
      if (const auto there = caf::actor_cast<caf::actor>(here)) caf::anon_send(there, std::move(message));
    });
    if (running) {
      control_ = std::move(*running);
      return;
    }
    fail(controls_.front().first, running.error());
    controls_.pop_front();
  }
}

void SessionActor::control_done(const control::Reply& reply) {
  if (!control_ || controls_.empty()) return;
  control_ = nullptr;
  const Asked asked = controls_.front().first;
  controls_.pop_front();
  const auto reading = reply.read();
  answer(asked, [&](Builder& out) {
    if (reading->isFailed())
      out.setFailed(reading->getFailed());
    else
      out.setControl(*reading);
  });
  pump_control();
}

// ---- documents ----

SessionActor::Place& SessionActor::place_of(const DocumentId& document) {
  const auto found = places_.find(document);
  if (found != places_.end()) return found->second;
  if (places_.size() >= kMaxDocumentRefs)
    std::erase_if(places_, [](const auto& p) {
      return p.second.subscriptions.empty() && p.second.asked == 0 && !p.second.shown;
    });
  supervision::RefOptions options;
  options.start_when_absent =
      std::make_shared<const supervision::ChildSpec>(document_actor::document_spec(document, environment_->documents));
  Place& place = places_[document];
  place.ref = supervision::SupervisedRef(this, environment_->documents->registry, supervision::kDocumentsPath,
                                         document_actor::document_child_id(document), options);
  place.ref.on_phase([this, document](const supervision::ChildPhase& now) { phase(document, now); });
  return place;
}

void SessionActor::ask(const DocumentId& document, caf::message request, bool idempotent,
                       std::function<void(Result<ReplyMessage>)> answered) {
  Place& place = place_of(document);
  ++place.asked;
  place.ref.request<ReplyMessage>(
      {.timeout = environment_->documents->request_timeout, .idempotent = idempotent},
      [this, document, answered = std::move(answered)](Result<ReplyMessage> reply) {
        if (const auto here = places_.find(document); here != places_.end()) --here->second.asked;
        answered(std::move(reply));
      },
      std::move(request));
}

void SessionActor::phase(const DocumentId& document, const supervision::ChildPhase& now) {
  const auto at = places_.find(document);
  if (at == places_.end()) return;
  const std::set<std::uint64_t> all = at->second.subscriptions;
  if (now.kind == supervision::PhaseKind::quarantined) {
    const Error why(supervision::Errc::quarantined, "document " + to_hex(document) + ": " + now.reason);
    for (const std::uint64_t id : all) end(id, why);
    return pump();
  }
  if (now.kind == supervision::PhaseKind::absent) {  // whoever watches starts it again
    for (const std::uint64_t id : all)
      if (const Subscription& s = subscriptions_.at(id); s.there != 0 || s.lost) subscribe(id);
    return;
  }
  if (now.kind != supervision::PhaseKind::up || now.incarnation == at->second.last_incarnation) return;
  const bool first = at->second.last_incarnation == 0;
  at->second.last_incarnation = now.incarnation;
  if (first) return;
  for (const std::uint64_t id : all) subscribe(id);
}

void SessionActor::subscribe(std::uint64_t id) {
  Subscription& s = subscriptions_.at(id);
  const std::uint64_t attempt = ++s.attempt;
  std::erase_if(by_subscription_, [&](const auto& one) { return one.second == id; });
  s.there = 0;
  s.lost = false;
  auto message = message_of<messages::Subscribe>([&](messages::Subscribe::Builder& out) {
    document_actor::write(s.prefix, out.initPrefix(static_cast<unsigned>(s.prefix.size())));
    out.setVersion(framing::to_text(s.version));
    out.setClient(s.client);
    out.setPresence(s.presence);
  });
  // Not idempotent: the next incarnation is asked anew, by phase().
  ask(s.document, caf::make_message(std::move(message)), false,
      [this, id, document = s.document, attempt](const Result<ReplyMessage>& reply) {
        const auto at = subscriptions_.find(id);
        const bool current = at != subscriptions_.end() && at->second.attempt == attempt;
        if (!reply) {
          if (!current) return;
          if (!reply.error().is(supervision::Errc::lost)) return end(id, reply.error());
          at->second.lost = true;
          if (places_.at(document).ref.phase().kind == supervision::PhaseKind::absent) subscribe(id);
          return;
        }
        const auto there = document_actor::from_reply<document_actor::Subscribed>(*reply);
        if (!current) {
          if (there) unsubscribe(document, there->subscription);
          return;
        }
        if (!there) return end(id, there.error());
        at->second.there = there->subscription;
        const auto actor = caf::actor_cast<caf::actor_addr>(places_.at(document).ref.phase().handle);
        by_subscription_[{actor, there->subscription}] = id;
        subscribed(id, there->revision);
      });
}

void SessionActor::unsubscribe(const DocumentId& document, std::uint64_t there) {
  ask(document, caf::make_message(message_of<messages::Unsubscribe>([&](messages::Unsubscribe::Builder& out) {
        out.setSubscription(there);
      })),
      true, [](const Result<ReplyMessage>&) {});
}

void SessionActor::drop(std::uint64_t id) {
  const auto at = subscriptions_.find(id);
  if (at == subscriptions_.end()) return;
  const DocumentId document = at->second.document;
  subscriptions_.erase(at);
  std::erase_if(by_subscription_, [&](const auto& one) { return one.second == id; });
  Place& place = places_.at(document);
  place.subscriptions.erase(id);
  if (place.presence == id) place.presence = 0;
  // Who is present is told as long as the document is shown.
  if (place.presence != 0 && place.subscriptions.size() == 1) {
    const std::uint64_t presence = place.presence;
    if (const std::uint64_t there = subscriptions_.at(presence).there; there != 0) unsubscribe(document, there);
    return drop(presence);
  }
  if (!place.subscriptions.empty()) return;
  told_sync_.erase(document);
  environment_->shows(document, false);
}

// The subscription could not begin, or cannot go on.
void SessionActor::end(std::uint64_t id, const Error& error) {
  const auto at = subscriptions_.find(id);
  if (at == subscriptions_.end()) return;
  const std::optional<Asked> open = at->second.open;
  const bool presence = at->second.presence;
  drop(id);
  if (presence) return;
  if (open) return fail(*open, error);
  tell([&](Builder& out) {
    auto ended = out.initEnded();
    ended.setSubscription(id);
    websocket_bridge::write(error, ended.initWhy());
  });
}

// ---- synchronisation ----

void SessionActor::tell_sync(const DocumentId& document) {
  SyncState now = SyncState::OFFLINE;
  if (sync_)
    if (const auto at = sync_->find(document); at != sync_->end()) now = at->second;
  const auto told = told_sync_.find(document);
  if (told != told_sync_.end() && told->second == now) return;
  told_sync_[document] = now;
  tell([&](Builder& out) {
    auto sync = out.initSync();
    sync.setDocument(to_hex(document));
    sync.setState(now);
  });
}

// What changes while a browser does not read is told when it does.
void SessionActor::tell_sync() {
  for (auto at = told_sync_.begin(); at != told_sync_.end() && is_low();) tell_sync((at++)->first);
}

}  // namespace

supervision::ChildSpec session_spec(std::string id, std::shared_ptr<const SessionEnvironment> environment,
                                    std::shared_ptr<net::WebsocketPeer> peer) {
  supervision::ChildSpec spec;
  spec.id = std::move(id);
  spec.restart = supervision::Restart::temporary;
  spec.start = [environment = std::move(environment), peer = std::move(peer)](supervision::ChildContext& context) {
    return context.spawn<SessionActor>(environment, peer, context.identity());
  };
  return spec;
}

}  // namespace tlfs::websocket_bridge
