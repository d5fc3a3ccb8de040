// A node on a deterministic scheduler, for those who test logic of their own on it, and for simulations.
//
//   TestNode node({.seed = 7});
//   const auto todos = node.create_document(package);
//   node.start_app({.id = "archiver", .make = [&] { return std::make_unique<Archiver>(todos); }});
//   node.transact(todos, Edits().set(...));
//   node.pass(1h);
//   node.crash_app("archiver");
//   CHECK(node.json(todos) == ...);
//
// It is the tree of a real node (actors/node/tree.h) with real documents, keys and records; the scheduler, the clock,
// randomness and the disk are the test's. Who acts next is decided by the seed: the same seed gives the same run, and
// another one another order. Nothing happens between two calls.
#pragma once

#include "actors/app/app_actor.h"
#include "actors/node/tree.h"
#include "actors/testing/world.h"
#include "runtime/storage/memory_store.h"

namespace tlfs::testing {

using document::DocumentId;
using document_actor::Changes;
using document_actor::Committed;
using document_actor::Edits;
using document_actor::Imported;
using document_actor::Update;

class TestNode {
 public:
  struct Settings {
    std::uint64_t seed = 1;
    // What survives the node. Null: a disk of its own.
    std::shared_ptr<storage::MemoryDisk> disk = nullptr;
    // Opens the store, instead of one on `disk`.
    store::OpenStore open_store = {};
    std::chrono::nanoseconds close_after = std::chrono::hours(1);  // of documents
    std::size_t max_open = 1024;
    std::uint8_t device = 1;  // which of the person's devices this is: 1, 2 or 3
    // Somebody else, with one device; 1 to kMaxPersons. 0: the person with three.
    std::uint8_t person = 0;
    // A world that it shares with other nodes and that outlives it. Null: one of its own.
    World* world = nullptr;
    // What stands for the network. Empty: the node has none.
    std::function<Result<std::unique_ptr<network::Transport>>(network::Transport::Accept)> transport = {};
  };
  static constexpr std::uint8_t kMaxPersons = 64;
  explicit TestNode(Settings settings);
  // Everything ends at once, as when the power fails.
  ~TestNode();
  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

  World& world() { return world_; }
  node::Tree& tree() { return tree_; }
  const std::shared_ptr<storage::MemoryDisk>& disk() const { return settings_.disk; }
  // In its log.
  std::string name() const {
    return "node " + std::to_string(settings_.person) + "." + std::to_string(settings_.device);
  }
  const DocumentId& user() const { return tree_.environment->user; }
  crypto::PublicKey device() const { return tree_.environment->device->public_key(); }

  // ---- time ----
  // Until nobody has anything to do at this time.
  void run() { world_.run(); }
  // Lets time pass, everyone acting in between.
  void pass(std::chrono::nanoseconds time, std::chrono::nanoseconds grain = std::chrono::milliseconds(10)) {
    world_.pass(time, grain);
  }

  // ---- documents ----
  // These run the world until they are answered.
  DocumentId create_document(std::shared_ptr<const schema::Package> package, std::string name = {});
  Status join_document(const DocumentId& id, std::shared_ptr<const schema::Package> package);
  Result<Committed> transact(const DocumentId& id, Edits edits);
  Result<Update> get(const DocumentId& id, std::string_view path = ".");
  std::string json(const DocumentId& id, std::string_view path = ".");  // or the error's sentence
  Result<Changes> changes_since(const DocumentId& id, const document::Version& have = {});
  Result<Imported> import_changes(const DocumentId& id, const Changes& changes);

  // These do not: the answer comes while the world runs.
  template <class T, class Request>
  void ask(const DocumentId& id, Request request, std::function<void(Result<T>)> done) {
    document_actor::Ask question;
    question.document = id;
    question.request = caf::make_message(std::move(request));
    question.done = [done = std::move(done)](const Result<document_actor::ReplyMessage>& reply) {
      done(reply ? document_actor::from_reply<T>(*reply) : Result<T>(reply.error()));
    };
    caf::anon_send(tree_.client_of(id), std::move(question));
  }
  // A write with a name of its own, so that it takes effect once however often it is sent.
  messaging::Message<messages::Transact> transact_message(Edits edits);
  std::uint64_t watch(const DocumentId& id, std::string_view path, std::function<void(const Update&)> update,
                      std::function<void(const Error&)> failed = {});

  // ---- apps ----
  void start_app(app::AppSpec spec);
  template <class T>
  void post(const std::string& app, T message) {
    app::Post post;
    post.message = std::move(message);
    if (const caf::actor there = handle_of(apps(), app)) caf::anon_send(there, std::move(post));
  }

  caf::actor documents() { return supervisor_at(node::kDocumentsPath); }
  caf::actor apps() { return supervisor_at(node::kAppsPath); }
  // The running child of a supervisor; nothing when it is not up.
  caf::actor handle_of(const caf::actor& supervisor, std::string id);

  // ---- crashes ----
  // As an exception in a handler would, wherever the actor is in its work. False when it is not running.
  bool crash_document(const DocumentId& id);
  bool crash_store();
  bool crash_auth();
  bool crash_app(const std::string& id);

 private:
  caf::actor supervisor_at(const char* path);
  template <class T, class Request>
  Result<T> answer(const DocumentId& id, Request request);
  bool crash(const caf::actor& supervisor, std::string id);

  Settings settings_;
  std::unique_ptr<World> own_world_;
  World& world_;
  node::Tree tree_;
  std::uint64_t client_ = 0, last_write_ = 0;
};

}  // namespace tlfs::testing
