// A child process that is spoken to in lines.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace tlfs::cli {

class DemoProcess {
 public:
  // Starts this very program with the arguments; its standard error is ours.
  static Result<std::unique_ptr<DemoProcess>> start(const std::vector<std::string>& arguments);
  // Kills it when it is still there.
  ~DemoProcess();
  DemoProcess(const DemoProcess&) = delete;
  DemoProcess& operator=(const DemoProcess&) = delete;

  void say(const std::string& line);
  enum class Heard : unsigned char { line, nothing, end };
  // The next line that it prints, within that time.
  Heard hear(std::string& line, std::chrono::milliseconds within);
  // As a crash would end it, wherever it is in its work.
  void kill();
  // Lets it end by itself; false when it does not in time, or not well.
  bool finish(std::chrono::milliseconds within);

 private:
  DemoProcess(pid_t pid, int to, int from) : pid_(pid), to_(to), from_(from) {}
  pid_t pid_;
  int to_, from_;
  std::string heard_;
};

}  // namespace tlfs::cli
