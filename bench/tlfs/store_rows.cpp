// The store on a real disk, in the work folder: what a durable batch costs beside a bare fdatasync, and reading a
// document.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "bench/tlfs/rows.h"
#include "runtime/base/environment.h"
#include "runtime/storage/layout.h"
#include "runtime/storage/leveldb_store.h"

namespace tlfs::bench {
namespace {

using namespace storage;

constexpr std::size_t kValueBytes = 200;  // about a sealed change of one edit
constexpr std::size_t kBatches = 1'000;   // of one sample
constexpr std::size_t kDocumentRecords = 10'000;

// A store in an empty directory that goes with it.
struct Place {
  explicit Place(const Arguments& arguments, std::string_view name)
      : directory(arguments.work_folder + "/" + std::string(name)) {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    LevelDbOptions options;
    options.directory = directory + "/store";
    store = expect(open_leveldb_store(options), "the store");
    document.fill(7);
    value.resize(kValueBytes);
    random.fill(value);
  }
  ~Place() {
    store.reset();
    std::filesystem::remove_all(directory);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  void write(std::size_t records) {
    Batch batch;
    for (std::size_t i = 0; i < records; ++i) batch.put(numbered_key(document, Kind::change, next++), value);
    expect(store->write(batch), "a batch");
  }

  std::string directory;
  std::unique_ptr<Store> store;
  DocumentId document{};
  Bytes value;
  SeededRandom random{1};
  std::uint64_t next = 0;
};

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

double us_of(const std::function<void()>& work) {
  const auto [ms, done] = timed([&] {
    work();
    return true;
  });
  return done ? ms * 1e3 : 0;
}

// Microseconds of appending so many bytes to one file and syncing, as often as a sample has batches.
std::vector<double> raw_syncs(const std::string& directory, std::size_t bytes) {
  const std::string path = directory + "/raw";
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  require(file >= 0, "a file beside the store");
  const Bytes data(bytes, 1);
  std::vector<double> times;
  for (std::size_t i = 0; i < kBatches; ++i)
    times.push_back(us_of([&] {
      require(::write(file, data.data(), data.size()) == static_cast<ssize_t>(data.size()) && ::fdatasync(file) == 0,
              "a bare fdatasync");
    }));
  ::close(file);
  ::unlink(path.c_str());
  return times;
}

Sample synced_batches(Place& place, std::size_t records) {
  std::vector<double> times;
  for (std::size_t i = 0; i < kBatches; ++i) times.push_back(us_of([&] { place.write(records); }));
  const std::vector<double> raw = raw_syncs(place.directory, records * (kValueBytes + 60));
  Sample sample;
  sample.value = quantile(times, 0.5);
  sample.extra = {{"p99_us", quantile(times, 0.99)},
                  {"fdatasync_p50_us", quantile(raw, 0.5)},
                  {"fdatasync_p99_us", quantile(raw, 0.99)}};
  return sample;
}

Sample scan_document(Place& place) {
  const Range range = opening_range(place.document);
  std::size_t bytes = 0;
  const auto [ms, scanned] = timed([&] {
    return expect(place.store->scan(range.from, range.to,
                                    [&](ByteView, ByteView value) {
                                      bytes += value.size();
                                      return true;
                                    }),
                  "a scan");
  });
  require(scanned.records == kDocumentRecords && bytes == kDocumentRecords * kValueBytes, "not all records came");
  Sample sample;
  sample.value = ms;
  return sample;
}

Row batch_row(std::string_view name, std::string_view inside, std::size_t records) {
  return {.name = name, .unit = "us", .inside = inside, .start = [name, records](const Arguments& arguments) {
            const auto place = std::make_shared<Place>(arguments, name);
            return [place, records] { return synced_batches(*place, records); };
          }};
}

}  // namespace

std::vector<Row> store_rows() {
  return {
      batch_row("store_batch_1", "one synced batch of one record of 200 bytes: p50 of 1,000 batches", 1),
      batch_row("store_batch_64", "one synced batch of 64 records of 200 bytes: p50 of 1,000 batches", 64),
      {.name = "store_scan_10k",
       .unit = "ms",
       .inside = "one range scan over a document of 10,000 records of 200 bytes, checksums verified",
       .start =
           [](const Arguments& arguments) {
             const auto place = std::make_shared<Place>(arguments, "store_scan_10k");
             for (std::size_t i = 0; i < kDocumentRecords / 100; ++i) place->write(100);
             return [place] { return scan_document(*place); };
           }},
  };
}

}  // namespace tlfs::bench
