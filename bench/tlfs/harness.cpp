#include "bench/tlfs/harness.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

namespace tlfs::bench {
namespace {

constexpr std::string_view kImplementation = "tlfs";

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string number(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6f", value);
  return text;
}

template <class T>
T parsed(std::string_view name, const std::string& text, T (*parse)(const char*, char**)) {
  char* end = nullptr;
  const T value = parse(text.c_str(), &end);
  require(!text.empty() && *end == 0 && value >= 0, std::string(name) + " wants a number, not " + text);
  return value;
}

Arguments parse_arguments(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const auto value = [&]() -> std::string {
      require(i + 1 < argc, std::string(name) + " needs a value");
      return argv[++i];
    };
    const auto whole = [&] {
      const double n = parsed<double>(name, value(), std::strtod);
      require(n >= 1 && n <= 1e6, std::string(name) + " wants a number from 1 to 1000000");
      return static_cast<std::size_t>(n);
    };
    if (name == "--list") {
      out.list = true;
    } else if (name == "--prepare") {
      out.prepare = true;
    } else if (name == "--row") {
      out.row = value();
    } else if (name == "--runs") {
      out.runs = whole();
    } else if (name == "--min-runs") {
      out.min_runs = whole();
    } else if (name == "--budget") {
      out.budget_seconds = parsed<double>(name, value(), std::strtod);
    } else if (name == "--trace") {
      out.trace_folder = value();
    } else if (name == "--work") {
      out.work_folder = value();
    } else {
      require(false, "unknown argument " + std::string(name));
    }
  }
  return out;
}

void list(std::string_view version, const std::vector<Row>& rows) {
  std::printf("{\"implementation\": %s, \"version\": %s, \"rows\": [", quoted(kImplementation).c_str(),
              quoted(version).c_str());
  const char* between = "";
  for (const Row& row : rows) {
    std::printf("%s{\"row\": %s, \"prepare\": %s, \"fresh_process\": %s}", between, quoted(row.name).c_str(),
                row.prepare ? "true" : "false", row.fresh_process ? "true" : "false");
    between = ", ";
  }
  std::printf("]}\n");
}

// From here on the process's peak is that of the runs, not that of reading their input. Where that is not permitted it
// includes the input.
long reset_peak_kb() {
  trim_memory();
  std::ofstream("/proc/self/clear_refs") << "5";
  return static_cast<long>(resident_bytes() / 1024);
}

long peak_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long kb = 0;
    if (word == "VmHWM:" && status >> kb) return kb;
  }
  require(false, "/proc/self/status does not say VmHWM");
  return 0;
}

struct Samples {
  std::vector<Sample> all;
  const char* warm_up = "discarded";
};

Samples collect(const Row& row, const std::function<Sample()>& once, const Arguments& arguments) {
  const double budget = arguments.budget_seconds.value_or(std::numeric_limits<double>::infinity());
  Samples out;
  const bool deterministic = row.unit == "bytes";
  if (deterministic) {
    out.warm_up = "none";
  } else {
    const Clock::time_point start = Clock::now();
    Sample first = once();
    if (seconds_since(start) > budget / 4) {
      out.warm_up = "kept";
      out.all.push_back(std::move(first));
    }
  }
  const std::size_t runs = deterministic ? 1 : arguments.runs;
  const Clock::time_point start = Clock::now();
  while (out.all.size() < runs) {
    if (out.all.size() >= arguments.min_runs && seconds_since(start) > budget) break;
    out.all.push_back(once());
  }
  return out;
}

void measure(std::string_view version, const Row& row, const Arguments& arguments) {
  const std::function<Sample()> once = row.start(arguments);
  const long before_kb = reset_peak_kb();
  const Samples samples = collect(row, once, arguments);
  const long peak = peak_kb();

  std::string values, extra;
  for (const Sample& s : samples.all) values += (values.empty() ? "" : ", ") + number(s.value);
  for (std::size_t i = 0; i < samples.all.front().extra.size(); ++i) {
    std::vector<double> figures;
    for (const Sample& s : samples.all) figures.push_back(s.extra.at(i).second);
    extra += (extra.empty() ? "" : ", ") + quoted(samples.all.front().extra[i].first) + ": " + number(median(figures));
  }
  std::printf(
      "{\"implementation\": %s, \"version\": %s, \"row\": %s, \"unit\": %s, \"samples\": [%s], \"extra\": {%s}, "
      "\"warm_up\": \"%s\", \"rss_before_kb\": %ld, \"peak_rss_kb\": %ld, \"inside_the_clock\": %s}\n",
      quoted(kImplementation).c_str(), quoted(version).c_str(), quoted(row.name).c_str(), quoted(row.unit).c_str(),
      values.c_str(), extra.c_str(), samples.warm_up, before_kb, peak, quoted(row.inside).c_str());
}

}  // namespace

int run(std::string_view version, const std::vector<Row>& rows, int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  if (arguments.list) {
    list(version, rows);
    return 0;
  }
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.name == arguments.row; });
  require(row != rows.end(), "unknown row \"" + arguments.row + "\"; --list names them");
  require(!arguments.work_folder.empty(), "--work DIR is missing");
  std::filesystem::create_directories(arguments.work_folder);
  if (!arguments.prepare) {
    measure(version, *row, arguments);
  } else if (row->prepare) {
    row->prepare(arguments);
  }
  return 0;
}

void require(bool condition, std::string_view what) {
  if (condition) return;
  std::fprintf(stderr, "Error: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

void absent(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(3);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void trim_memory() { ::malloc_trim(0); }

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  require(static_cast<bool>(statm >> total >> resident), "/proc/self/statm cannot be read");
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

std::string saved_path(const Arguments& arguments, std::string_view name) {
  return arguments.work_folder + "/" + std::string(kImplementation) + "-" TLFS_VERSION "-" + std::string(name);
}

void write_saved(const Arguments& arguments, std::string_view name, ByteView bytes) {
  const std::string path = saved_path(arguments, name);
  const std::string part = path + ".part";  // a run that is killed leaves no half file behind
  std::ofstream out(part, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  require(out.good(), "cannot write " + part);
  std::filesystem::rename(part, path);
}

Bytes read_saved(const Arguments& arguments, std::string_view name) {
  const std::string path = saved_path(arguments, name);
  std::ifstream in(path, std::ios::binary);
  require(in.good(), path + " is not there; --prepare makes it");
  return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

}  // namespace tlfs::bench
