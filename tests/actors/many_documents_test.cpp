// One store with very many documents: what is open depends on what is used now.
#include <stdlib.h>

#include <filesystem>
#include <future>
#include <random>

#include <catch2/catch.hpp>

#include "actors/node/node_actors.h"
#include "schema/compiler/compile.h"

namespace tlfs {
namespace {

constexpr std::size_t kDocuments = 20'000;
constexpr std::size_t kTouched = 1'000;
constexpr std::size_t kOpen = 64;
// Each of the node's clients closes documents for itself, and those that are closing are alive for a moment.
constexpr std::size_t kSlack = 32;
constexpr std::size_t kAtOnce = 16;

std::shared_ptr<const schema::Package> package() {
  return schema::compile("n { 0.1.0 { .: Struct .text: Text .count: Counter } }", "n.tlfs")->front().package;
}

struct TemporaryDirectory {
  TemporaryDirectory() {
    char name[] = "/tmp/tlfs_many_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

// The futures of at most kAtOnce requests.
template <class T>
class Window {
 public:
  explicit Window(std::function<void(Result<T>)> take) : take_(std::move(take)) {}
  void add(std::future<Result<T>> future) {
    if (futures_.size() == kAtOnce) settle();
    futures_.push_back(std::move(future));
  }
  void drain() {
    while (!futures_.empty()) settle();
  }

 private:
  void settle() {
    take_(futures_.front().get());
    futures_.erase(futures_.begin());
  }
  std::function<void(Result<T>)> take_;
  std::vector<std::future<Result<T>>> futures_;
};

std::vector<document::DocumentId> create(Node& node) {
  std::vector<document::DocumentId> out;
  const auto n = package();
  Window<document::DocumentId> window([&](const Result<document::DocumentId>& made) {
    REQUIRE(made.ok());
    out.push_back(*made);
  });
  for (std::size_t i = 0; i < kDocuments; ++i) window.add(node.create_document(n));
  window.drain();
  return out;
}

std::unique_ptr<Node> node_in(const std::string& directory, std::size_t max_open) {
  return Node::start({.directory = directory, .max_open = max_open, .log_level = "off"}).value();
}

// Writes to and reads from the first `count` documents of `order`, and says how many were alive at most.
std::size_t touch(Node& node, const std::vector<document::DocumentId>& order, std::size_t count) {
  std::size_t most = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto written = node.transact(order[i], Edits().increment(".count", static_cast<std::int64_t>(i) + 1)).get();
    REQUIRE(written.ok());
    const auto read = node.snapshot(order[i], ".count").get();
    REQUIRE(read.ok());
    CHECK(*read->snapshot == document::Data(Value(static_cast<std::int64_t>(i) + 1)));
    if (i % 20 == 19) most = std::max(most, documents_status(node).children.size());
  }
  return most;
}

TEST_CASE("of very many documents those have an actor that are used") {
  const TemporaryDirectory directory;
  std::vector<document::DocumentId> order;
  {
    const auto node = node_in(directory.path, kOpen);
    order = create(*node);
    CHECK(documents_status(*node).children.size() <= kOpen + kSlack);
  }
  std::shuffle(order.begin(), order.end(), std::mt19937_64(7));
  {
    const auto node = node_in(directory.path, kOpen);
    CHECK(node->documents().get()->size() == kDocuments);
    const std::size_t most = touch(*node, order, kTouched);
    CHECK(most > kOpen / 2);
    CHECK(most <= kOpen + kSlack);
  }
  // What was written to a document that was closed meanwhile is still there.
  const auto node = node_in(directory.path, kOpen);
  for (std::size_t i = 0; i < kTouched + 10; ++i) {
    const auto read = node->snapshot(order[i], ".count").get();
    REQUIRE(read.ok());
    CHECK(*read->snapshot == document::Data(Value(i < kTouched ? static_cast<std::int64_t>(i) + 1 : 0)));
  }
}

}  // namespace
}  // namespace tlfs
