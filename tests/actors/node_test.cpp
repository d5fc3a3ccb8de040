// Node as applications meet it: from their threads, with futures and callbacks.
#include "actors/node/node.h"

#include <atomic>
#include <condition_variable>

#include <catch2/catch.hpp>

#include "actors/node/node_actors.h"
#include "schema/compiler/compile.h"

namespace tlfs {
namespace {

using document::Data;

std::shared_ptr<const schema::Package> package() {
  return schema::compile("n { 0.1.0 { .: Struct .text: Text .count: Counter } }", "n.tlfs")->front().package;
}

std::unique_ptr<Node> quiet_node() { return Node::start({.log_level = "off"}); }

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
  const auto id = node->create_document(package());
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
  const auto id = left->create_document(package());
  REQUIRE(right->open_document(*id, package()).ok());
  REQUIRE(left->transact(*id, Edits().splice(".text", 0, 0, "left")).get().ok());
  REQUIRE(right->transact(*id, Edits().increment(".count", 1)).get().ok());
  const auto from_left = left->changes_since(*id, {}).get(), from_right = right->changes_since(*id, {}).get();
  REQUIRE((from_left.ok() && from_right.ok()));
  CHECK(left->import_changes(*id, from_right->changes).get()->applied == 1);
  CHECK(right->import_changes(*id, from_left->changes).get()->applied == 1);
  CHECK(*left->snapshot(*id).get()->snapshot == *right->snapshot(*id).get()->snapshot);
}

TEST_CASE("crashes under load lose nothing, double nothing, and subscribers go on") {
  constexpr int kWrites = 3'000;
  Screen screen;
  std::atomic<int> acknowledged{0}, failed{0};
  const auto node = quiet_node();
  const auto id = node->create_document(package());
  REQUIRE(node->subscribe(*id, {}, [&](const Update& u) { screen.take(u); }).ok());
  int crashes = 0;
  for (int i = 0; i < kWrites; ++i) {
    while (i - acknowledged - failed > 500) std::this_thread::yield();
    node->transact(*id, Edits().increment(".count", 1).splice(".text", 0, 0, "x"), {},
                   [&](const Result<Committed>& done) { ++(done ? acknowledged : failed); });
    if (i % 1'400 == 700) crashes += crash_document(*node, *id);
  }
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
  CHECK_FALSE(node->subscribe(nowhere, {}, [](const Update&) {}).ok());
  const auto id = node->create_document(package());
  CHECK(node->transact(*id, Edits().splice("text", 0, 0, "x")).get().error().is(document::Errc::no_such_place));
  CHECK(node->snapshot(*id, ".nope").get().error().is(document::Errc::no_such_place));
  CHECK_FALSE(node->create_document(package(), "7.0.0").ok());
  std::promise<Error> ended;
  SubscribeOptions options;
  options.prefix = ".nope";
  options.failed = [&](const Error& error) { ended.set_value(error); };
  REQUIRE(node->subscribe(*id, options, [](const Update&) {}).ok());
  CHECK(ended.get_future().get().is(document::Errc::no_such_place));
}

TEST_CASE("after unsubscribe no call follows") {
  std::atomic<int> calls{0};
  const auto node = quiet_node();
  const auto id = node->create_document(package());
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
    const auto id = node->create_document(package());
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
