#include "actors/node/node.h"

#include <atomic>
#include <filesystem>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "actors/app/app_actor.h"
#include "actors/auth/auth_actor.h"
#include "actors/auth/people.h"
#include "actors/document/document_actor.h"
#include "actors/document/request_message.h"
#include "actors/messaging/scheduling.h"
#include "actors/network/hub_actor.h"
#include "actors/node/identity.h"
#include "actors/node/node_actors.h"
#include "actors/store/store_actor.h"
#include "runtime/access/realm.h"
#include "runtime/replica/records.h"
#include "runtime/storage/leveldb_store.h"
#include "runtime/storage/memory_store.h"
#include "schema/compiler/compile.h"
#include "schema/framing/fields.h"

namespace tlfs {
namespace {

using document_actor::Ask;
using document_actor::Errc;
using document_actor::ReplyMessage;
using messaging::message_of;

constexpr std::chrono::seconds kListenTimeout{30};

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
  Once(Node::Callback<T> call, std::function<void()> over) : call_(std::move(call)), over_(std::move(over)) {}
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;
  ~Once() { (*this)(Error(Errc::stopped, "the node has stopped")); }
  void operator()(Result<T> result) {
    if (!call_) return;
    const auto call = std::exchange(call_, nullptr);
    over_();
    call(std::move(result));
  }

 private:
  Node::Callback<T> call_;
  std::function<void()> over_;
};

template <class T>
std::future<Result<T>> ready(Result<T> result) {
  std::promise<Result<T>> promise;
  promise.set_value(std::move(result));
  return promise.get_future();
}

store::OpenStore store_in(const std::string& directory) {
  if (directory.empty())
    return [disk = std::make_shared<storage::MemoryDisk>()] { return storage::open_memory_store(disk); };
  storage::LevelDbOptions options;
  options.directory = directory + "/" + node::kStoreFolder;
  return [options] { return storage::open_leveldb_store(options); };
}

// The first time the store that start() has opened, and then a new one for every incarnation of its actor.
store::OpenStore first(std::unique_ptr<storage::Store> store, store::OpenStore then) {
  auto shared = std::make_shared<std::unique_ptr<storage::Store>>(std::move(store));
  return [shared, then = std::move(then)]() -> Result<std::unique_ptr<storage::Store>> {
    if (*shared) return std::move(*shared);
    return then();
  };
}

Result<std::vector<access::SignedStatement>> statements_in(storage::Store& store, const document::DocumentId& id) {
  std::vector<access::SignedStatement> out;
  const storage::Range range = storage::kind_range(id, storage::Kind::statement);
  const auto scanned = store.scan(range.from, range.to, [&](ByteView, ByteView value) {
    if (Result<access::SignedStatement> s = access::decode_statement(value)) out.push_back(std::move(*s));
    return true;
  });
  if (!scanned) return scanned.error();
  return out;
}

// The user document of the person whose device this is, made when there is none.
Result<document::DocumentId> find_user(storage::Store& store, const node::Identity& identity, Random& random,
                                       const std::function<void(const crypto::SigningKey&)>& new_user,
                                       auth::Directory& directory) {
  const auto known = node::read_identity(store, "user");
  if (!known) return known.error();
  document::DocumentId id{};
  if (*known && (*known)->size() == id.size()) {
    std::copy((*known)->begin(), (*known)->end(), id.begin());
    Result<std::vector<access::SignedStatement>> statements = statements_in(store, id);
    if (!statements) return statements.error();
    directory.learn(*statements);
    return id;
  }
  const crypto::SigningKey recovery = crypto::SigningKey::generate(random);
  if (new_user) new_user(recovery);
  const auto package = auth::user_package();
  access::Realm realm({identity.device, &random, {}, {}});
  std::vector<access::SignedStatement> statements = realm.create_user(recovery, package).statements();
  id = recovery.public_key();

  replica::Replica::Settings settings;
  settings.document.id = id;
  settings.document.device = identity.device;
  settings.document.package = package;
  settings.document.secrets = std::make_shared<access::EpochSecrets>();
  settings.document.random = &random;
  settings.at_rest = identity.at_rest;
  settings.package = [package](const crypto::Digest&) {
    auto copy = package;
    return copy;
  };
  const auto replica = replica::Replica::join(std::move(settings));
  (void)replica->take(statements, {});
  storage::Batch batch;
  for (storage::Batch part = replica->take_writes(); !part.empty(); part = replica->take_writes()) batch.append(part);
  batch.put(storage::identity_key("user"), Bytes(id.begin(), id.end()));
  if (Status s = store.write(batch); !s) return s.error();
  directory.learn(statements);
  return id;
}

}  // namespace

Result<std::unique_ptr<Node>> Node::start(Settings settings) {
  auto actors = std::make_unique<Actors>();
  node::Identity identity;
  auto environment = std::make_shared<document_actor::DocumentEnvironment>();
  environment->directory = std::make_shared<auth::Directory>();
  if (settings.directory.empty()) {
    if (!settings.device)
      settings.device = std::make_shared<crypto::SigningKey>(crypto::SigningKey::generate(actors->random));
    identity = node::identity_of(settings.device);
  } else {
    std::error_code error;
    std::filesystem::create_directories(settings.directory, error);
    if (error) return Error(storage::Errc::denied, settings.directory + ": cannot be made: " + error.message());
  }
  const store::OpenStore open = store_in(settings.directory);
  Result<std::unique_ptr<storage::Store>> opened = open();
  if (!opened) return opened.error();
  std::unique_ptr<storage::Store> store = std::move(*opened);
  if (!settings.directory.empty()) {
    Result<node::Identity> known = node::open_identity(settings.directory, *store, settings.passphrase, actors->random);
    if (!known) return known.error();
    identity = std::move(*known);
    const Result<std::uint64_t> incarnation =
        node::check_continuity(settings.directory, *store, identity.made, actors->random);
    if (!incarnation) return incarnation.error();
    environment->new_incarnation = *incarnation;
  }
  const Result<document::DocumentId> user =
      find_user(*store, identity, actors->random, settings.new_user, *environment->directory);
  if (!user) return user.error();

  environment->device = identity.device;
  environment->at_rest = identity.at_rest;
  environment->user = *user;
  environment->packages = std::make_shared<document_actor::PackageShelf>();
  // So that documents() knows their names before any document is opened. They are few.
  const storage::Range packages = storage::region_range(storage::Region::package);
  const auto scanned = store->scan(packages.from, packages.to, [&](ByteView, ByteView encoded) {
    environment->packages->add(encoded);
    return true;
  });
  if (!scanned) return scanned.error();
  environment->clock = std::make_shared<SystemClock>();
  environment->random = [] { return std::make_shared<crypto::SystemRandom>(); };
  environment->networked = settings.network.has_value();
  environment->close_after = settings.close_after;
  environment->request_timeout = settings.request_timeout;

  messaging::share_workers(actors->config);
  actors->config.set("scheduler.max-threads", settings.workers);
  actors->config.set("logger.verbosity", caf::atom("quiet"));
  actors->system.emplace(actors->config);
  auto logger = std::make_shared<spdlog::logger>("node", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_level(spdlog::level::from_str(settings.log_level));
  node::TreeSettings tree;
  tree.open_store = first(std::move(store), open);
  tree.environment = std::move(environment);
  tree.random = [] { return std::make_shared<crypto::SystemRandom>(); };
  tree.logger = std::move(logger);
  tree.stuck_after = settings.stuck_after;
  tree.client.timeout = settings.request_timeout;
  tree.client.max_held = kMaxRequestsUnderWay + 64;
  tree.client.max_open = settings.max_open / node::Tree::kClients + 1;
  auto listening = std::make_shared<std::promise<void>>();
  if (settings.network) {
    auto hub = std::make_shared<network::HubSettings>();
    hub->transport = [listen = settings.network->listen](network::Transport::Accept accept) {
      return network::websocket_transport(listen, std::move(accept));
    };
    hub->listening = [known = actors.get(), listening,
                      told = std::make_shared<std::atomic<bool>>(false)](const Result<std::vector<std::string>>& at) {
      {
        const std::lock_guard lock(known->listening_mutex);
        known->not_listening = at ? std::nullopt : std::optional<Error>(at.error());
        if (at) known->listening = *at;
      }
      if (!told->exchange(true)) listening->set_value();
    };
    auto around = settings.network->surroundings;
    if (!around) around = std::make_shared<const network::Surroundings>(network::machine_surroundings());
    hub->own_addresses = around->own_addresses;
    if (settings.network->discover || settings.network->visible_as) {
      tree.discovery = std::make_shared<network::DiscoverySettings>();
      tree.discovery->surroundings = std::move(around);
      tree.discovery->visible_as = settings.network->visible_as;
    }
    tree.network = std::move(hub);
  }
  actors->tree = node::start_tree(*actors->system, std::move(tree));
  actors->watchdog = std::make_unique<supervision::Watchdog>(actors->tree.registry);
  actors->client_id = actors->random.next_u64() | 1;
  actors->settings = std::move(settings);
  std::unique_ptr<Node> node(new Node(std::move(actors)));
  if (node->actors_->settings.network) {
    if (listening->get_future().wait_for(kListenTimeout) != std::future_status::ready)
      return Error(network::Errc::timeout, "the network did not come up in time");
    const std::lock_guard lock(node->actors_->listening_mutex);
    if (node->actors_->not_listening) return *node->actors_->not_listening;
  }
  return node;
}

Node::Node(std::unique_ptr<Actors> actors) : actors_(std::move(actors)) {}

// Documents bring to the disk what they have shown before the store goes.
Node::~Node() {
  node::Tree& tree = actors_->tree;
  {
    caf::scoped_actor self(*actors_->system);
    const auto stop = [&](caf::actor& whom) {
      caf::anon_send_exit(whom, caf::exit_reason::user_shutdown);
      self->wait_for(whom);
      whom = nullptr;
    };
    for (caf::actor& client : tree.clients) stop(client);
    stop(tree.root);
  }
  actors_->system.reset();  // waits for every actor
}

const crypto::PublicKey& Node::device() const { return actors_->tree.environment->device->public_key(); }
const document::DocumentId& Node::user() const { return actors_->tree.environment->user; }

// ---- documents ----

namespace {

Result<document_actor::Begin> beginning(std::shared_ptr<const schema::Package> package, CreateOptions options) {
  document_actor::Begin begin;
  begin.view = package->latest();
  if (!options.version.empty()) {
    Result<std::shared_ptr<const schema::View>> view = package->view(options.version);
    if (!view) return view.error();
    begin.view = std::move(*view);
  }
  begin.package = std::move(package);
  begin.name = std::move(options.name);
  begin.version = std::move(options.version);
  return begin;
}

}  // namespace

std::future<Result<document::DocumentId>> Node::create_document(std::shared_ptr<const schema::Package> package,
                                                                CreateOptions options) {
  Result<document_actor::Begin> begin = beginning(std::move(package), std::move(options));
  if (!begin) return ready<document::DocumentId>(begin.error());
  {
    const std::lock_guard lock(actors_->mutex);
    begin->key = std::make_shared<crypto::SigningKey>(crypto::SigningKey::generate(actors_->random));
  }
  const document::DocumentId id = begin->key->public_key();
  auto [done, future] = promised<document::DocumentId>();
  ask<void>(id, std::move(*begin), [id, done = std::move(done)](const Status& made) {
    done(made ? Result<document::DocumentId>(id) : Result<document::DocumentId>(made.error()));
  });
  return std::move(future);
}

std::future<Status> Node::join_document(const document::DocumentId& id, std::shared_ptr<const schema::Package> package,
                                        CreateOptions options, bool again) {
  Result<document_actor::Begin> begin = beginning(std::move(package), std::move(options));
  if (!begin) return ready<void>(begin.error());
  begin->again = again;
  auto [done, future] = promised<void>();
  ask<void>(id, std::move(*begin), std::move(done));
  return std::move(future);
}

std::future<Status> Node::delete_document(const document::DocumentId& id) {
  auto [done, future] = promised<void>();
  ask<void>(id, message_of<messages::DeleteDocument>([](auto&) {}), std::move(done));
  return std::move(future);
}

std::future<Result<DocumentStatus>> Node::status(const document::DocumentId& id) {
  auto [done, future] = promised<DocumentStatus>();
  ask<DocumentStatus>(id, message_of<messages::GetStatus>([](auto&) {}), std::move(done));
  return std::move(future);
}

std::future<Result<std::vector<DocumentInfo>>> Node::documents() {
  auto [done, future] = promised<std::vector<DocumentInfo>>();
  read_listings([this, done = std::move(done)](Result<std::vector<Listed>> listed) {
    if (!listed) return done(listed.error());
    std::vector<DocumentInfo> out;
    const crypto::Digest people = auth::user_package()->hash();
    for (auto& [id, listing] : *listed) {
      if (listing.package == people) continue;
      const auto package = actors_->tree.environment->packages->find(listing.package);
      out.push_back(
          {id, listing.name, package ? package->name() : to_hex(listing.package), listing.version, listing.created_ms});
    }
    done(std::move(out));
  });
  return std::move(future);
}

void Node::read_listings(Callback<std::vector<Listed>> done) {
  actors_->system->spawn([this, done = std::move(done)](caf::event_based_actor* self) {
    auto store = std::make_shared<supervision::SupervisedRef>(self, actors_->tree.registry, supervision::kNodePath,
                                                              store::kStoreId);
    store->request<store::Listings>(
        {.timeout = actors_->settings.request_timeout, .idempotent = true},
        [this, done, self, store](const Result<store::Listings>& read) {
          self->quit();
          if (!read) return done(read.error());
          if (read->error) return done(*read->error);
          std::vector<Listed> out;
          for (const auto& [id, bytes] : read->listings) {
            auto listing = replica::Listing::decode(bytes, id, *actors_->tree.environment->at_rest);
            if (listing && !listing->forgotten) out.emplace_back(id, std::move(*listing));
          }
          done(std::move(out));
        },
        store::ReadListings());
  });
}

// ---- requests ----

template <class T, class Request>
void Node::ask(const document::DocumentId& id, Request request, Callback<T> done) {
  {
    const std::lock_guard lock(actors_->mutex);
    std::size_t& under_way = actors_->under_way[id];
    if (under_way < kMaxRequestsUnderWay) {
      ++under_way;
    } else {
      done(Error(Errc::busy, std::to_string(kMaxRequestsUnderWay) + " requests to document " + to_hex(id) +
                                 " are under way already"));
      return;
    }
  }
  auto once = std::make_shared<Once<T>>(std::move(done), [actors = actors_.get(), id] {
    const std::lock_guard lock(actors->mutex);
    if (--actors->under_way[id] == 0) actors->under_way.erase(id);
  });
  Ask question;
  question.document = id;
  question.request = caf::make_message(std::move(request));
  question.done = [once](const Result<ReplyMessage>& reply) {
    (*once)(reply ? document_actor::from_reply<T>(*reply) : Result<T>(reply.error()));
  };
  caf::anon_send(actors_->tree.client_of(id), std::move(question));
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
  ask<Committed>(id, std::move(run), std::move(done));
}

std::future<Result<Committed>> Node::transact(const document::DocumentId& id,
                                              std::function<Status(document::Transaction&)> edit,
                                              WriteOptions options) {
  auto [done, future] = promised<Committed>();
  transact(id, std::move(edit), std::move(options), std::move(done));
  return std::move(future);
}

namespace {

messaging::Message<messages::TakeBack> take_back(const std::string& origin, bool redo, std::uint64_t client,
                                                 std::uint64_t number) {
  return message_of<messages::TakeBack>([&](auto& root) {
    root.setOrigin(framing::to_text(origin));
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
                root.setVersion(framing::to_text(version));
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

std::future<Result<std::vector<HistoryEntry>>> Node::history(const document::DocumentId& id, std::size_t limit) {
  auto [done, future] = promised<std::vector<HistoryEntry>>();
  ask<std::vector<HistoryEntry>>(
      id, message_of<messages::GetHistory>([&](auto& root) {
        root.setLimit(static_cast<std::uint32_t>(std::min<std::size_t>(limit, document_actor::kMaxHistoryEntries)));
      }),
      std::move(done));
  return std::move(future);
}

std::future<Result<Update>> Node::snapshot_at(const document::DocumentId& id, document::Version version,
                                              std::string_view path) {
  const Result<document::Path> parsed = document::parse_path(path);
  if (!parsed) return ready<Update>(parsed.error());
  auto [done, future] = promised<Update>();
  ask<Update>(id, message_of<messages::GetAt>([&](auto& root) {
                document_actor::write(version, root.initHeads(static_cast<unsigned>(version.size())));
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
  watch.document = id;
  watch.prefix = std::move(*prefix);
  watch.version = std::move(options.version);
  watch.tell_when_saved = options.tell_when_saved;
  watch.update = std::move(update);
  return begin_watch(std::move(watch), std::move(options.failed));
}

std::uint64_t Node::begin_watch(document_actor::Watch watch, std::function<void(const Error&)> failed) {
  const std::lock_guard lock(actors_->mutex);
  const std::uint64_t number = watch.id = ++actors_->last_subscription;
  const document::DocumentId id = watch.document;
  actors_->subscriptions[number] = id;
  watch.failed = [actors = actors_.get(), number, failed = std::move(failed)](const Error& error) {
    {
      const std::lock_guard guard(actors->mutex);
      actors->subscriptions.erase(number);
    }
    if (failed) failed(error);
  };
  caf::anon_send(actors_->tree.client_of(id), std::move(watch));
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
  caf::anon_send(actors_->tree.client_of(at->second), std::move(unwatch));
  actors_->subscriptions.erase(at);
  return future;
}

// ---- presence ----

std::future<Status> Node::set_presence(const document::DocumentId& id, std::optional<std::string> json) {
  if (json && json->empty()) {
    std::promise<Status> refused;
    refused.set_value(Error(document_actor::Errc::malformed, "presence that is no JSON: it is empty"));
    return refused.get_future();
  }
  auto [done, future] = promised<void>();
  document_actor::Show show;
  show.document = id;
  show.json = std::move(json).value_or("");
  show.done = [done = std::move(done)](const Result<document_actor::ReplyMessage>& reply) {
    done(reply ? document_actor::from_reply<void>(*reply) : Result<void>(reply.error()));
  };
  caf::anon_send(actors_->tree.client_of(id), std::move(show));
  return std::move(future);
}

std::future<Result<std::vector<Presence>>> Node::presences(const document::DocumentId& id) {
  auto [done, future] = promised<std::vector<Presence>>();
  ask<std::vector<Presence>>(id, message_of<messages::GetPresence>([](auto&) {}), std::move(done));
  return std::move(future);
}

Result<std::uint64_t> Node::watch_presence(const document::DocumentId& id,
                                           std::function<void(const std::vector<Presence>&)> update,
                                           std::function<void(const Error&)> failed) {
  document_actor::Watch watch;
  watch.document = id;
  watch.presence = std::move(update);
  return begin_watch(std::move(watch), std::move(failed));
}

// ---- access ----

std::future<Status> Node::grant(const document::DocumentId& id, std::string_view path, access::Level level,
                                const access::Principal& to) {
  auto [done, future] = promised<void>();
  ask<void>(id, message_of<messages::Grant>([&](auto& root) {
              root.setAt(framing::to_text(std::string(path)));
              root.setLevel(static_cast<messages::Level>(level));
              document_actor::write(to, root.initTo());
            }),
            std::move(done));
  return std::move(future);
}

std::future<Status> Node::revoke(const document::DocumentId& id, std::string_view path, access::Level level,
                                 const access::Principal& from, access::Level keep) {
  auto [done, future] = promised<void>();
  ask<void>(id, message_of<messages::Revoke>([&](auto& root) {
              root.setAt(framing::to_text(std::string(path)));
              root.setLevel(static_cast<messages::Level>(level));
              root.setKeep(static_cast<messages::Level>(keep));
              document_actor::write(from, root.initFrom());
            }),
            std::move(done));
  return std::move(future);
}

std::future<Status> Node::admit(const document::DocumentId& id, const access::Principal& from) {
  auto [done, future] = promised<void>();
  ask<void>(id, message_of<messages::Admit>([&](auto& root) { document_actor::write(from, root.initFrom()); }),
            std::move(done));
  return std::move(future);
}

std::future<Result<Explained>> Node::explain(const document::DocumentId& id, std::string_view path, access::Level level,
                                             const access::Principal& who) {
  auto [done, future] = promised<Explained>();
  ask<Explained>(id, message_of<messages::Explain>([&](auto& root) {
                   root.setAt(framing::to_text(std::string(path)));
                   root.setLevel(static_cast<messages::Level>(level));
                   document_actor::write(who, root.initWho());
                 }),
                 std::move(done));
  return std::move(future);
}

std::future<Result<std::vector<Holder>>> Node::holders(const document::DocumentId& id, std::string_view path) {
  auto [done, future] = promised<std::vector<Holder>>();
  ask<std::vector<Holder>>(
      id, message_of<messages::GetHolders>([&](auto& root) { root.setAt(framing::to_text(std::string(path))); }),
      std::move(done));
  return std::move(future);
}

// ---- replicating ----

void Node::changes_since(const document::DocumentId& id, document::Version have, Callback<Changes> done,
                         std::optional<crypto::PublicKey> peer) {
  ask<Changes>(id, message_of<messages::ChangesSince>([&](auto& root) {
                 document_actor::write(have, root.initHeads(static_cast<unsigned>(have.size())));
                 if (peer) root.setPeer(framing::to_blob(*peer));
               }),
               std::move(done));
}

std::future<Result<Changes>> Node::changes_since(const document::DocumentId& id, document::Version have,
                                                 std::optional<crypto::PublicKey> peer) {
  auto [done, future] = promised<Changes>();
  changes_since(id, std::move(have), std::move(done), peer);
  return std::move(future);
}

void Node::import_changes(const document::DocumentId& id, Changes changes, Callback<Imported> done) {
  ask<Imported>(id, message_of<messages::ImportChanges>([&](auto& root) {
                  document_actor::write(changes.changes,
                                        root.initChanges(static_cast<unsigned>(changes.changes.size())));
                  document_actor::write(changes.statements,
                                        root.initStatements(static_cast<unsigned>(changes.statements.size())));
                }),
                std::move(done));
}

std::future<Result<Imported>> Node::import_changes(const document::DocumentId& id, Changes changes) {
  auto [done, future] = promised<Imported>();
  import_changes(id, std::move(changes), std::move(done));
  return std::move(future);
}

// ---- people ----

std::future<Result<std::vector<document::DocumentId>>> Node::learn(const std::vector<Bytes>& statements) {
  auto introduced = auth::read_introduction(statements);
  if (!introduced) return ready<std::vector<document::DocumentId>>(introduced.error());
  introduced->erase(user());
  // Known at once, and on the disk when the future is ready: as a document of which only the statements are here.
  struct Under {
    std::mutex mutex;
    std::size_t way = 1;
    Status outcome;
    std::vector<document::DocumentId> users;
    Callback<std::vector<document::DocumentId>> done;
    void arrived(const Status& s) {
      const std::lock_guard lock(mutex);
      if (!s && outcome) outcome = s;
      if (--way == 0) done(outcome ? Result<std::vector<document::DocumentId>>(users) : outcome.error());
    }
  };
  auto [done, future] = promised<std::vector<document::DocumentId>>();
  const auto under = std::make_shared<Under>();
  under->done = std::move(done);
  for (const auto& entry : *introduced) under->users.push_back(entry.first);
  under->way += introduced->size();
  for (const auto& [id, said] : *introduced) {
    actors_->tree.environment->directory->learn(said);
    Changes news;
    for (const access::SignedStatement& s : said) news.statements.push_back(access::encode_statement(s));
    document_actor::Begin begin;
    begin.package = auth::user_package();
    begin.view = begin.package->latest();
    begin.again = true;
    ask<void>(id, std::move(begin), [this, user = id, under, news = std::move(news)](const Status& here) {
      if (!here) return under->arrived(here);
      import_changes(user, news, [under](const Result<Imported>& taken) {
        under->arrived(taken ? Status() : Status(taken.error()));
      });
    });
  }
  under->arrived({});
  return std::move(future);
}

std::future<Result<std::vector<document::DocumentId>>> Node::people() {
  auto [done, future] = promised<std::vector<document::DocumentId>>();
  read_listings([done = std::move(done)](Result<std::vector<Listed>> listed) {
    if (!listed) return done(listed.error());
    std::vector<document::DocumentId> out;
    for (const auto& [id, listing] : *listed)
      if (listing.package == auth::user_package()->hash()) out.push_back(id);
    done(std::move(out));
  });
  return std::move(future);
}

std::vector<Bytes> Node::introduction() const {
  std::vector<Bytes> out;
  for (const access::SignedStatement& s : actors_->tree.environment->directory->known(user()))
    out.push_back(access::encode_statement(s));
  return out;
}

// ---- apps ----

namespace {

// Asks the supervisor at a path, and keeps the outcome for whoever holds the future.
template <class Reply, class Request>
std::future<Status> asked(Node::Actors& actors, const char* path, Request request) {
  auto promise = std::make_shared<std::promise<Status>>();
  auto future = promise->get_future();
  actors.system->spawn(
      [promise, path, registry = actors.tree.registry, request = std::move(request)](caf::event_based_actor* self) {
        // Nobody else holds the one who waits, when the supervisor is yet to come.
        const auto alive = caf::actor_cast<caf::actor>(self);
        supervision::find_supervisor(
            *self, registry, path, [promise, self, alive, request](const Result<caf::actor>& there) {
              const auto failed = [promise](const caf::error& error) {
                promise->set_value(Error(supervision::errc_of(error), supervision::describe(error)));
              };
              if (!there) return promise->set_value(there.error());
              auto handle = self->request(*there, std::chrono::seconds(30), request);
              if constexpr (std::is_void_v<Reply>)
                handle.then([promise] { promise->set_value({}); }, failed);
              else
                handle.then([promise](const Reply&) { promise->set_value({}); }, failed);
            });
      });
  return future;
}

}  // namespace

std::future<Status> Node::start_app(app::AppSpec spec) {
  auto environment = std::make_shared<app::AppEnvironment>();
  environment->client_of = [clients = actors_->tree.clients](const document::DocumentId& id) {
    return clients[id[0] % clients.size()];
  };
  environment->clock = actors_->tree.environment->clock;
  environment->random = [actors = actors_.get()] {
    const std::lock_guard lock(actors->mutex);
    return actors->random.next_u64();
  };
  supervision::StartChild start;
  start.spec = std::make_shared<const supervision::ChildSpec>(app::app_spec(std::move(spec), std::move(environment)));
  return asked<supervision::ChildPhase>(*actors_, node::kAppsPath, std::move(start));
}

std::future<Status> Node::stop_app(const std::string& id) {
  supervision::StopChild stop;
  stop.id = id;
  return asked<void>(*actors_, node::kAppsPath, std::move(stop));
}

void Node::post_any(const std::string& id, std::any message) {
  actors_->system->spawn(
      [registry = actors_->tree.registry, id, message = std::move(message)](caf::event_based_actor* self) {
        const auto alive = caf::actor_cast<caf::actor>(self);  // as above
        supervision::find_supervisor(
            *self, registry, node::kAppsPath, [self, alive, id, message](const Result<caf::actor>& apps) {
              if (!apps) return;
              supervision::WatchChild question;
              question.id = id;
              question.known = supervision::PhaseKind::waiting;  // whatever it is, it is answered at once
              self->request(*apps, std::chrono::seconds(30), std::move(question))
                  .then([self, message](const supervision::ChildPhase& phase) {
                    app::Post post;
                    post.message = message;
                    if (phase.handle) self->send(phase.handle, std::move(post));
                  });
            });
      });
}

}  // namespace tlfs
