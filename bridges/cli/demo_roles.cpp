#include "bridges/cli/demo_roles.h"

#include <atomic>
#include <functional>
#include <iostream>
#include <semaphore>
#include <thread>

#include "actors/node/node.h"
#include "bridges/cli/demo_mirror.h"
#include "bridges/cli/demo_session.h"

namespace tlfs::cli {
namespace {

using document::Data;

constexpr std::ptrdiff_t kWindow = 512;     // writes under way
constexpr std::uint64_t kSayEvery = 4'000;  // keystrokes
constexpr std::size_t kSayEveryEntry = 20;
constexpr auto kPatience = std::chrono::seconds(60);

void print(const std::string& line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::cout << line << std::endl;
}

int fail(const std::string& why) {
  print("failed " + why);
  return 1;
}

// Writes that are under way, not too many at once.
class Pen {
 public:
  Pen(Node& node, const document::DocumentId& id) : node_(node), id_(id) {}
  void write(Edits edits) {
    window_.acquire();
    node_.transact(id_, std::move(edits), {}, [this](const Result<Committed>& done) {
      if (done) {
        ++acknowledged_;
      } else {
        const std::lock_guard lock(mutex_);
        if (fault_.empty()) fault_ = done.error().message();
      }
      window_.release();
    });
  }
  bool rest() {
    for (std::ptrdiff_t i = 0; i < kWindow; ++i)
      if (!window_.try_acquire_for(kPatience)) return false;
    window_.release(kWindow);
    return true;
  }
  std::uint64_t acknowledged() const { return acknowledged_; }
  std::string fault() {
    const std::lock_guard lock(mutex_);
    return fault_;
  }

 private:
  Node& node_;
  const document::DocumentId id_;
  std::counting_semaphore<kWindow> window_{kWindow};
  std::atomic<std::uint64_t> acknowledged_{0};
  std::mutex mutex_;
  std::string fault_;
};

Result<std::unique_ptr<Node>> start(const std::string& directory) {
  Node::Settings settings;
  settings.directory = directory;
  settings.log_level = "off";
  settings.network.emplace().listen = {"127.0.0.1:0"};
  return Node::start(std::move(settings));
}

std::string value_line(Node& node, const document::DocumentId& id, const std::string& paper) {
  const Result<Update> value = node.snapshot(id).get();
  if (!value) return "failed " + value.error().message();
  const std::string json = document::to_json(*value->snapshot);
  const Result<Update> text = node.snapshot(id, ".paper").get();
  const bool right = text && *text->snapshot == Data(Value(paper));
  return "value " + to_hex(crypto::hash("tlfs demo", {as_bytes(json)})).substr(0, 16) + " " +
         std::to_string(json.size()) + (right ? " yes" : " no");
}

// A subscriber that saw nothing but patches has the same value.
std::string screen_line(Node& node, const document::DocumentId& id, const DemoMirror& mirror) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const Result<Update> value = node.snapshot(id).get();
    if (!value) return "screen " + value.error().message();
    const DemoMirror::Seen seen = mirror.seen();
    if (!seen.fault.empty()) return "screen " + seen.fault;
    if (seen.revision == value->to)
      return mirror.json() == document::to_json(*value->snapshot) ? "screen ok" : "screen it shows another value";
    if (std::chrono::steady_clock::now() > until) return "screen it is behind";
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Obeys the orders that both roles know, and gives each other one to `more`, which says whether to go on.
void obey(Node& node, const document::DocumentId& id, const std::string& paper, const DemoMirror& mirror,
          const std::function<bool(const std::string&)>& more) {
  for (std::string order; std::getline(std::cin, order) && order != "end";) {
    if (order == "value")
      print(value_line(node, id, paper));
    else if (order == "screen")
      print(screen_line(node, id, mirror));
    else if (!more(order))
      return;
  }
}

Result<std::uint64_t> watch(Node& node, const document::DocumentId& id, DemoMirror& mirror) {
  SubscribeOptions options;
  options.failed = [&mirror](const Error& error) { mirror.failed(error); };
  return node.subscribe(id, options, [&mirror](const Update& update) { mirror.take(update); });
}

void type(const Trace& trace, Pen& pen) {
  if (!trace.start_content.empty()) pen.write(Edits().splice(".paper", 0, 0, std::string(trace.start_content)));
  std::uint64_t typed = 0;
  for (const TraceTransaction& transaction : trace.transactions) {
    Edits edits;
    for (const TracePatch& patch : trace.patches_of(transaction))
      edits.splice(".paper", patch.position, patch.deleted, std::string(patch.inserted));
    pen.write(std::move(edits));
    if (++typed % kSayEvery == 0) print("wrote " + std::to_string(pen.acknowledged()));
  }
  if (!pen.rest() || !pen.fault().empty()) return print("failed a write was not acknowledged: " + pen.fault());
  print("finished " + std::to_string(pen.acknowledged()));
}

// From wherever it was when it was killed: what was acknowledged is there.
void list(Node& node, const document::DocumentId& id) {
  const Result<Update> there = node.snapshot(id, ".todos").get();
  if (!there) return print("failed " + there.error().message());
  const std::size_t begun = there->snapshot->array()->size();
  print("wrote " + std::to_string(begun));
  for (std::size_t i = begun; i < kDemoTodos; ++i) {
    Data::Object entry{{"title", Data(Value("thing number " + std::to_string(i + 1)))},
                       {"done", Data(Value(i % 3 == 0))}};
    const Result<Committed> done = node.transact(id, Edits().insert(".todos", i, {Data(std::move(entry))})).get();
    if (!done) return print("failed " + done.error().message());
    if ((i + 1) % kSayEveryEntry == 0) print("wrote " + std::to_string(i + 1));
  }
  print("finished " + std::to_string(kDemoTodos));
}

}  // namespace

int demo_typist(const std::string& directory, const std::string& session) {
  const Result<DemoSession> typing = demo_session(session);
  if (!typing) return fail(typing.error().message());
  DemoMirror mirror;
  const auto node = start(directory);
  if (!node) return fail(node.error().message());
  const auto id = (*node)->create_document(demo_package(), {.name = "demo"}).get();
  if (!id) return fail(id.error().message());
  if (const auto watching = watch(**node, *id, mirror); !watching) return fail(watching.error().message());
  network::InviteOptions options;
  options.level = access::Level::write;
  const auto link = (*node)->invite(*id, options).get();
  if (!link) return fail(link.error().message());
  print("link " + *link);
  Pen pen(**node, *id);
  std::thread hand;
  obey(**node, *id, std::string(typing->trace.end_content), mirror, [&](const std::string& order) {
    if (order == "go" && !hand.joinable()) hand = std::thread([&] { type(typing->trace, pen); });
    return true;
  });
  if (hand.joinable()) hand.join();
  return 0;
}

int demo_lister(const std::string& directory) {
  DemoMirror mirror;
  const auto node = start(directory);
  if (!node) return fail(node.error().message());
  const auto known = (*node)->documents().get();
  if (!known) return fail(known.error().message());
  document::DocumentId id{};
  if (known->empty()) {
    print("ready");
    std::string order;
    if (!std::getline(std::cin, order) || !order.starts_with("join ")) return fail("an invitation was expected");
    const auto joined = (*node)->join(order.substr(5)).get();
    if (!joined) return fail(joined.error().message());
    id = *joined;
  } else {
    id = known->front().id;
  }
  if (const auto watching = watch(**node, id, mirror); !watching) return fail(watching.error().message());
  print("joined");
  std::thread hand;
  obey(**node, id, {}, mirror, [&](const std::string& order) {
    if (order == "go" && !hand.joinable()) hand = std::thread([&] { list(**node, id); });
    return true;
  });
  if (hand.joinable()) hand.join();
  return 0;
}

}  // namespace tlfs::cli
