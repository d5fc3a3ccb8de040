// The protocol of bench/README.md from the side of an implementation: arguments, warm-up, samples, one JSON object.
//
// A benchmark ends at the first thing that is wrong: require() and absent() end the process, so that no figure of a run
// that computed something else ever appears.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace tlfs::bench {

struct Arguments {
  bool list = false;
  bool prepare = false;
  std::string row;
  std::size_t runs = 7;
  std::size_t min_runs = 1;
  std::optional<double> budget_seconds;
  std::optional<std::string> trace_folder;
  std::string work_folder;
};

// One run: its figure, and further figures whose medians end up in `extra`, always the same ones.
struct Sample {
  double value = 0;
  std::vector<std::pair<std::string_view, double>> extra;
};

struct Row {
  std::string_view name;
  std::string_view unit;    // "ms", "us" or "bytes"
  std::string_view inside;  // what the samples contain, one sentence
  // Makes the bytes that the row starts from (see saved_path).
  std::function<void(const Arguments&)> prepare = {};
  bool fresh_process = false;
  // Reads the row's input; the function that comes back does one run.
  std::function<std::function<Sample()>(const Arguments&)> start = {};
};

// What the arguments ask for, of these rows; the process's exit code.
int run(std::string_view version, const std::vector<Row>& rows, int argc, char** argv);

// ---- for rows ----
// Ends the process with exit code 1 unless `condition` holds.
void require(bool condition, std::string_view what);
// Ends the process with exit code 3: an input is not there.
[[noreturn]] void absent(const std::string& what);
template <class T>
T expect(Result<T> result, std::string_view what) {
  require(result.ok(), std::string(what) + ": " + (result.ok() ? "" : result.error().message()));
  return std::move(result).value();
}
inline void expect(const Status& status, std::string_view what) {
  require(status.ok(), std::string(what) + ": " + (status.ok() ? "" : status.error().message()));
}

// Milliseconds that `work` took, and what it returned; whatever that holds is not freed inside the clock.
template <class F>
auto timed(F&& work) {
  const auto start = std::chrono::steady_clock::now();
  auto result = work();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  return std::pair(took.count(), std::move(result));
}

double median(std::vector<double> values);
void trim_memory();       // hands free pages back to the system
double resident_bytes();  // of this process

// Saved bytes in the work folder. Ours are made anew by every --prepare: it takes seconds, and the formats are young.
std::string saved_path(const Arguments& arguments, std::string_view name);
void write_saved(const Arguments& arguments, std::string_view name, ByteView bytes);
Bytes read_saved(const Arguments& arguments, std::string_view name);

}  // namespace tlfs::bench
