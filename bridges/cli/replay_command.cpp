#include "bridges/cli/replay_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "bridges/cli/figures.h"
#include "bridges/cli/replay.h"
#include "runtime/document/data.h"

namespace tlfs::cli {
namespace {

struct Options {
  std::string trace;
  bool json = false;
  bool batch = false;
};

double seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

double per_second(std::uint64_t n, std::chrono::nanoseconds d) {
  return d.count() > 0 ? static_cast<double>(n) / seconds(d) : 0;
}

std::string counted(std::uint64_t n, const std::string& what) {
  return format_count(n) + " " + what + (n == 1 ? "" : "s");
}

std::string as_json(const Options& o, const Trace& trace, const ReplayReport& r, std::chrono::nanoseconds parse) {
  using document::Data;
  Data::Object out;
  const auto add = [&](const char* name, Value value) { out.push_back({name, Data(std::move(value))}); };
  add("trace", o.trace);
  add("kind", std::string(trace.concurrent ? "concurrent" : "one writer"));
  add("batch", o.batch);
  add("transactions", r.transactions);
  add("edits", r.edits);
  add("agents", r.agents);
  add("replicas", r.replicas);
  add("compared", r.compared);
  add("seconds", seconds(r.apply));
  add("edits_per_second", per_second(r.edits, r.apply));
  add("parse_seconds", seconds(parse));
  add("merge_seconds", seconds(r.merge));
  add("changes", r.changes);
  add("history_bytes", r.history_bytes);
  add("archive_bytes", r.archive_bytes ? Value(*r.archive_bytes) : Value());
  add("characters", r.characters);
  add("matches", true);
  return document::to_json(Data(std::move(out)));
}

std::string as_text(const Options& o, const Trace& trace, const ReplayReport& r, std::chrono::nanoseconds parse) {
  const std::string writers =
      trace.concurrent ? counted(r.agents, "writer") + " on " + counted(r.replicas, "replica") : "one writer";
  return o.trace + ": " + writers + ", " + counted(r.transactions, "transaction") +
         (o.batch ? ", in as few as possible" : "") + "\nedits      " + format_count(r.edits) + "\ntime       " +
         format_duration(r.apply) + " (" + format_rate(r.edits, r.apply) + "), after " + format_duration(parse) +
         " of reading the file\nmerge      " + format_duration(r.merge) +
         " for a fresh replica to import it all\nhistory    " + format_bytes(r.history_bytes) + " in " +
         counted(r.changes, "change") +
         (r.archive_bytes ? ", " + format_bytes(*r.archive_bytes) + " as an archive" : std::string()) +
         "\nend        " + counted(r.characters, "character") + ", as the trace says, on " +
         (trace.concurrent ? "this and " + counted(r.compared, "writing replica") : "both replicas");
}

int run(const Options& o) {
  const SystemClock clock;
  const auto start = clock.monotonic();
  const Result<Trace> trace = load_trace(o.trace);
  const auto parse = clock.monotonic() - start;
  if (!trace) {
    std::cerr << trace.error().message() << "\n";
    return 1;
  }
  const Result<ReplayReport> report = replay(*trace, o.batch, clock);
  if (!report) {
    std::cerr << o.trace << ": " << report.error().message() << "\n";
    return 1;
  }
  std::cout << (o.json ? as_json(o, *trace, *report, parse) : as_text(o, *trace, *report, parse)) << "\n";
  return 0;
}

}  // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<Options>();  // lives as long as the callback that holds it
  CLI::App* command =
      app.add_subcommand("replay", "Replay an editing trace into a document and check the text it ends with.");
  command->add_option("TRACE", options->trace, "a trace of one writer or several, JSON, gzipped or not")->required();
  command->add_flag("--json", options->json, "print one JSON object");
  command->add_flag("--batch", options->batch,
                    "one transaction for everything (several writers: for each stretch that nobody interrupts)");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tlfs::cli
