// tlfs_simulate [--network] [--seed N] [--seeds A..B] [--minutes M] [--events N] [--disk records|leveldb]: runs
// simulations of one node, or of several and the network between them, and says which seed fails, with the one command
// that replays it.
//
// Every tenth seed of a range is run twice, to see that the same seed gives the same trace.
#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <optional>

#include "tests/simulation/network_simulation.h"
#include "tests/simulation/simulation.h"

using tlfs::simulation::DiskKind;
using tlfs::simulation::NetworkOptions;
using tlfs::simulation::NetworkReport;
using tlfs::simulation::Options;
using tlfs::simulation::Report;
using tlfs::simulation::simulate;
using tlfs::simulation::simulate_network;

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

struct NetworkTotals {
  std::uint64_t seeds = 0, failed = 0, steps = 0, nodes = 0, joined = 0, acknowledged = 0, crashes = 0, restarts = 0,
                broken = 0, liars = 0, traitors = 0, lies = 0, bans = 0, traffic = 0;
  std::size_t mailbox = 0, heap = 0;
  std::uint64_t quiet_bytes = 0;
  std::chrono::seconds converged{0};
  void add(const NetworkReport& r) {
    ++seeds;
    failed += r.faults.empty() ? 0 : 1;
    steps += r.steps;
    nodes += r.nodes;
    joined += r.joined;
    acknowledged += r.acknowledged;
    crashes += r.crashes;
    restarts += r.restarts;
    broken += r.broken;
    liars += r.liars;
    traitors += r.traitors;
    lies += r.lies;
    bans += r.bans;
    traffic = std::max(traffic, r.traffic);
    heap = std::max(heap, r.heap);
    mailbox = std::max(mailbox, r.mailbox);
    quiet_bytes = std::max(quiet_bytes, r.quiet_bytes);
    converged = std::max(converged, r.converged);
  }
  void print() const {
    std::cout << seeds << " seeds, " << steps << " steps, " << nodes << " nodes, " << joined << " joined, "
              << acknowledged << " writes acknowledged, " << crashes << " actors crashed, " << restarts
              << " nodes restarted, " << broken << " connections broken, " << liars << " liars cut off, " << traitors
              << " members told " << lies << " lies and were banned " << bans << " times; the longest mailbox held "
              << mailbox << ", the heap grew by at most " << heap << " bytes, one node told another at most " << traffic
              << ", all was equal after at most " << converged.count() << " s, and one node told another at most "
              << quiet_bytes << " bytes in a quiet minute";
    if (failed != 0) std::cout << "; " << failed << " seeds failed";
    std::cout << '\n';
  }
};

// True when all is well.
bool run(std::uint64_t seed, const NetworkOptions& options, bool twice, bool verbose, bool log, NetworkTotals& totals) {
  NetworkReport report = simulate_network(seed, options);
  if (twice && report.faults.empty() && simulate_network(seed, options).hash != report.hash)
    report.faults.push_back("the same seed gave another trace");
  totals.add(report);
  if (verbose) {
    std::cout << "trace " << std::hex << report.hash << std::dec << ": ";
    totals.print();
  }
  if (log) std::cerr << report.log;
  if (report.faults.empty()) return true;
  std::cerr << "seed " << seed << " failed:\n";
  for (const std::string& fault : report.faults) std::cerr << "  " << fault << '\n';
  std::cerr << "replay it with: ./dev simulate --network --seed " << seed;
  if (options.events != NetworkOptions().events) std::cerr << " --events " << options.events;
  if (options.calm) std::cerr << " --calm";
  if (options.nodes != NetworkOptions().nodes) std::cerr << " --nodes " << options.nodes;
  std::cerr << '\n';
  return false;
}

// Runs `one` for each seed, as long as there is time.
template <class One>
bool run_all(const std::pair<std::uint64_t, std::uint64_t>& range, double minutes, One one) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double, std::ratio<60>>(minutes);
  bool good = true;
  for (std::uint64_t n = range.first; n <= range.second; ++n) {
    if (minutes > 0 && std::chrono::steady_clock::now() >= end) break;
    good = one(n, n % 10 == 0) && good;
  }
  return good;
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
  std::size_t events = 0, nodes = 0;
  NetworkOptions network_options;
  bool network = false, log = false;
  app.add_option("--events", events, "how many things happen in a run");
  app.add_flag("--network", network, "several nodes and the network between them");
  app.add_flag("--calm", network_options.calm, "with --network: nothing crashes, breaks or is cut");
  std::uint32_t patience = 120;
  app.add_option("--patience", patience, "with --network: seconds until all must be equal");
  app.add_flag("--log", log, "with --network and --seed: what the nodes log");
  app.add_option("--nodes", nodes, "with --network: so many, whatever the seed says")->check(CLI::Range(2, 50));
  const std::map<std::string, DiskKind> disks{{"records", DiskKind::records}, {"leveldb", DiskKind::leveldb}};
  app.add_option("--disk", options.disk, "records: a disk that keeps a store's promise; leveldb: the real LevelDB")
      ->transform(CLI::CheckedTransformer(disks, CLI::ignore_case));
  CLI11_PARSE(app, argc, argv);

  network_options.patience = std::chrono::seconds(patience);
  network_options.nodes = nodes;
  if (events != 0) options.events = network_options.events = events;
  Totals totals;
  NetworkTotals network_totals;
  if (seed)
    return (network ? run(*seed, network_options, true, true, log, network_totals)
                    : run(*seed, options, true, true, totals))
               ? 0
               : 1;
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
  if (network) {
    const bool good = run_all(range, minutes, [&](std::uint64_t n, bool twice) {
      return run(n, network_options, twice, false, false, network_totals);
    });
    network_totals.print();
    return good ? 0 : 1;
  }
  const bool good =
      run_all(range, minutes, [&](std::uint64_t n, bool twice) { return run(n, options, twice, false, totals); });
  std::cout << totals.seeds << " seeds, " << totals.steps << " steps, " << totals.acknowledged
            << " writes acknowledged, " << totals.refused << " refused by a full disk, " << totals.crashes
            << " actors crashed, " << totals.power_losses << " losses of power, " << totals.damaged
            << " records damaged" << (good ? ": nothing was lost\n" : "\n");
  return good ? 0 : 1;
}
