// A document's actor and its store under supervision, clients of it, and screens that watch it, in a deterministic
// World.
#pragma once

#include <catch2/catch.hpp>

#include "actors/auth/auth_actor.h"
#include "actors/document/document_actor.h"
#include "actors/document/document_client.h"
#include "actors/document/request_message.h"
#include "actors/store/store_actor.h"
#include "actors/testing/world.h"
#include "runtime/access/realm.h"
#include "runtime/storage/memory_store.h"
#include "schema/compiler/compile.h"
#include "tests/runtime/storage/wrapped_store.h"

namespace tlfs::document_actor::testing {

using tlfs::testing::World;

inline std::shared_ptr<const schema::Package> notes_package() {
  static const auto compiled = schema::compile(R"(
notes {
  0.1.0 { .: Struct .title: MVReg<String> .text: Text .count: Counter
          .items: Array .items.[]: Struct .items.[].name: MVReg<String> .items.[].text: Text
          .table: Table<String> .table.{}: MVReg<i64> }
  0.2.0 { .title.rename(heading) }
}
)",
                                               "notes.tlfs");
  return compiled->front().package;
}

inline crypto::SigningKey key_of(std::uint8_t number) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(number);
  return crypto::SigningKey::from_seed(seed);
}

inline std::shared_ptr<const crypto::SigningKey> device_key(std::uint8_t number) {
  return std::make_shared<const crypto::SigningKey>(key_of(number));
}

// One person with three devices, numbers 1 to 3, and the document that they share.
struct Household {
  document::DocumentId user{};
  std::vector<access::SignedStatement> statements;  // of the user document
  std::shared_ptr<const crypto::SigningKey> document_key = device_key(7);
  document::DocumentId document = document_key->public_key();

  static const Household& get() {
    static const Household one = [] {
      Household out;
      SeededRandom random(0x5eed);  // nobody else may draw the same secrets
      access::Realm realm({device_key(1), &random, {}, {}});
      access::ProtectedDocument& person = realm.create_user(key_of(9), notes_package());
      out.user = person.id();
      for (const std::uint8_t device : {2, 3}) REQUIRE(realm.add_device(device_key(device)->public_key()).ok());
      out.statements = person.statements();
      return out;
    }();
    return one;
  }
};

inline replica::Replica::Settings replica_settings(std::uint8_t device, Random& random, auth::Directory& directory) {
  replica::Replica::Settings s;
  s.document.id = Household::get().document;
  s.document.device = device_key(device);
  s.document.package = notes_package();
  s.document.view = *notes_package()->view("0.1.0");
  s.document.secrets = std::make_shared<access::EpochSecrets>();
  s.document.random = &random;
  s.document.neighbours = &directory;
  s.at_rest = std::make_shared<const crypto::Secret>(crypto::derive(device_key(device)->seed(), "test at rest"));
  s.package = [](const crypto::Digest&) { return notes_package(); };
  return s;
}

inline Value text_value(std::string text) { return Value(std::move(text)); }

// A store that fails when it is told to.
struct Disk {
  std::shared_ptr<storage::MemoryDisk> records = std::make_shared<storage::MemoryDisk>();
  std::uint64_t calls = 0;  // of write
  std::uint64_t throw_at = ~std::uint64_t{0};
  bool kept = false;  // the write that throws has been done
  bool unreadable = false;

  // The call number `call` from now on (0 is the next) throws.
  void fail(std::uint64_t call, bool after) {
    throw_at = calls + call;
    kept = after;
  }
};

class FlakyStore final : public storage::WrappedStore {
 public:
  FlakyStore(std::shared_ptr<Disk> disk, std::unique_ptr<storage::Store> inside)
      : WrappedStore(std::move(inside)), disk_(std::move(disk)) {}
  static Result<std::unique_ptr<storage::Store>> open(const std::shared_ptr<Disk>& disk) {
    auto inside = storage::open_memory_store(disk->records);
    if (!inside) return inside.error();
    return std::unique_ptr<storage::Store>(std::make_unique<FlakyStore>(disk, std::move(*inside)));
  }

  Status write(const storage::Batch& batch) override {
    const bool fails = disk_->calls++ == disk_->throw_at;
    if (fails && !disk_->kept) throw std::runtime_error("the disk hummed a tune");
    Status s = inside().write(batch);
    if (fails) throw std::runtime_error("the disk hummed a tune");
    return s;
  }
  Result<storage::Scanned> scan(ByteView from, ByteView to, const Visitor& visit) override {
    if (disk_->unreadable) return Error(storage::Errc::io, "the disk shows nothing");
    return inside().scan(from, to, visit);
  }

 private:
  std::shared_ptr<Disk> disk_;
};

// Keeps a copy of a document from updates alone.
struct Screen {
  document::Data value;
  std::uint64_t revision = 0;
  std::size_t updates = 0, snapshots = 0, patches = 0;
  std::vector<std::string> faults;

  void take(const Update& update) {
    ++updates;
    if (update.snapshot) {
      ++snapshots;
      value = *update.snapshot;
    } else {
      patches += update.patches.size();
      if (update.from != revision)
        faults.push_back("patches from " + std::to_string(update.from) + " came at " + std::to_string(revision));
      if (Status s = document::apply_patches(value, update.patches); !s) faults.push_back(s.error().message());
    }
    if (update.to < revision) faults.push_back("went back to " + std::to_string(update.to));
    revision = update.to;
  }
};

// What a network's hub would hear.
class TestHub : public caf::event_based_actor {
 public:
  TestHub(caf::actor_config& config, std::shared_ptr<std::vector<DocumentNews>> heard)
      : caf::event_based_actor(config), heard_(std::move(heard)) {}
  caf::behavior make_behavior() override {
    return {[this](const DocumentNews& news) { heard_->push_back(news); }};
  }

 private:
  std::shared_ptr<std::vector<DocumentNews>> heard_;
};

// One document on one device with its store, and a client of it. Device 1 makes the document, the others join.
struct Desk {
  struct Options {
    std::shared_ptr<const schema::Package> package = notes_package();
    bool networked = false;
  };
  explicit Desk(World& w, std::uint8_t device = 1) : Desk(w, device, Options()) {}
  Desk(World& w, std::uint8_t device, const Options& options) : world(w), id(Household::get().document) {
    auto config = world.supervisor_config();
    config.intensity.restarts = 1000;
    config.backoff.initial = std::chrono::nanoseconds(0);
    environment = std::make_shared<DocumentEnvironment>();
    environment->directory = std::make_shared<auth::Directory>();
    environment->directory->learn(Household::get().statements);
    config.children.push_back(store::store_spec([disk = disk] { return FlakyStore::open(disk); }));
    config.children.push_back(auth::auth_spec(environment->directory));
    // Each desk is a node of its own in the same world.
    environment->registry = config.registry = std::make_shared<supervision::Registry>(world.clock(), world.logger());
    config.children.push_back(supervision::supervisor_spec("documents", [random = w.fork_random()] {
      supervision::SupervisorConfig documents;
      documents.intensity.restarts = 1000;
      documents.backoff.initial = std::chrono::nanoseconds(0);
      documents.random = random;
      return documents;
    }));
    environment->networked = options.networked;
    if (options.networked)
      config.children.push_back(supervision::supervisor_spec("network", [random = w.fork_random(), heard = news] {
        supervision::ChildSpec hub;
        hub.id = kHubId;
        hub.start = [heard](supervision::ChildContext& context) { return context.spawn<TestHub>(heard); };
        supervision::SupervisorConfig network;
        network.random = random;
        network.children.push_back(std::move(hub));
        return network;
      }));
    root = world.spawn_supervisor(std::move(config));
    environment->device = device_key(device);
    environment->at_rest =
        std::make_shared<const crypto::Secret>(crypto::derive(environment->device->seed(), "test at rest"));
    environment->user = Household::get().user;
    environment->packages = std::make_shared<PackageShelf>();
    environment->clock = world.clock();
    environment->random = [&w] { return w.fork_random(); };
    environment->close_after = std::chrono::hours(1);
    client = spawn_client();
    Begin begin;
    begin.package = options.package;
    begin.view = *options.package->view("0.1.0");
    begin.version = "0.1.0";
    if (device == 1) begin.key = Household::get().document_key;
    REQUIRE(ask<void>(std::move(begin)).ok());
  }
  ~Desk() { actor = nullptr; }
  Desk(const Desk&) = delete;

  caf::actor spawn_client() {
    const auto spec_of = [this](const document::DocumentId& document) {
      auto made = document_spec(document, environment);
      made.start = [this, start = made.start](supervision::ChildContext& context) {
        ++starts;
        return actor = start(context);
      };
      return std::make_shared<const supervision::ChildSpec>(std::move(made));
    };
    return world.keep(world.system().spawn<DocumentClient>(environment->registry, "/node/documents", spec_of,
                                                           DocumentClient::Settings{}));
  }

  // Asks through the client; `done` gets the outcome when the world has run.
  template <class T, class Request>
  void ask(Request request, std::function<void(Result<T>)> done) {
    Ask question;
    question.document = id;
    question.request = caf::make_message(std::move(request));
    question.done = [done](Result<ReplyMessage> reply) {
      done(reply ? from_reply<T>(*reply) : Result<T>(reply.error()));
    };
    caf::anon_send(client, std::move(question));
  }
  template <class T, class Request>
  Result<T> ask(Request request) {
    std::optional<Result<T>> out;
    ask<T>(std::move(request), [&](Result<T> r) { out = std::move(r); });
    world.run();
    REQUIRE(out.has_value());
    return std::move(*out);
  }

  Message<messages::Transact> transact_message(Edits edits, std::optional<std::uint64_t> on_revision = {},
                                               std::string origin = {}) {
    REQUIRE(edits.status().ok());
    WriteRequest request;
    request.edits = std::move(edits).take();
    request.on_revision = on_revision;
    request.options.origin = std::move(origin);
    request.id = {99, ++last_write};
    messaging::MessageBuilder<messages::Transact> builder;
    write(request, builder.root());
    return std::move(builder).seal();
  }
  Result<Committed> transact(Edits edits, std::optional<std::uint64_t> on_revision = {}, std::string origin = {}) {
    return ask<Committed>(transact_message(std::move(edits), on_revision, std::move(origin)));
  }
  Result<Update> get(const std::string& path = ".") {
    const auto parsed = document::parse_path(path);
    messaging::MessageBuilder<messages::Get> builder;
    write(*parsed, builder->initPath(static_cast<unsigned>(parsed->size())));
    return ask<Update>(std::move(builder).seal());
  }
  std::string json(const std::string& path = ".") {
    const Result<Update> value = get(path);
    return value ? document::to_json(*value->snapshot) : value.error().message();
  }
  Result<Changes> changes_since(const document::Version& have = {}) {
    messaging::MessageBuilder<messages::ChangesSince> builder;
    write(have, builder->initHeads(static_cast<unsigned>(have.size())));
    return ask<Changes>(std::move(builder).seal());
  }
  static Message<messages::ImportChanges> import_message(const Changes& from) {
    return import_message(from.changes, from.statements);
  }
  static Message<messages::ImportChanges> import_message(const std::vector<document::Change>& changes,
                                                         const std::vector<Bytes>& statements = {}) {
    messaging::MessageBuilder<messages::ImportChanges> builder;
    write(changes, builder->initChanges(static_cast<unsigned>(changes.size())));
    write(statements, builder->initStatements(static_cast<unsigned>(statements.size())));
    return std::move(builder).seal();
  }

  // A screen that watches from now on.
  std::shared_ptr<Screen> watch(const std::string& prefix = ".", const std::string& version = {}) {
    auto screen = std::make_shared<Screen>();
    Watch watch;
    watch.document = id;
    watch.id = ++last_watch;
    watch.prefix = *document::parse_path(prefix);
    watch.version = version;
    watch.update = [screen](const Update& update) { screen->take(update); };
    watch.failed = [screen](const Error& error) { screen->faults.push_back("failed: " + error.message()); };
    caf::anon_send(client, std::move(watch));
    return screen;
  }

  // As a crash would, wherever it is.
  void crash() {
    if (actor) caf::anon_send_exit(actor, caf::exit_reason::kill);
  }

  caf::actor supervisor() const { return environment->registry->supervisor_at("/node/documents"); }

  World& world;
  const document::DocumentId id;
  std::shared_ptr<Disk> disk = std::make_shared<Disk>();
  std::shared_ptr<DocumentEnvironment> environment;
  std::shared_ptr<std::vector<DocumentNews>> news = std::make_shared<std::vector<DocumentNews>>();
  caf::actor root, client, actor;
  std::size_t starts = 0;
  std::uint64_t last_write = 0, last_watch = 0;
};

}  // namespace tlfs::document_actor::testing
