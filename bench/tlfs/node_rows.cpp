// A whole node on a real disk, in the work folder: transactions that are answered when they are durable, opening and
// closing documents, and coming back after a crash.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>

#include "actors/node/node.h"
#include "bench/tlfs/rows.h"
#include "schema/compiler/compile.h"

namespace tlfs::bench {
namespace {

constexpr std::size_t kTransactions = 2'000;  // of one sample with one writer
constexpr std::size_t kPerWriter = 500;       // of one sample with many
constexpr std::size_t kDocuments = 1'000;
constexpr std::size_t kRecoveredWrites = 10'000;
constexpr std::size_t kEditsPerWrite = 100;

std::shared_ptr<const schema::Package> package() {
  static const auto compiled =
      schema::compile("note { 0.1.0 { .: Struct .title: MVReg<String> .text: Text .count: Counter } }", "note.tlfs");
  return compiled->front().package;
}

std::string empty_folder(const Arguments& arguments, std::string_view name) {
  std::string folder = arguments.work_folder + "/" + std::string(name);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

// A node in an empty directory that goes with it.
struct Place {
  Place(const Arguments& arguments, std::string_view name) : folder(empty_folder(arguments, name)) {
    node = expect(Node::start({.directory = folder, .log_level = "off"}), "the node");
  }
  ~Place() {
    node.reset();
    std::filesystem::remove_all(folder);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  document::DocumentId create() { return expect(node->create_document(package()).get(), "a document"); }

  std::string folder;
  std::unique_ptr<Node> node;
};

double quantile(std::vector<double>& values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

Edits edit(std::size_t n) { return Edits().set(".title", Value("title " + std::to_string(n))); }

// Microseconds of a bare append and fdatasync of about as many bytes.
double raw_fdatasync(const std::string& folder) {
  const std::string path = folder + "/raw";
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  require(file >= 0, "a file beside the store");
  const Bytes data(400, 1);
  std::vector<double> times;
  for (std::size_t i = 0; i < kTransactions / 2; ++i)
    times.push_back(timed([&] {
                      require(::write(file, data.data(), data.size()) == static_cast<ssize_t>(data.size()) &&
                                  ::fdatasync(file) == 0,
                              "a bare fdatasync");
                      return true;
                    }).first *
                    1e3);
  ::close(file);
  ::unlink(path.c_str());
  return quantile(times, 0.5);
}

Sample one_writer(Place& place, const document::DocumentId& id) {
  std::vector<double> times;
  for (std::size_t i = 0; i < kTransactions; ++i)
    times.push_back(timed([&] { return expect(place.node->transact(id, edit(i)).get(), "a write").revision; }).first *
                    1e3);
  const double raw = raw_fdatasync(place.folder);
  Sample sample;
  sample.value = quantile(times, 0.5);
  sample.extra = {
      {"p99_us", quantile(times, 0.99)}, {"fdatasync_p50_us", raw}, {"times_fdatasync", quantile(times, 0.5) / raw}};
  return sample;
}

// Each writer makes its next transaction when its last one is answered. The figure is the time of all, by transaction.
class Writers {
 public:
  Writers(Node& node, const std::vector<document::DocumentId>& documents, std::size_t writers)
      : node_(node), documents_(documents), started_(writers), left_(writers) {}

  Sample run() {
    const auto began = std::chrono::steady_clock::now();
    for (std::size_t w = 0; w < started_.size(); ++w) write(w, 0);
    std::unique_lock lock(mutex_);
    require(done_.wait_for(lock, std::chrono::minutes(5), [&] { return left_ == 0; }),
            "writers that are never answered");
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
    const double transactions = static_cast<double>(started_.size() * kPerWriter);
    Sample sample;
    sample.value = took.count() / transactions;
    sample.extra = {{"per_second", transactions / took.count() * 1e6},
                    {"p50_us", quantile(times_, 0.5)},
                    {"p99_us", quantile(times_, 0.99)}};
    return sample;
  }

 private:
  void write(std::size_t writer, std::size_t n) {
    started_[writer] = std::chrono::steady_clock::now();
    node_.transact(
        documents_[writer % documents_.size()], edit(n), {}, [this, writer, n](const Result<Committed>& done) {
          require(done.ok(), "a write that failed");
          const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - started_[writer];
          {
            const std::lock_guard lock(mutex_);
            times_.push_back(took.count());
            if (n + 1 == kPerWriter && --left_ == 0) done_.notify_all();
          }
          if (n + 1 < kPerWriter) write(writer, n + 1);
        });
  }

  Node& node_;
  const std::vector<document::DocumentId>& documents_;
  std::vector<std::chrono::steady_clock::time_point> started_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<double> times_;
  std::size_t left_;
};

Row many_writers(std::string_view name, std::string_view inside, std::size_t writers, std::size_t documents) {
  return {.name = name, .unit = "us", .inside = inside, .start = [=](const Arguments& arguments) {
            const auto place = std::make_shared<Place>(arguments, name);
            const auto ids = std::make_shared<std::vector<document::DocumentId>>();
            for (std::size_t i = 0; i < documents; ++i) ids->push_back(place->create());
            return [=] { return Writers(*place->node, *ids, writers).run(); };
          }};
}

// ---- opening ----

Sample touch_at_random(Place& place, const std::vector<document::DocumentId>& ids, SeededRandom& random) {
  std::vector<double> times;
  for (std::size_t i = 0; i < kDocuments / 4; ++i) {
    const document::DocumentId& id = ids[random.below(ids.size())];
    times.push_back(timed([&] { return expect(place.node->snapshot(id).get(), "a document").to; }).first * 1e3);
  }
  Sample sample;
  sample.value = quantile(times, 0.5);
  sample.extra = {{"p99_us", quantile(times, 0.99)}, {"resident_bytes", resident_bytes()}};
  return sample;
}

Row open_row() {
  return {
      .name = "node_open_document",
      .unit = "us",
      .inside = "a document among 1,000, most of them closed: asked for, read from the disk, its value answered; p50",
      .start = [](const Arguments& arguments) {
        const auto place = std::make_shared<Place>(arguments, "node_open_document");
        const auto ids = std::make_shared<std::vector<document::DocumentId>>();
        for (std::size_t i = 0; i < kDocuments; ++i) {
          ids->push_back(place->create());
          expect(place->node->transact(ids->back(), edit(i)).get(), "a write");
        }
        place->node.reset();
        place->node = expect(Node::start({.directory = place->folder, .max_open = 64, .log_level = "off"}), "the node");
        const auto random = std::make_shared<SeededRandom>(1);
        return [=] { return touch_at_random(*place, *ids, *random); };
      }};
}

// ---- coming back ----

// A process that writes, and is killed when everything is acknowledged: nothing is closed in order.
void write_and_die(const std::string& folder) {
  const pid_t child = ::fork();
  require(child >= 0, "a process");
  if (child == 0) {
    auto node = expect(Node::start({.directory = folder, .log_level = "off"}), "the node");
    const auto id = expect(node->create_document(package()).get(), "a document");
    std::vector<std::future<Result<Committed>>> open;
    for (std::size_t i = 0; i < kRecoveredWrites; ++i) {
      Edits edits;
      for (std::size_t k = 0; k < kEditsPerWrite; ++k) edits.splice(".text", i * kEditsPerWrite + k, 0, "x");
      open.push_back(node->transact(id, std::move(edits)));
      if (open.size() == 512) {
        for (auto& one : open) expect(one.get(), "a write");
        open.clear();
      }
    }
    for (auto& one : open) expect(one.get(), "a write");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  require(::waitpid(child, &status, 0) == child && WIFSIGNALED(status), "a writer that was killed");
}

Sample come_back(const std::string& folder) {
  const auto [ms, length] = timed([&] {
    const auto node = expect(Node::start({.directory = folder, .log_level = "off"}), "the node");
    const auto known = expect(node->documents().get(), "the list");
    require(known.size() == 1, "one document");
    return std::get<std::string>(*expect(node->snapshot(known.front().id, ".text").get(), "the text").snapshot->value())
        .size();
  });
  require(length == kRecoveredWrites * kEditsPerWrite, "all that was acknowledged");
  Sample sample;
  sample.value = ms;
  return sample;
}

Row recovery_row() {
  return {
      .name = "node_recovery_1m",
      .unit = "ms",
      .inside =
          "a node that was killed after 1,000,000 edits in 10,000 transactions: started, the value answered, stopped",
      .start = [](const Arguments& arguments) {
        const std::string folder = empty_folder(arguments, "node_recovery_1m");
        write_and_die(folder);
        return [folder] { return come_back(folder); };
      }};
}

}  // namespace

std::vector<Row> node_rows() {
  return {
      {.name = "node_durable_1",
       .unit = "us",
       .inside = "one writer that waits for each transaction to be durable, from its thread and back; p50 of 2,000",
       .start =
           [](const Arguments& arguments) {
             const auto place = std::make_shared<Place>(arguments, "node_durable_1");
             const document::DocumentId id = place->create();
             return [=] { return one_writer(*place, id); };
           }},
      many_writers("node_durable_8", "8 writers, each on a document of its own: time per durable transaction", 8, 8),
      many_writers("node_durable_64", "64 writers, each on a document of its own: time per durable transaction", 64,
                   64),
      many_writers("node_durable_64_shared", "64 writers on one document: time per durable transaction", 64, 1),
      open_row(),
      recovery_row(),
  };
}

}  // namespace tlfs::bench
