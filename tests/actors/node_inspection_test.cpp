// What a node says of itself: its tree and its numbers.
#include <atomic>
#include <future>
#include <map>

#include <catch2/catch.hpp>

#include "actors/document/document_actor.h"
#include "actors/node/node_actors.h"
#include "schema/compiler/compile.h"

namespace tlfs {
namespace {

using State = messages::TreeNode::State;

std::shared_ptr<const schema::Package> package() {
  return schema::compile("n { 0.1.0 { .: Struct .text: Text .count: Counter } }", "n.tlfs")->front().package;
}

struct Line {
  State state;
  std::uint64_t restarts, messages, stuck_ns;
  std::string stuck_on, last_error;
};

std::map<std::string, Line> lines_of(const TreeMessage& message) {
  std::map<std::string, Line> out;
  const auto tree = message.read();
  for (const auto node : tree->getNodes())
    out[node.getPath().cStr()] = {node.getState(),          node.getRestarts(),
                                  node.getMessages(),       node.getStuckNanoseconds(),
                                  node.getStuckOn().cStr(), node.getLastError().cStr()};
  return out;
}

std::string path_of(const document::DocumentId& id) {
  return std::string(node::kDocumentsPath) + "/" + document_actor::document_child_id(id);
}

template <class F>
bool becomes_true(F&& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < deadline) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

// Sits in its handler for `int` until it is let go.
struct Sitting : app::App {
  explicit Sitting(std::shared_future<void> until) : go(std::move(until)) {}
  void start(app::Context& node) override {
    node.on<int>([this](const int&) { go.wait(); });
  }
  std::shared_future<void> go;
};

app::AppSpec sitting(std::shared_future<void> go) {
  app::AppSpec spec;
  spec.id = "sitting";
  spec.make = [go] { return std::make_unique<Sitting>(go); };
  return spec;
}

TEST_CASE("a node's tree shows the store, auth, the documents that are open and the apps") {
  std::promise<void> go;
  const auto node = Node::start({.log_level = "off"}).value();
  const auto id = node->create_document(package()).get().value();
  REQUIRE(node->start_app(sitting(go.get_future().share())).get().ok());
  REQUIRE(node->transact(id, Edits().increment(".count", 1)).get().ok());
  const auto lines = lines_of(node->tree().get());
  std::vector<std::string> paths;
  for (const auto& [path, line] : lines) {
    paths.push_back(path);
    INFO(path);
    CHECK(line.state == State::RUNNING);
    CHECK(line.restarts == 0);
    CHECK(line.stuck_ns == 0);
  }
  CHECK(paths == std::vector<std::string>{"/node", "/node/apps", "/node/apps/sitting", "/node/auth", "/node/bridges",
                                          "/node/documents", path_of(id), "/node/store"});
  CHECK(lines.at(path_of(id)).messages > 0);
  CHECK(lines.at("/node/store").messages > 0);
  go.set_value();
}

TEST_CASE("a document that has crashed is in the tree with its restarts and the reason") {
  const auto node = Node::start({.log_level = "off"}).value();
  const auto id = node->create_document(package()).get().value();
  REQUIRE(crash_document(*node, id));
  REQUIRE(node->transact(id, Edits().increment(".count", 1)).get().ok());
  const auto line = lines_of(node->tree().get()).at(path_of(id));
  CHECK(line.state == State::RUNNING);
  CHECK(line.restarts == 1);
  CHECK_FALSE(line.last_error.empty());
}

TEST_CASE("an app that does not leave a handler is in the tree with the message it handles, until it goes on") {
  std::promise<void> go;
  const auto node = Node::start({.stuck_after = std::chrono::milliseconds(100), .log_level = "off"}).value();
  REQUIRE(node->start_app(sitting(go.get_future().share())).get().ok());
  node->post("sitting", 1);
  Line seen{};
  const bool reported = becomes_true([&] {
    seen = lines_of(node->tree().get()).at("/node/apps/sitting");
    return seen.stuck_ns > 0;
  });
  const std::uint64_t stuck = node->tree().get().read()->getStuckCount();
  go.set_value();
  REQUIRE(reported);
  CHECK(seen.stuck_ns >= 100'000'000);
  CHECK(seen.stuck_on == "tlfs::app::Post");
  CHECK(stuck == 1);
  CHECK(becomes_true([&] { return lines_of(node->tree().get()).at("/node/apps/sitting").stuck_ns == 0; }));
}

std::uint64_t number(const std::string& page, const std::string& name) {
  const auto at = page.find("\n" + name + " ");
  REQUIRE(at != std::string::npos);
  return std::stoull(page.substr(at + name.size() + 2));
}

TEST_CASE("the numbers of a node are those of its actors and of its store") {
  const auto node = Node::start({.log_level = "off"}).value();
  const auto id = node->create_document(package()).get().value();
  const std::string before = node->metrics().get();
  for (int i = 0; i < 10; ++i) REQUIRE(node->transact(id, Edits().increment(".count", 1)).get().ok());
  const std::string after = node->metrics().get();
  CHECK(number(after, "tlfs_actors{actor=\"/node/documents/document\",state=\"running\"}") == 1);
  CHECK(number(after, "tlfs_store_answers") == 1);
  CHECK(number(after, "tlfs_store_failing") == 0);
  CHECK(number(after, "tlfs_store_bytes") > number(before, "tlfs_store_bytes"));
  CHECK(number(after, "tlfs_store_failures_total") == 0);
  CHECK(number(after, "tlfs_store_commits_total") >= number(before, "tlfs_store_commits_total") + 10);
  CHECK(number(after, "tlfs_store_written_bytes_total") > number(before, "tlfs_store_written_bytes_total"));
}

}  // namespace
}  // namespace tlfs
