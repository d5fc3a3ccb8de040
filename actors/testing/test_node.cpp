#include "actors/testing/test_node.h"

#include "actors/auth/auth_actor.h"
#include "actors/auth/people.h"
#include "actors/document/document_actor.h"
#include "actors/document/request_message.h"
#include "actors/node/identity.h"
#include "runtime/access/realm.h"
#include "schema/compiler/compile.h"

namespace tlfs::testing {
namespace {

// 1 to 3: devices of the person with three, 100: their user document. Others have 4 to 67, and 104 to 167.
std::shared_ptr<const crypto::SigningKey> key_of(std::uint8_t number) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(number);
  return std::make_shared<const crypto::SigningKey>(crypto::SigningKey::from_seed(seed));
}

// One person with three devices.
const std::vector<access::SignedStatement>& household() {
  static const std::vector<access::SignedStatement> statements = [] {
    SeededRandom random(0x5eed);  // nobody else may draw the same secrets
    access::Realm realm({key_of(1), &random, {}, {}});
    const auto package = schema::compile("user { 0.1.0 { .: Struct .name: MVReg<String> } }", "user.tlfs");
    access::ProtectedDocument& user = realm.create_user(*key_of(100), package->front().package);
    for (const std::uint8_t device : {2, 3}) {
      const Status added = realm.add_device(key_of(device)->public_key());
      TLFS_CHECK(added.ok(), "a user lets devices in");
    }
    return user.statements();
  }();
  return statements;
}

constexpr std::uint8_t kFirstOther = 3;  // the device of person n is kFirstOther + n

std::vector<access::SignedStatement> somebody(std::uint8_t person) {
  const std::uint8_t device = static_cast<std::uint8_t>(kFirstOther + person);
  SeededRandom random(0x5eed0000u + person);
  access::Realm realm({key_of(device), &random, {}, {}});
  return realm.create_user(*key_of(static_cast<std::uint8_t>(100 + device)), auth::user_package()).statements();
}

}  // namespace

TestNode::TestNode(Settings settings)
    : settings_(std::move(settings)),
      own_world_(settings_.world != nullptr ? nullptr : std::make_unique<World>(settings_.seed)),
      world_(settings_.world != nullptr ? *settings_.world : *own_world_) {
  TLFS_CHECK(settings_.person <= kMaxPersons, "a test has more persons than there are");
  if (!settings_.disk) settings_.disk = std::make_shared<storage::MemoryDisk>();
  if (!settings_.open_store)
    settings_.open_store = [disk = settings_.disk] { return storage::open_memory_store(disk); };
  const bool other = settings_.person != 0;
  const std::uint8_t device = other ? static_cast<std::uint8_t>(kFirstOther + settings_.person) : settings_.device;
  const node::Identity identity = node::identity_of(key_of(device));
  auto environment = std::make_shared<document_actor::DocumentEnvironment>();
  environment->device = identity.device;
  environment->at_rest = identity.at_rest;
  environment->user = key_of(other ? static_cast<std::uint8_t>(100 + device) : 100)->public_key();
  environment->directory = std::make_shared<auth::Directory>();
  environment->directory->learn(other ? somebody(settings_.person) : household());
  environment->packages = std::make_shared<document_actor::PackageShelf>();
  environment->clock = world_.clock();
  environment->random = [this] { return world_.fork_random(); };
  environment->close_after = settings_.close_after;
  node::TreeSettings tree;
  tree.open_store = settings_.open_store;
  tree.threads = false;
  tree.environment = std::move(environment);
  tree.random = [this] { return world_.fork_random(); };
  tree.logger = world_.logger()->clone(name());
  tree.intensity = {1000, std::chrono::seconds(5)};
  tree.client.max_open = settings_.max_open / node::Tree::kClients + 1;
  if (settings_.transport) {
    tree.environment->networked = true;
    tree.network = std::make_shared<network::HubSettings>();
    tree.network->transport = settings_.transport;
    tree.network->listening = [](const Result<std::vector<std::string>>&) {};
  }
  tree_ = node::start_tree(world_.system(), std::move(tree));
  client_ = world_.random().next() | 1;
}

TestNode::~TestNode() {
  world_.halt(nullptr);
  const auto kill = [](caf::actor& whom) {
    caf::anon_send_exit(whom, caf::exit_reason::kill);
    whom = nullptr;
  };
  for (caf::actor& client : tree_.clients) kill(client);
  kill(tree_.root);
  world_.run();
}

template <class T, class Request>
Result<T> TestNode::answer(const DocumentId& id, Request request) {
  std::optional<Result<T>> out;
  ask<T>(id, std::move(request), [&](Result<T> r) { out = std::move(r); });
  world_.run();
  // What waits for a restart or for the disk needs time.
  for (int i = 0; i < 4000 && !out; ++i) {
    if (world_.halted()) throw World::Halted();
    world_.pass(std::chrono::milliseconds(10));
  }
  TLFS_CHECK(out.has_value(), "a request was never answered");
  return std::move(*out);
}

DocumentId TestNode::create_document(std::shared_ptr<const schema::Package> package, std::string name) {
  const auto random = world_.fork_random();
  document_actor::Begin begin;
  begin.view = package->latest();
  begin.package = std::move(package);
  begin.name = std::move(name);
  begin.key = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(*random));
  const DocumentId id = begin.key->public_key();
  const Status made = answer<void>(id, std::move(begin));
  TLFS_CHECK(made.ok(), "a test's document could not be made: " + (made.ok() ? "" : made.error().message()));
  return id;
}

Status TestNode::join_document(const DocumentId& id, std::shared_ptr<const schema::Package> package) {
  document_actor::Begin begin;
  begin.view = package->latest();
  begin.package = std::move(package);
  return answer<void>(id, std::move(begin));
}

messaging::Message<messages::Transact> TestNode::transact_message(Edits edits) {
  TLFS_CHECK(edits.status().ok(), "a path in a test's edits is none");
  document_actor::WriteRequest request;
  request.edits = std::move(edits).take();
  request.id = {client_, ++last_write_};
  messaging::MessageBuilder<messages::Transact> builder;
  document_actor::write(request, builder.root());
  return std::move(builder).seal();
}

Result<Committed> TestNode::transact(const DocumentId& id, Edits edits) {
  return answer<Committed>(id, transact_message(std::move(edits)));
}

Result<Update> TestNode::get(const DocumentId& id, std::string_view path) {
  const Result<document::Path> parsed = document::parse_path(path);
  if (!parsed) return parsed.error();
  messaging::MessageBuilder<messages::Get> builder;
  document_actor::write(*parsed, builder->initPath(static_cast<unsigned>(parsed->size())));
  return answer<Update>(id, std::move(builder).seal());
}

std::string TestNode::json(const DocumentId& id, std::string_view path) {
  const Result<Update> value = get(id, path);
  return value ? document::to_json(*value->snapshot) : value.error().message();
}

Result<Changes> TestNode::changes_since(const DocumentId& id, const document::Version& have) {
  messaging::MessageBuilder<messages::ChangesSince> builder;
  document_actor::write(have, builder->initHeads(static_cast<unsigned>(have.size())));
  return answer<Changes>(id, std::move(builder).seal());
}

Result<Imported> TestNode::import_changes(const DocumentId& id, const Changes& changes) {
  messaging::MessageBuilder<messages::ImportChanges> builder;
  document_actor::write(changes.changes, builder->initChanges(static_cast<unsigned>(changes.changes.size())));
  document_actor::write(changes.statements, builder->initStatements(static_cast<unsigned>(changes.statements.size())));
  return answer<Imported>(id, std::move(builder).seal());
}

std::uint64_t TestNode::watch(const DocumentId& id, std::string_view path, std::function<void(const Update&)> update,
                              std::function<void(const Error&)> failed) {
  const Result<document::Path> prefix = document::parse_path(path);
  TLFS_CHECK(prefix.ok(), "a test watches what is no path");
  document_actor::Watch watch;
  watch.document = id;
  watch.id = ++last_write_;
  watch.prefix = *prefix;
  watch.update = std::move(update);
  watch.failed = std::move(failed);
  const std::uint64_t number = watch.id;
  caf::anon_send(tree_.client_of(id), std::move(watch));
  return number;
}

void TestNode::start_app(app::AppSpec spec) {
  auto environment = std::make_shared<app::AppEnvironment>();
  environment->client_of = [clients = tree_.clients](const DocumentId& id) { return clients[id[0] % clients.size()]; };
  environment->clock = tree_.environment->clock;
  environment->random = [random = world_.fork_random()] { return random->next_u64(); };
  supervision::StartChild start;
  start.spec = std::make_shared<const supervision::ChildSpec>(app::app_spec(std::move(spec), std::move(environment)));
  (void)world_.ask<supervision::ChildPhase>(apps(), std::move(start));
}

caf::actor TestNode::supervisor_at(const char* path) {
  caf::actor there = tree_.registry->supervisor_at(path);
  for (int i = 0; i < 1000 && !there; ++i) {  // it is being restarted, or has not begun yet
    world_.pass(std::chrono::milliseconds(10));
    if (world_.halted()) throw World::Halted();
    there = tree_.registry->supervisor_at(path);
  }
  TLFS_CHECK(there, "a supervisor never came back");
  return there;
}

caf::actor TestNode::handle_of(const caf::actor& supervisor, std::string id) {
  supervision::WatchChild question;
  question.id = std::move(id);
  // Answered at once, whatever state it is in: nothing is known of it.
  question.known = supervision::PhaseKind::waiting;
  return world_.ask<supervision::ChildPhase>(supervisor, std::move(question)).handle;
}

bool TestNode::crash(const caf::actor& supervisor, std::string id) {
  const caf::actor there = handle_of(supervisor, std::move(id));
  if (!there) return false;
  caf::anon_send_exit(there, caf::exit_reason::kill);
  return true;
}

bool TestNode::crash_document(const DocumentId& id) {
  return crash(documents(), document_actor::document_child_id(id));
}
bool TestNode::crash_store() { return crash(tree_.root, store::kStoreId); }
bool TestNode::crash_auth() { return crash(tree_.root, auth::kAuthId); }
bool TestNode::crash_app(const std::string& id) { return crash(apps(), id); }

}  // namespace tlfs::testing
