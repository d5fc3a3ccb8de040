#include "bridges/cli/demo_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <thread>

#include "bridges/cli/input.h"

extern char** environ;

namespace tlfs::cli {
namespace {

Error failed(const char* what) { return Error(InputErrc::unreadable, std::string(what) + ": " + std::strerror(errno)); }

}  // namespace

Result<std::unique_ptr<DemoProcess>> DemoProcess::start(const std::vector<std::string>& arguments) {
  std::array<int, 2> to{}, from{};
  if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0) return failed("a pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  std::vector<std::string> words{"tlfs_demo"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  errno = ::posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  const bool started = errno == 0;
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(to[0]);
  ::close(from[1]);
  if (!started) {
    ::close(to[1]);
    ::close(from[0]);
    return failed("a process");
  }
  return std::unique_ptr<DemoProcess>(new DemoProcess(pid, to[1], from[0]));
}

DemoProcess::~DemoProcess() {
  kill();
  ::close(to_);
  ::close(from_);
}

void DemoProcess::say(const std::string& line) {
  const std::string text = line + "\n";
  // One that has ended is noticed when it is listened to.
  [[maybe_unused]] const ssize_t written = ::write(to_, text.data(), text.size());
}

DemoProcess::Heard DemoProcess::hear(std::string& line, std::chrono::milliseconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  for (;;) {
    if (const std::size_t end = heard_.find('\n'); end != std::string::npos) {
      line = heard_.substr(0, end);
      heard_.erase(0, end + 1);
      return Heard::line;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd waits{from_, POLLIN, 0};
    if (left < 0 || ::poll(&waits, 1, static_cast<int>(left)) <= 0) return Heard::nothing;
    std::array<char, 4096> part{};
    const ssize_t n = ::read(from_, part.data(), part.size());
    if (n <= 0) return Heard::end;
    heard_.append(part.data(), static_cast<std::size_t>(n));
  }
}

void DemoProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = 0;
}

bool DemoProcess::finish(std::chrono::milliseconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (pid_ > 0 && std::chrono::steady_clock::now() < until) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = 0;
      return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace tlfs::cli
