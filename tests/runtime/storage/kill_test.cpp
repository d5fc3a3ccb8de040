// A real process on a real disk, killed in the middle of writing. What fsync promises is the failing disk's part
// (crash_test).
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "tests/runtime/storage/rigs.h"

namespace tlfs::storage {
namespace {

constexpr int kKills = 30;

// Runs the writer for a while, kills it, and returns the last number that it acknowledged; 0 for none.
std::uint64_t write_and_kill(const std::string& directory, std::chrono::microseconds after) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const std::string program = std::string(TLFS_BIN_DIR) + "/storage_writer";
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], 1);
    ::execl(program.c_str(), program.c_str(), directory.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::thread killer([&] {
    std::this_thread::sleep_for(after);
    ::kill(child, SIGKILL);
  });
  std::string said;
  char buffer[4096];
  ssize_t size = 0;
  while ((size = ::read(ends[0], buffer, sizeof buffer)) > 0) said.append(buffer, static_cast<std::size_t>(size));
  ::close(ends[0]);
  killer.join();
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  said.resize(said.find_last_of('\n') == std::string::npos ? 0 : said.find_last_of('\n'));
  if (said.empty()) return 0;
  return std::stoull(said.substr(said.find_last_of('\n') == std::string::npos ? 0 : said.find_last_of('\n') + 1));
}

TEST_CASE("A writing process that is killed thirty times loses no batch that it acknowledged") {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("tlfs-kill-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const std::string directory = (folder / "store").string();
  SeededRandom random(11);
  std::uint64_t acknowledged = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const std::uint64_t last = write_and_kill(directory, std::chrono::microseconds(2'000 + random.below(60'000)));
    acknowledged = std::max(acknowledged, last);
    LevelDbOptions options;
    options.directory = directory;
    const auto store = ok(open_leveldb_store(options));
    const Contents there = contents(*store);
    std::uint64_t n = 1;
    for (; there.contains(change_key(static_cast<std::uint8_t>(1 + n % 3), n)); ++n) {
    }
    INFO("kill " << kill << ", acknowledged " << acknowledged << ", there " << n - 1);
    REQUIRE(n - 1 >= acknowledged);
    REQUIRE(n - 1 <= acknowledged + 1);
    REQUIRE(there.size() == (n == 1 ? 0 : n));  // and the note
    if (n > 1) REQUIRE(there.at(note_key(document_id(9), "last")) == bytes_of(std::to_string(n - 1)));
    require_sound(*store);
    acknowledged = n - 1;
  }
  REQUIRE(acknowledged >= 10);  // it did write, also on a machine that is busy
  fs::remove_all(folder);
}

}  // namespace
}  // namespace tlfs::storage
