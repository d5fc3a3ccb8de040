#include "actors/node/node.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "actors/document/document_actor.h"
#include "actors/document/request_message.h"
#include "actors/node/node_actors.h"

namespace tlfs {
namespace {

using document_actor::Ask;
using document_actor::Errc;
using document_actor::ReplyMessage;

template <class T>
std::pair<Node::Callback<T>, std::future<Result<T>>> promised() {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  return {[promise](Result<T> result) { promise->set_value(std::move(result)); }, std::move(future)};
}

// Calls its function exactly once: with a result, or with Errc::stopped when it is dropped.
template <class T>
class Once {
 public:
  Once(Node::Callback<T> call, std::shared_ptr<std::atomic<std::size_t>> under_way)
      : call_(std::move(call)), under_way_(std::move(under_way)) {}
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;
  ~Once() { (*this)(Error(Errc::stopped, "the node has stopped")); }
  void operator()(Result<T> result) {
    if (!call_) return;
    const auto call = std::move(call_);
    call_ = nullptr;
    under_way_->fetch_sub(1);
    call(std::move(result));
  }

 private:
  Node::Callback<T> call_;
  std::shared_ptr<std::atomic<std::size_t>> under_way_;
};

template <class T, class F>
caf::message message_of(F&& fill) {
  messaging::MessageBuilder<T> builder;
  fill(builder.root());
  return caf::make_message(std::move(builder).seal());
}

Error not_open(const document::DocumentId& id) {
  return Error(Errc::no_such_document, "document " + to_hex(id) + " is not open here");
}

}  // namespace

std::unique_ptr<Node> Node::start(Settings settings) {
  auto actors = std::make_unique<Actors>();
  if (!settings.device)
    settings.device = std::make_shared<crypto::SigningKey>(crypto::SigningKey::generate(actors->random));
  actors->config.set("scheduler.policy", caf::atom("sharing"));
  actors->config.set("scheduler.max-threads", settings.workers);
  actors->config.set("logger.verbosity", caf::atom("quiet"));
  actors->system.emplace(actors->config);
  auto logger = std::make_shared<spdlog::logger>("node", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_level(spdlog::level::from_str(settings.log_level));
  supervision::SupervisorConfig documents{supervision::ActorPath("node").child("documents"),
                                          {},
                                          {},
                                          {},
                                          std::make_shared<SystemClock>(),
                                          std::make_shared<crypto::SystemRandom>(),
                                          std::move(logger)};
  actors->documents = supervision::spawn_root_supervisor(*actors->system, std::move(documents));
  actors->client_id = actors->random.next_u64() | 1;
  actors->settings = std::move(settings);
  return std::unique_ptr<Node>(new Node(std::move(actors)));
}

Node::Node(std::unique_ptr<Actors> actors) : actors_(std::move(actors)) {}

Node::~Node() {
  for (auto& [id, open] : actors_->open) caf::anon_send_exit(open.client, caf::exit_reason::user_shutdown);
  actors_->open.clear();
  caf::anon_send_exit(actors_->documents, caf::exit_reason::user_shutdown);
  actors_->documents = nullptr;
  actors_->system.reset();  // waits for every actor
}

const crypto::PublicKey& Node::device() const { return actors_->settings.device->public_key(); }

// ---- documents ----

Result<document::DocumentId> Node::create_document(std::shared_ptr<const schema::Package> package,
                                                   std::string_view version) {
  document::DocumentId id;
  {
    const std::lock_guard lock(actors_->mutex);
    id = document::new_document_id(actors_->random);
  }
  if (Status s = open_document(id, std::move(package), version); !s) return s.error();
  return id;
}

Status Node::open_document(const document::DocumentId& id, std::shared_ptr<const schema::Package> package,
                           std::string_view version) {
  document::Document::Settings settings;
  settings.id = id;
  settings.device = actors_->settings.device;
  settings.view = package->latest();
  if (!version.empty()) {
    Result<std::shared_ptr<const schema::View>> view = package->view(version);
    if (!view) return view.error();
    settings.view = std::move(*view);
  }
  settings.package = std::move(package);
  const std::lock_guard lock(actors_->mutex);
  if (actors_->open.contains(id)) return {};
  auto log = std::make_shared<document_actor::MemoryLog>();
  auto spec = std::make_shared<const supervision::ChildSpec>(document_actor::document_spec(std::move(settings), log));
  auto client = actors_->system->spawn<document_actor::DocumentClient>(
      actors_->documents, spec, actors_->settings.request_timeout, kMaxRequestsUnderWay + 64);
  actors_->open[id] = {std::move(client), std::move(spec), std::move(log),
                       std::make_shared<std::atomic<std::size_t>>(0)};
  return {};
}

// ---- requests ----

template <class T, class Request>
void Node::ask(const document::DocumentId& id, Request request, Callback<T> done) {
  caf::actor client;
  std::shared_ptr<std::atomic<std::size_t>> under_way;
  {
    const std::lock_guard lock(actors_->mutex);
    const auto at = actors_->open.find(id);
    if (at != actors_->open.end()) {
      client = at->second.client;
      under_way = at->second.under_way;
    }
  }
  if (!client) return done(not_open(id));
  if (under_way->fetch_add(1) >= kMaxRequestsUnderWay) {
    under_way->fetch_sub(1);
    return done(Error(Errc::busy, std::to_string(kMaxRequestsUnderWay) + " requests to document " + to_hex(id) +
                                      " are under way already"));
  }
  auto once = std::make_shared<Once<T>>(std::move(done), std::move(under_way));
  Ask question;
  question.request = std::move(request);
  question.done = [once](Result<ReplyMessage> reply) {
    (*once)(reply ? document_actor::from_reply<T>(*reply) : Result<T>(reply.error()));
  };
  caf::anon_send(client, std::move(question));
}

void Node::transact(const document::DocumentId& id, Edits edits, WriteOptions options, Callback<Committed> done) {
  if (!edits.status()) return done(edits.status().error());
  document_actor::WriteRequest request;
  request.edits = std::move(edits).take();
  request.on_revision = options.on_revision;
  request.unit = options.unit;
  request.options.origin = std::move(options.origin);
  request.options.label = std::move(options.label);
  request.id = {actors_->client_id, ++actors_->last_write};
  ask<Committed>(id, message_of<messages::Transact>([&](auto& root) { document_actor::write(request, root); }),
                 std::move(done));
}

std::future<Result<Committed>> Node::transact(const document::DocumentId& id, Edits edits, WriteOptions options) {
  auto [done, future] = promised<Committed>();
  transact(id, std::move(edits), std::move(options), std::move(done));
  return std::move(future);
}

void Node::transact(const document::DocumentId& id, std::function<Status(document::Transaction&)> edit,
                    WriteOptions options, Callback<Committed> done) {
  document_actor::RunTransaction run;
  run.edit = std::move(edit);
  run.options.origin = std::move(options.origin);
  run.options.label = std::move(options.label);
  run.id = {actors_->client_id, ++actors_->last_write};
  ask<Committed>(id, caf::make_message(std::move(run)), std::move(done));
}

std::future<Result<Committed>> Node::transact(const document::DocumentId& id,
                                              std::function<Status(document::Transaction&)> edit,
                                              WriteOptions options) {
  auto [done, future] = promised<Committed>();
  transact(id, std::move(edit), std::move(options), std::move(done));
  return std::move(future);
}

namespace {

caf::message take_back(const std::string& origin, bool redo, std::uint64_t client, std::uint64_t number) {
  return message_of<messages::TakeBack>([&](auto& root) {
    root.setOrigin(document_actor::to_text(origin));
    root.setRedo(redo);
    auto id = root.initWrite();
    id.setClient(client);
    id.setNumber(number);
  });
}

}  // namespace

std::future<Result<Committed>> Node::undo(const document::DocumentId& id, const std::string& origin) {
  auto [done, future] = promised<Committed>();
  ask<Committed>(id, take_back(origin, false, actors_->client_id, ++actors_->last_write), std::move(done));
  return std::move(future);
}

std::future<Result<Committed>> Node::redo(const document::DocumentId& id, const std::string& origin) {
  auto [done, future] = promised<Committed>();
  ask<Committed>(id, take_back(origin, true, actors_->client_id, ++actors_->last_write), std::move(done));
  return std::move(future);
}

// ---- reading ----

std::future<Result<Update>> Node::snapshot(const document::DocumentId& id, std::string_view path, std::string version) {
  auto [done, future] = promised<Update>();
  const Result<document::Path> parsed = document::parse_path(path);
  if (!parsed) {
    done(parsed.error());
    return std::move(future);
  }
  ask<Update>(id, message_of<messages::Get>([&](auto& root) {
                document_actor::write(*parsed, root.initPath(static_cast<unsigned>(parsed->size())));
                root.setVersion(document_actor::to_text(version));
              }),
              std::move(done));
  return std::move(future);
}

std::future<Result<PermanentAddress>> Node::locate(const document::DocumentId& id, std::string_view path) {
  auto [done, future] = promised<PermanentAddress>();
  const Result<document::Path> parsed = document::parse_path(path);
  if (!parsed) {
    done(parsed.error());
    return std::move(future);
  }
  ask<PermanentAddress>(id, message_of<messages::Locate>([&](auto& root) {
                          document_actor::write(*parsed, root.initPath(static_cast<unsigned>(parsed->size())));
                        }),
                        std::move(done));
  return std::move(future);
}

Result<std::uint64_t> Node::subscribe(const document::DocumentId& id, SubscribeOptions options,
                                      std::function<void(const Update&)> update) {
  Result<document::Path> prefix = document::parse_path(options.prefix);
  if (!prefix) return prefix.error();
  document_actor::Watch watch;
  watch.prefix = std::move(*prefix);
  watch.version = std::move(options.version);
  watch.update = std::move(update);
  watch.failed = std::move(options.failed);
  const std::lock_guard lock(actors_->mutex);
  const auto at = actors_->open.find(id);
  if (at == actors_->open.end()) return not_open(id);
  watch.id = ++actors_->last_subscription;
  actors_->subscriptions[watch.id] = id;
  const std::uint64_t number = watch.id;
  caf::anon_send(at->second.client, std::move(watch));
  return number;
}

std::future<void> Node::unsubscribe(std::uint64_t subscription) {
  auto promise = std::make_shared<std::promise<void>>();
  auto future = promise->get_future();
  const std::lock_guard lock(actors_->mutex);
  const auto at = actors_->subscriptions.find(subscription);
  if (at == actors_->subscriptions.end()) {
    promise->set_value();
    return future;
  }
  document_actor::Unwatch unwatch;
  unwatch.id = subscription;
  unwatch.done = [promise] { promise->set_value(); };
  caf::anon_send(actors_->open.at(at->second).client, std::move(unwatch));
  actors_->subscriptions.erase(at);
  return future;
}

// ---- replicating ----

void Node::changes_since(const document::DocumentId& id, document::Version have, Callback<Changes> done) {
  ask<Changes>(id, message_of<messages::ChangesSince>([&](auto& root) {
                 document_actor::write(have, root.initHeads(static_cast<unsigned>(have.size())));
               }),
               std::move(done));
}

std::future<Result<Changes>> Node::changes_since(const document::DocumentId& id, document::Version have) {
  auto [done, future] = promised<Changes>();
  changes_since(id, std::move(have), std::move(done));
  return std::move(future);
}

void Node::import_changes(const document::DocumentId& id, const std::vector<document::Change>& changes,
                          Callback<Imported> done) {
  ask<Imported>(id, message_of<messages::ImportChanges>([&](auto& root) {
                  document_actor::write(changes, root.initChanges(static_cast<unsigned>(changes.size())));
                }),
                std::move(done));
}

std::future<Result<Imported>> Node::import_changes(const document::DocumentId& id,
                                                   const std::vector<document::Change>& changes) {
  auto [done, future] = promised<Imported>();
  import_changes(id, changes, std::move(done));
  return std::move(future);
}

// ---- inside ----

bool crash_document(Node& node, const document::DocumentId& id) {
  Node::Actors& actors = node.actors();
  caf::scoped_actor self(*actors.system);
  supervision::WatchChild question;
  question.id = document_actor::document_child_id(id);
  bool crashed = false;
  self->request(actors.documents, std::chrono::seconds(10), std::move(question))
      .receive(
          [&](supervision::ChildPhase& phase) {
            if (phase.kind != supervision::PhaseKind::up) return;
            caf::anon_send_exit(phase.handle, caf::exit_reason::kill);
            crashed = true;
          },
          [](caf::error&) {});
  return crashed;
}

supervision::SupervisorStatus documents_status(Node& node) {
  caf::scoped_actor self(*node.actors().system);
  supervision::SupervisorStatus out;
  self->request(node.actors().documents, std::chrono::seconds(10), supervision::GetStatus())
      .receive([&](supervision::SupervisorStatus& status) { out = std::move(status); }, [](caf::error&) {});
  return out;
}

}  // namespace tlfs
