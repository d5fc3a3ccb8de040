// Node as applications meet it: from their threads, with futures and callbacks.
#include "actors/node/node.h"

#include <stdlib.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "actors/node/node_actors.h"
#include "runtime/storage/leveldb_store.h"
#include "schema/compiler/compile.h"

namespace tlfs {
namespace {

using document::Data;

std::shared_ptr<const schema::Package> package() {
  return schema::compile("n { 0.1.0 { .: Struct .text: Text .count: Counter } }", "n.tlfs")->front().package;
}

std::unique_ptr<Node> quiet_node(std::string directory = {}) {
  return Node::start({.directory = std::move(directory), .log_level = "off"}).value();
}

// Keeps a copy from updates and can be waited for.
struct Screen {
  void take(const Update& update) {
    const std::lock_guard lock(mutex);
    if (update.snapshot) {
      value = *update.snapshot;
    } else {
      faults += update.from != revision;
      faults += !document::apply_patches(value, update.patches).ok();
    }
    revision = update.to;
    changed.notify_all();
  }
  bool reaches(std::uint64_t wanted) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return revision >= wanted; });
  }
  std::mutex mutex;
  std::condition_variable changed;
  Data value;
  std::uint64_t revision = 0;
  int faults = 0;
};

TEST_CASE("an app writes, reads, undoes and watches a document without seeing an actor") {
  Screen screen;
  const auto node = quiet_node();
  const auto id = node->create_document(package()).get();
  REQUIRE(id.ok());
  REQUIRE(node->subscribe(*id, {}, [&](const Update& u) { screen.take(u); }).ok());
  const auto first = node->transact(*id, Edits().splice(".text", 0, 0, "hello"), {.origin = "window"}).get();
  REQUIRE(first.ok());
  CHECK(first->revision == 1);
  const auto counted = node->transact(*id,
                                      [](document::Transaction& tx) {
                                        const auto count = tx.address(".count");
                                        return count ? tx.increment(*count, 2) : Status(count.error());
                                      })
                           .get();
  REQUIRE(counted.ok());
  CHECK(*node->snapshot(*id, ".text").get()->snapshot == Data(Value(std::string("hello"))));
  REQUIRE(node->undo(*id, "window").get().ok());
  REQUIRE(screen.reaches(3));
  CHECK(document::to_json(screen.value) == R"({"text":"","count":2})");
  CHECK(screen.faults == 0);
}

TEST_CASE("two nodes hold the same document") {
  const auto left = quiet_node(), right = quiet_node();
  const auto id = left->create_document(package()).get();
  left->learn(right->introduction());
  REQUIRE(left->grant(*id, ".", access::Level::write, access::Principal::user(right->user())).get().ok());
  REQUIRE(right->join_document(*id, package()).get().ok());
  REQUIRE(right->import_changes(*id, left->changes_since(*id, {}).get().value()).get().ok());
  REQUIRE(left->transact(*id, Edits().splice(".text", 0, 0, "left")).get().ok());
  REQUIRE(right->transact(*id, Edits().increment(".count", 1)).get().ok());
  const auto from_left = left->changes_since(*id, {}).get(), from_right = right->changes_since(*id, {}).get();
  REQUIRE((from_left.ok() && from_right.ok()));
  CHECK(left->import_changes(*id, *from_right).get()->applied == 1);
  CHECK(right->import_changes(*id, *from_left).get()->applied == 1);
  CHECK(*left->snapshot(*id).get()->snapshot == *right->snapshot(*id).get()->snapshot);
}

TEST_CASE("crashes under load lose nothing, double nothing, and subscribers go on") {
  constexpr int kWrites = 3'000;
  Screen screen;
  std::atomic<int> acknowledged{0}, failed{0};
  const auto node = quiet_node();
  const auto id = node->create_document(package()).get();
  REQUIRE(node->subscribe(*id, {}, [&](const Update& u) { screen.take(u); }).ok());
  int crashes = 0;
  for (int i = 0; i < kWrites; ++i) {
    while (i - acknowledged - failed > 500) std::this_thread::yield();
    node->transact(*id, Edits().increment(".count", 1).splice(".text", 0, 0, "x"), {},
                   [&](const Result<Committed>& done) { ++(done ? acknowledged : failed); });
    if (i % 1'400 == 700) crashes += crash_document(*node, *id);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (acknowledged + failed < kWrites && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  const auto value = node->snapshot(*id).get();
  REQUIRE(value.ok());
  CHECK(crashes == 2);
  CHECK(documents_status(*node).counters.restarts == 2);
  CHECK(failed == 0);
  CHECK(acknowledged == kWrites);
  CHECK(*value->snapshot->find("count") == Data(Value(std::int64_t{kWrites})));
  REQUIRE(screen.reaches(value->to));
  CHECK(screen.value == *value->snapshot);
  CHECK(screen.faults == 0);
}

TEST_CASE("what a node cannot do it says in the result") {
  const auto node = quiet_node();
  const document::DocumentId nowhere{};
  CHECK(node->transact(nowhere, Edits()).get().error().is(document_actor::Errc::no_such_document));
  const auto id = node->create_document(package()).get();
  CHECK(node->transact(*id, Edits().splice("text", 0, 0, "x")).get().error().is(document::Errc::no_such_place));
  CHECK(node->snapshot(*id, ".nope").get().error().is(document::Errc::no_such_place));
  CHECK_FALSE(node->create_document(package(), {.version = "7.0.0"}).get().ok());
  std::promise<Error> ended;
  SubscribeOptions options;
  options.prefix = ".nope";
  options.failed = [&](const Error& error) { ended.set_value(error); };
  REQUIRE(node->subscribe(*id, options, [](const Update&) {}).ok());
  CHECK(ended.get_future().get().is(document::Errc::no_such_place));
}

struct TemporaryDirectory {
  TemporaryDirectory() {
    char name[] = "/tmp/tlfs_node_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST_CASE("a node that is started again in its directory is the same device with the same documents") {
  const TemporaryDirectory directory;
  document::DocumentId id{};
  crypto::PublicKey device{};
  document::DocumentId user{};
  {
    const auto node = quiet_node(directory.path);
    device = node->device();
    user = node->user();
    id = node->create_document(package(), {.name = "shopping"}).get().value();
    REQUIRE(node->transact(id, Edits().splice(".text", 0, 0, "milk")).get().ok());
    const auto second = Node::start({.directory = directory.path, .log_level = "off"});
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().is(storage::Errc::locked));
  }
  const auto node = quiet_node(directory.path);
  CHECK(node->device() == device);
  CHECK(node->user() == user);
  const auto documents = node->documents().get();
  REQUIRE((documents.ok() && documents->size() == 1));
  CHECK(documents->front().id == id);
  CHECK(documents->front().name == "shopping");
  CHECK(*node->snapshot(id, ".text").get()->snapshot == Data(Value(std::string("milk"))));
  REQUIRE(node->delete_document(id).get().ok());
  const auto gone = node->snapshot(id).get();
  REQUIRE_FALSE(gone.ok());
  INFO(gone.error().module() << ": " << gone.error().message());
  CHECK(gone.error().is(document_actor::Errc::deleted));
  CHECK(node->documents().get()->empty());
}

TEST_CASE("a directory that was copied goes on as another incarnation of its device") {
  const TemporaryDirectory directory, backup;
  document::DocumentId id{};
  {
    const auto node = quiet_node(directory.path);
    id = node->create_document(package()).get().value();
    REQUIRE(node->transact(id, Edits().splice(".text", 0, 0, "a")).get().ok());
  }
  std::filesystem::copy(directory.path, backup.path, std::filesystem::copy_options::recursive);
  const auto write = [&](const std::string& path, const char* what) {
    const auto node = quiet_node(path);
    REQUIRE(node->transact(id, Edits().splice(".text", 0, 0, what)).get().ok());
    const auto history = node->history(id).get();
    REQUIRE(history.ok());
    return std::pair(history->front().incarnation, node->changes_since(id, {}).get().value());
  };
  const auto [original, from_original] = write(directory.path, "b");
  const auto [copied, from_copy] = write(backup.path, "c");
  CHECK(original == 0);
  CHECK(copied != 0);
  CHECK(write(backup.path, "d").first == copied);
  // Nobody takes them for one writer, and nothing is lost.
  const auto node = quiet_node(directory.path);
  REQUIRE(node->import_changes(id, from_copy).get()->refused.empty());
  const auto text = std::get<std::string>(*node->snapshot(id, ".text").get()->snapshot->value());
  CHECK(text.size() == 3);
}

TEST_CASE("what is wrong with a directory is said at the start") {
  const TemporaryDirectory directory;
  { const auto node = quiet_node(directory.path); }
  const std::string key = directory.path + "/device.key", unlock = directory.path + "/device.unlock";
  std::filesystem::rename(unlock, unlock + ".elsewhere");
  CHECK(Node::start({.directory = directory.path}).error().is(access::KeyFileErrc::wrong_lock));
  std::filesystem::rename(key, key + ".elsewhere");
  CHECK(Node::start({.directory = directory.path}).error().is(storage::Errc::missing));
  CHECK_FALSE(Node::start({.directory = "/proc/nowhere"}).ok());
}

TEST_CASE("nodes that begin in one unused directory at once do not spoil each other's key") {
  for (int round = 0; round < 20; ++round) {
    const TemporaryDirectory parent;
    const std::string directory = parent.path + "/new";
    std::atomic<int> waiting{4};
    std::atomic<int> locked{0}, wrong{0};
    std::mutex mutex;
    std::vector<std::unique_ptr<Node>> started;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        --waiting;
        while (waiting > 0) std::this_thread::yield();
        auto node = Node::start({.directory = directory, .log_level = "off"});
        const std::lock_guard lock(mutex);
        if (node)
          started.push_back(std::move(*node));
        else
          ++(node.error().is(storage::Errc::locked) ? locked : wrong);
      });
    for (std::thread& thread : threads) thread.join();
    REQUIRE(started.size() == 1);
    CHECK(locked == 3);
    CHECK(wrong == 0);
    const crypto::PublicKey device = started.front()->device();
    started.clear();
    const auto again = Node::start({.directory = directory, .log_level = "off"});
    REQUIRE(again.ok());
    CHECK((*again)->device() == device);
  }
}

TEST_CASE("a start that was interrupted before the key was made is begun again") {
  const TemporaryDirectory directory;
  storage::LevelDbOptions options;
  options.directory = directory.path + "/store";
  REQUIRE(storage::open_leveldb_store(options).ok());
  CHECK(Node::start({.directory = directory.path, .log_level = "off"}).ok());
}

TEST_CASE("a key that is brought to an empty store goes on as another incarnation of its device") {
  const TemporaryDirectory directory;
  { const auto node = quiet_node(directory.path); }
  std::filesystem::remove_all(directory.path + "/store");
  const auto node = quiet_node(directory.path);
  const auto id = node->create_document(package()).get().value();
  REQUIRE(node->transact(id, Edits().increment(".count", 1)).get().ok());
  CHECK(node->history(id).get()->front().incarnation != 0);
}

TEST_CASE("after unsubscribe no call follows") {
  std::atomic<int> calls{0};
  const auto node = quiet_node();
  const auto id = node->create_document(package()).get();
  std::promise<void> started;
  const auto subscription = node->subscribe(*id, {}, [&](const Update&) {
    if (++calls == 1) started.set_value();
  });
  started.get_future().get();
  node->unsubscribe(*subscription).get();
  const int before = calls;
  REQUIRE(node->transact(*id, Edits().increment(".count", 1)).get().ok());
  CHECK(calls == before);
}

TEST_CASE("requests that are open when a node stops are answered, and more than allowed are refused") {
  std::atomic<std::size_t> answered{0}, busy{0};
  constexpr std::size_t kRequests = 2 * kMaxRequestsUnderWay;
  {
    const auto node = quiet_node();
    const auto id = node->create_document(package()).get();
    std::promise<void> entered, leave;
    auto may_leave = leave.get_future().share();
    const auto held = node->transact(*id, [&, may_leave](document::Transaction&) -> Status {
      entered.set_value();
      may_leave.wait();
      return {};
    });
    entered.get_future().get();
    for (std::size_t i = 0; i < kRequests; ++i)
      node->transact(*id, Edits().increment(".count", 1), {}, [&](const Result<Committed>& done) {
        ++answered;
        if (!done && done.error().is(document_actor::Errc::busy)) ++busy;
      });
    leave.set_value();
  }
  CHECK(answered == kRequests);
  CHECK(busy == kRequests - kMaxRequestsUnderWay + 1);
}

}  // namespace
}  // namespace tlfs
