// bench_calibration: how fast this machine is right now.
//
// Usage: bench_calibration FOLDER
// Prints one JSON object, {"loop_ms": [...], "fdatasync_ms": [...]}: repeated times of a fixed amount of work, namely
// integer arithmetic with dependent loads from a table of 1 MiB (document engines wait for caches as much as for the
// ALU), and of appending 4 KiB to a file in FOLDER followed by fdatasync. The work never changes: figures are only
// comparable because of that.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kTableWords = std::size_t{1} << 17;
constexpr int kSteps = 4'000'000;
constexpr int kLoops = 5;
constexpr int kSyncs = 5;

using Milliseconds = std::chrono::duration<double, std::milli>;

std::vector<std::uint64_t> make_table() {
  std::vector<std::uint64_t> table(kTableWords);
  std::uint64_t x = 0x9e3779b97f4a7c15U;
  for (auto& word : table) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    word = x;
  }
  return table;
}

// Each load's address depends on the load before.
std::uint64_t walk(std::vector<std::uint64_t>& table) {
  std::uint64_t state = 1;
  for (int i = 0; i < kSteps; ++i) {
    std::uint64_t& word = table[state % kTableWords];
    state = (state ^ word) * 0xbf58476d1ce4e5b9U + static_cast<std::uint64_t>(i);
    state ^= state >> 29;
    word += state & 1U;
  }
  return state;
}

template <class Work>
double milliseconds(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return Milliseconds(std::chrono::steady_clock::now() - start).count();
}

// The times of kSyncs appends, or nothing when the folder does not take files (errno then says why).
std::optional<std::vector<double>> time_syncs(const std::string& folder) {
  const std::string path = folder + "/calibration.tmp";
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return std::nullopt;
  std::array<char, 4096> block{};
  std::vector<double> times;
  bool ok = true;
  for (int i = 0; ok && i < kSyncs; ++i) {
    times.push_back(milliseconds([&] {
      ok = ::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size()) && ::fdatasync(file) == 0;
    }));
  }
  const int error = errno;
  ::close(file);
  ::unlink(path.c_str());
  errno = error;
  if (!ok) return std::nullopt;
  return times;
}

void print_list(const char* name, const std::vector<double>& values, const char* after) {
  std::printf("\"%s\": [", name);
  for (std::size_t i = 0; i < values.size(); ++i) std::printf("%s%.4f", i == 0 ? "" : ", ", values[i]);
  std::printf("]%s", after);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_calibration FOLDER\n");
    return 2;
  }
  auto table = make_table();
  std::vector<double> loops;
  std::uint64_t sum = walk(table);  // warm-up
  for (int i = 0; i < kLoops; ++i) loops.push_back(milliseconds([&] { sum ^= walk(table); }));
  const auto syncs = time_syncs(argv[1]);
  if (!syncs) {
    std::fprintf(stderr, "bench_calibration: cannot write and sync a file in %s: %s\n", argv[1], std::strerror(errno));
    return 1;
  }
  std::printf("{");
  print_list("loop_ms", loops, ", ");
  print_list("fdatasync_ms", *syncs, ", ");
  std::printf("\"checksum\": %llu}\n", static_cast<unsigned long long>(sum));
  return 0;
}
