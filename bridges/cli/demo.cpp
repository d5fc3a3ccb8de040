// tlfs_demo [SESSION.json.gz]: two replicas of one document, each an actor of a node of its own, in one process.
//
// One is fed a recorded editing session, keystroke by keystroke, and a list of things to do; the other follows through
// sealed changes. On the way the actors of both are crashed. At the end both must hold the same value, so must two
// subscribers that saw nothing but patches, and the paper must read as the recording says. Exits with 1 if not.
#include <atomic>
#include <condition_variable>
#include <iostream>
#include <semaphore>
#include <thread>

#include "actors/node/node_actors.h"
#include "bridges/cli/demo_mirror.h"
#include "bridges/cli/demo_session.h"
#include "bridges/cli/figures.h"
#include "bridges/cli/progress.h"

namespace tlfs::cli {
namespace {

using document::Data;

constexpr std::ptrdiff_t kWindow = 512;        // writes under way
constexpr std::uint64_t kFollowEvery = 4'000;  // writes between two looks for new changes
constexpr std::size_t kTodos = 1'000;
constexpr auto kPatience = std::chrono::seconds(60);

// Carries sealed changes from one node to the other, one batch at a time.
class Courier {
 public:
  Courier(Node& from, Node& to, document::DocumentId id) : from_(from), to_(to), id_(id) {}

  // Starts a round unless one is under way.
  void nudge() {
    {
      const std::lock_guard lock(mutex_);
      if (busy_) return;
      busy_ = true;
    }
    from_.changes_since(id_, have_, [this](Result<Changes> changes) { arrived(std::move(changes)); });
  }
  // Waits for the round that is under way. False when it takes too long.
  bool rest() {
    std::unique_lock lock(mutex_);
    return idle_.wait_for(lock, kPatience, [this] { return !busy_; });
  }

  struct Carried {
    std::uint64_t changes = 0, bytes = 0;
    std::string fault;
  };
  Carried carried() {
    const std::lock_guard lock(mutex_);
    return carried_;
  }

 private:
  void arrived(Result<Changes> changes) {
    if (!changes) return done(changes.error().message());
    {
      const std::lock_guard lock(mutex_);
      carried_.changes += changes->changes.size();
      for (const auto& change : changes->changes) carried_.bytes += document::encode_change(change).size();
    }
    document::Version heads = changes->heads;
    to_.import_changes(id_, std::move(*changes), [this, heads = std::move(heads)](Result<Imported> imported) {
      if (!imported) return done(imported.error().message());
      if (!imported->refused.empty()) return done(imported->refused.front().message());
      if (imported->waiting > 0) return done("changes wait for others that should have come before them");
      have_ = heads;
      done({});
    });
  }
  void done(std::string fault) {
    const std::lock_guard lock(mutex_);
    if (!fault.empty()) carried_.fault = std::move(fault);
    busy_ = false;
    idle_.notify_all();
  }

  Node& from_;
  Node& to_;
  const document::DocumentId id_;
  document::Version have_;  // touched by the round under way alone
  std::mutex mutex_;
  std::condition_variable idle_;
  bool busy_ = false;
  Carried carried_;
};

// Writes that are under way, not too many at once.
class Pen {
 public:
  Pen(Node& node, document::DocumentId id) : node_(node), id_(id) {}
  void write(Edits edits) {
    window_.acquire();
    ++sent_;
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
  std::uint64_t sent() const { return sent_; }
  std::uint64_t acknowledged() const { return acknowledged_; }
  std::string fault() {
    const std::lock_guard lock(mutex_);
    return fault_;
  }

 private:
  Node& node_;
  const document::DocumentId id_;
  std::counting_semaphore<kWindow> window_{kWindow};
  std::uint64_t sent_ = 0;
  std::atomic<std::uint64_t> acknowledged_{0};
  std::mutex mutex_;
  std::string fault_;
};

// What went wrong, a line each.
class Verdict {
 public:
  void expect(bool fine, const std::string& what) {
    if (!fine) std::cerr << "tlfs_demo: " << what << '\n';
    good_ = good_ && fine;
  }
  bool good() const { return good_; }

 private:
  bool good_ = true;
};

void type_paper(const DemoSession& session, Pen& pen, Courier& courier, Progress& progress, Node& writer,
                const document::DocumentId& id) {
  const Trace& trace = session.trace;
  const auto row = progress.add("paper", trace.transactions.size(), "keystrokes");
  if (!trace.start_content.empty()) pen.write(Edits().splice(".paper", 0, 0, std::string(trace.start_content)));
  std::uint64_t typed = 0;
  for (const TraceTransaction& transaction : trace.transactions) {
    Edits edits;
    for (const TracePatch& patch : trace.patches_of(transaction))
      edits.splice(".paper", patch.position, patch.deleted, std::string(patch.inserted));
    pen.write(std::move(edits));
    progress.set(row, ++typed);
    if (typed % kFollowEvery == 0) courier.nudge();
    if (typed == trace.transactions.size() / 2 && crash_document(writer, id))
      progress.say("  the writer's document actor is crashed, with writes under way");
  }
}

void fill_todos(Pen& pen, Courier& courier, Progress& progress, Node& follower, const document::DocumentId& id) {
  const auto row = progress.add("things to do", kTodos, "entries");
  for (std::size_t i = 0; i < kTodos; ++i) {
    Data::Object entry{{"title", Data(Value("thing number " + std::to_string(i + 1)))}, {"done", Data(Value(false))}};
    pen.write(Edits().insert(".todos", i, {Data(std::move(entry))}));
    if (i % 3 == 0) pen.write(Edits().set(".todos[" + std::to_string(i) + "].done", Value(true)));
    progress.set(row, i + 1);
    if (i == kTodos / 2 && crash_document(follower, id))
      progress.say("  the follower's document actor is crashed, too");
    if (i % 100 == 0) courier.nudge();
  }
}

std::uint64_t restarts(Node& node) { return documents_status(node).counters.restarts; }

// The document's value as JSON, when its mirror has seen all of it.
std::string settled_json(Node& node, const document::DocumentId& id, const DemoMirror& mirror, Verdict& verdict) {
  const Result<Update> value = node.snapshot(id).get();
  if (!value) {
    verdict.expect(false, value.error().message());
    return {};
  }
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (mirror.seen().revision < value->to && mirror.seen().fault.empty() &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::string json = document::to_json(*value->snapshot);
  const DemoMirror::Seen seen = mirror.seen();
  verdict.expect(seen.fault.empty(), "a subscriber missed something: " + seen.fault);
  verdict.expect(mirror.json() == json, "a subscriber's patched copy differs from its document");
  return json;
}

std::string digest(const std::string& json) {
  return to_hex(crypto::hash("tlfs demo", {as_bytes(json)})).substr(0, 16);
}

int run(const std::string& path) {
  const Result<DemoSession> session = demo_session(path);
  if (!session) {
    std::cerr << "tlfs_demo: " << session.error().message() << '\n';
    return 2;
  }
  const SystemClock clock;
  const bool live = is_terminal(1);
  std::cout
      << "Two nodes in one process, one document on both; the second follows through sealed, encrypted changes.\n";
  if (!session->recorded)
    std::cout << "No recorded session in ../shared/traces: the typing is made up.\n";
  else
    std::cout << "The typing is " << session->name << ".\n";

  DemoMirror on_writer, on_follower;
  const auto writer = Node::start({.log_level = "off"}).value();
  const auto follower = Node::start({.log_level = "off"}).value();
  const auto package = demo_package();
  const Result<document::DocumentId> id = writer->create_document(package).get();
  Verdict verdict;
  writer->learn(follower->introduction());
  verdict.expect(
      id.ok() && writer->grant(*id, ".", access::Level::read, access::Principal::user(follower->user())).get().ok(),
      "the follower cannot be let in");
  verdict.expect(id.ok() && follower->join_document(*id, package).get().ok(), "the document cannot be opened");
  if (!verdict.good()) return 1;
  const auto watch = [&](Node& node, DemoMirror& mirror) {
    SubscribeOptions options;
    options.failed = [&mirror](const Error& error) { mirror.failed(error); };
    return node.subscribe(*id, options, [&mirror](const Update& update) { mirror.take(update); });
  };
  verdict.expect(watch(*writer, on_writer).ok() && watch(*follower, on_follower).ok(), "nobody can subscribe");

  Courier courier(*writer, *follower, *id);
  Pen pen(*writer, *id);
  const auto began = clock.monotonic();
  {
    Progress progress(std::cout, live, clock);
    type_paper(*session, pen, courier, progress, *writer, *id);
    fill_todos(pen, courier, progress, *follower, *id);
    verdict.expect(pen.rest(), "writes are not answered");
    verdict.expect(courier.rest(), "changes are not answered");
    courier.nudge();  // what was written since the last round
    verdict.expect(courier.rest(), "changes are not answered");
    progress.finish();
  }
  const auto took = clock.monotonic() - began;

  const std::string here = settled_json(*writer, *id, on_writer, verdict);
  const std::string there = settled_json(*follower, *id, on_follower, verdict);
  const Result<Update> paper = follower->snapshot(*id, ".paper").get();
  const auto carried = courier.carried();
  verdict.expect(pen.fault().empty(), "a write failed: " + pen.fault());
  verdict.expect(pen.acknowledged() == pen.sent(), "not every write was acknowledged");
  verdict.expect(carried.fault.empty(), "changes were not carried: " + carried.fault);
  verdict.expect(here == there, "the two replicas differ");
  verdict.expect(paper && *paper->snapshot == Data(Value(std::string(session->trace.end_content))),
                 "the paper does not read as the session says");
  const std::uint64_t crashes = restarts(*writer) + restarts(*follower);
  verdict.expect(crashes == 2, "two restarts were expected, not " + std::to_string(crashes));

  const auto seen = [](const DemoMirror& mirror) {
    const DemoMirror::Seen s = mirror.seen();
    return format_count(s.updates) + " updates, " + format_count(s.snapshots) + " of them snapshots, " +
           format_count(s.patches) + " patches";
  };
  std::cout << "writer     " << digest(here) << "  " << format_bytes(here.size()) << " of JSON\n"
            << "follower   " << digest(there) << "  " << format_bytes(there.size()) << " of JSON\n"
            << "writes     " << format_count(pen.acknowledged()) << " acknowledged, each its own transaction, in "
            << format_duration(took) << ": " << format_rate(pen.acknowledged(), took) << '\n'
            << "changes    " << format_count(carried.changes) << " sealed and signed, " << format_bytes(carried.bytes)
            << '\n'
            << "screens    writer: " << seen(on_writer) << "; follower: " << seen(on_follower) << '\n'
            << "crashes    " << crashes << ", nothing lost\n"
            << (verdict.good() ? "Both replicas and both screens hold the same value.\n" : "FAILED\n");
  return verdict.good() ? 0 : 1;
}

}  // namespace
}  // namespace tlfs::cli

int main(int argc, char** argv) {
  if (argc > 2) {
    std::cerr << "usage: tlfs_demo [SESSION.json.gz]\n";
    return 2;
  }
  return tlfs::cli::run(argc == 2 ? argv[1] : "");
}
