// A node in a directory of its own, edits under way, and three actors that are killed meanwhile: a document, the store
// and an app. Shows that every acknowledged edit is there in the end and that a subscriber misses nothing.
#include <atomic>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <thread>

#include "actors/node/node.h"
#include "actors/node/node_actors.h"
#include "examples/apps/archiver.h"
#include "examples/apps/todos.h"

using namespace tlfs;
using document::Data;

namespace {

constexpr int kEdits = 3'000;
constexpr int kWindow = 256;  // edits under way

// A copy of the document that is kept from updates alone.
class Screen {
 public:
  void take(const Update& update) {
    const std::lock_guard lock(mutex_);
    if (update.snapshot) {
      value_ = *update.snapshot;
      ++snapshots_;
    } else if (update.from != revision_ || !document::apply_patches(value_, update.patches)) {
      ++gaps_;
    }
    revision_ = update.to;
  }
  struct State {
    std::string json;
    std::uint64_t revision, snapshots, gaps;
  };
  State state() {
    const std::lock_guard lock(mutex_);
    return {document::to_json(value_), revision_, snapshots_, gaps_};
  }

 private:
  std::mutex mutex_;
  Data value_;
  std::uint64_t revision_ = 0, snapshots_ = 0, gaps_ = 0;
};

struct Folder {
  std::string path = std::filesystem::temp_directory_path() / ("tlfs_demo_" + std::to_string(::getpid()));
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

int main() {
  const Folder folder;
  Screen screen;
  std::atomic<int> acknowledged{0}, refused{0};
  const auto node = Node::start({.directory = folder.path, .log_level = "off"}).value();
  const auto todos = node->create_document(examples::todos_package()).get().value();
  node->subscribe(todos, {}, [&](const Update& update) { screen.take(update); }).value();
  app::AppSpec archiver;
  archiver.id = "archiver";
  archiver.make = [todos] { return std::make_unique<examples::Archiver>(todos); };
  if (!node->start_app(archiver).get()) return 1;

  const auto rest = [&](int window) {
    while (acknowledged + refused < window) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  int crashes = 0;
  for (int i = 0; i < kEdits; ++i) {
    rest(i - kWindow);
    const Data task(
        Data::Object{{"title", Data(Value("task " + std::to_string(i)))}, {"done", Data(Value(i % 3 == 0))}});
    node->transact(todos, Edits().insert(".tasks", 0, {task}), {},
                   [&](const Result<Committed>& done) { ++(done ? acknowledged : refused); });
    if (i % 1'000 == 250) crashes += crash_document(*node, todos);
    if (i % 1'000 == 500) crashes += crash_store(*node);
    if (i % 1'000 == 750) crashes += crash_app(*node, "archiver");
  }
  rest(kEdits);

  // The archiver has its last work to do, and the screen to see it.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::string json;
  std::size_t tasks = 0, archived = 0;
  for (bool settled = false; !settled && std::chrono::steady_clock::now() < deadline;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto value = node->snapshot(todos).get();
    if (!value) continue;
    json = document::to_json(*value->snapshot);
    tasks = value->snapshot->find("tasks")->array()->size();
    archived = value->snapshot->find("archive")->array()->size();
    settled = archived == (kEdits + 2) / 3 && screen.state().revision >= value->to;
  }
  const Screen::State seen = screen.state();
  std::cout << acknowledged << " edits acknowledged, " << refused << " refused, " << crashes << " actors killed\n"
            << tasks << " tasks, " << archived << " archived\n"
            << "the screen saw " << seen.snapshots << " snapshots and " << seen.gaps << " gaps\n";
  const bool good = refused == 0 && tasks + archived == kEdits && archived == (kEdits + 2) / 3 && seen.json == json &&
                    seen.gaps == 0 && crashes == 9;
  std::cout << (good ? "nothing was lost\n" : "SOMETHING IS WRONG\n");
  return good ? 0 : 1;
}
