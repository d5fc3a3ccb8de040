// tlfs_simulate [--seed N] [--seeds A..B] [--minutes M] [--events N] [--disk records|leveldb]: runs simulations and
// says which seed fails, with the one command that replays it.
//
// Every tenth seed of a range is run twice, to see that the same seed gives the same trace.
#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <optional>

#include "tests/simulation/simulation.h"

using tlfs::simulation::DiskKind;
using tlfs::simulation::Options;
using tlfs::simulation::Report;
using tlfs::simulation::simulate;

namespace {

struct Totals {
  std::uint64_t seeds = 0, steps = 0, acknowledged = 0, crashes = 0, power_losses = 0, damaged = 0, refused = 0;
  void add(const Report& r) {
    ++seeds;
    steps += r.steps;
    acknowledged += r.acknowledged;
    crashes += r.crashes;
    power_losses += r.power_losses;
    damaged += r.damaged.size();
    refused += r.refused;
  }
};

std::optional<std::pair<std::uint64_t, std::uint64_t>> range_of(const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) return std::nullopt;
  try {
    const std::uint64_t from = std::stoull(text.substr(0, dots)), to = std::stoull(text.substr(dots + 2));
    if (from <= to) return std::pair(from, to);
  } catch (const std::exception&) {
  }
  return std::nullopt;
}

// True when all is well.
bool run(std::uint64_t seed, const Options& options, bool twice, bool verbose, Totals& totals) {
  Report report = simulate(seed, options);
  if (twice && report.faults.empty() && simulate(seed, options).hash != report.hash)
    report.faults.push_back("the same seed gave another trace");
  totals.add(report);
  if (verbose)
    std::cout << "seed " << seed << ": trace " << std::hex << report.hash << std::dec << ", " << report.steps
              << " steps, " << report.acknowledged << " writes acknowledged, " << report.crashes << " actors crashed, "
              << report.power_losses << " losses of power, " << report.damaged.size() << " records damaged\n";
  if (report.faults.empty()) return true;
  std::cerr << "seed " << seed << " failed:\n";
  for (const std::string& record : report.damaged) std::cerr << "  damaged: " << record << '\n';
  for (const std::string& fault : report.faults) std::cerr << "  " << fault << '\n';
  std::cerr << "replay it with: ./dev simulate --seed " << seed
            << (options.disk == DiskKind::leveldb ? " --disk leveldb" : "");
  if (options.events != Options().events) std::cerr << " --events " << options.events;
  std::cerr << '\n';
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs a node under a simulated world, once for every seed.", "tlfs_simulate");
  std::optional<std::uint64_t> seed;
  std::string seeds;
  double minutes = 0;
  Options options;
  app.add_option("--seed", seed, "this one, twice, and say what happened");
  app.add_option("--seeds", seeds, "all from A to B, written A..B");
  app.add_option("--minutes", minutes, "seeds from the beginning of --seeds on (or from 1) until the time is up");
  app.add_option("--events", options.events, "how many things happen in a run");
  const std::map<std::string, DiskKind> disks{{"records", DiskKind::records}, {"leveldb", DiskKind::leveldb}};
  app.add_option("--disk", options.disk, "records: a disk that keeps a store's promise; leveldb: the real LevelDB")
      ->transform(CLI::CheckedTransformer(disks, CLI::ignore_case));
  CLI11_PARSE(app, argc, argv);

  Totals totals;
  if (seed) return run(*seed, options, true, true, totals) ? 0 : 1;
  std::pair<std::uint64_t, std::uint64_t> range(1, 100);
  if (!seeds.empty()) {
    const auto parsed = range_of(seeds);
    if (!parsed) {
      std::cerr << "tlfs_simulate: --seeds takes A..B, not '" << seeds << "'\n";
      return 2;
    }
    range = *parsed;
  }
  if (minutes > 0) range.second = ~std::uint64_t{0};
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double, std::ratio<60>>(minutes);
  bool good = true;
  for (std::uint64_t n = range.first; n <= range.second; ++n) {
    if (minutes > 0 && std::chrono::steady_clock::now() >= end) break;
    good = run(n, options, n % 10 == 0, false, totals) && good;
  }
  std::cout << totals.seeds << " seeds, " << totals.steps << " steps, " << totals.acknowledged
            << " writes acknowledged, " << totals.refused << " refused by a full disk, " << totals.crashes
            << " actors crashed, " << totals.power_losses << " losses of power, " << totals.damaged
            << " records damaged" << (good ? ": nothing was lost\n" : "\n");
  return good ? 0 : 1;
}
