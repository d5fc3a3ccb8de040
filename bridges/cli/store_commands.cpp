#include "bridges/cli/store_commands.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "bridges/cli/ask.h"
#include "bridges/cli/data_directory.h"
#include "bridges/cli/figures.h"
#include "bridges/cli/progress.h"
#include "runtime/document/data.h"
#include "runtime/storage/layout.h"
#include "runtime/storage/repair.h"

namespace tlfs::cli {
namespace {

using document::Data;
using storage::CheckReport;
using storage::Count;
using storage::Finding;
using storage::Stat;

struct Options {
  std::string data;  // the directory
  bool json = false;
};

storage::LevelDbOptions store_of(const Options& o) {
  storage::LevelDbOptions options;
  options.directory = o.data + "/" + kStoreFolder;
  options.create = false;
  return options;
}

Data text(const std::string& s) { return Data(Value(s)); }
Data number(std::uint64_t n) { return Data(Value(n)); }

Data as_data(const CheckReport& report) {
  Data::Array findings;
  for (const Finding& f : report.findings) {
    Data::Object one;
    one.push_back({"trouble", text(std::string(storage::trouble_name(f.trouble)))});
    one.push_back({"document", f.document ? text(to_hex(*f.document)) : Data()});
    one.push_back({"key", f.key.empty() ? Data() : text(to_hex(f.key))});
    one.push_back({"message", text(f.message)});
    findings.push_back(Data(std::move(one)));
  }
  return Data(std::move(findings));
}

void print(const CheckReport& report) {
  for (const Finding& f : report.findings)
    std::cout << (f.trouble == Finding::Trouble::set_aside ? "set aside  " : "damage     ") << f.message << "\n";
  if (report.unlisted > 0) std::cout << "and " << format_count(report.unlisted) << " more\n";
}

// How far checking is, on a terminal.
class Bar {
 public:
  Bar() : progress_(std::cerr, is_terminal(2), clock_) {}
  storage::Store::Progress counting(std::uint64_t total) {
    if (!is_terminal(2)) return {};
    const Progress::Row row = progress_.add("reading", total, "records");
    return [this, row](std::uint64_t done) { progress_.set(row, done); };
  }
  void finish() { progress_.finish(); }

 private:
  SystemClock clock_;
  Progress progress_;
};

// Roughly, for the bar; nothing when the store does not open.
std::uint64_t records_in(const storage::LevelDbOptions& options) {
  const auto store = storage::open_leveldb_store(options);
  const auto stat = store ? (*store)->stat() : Result<Stat>(store.error());
  return stat ? stat->total().records + stat->documents.size() + 3 : 0;
}

int check(const Options& o) {
  const storage::LevelDbOptions options = store_of(o);
  Bar bar;
  const auto progress = is_terminal(2) ? bar.counting(records_in(options)) : storage::Store::Progress();
  const auto report = storage::check_leveldb_store(options, progress);
  bar.finish();
  if (!report) return complain(report.error(), o.json);
  bool damaged = report->unlisted > 0;
  for (const Finding& f : report->findings) damaged = damaged || f.trouble != Finding::Trouble::set_aside;
  if (o.json) {
    Data::Object out;
    out.push_back({"ok", Data(Value(!damaged))});
    out.push_back({"records", number(report->records)});
    out.push_back({"bytes", number(report->bytes)});
    out.push_back({"findings", as_data(*report)});
    out.push_back({"unlisted", number(report->unlisted)});
    std::cout << document::to_json(Data(std::move(out))) << "\n";
  } else {
    print(*report);
    std::cout << format_count(report->records) << " records, " << format_bytes(report->bytes) << ": "
              << (damaged ? "damaged; `tlfs store repair` saves what can be read" : "all whole") << "\n";
  }
  return finished(damaged ? kExitProblem : kExitOk);
}

// What could not be read may have been the device's own: its next start must not take the copy for the whole, and goes
// on as a new incarnation.
Status end_continuity(const Options& o) {
  const std::string path = o.data + "/" + kContinuityFile;
  std::error_code error;
  std::filesystem::remove(path, error);
  if (!error) return {};
  return Error(storage::Errc::denied, path + ": cannot be removed (" + error.message() +
                                          "); the store was repaired, but remove this file before the node starts");
}

int repair(const Options& o) {
  const storage::LevelDbOptions options = store_of(o);
  Bar bar;
  const auto progress = is_terminal(2) ? bar.counting(records_in(options)) : storage::Store::Progress();
  const auto report = storage::repair_leveldb_store(options, progress);
  bar.finish();
  if (!report) return complain(report.error(), o.json);
  if (!report->original.empty())
    if (const Status s = end_continuity(o); !s) return complain(s.error(), o.json);
  if (o.json) {
    Data::Object out;
    out.push_back({"original", report->original.empty() ? Data() : text(report->original)});
    out.push_back({"reason", report->reason.empty() ? Data() : text(report->reason)});
    out.push_back({"records", number(report->lost.records)});
    out.push_back({"bytes", number(report->lost.bytes)});
    out.push_back({"findings", as_data(report->lost)});
    out.push_back({"unlisted", number(report->lost.unlisted)});
    std::cout << document::to_json(Data(std::move(out))) << "\n";
    return finished(kExitOk);
  }
  print(report->lost);
  if (!report->original.empty())
    std::cout << report->reason << "\nThe damaged store lies in " << report->original
              << "; what could be read of it is in its place.\n";
  else if (report->lost.findings.empty())
    std::cout << "There was nothing to repair.\n";
  else
    std::cout << "Damaged records were set aside inside the store.\n";
  return finished(kExitOk);
}

Data as_data(const std::map<std::uint8_t, Count>& kinds, std::string (*name)(std::uint8_t)) {
  Data::Object out;
  for (const auto& [kind, count] : kinds) {
    Data::Object one;
    one.push_back({"records", number(count.records)});
    one.push_back({"bytes", number(count.bytes)});
    out.push_back({name(kind), Data(std::move(one))});
  }
  return Data(std::move(out));
}

std::string line(const std::map<std::uint8_t, Count>& kinds, std::string (*name)(std::uint8_t)) {
  std::string out;
  for (const auto& [kind, count] : kinds)
    out += (out.empty() ? "" : ", ") + format_count(count.records) + " " + name(kind) + " (" +
           format_bytes(count.bytes) + ")";
  return out.empty() ? "nothing" : out;
}

int stat(const Options& o) {
  const auto store = storage::open_leveldb_store(store_of(o));
  if (!store) return complain(store.error(), o.json);
  const auto stat = (*store)->stat();
  if (!stat) return complain(stat.error(), o.json);
  const Count total = stat->total();
  if (o.json) {
    Data::Array documents;
    for (const storage::DocumentStat& d : stat->documents) {
      Data::Object one;
      one.push_back({"id", text(to_hex(d.id))});
      one.push_back({"records", number(d.total().records)});
      one.push_back({"bytes", number(d.total().bytes)});
      one.push_back({"kinds", as_data(d.kinds, storage::kind_name)});
      documents.push_back(Data(std::move(one)));
    }
    Data::Object out;
    out.push_back({"format", number(stat->format)});
    out.push_back({"batches", number(stat->batches)});
    out.push_back({"disk_bytes", number(stat->disk_bytes)});
    out.push_back({"records", number(total.records)});
    out.push_back({"bytes", number(total.bytes)});
    out.push_back({"quarantined", number(stat->quarantined)});
    out.push_back({"node", as_data(stat->node, storage::region_name)});
    out.push_back({"documents", Data(std::move(documents))});
    std::cout << document::to_json(Data(std::move(out))) << "\n";
    return finished(kExitOk);
  }
  std::cout << "format       " << stat->format << "\n"
            << "on disk      " << format_bytes(stat->disk_bytes) << "\n"
            << "records      " << format_count(total.records) << " (" << format_bytes(total.bytes) << ")\n"
            << "batches      " << format_count(stat->batches) << "\n"
            << "quarantined  " << format_count(stat->quarantined) << "\n"
            << "node         " << line(stat->node, storage::region_name) << "\n"
            << "documents    " << format_count(stat->documents.size()) << "\n";
  for (const storage::DocumentStat& d : stat->documents)
    std::cout << to_hex(d.id) << "  " << line(d.kinds, storage::kind_name) << "\n";
  return finished(kExitOk);
}

}  // namespace

void add_store_commands(CLI::App& app, const CommandContext& context) {
  CLI::App* group = app.add_subcommand("store", "Check, repair and measure what a node keeps on its disk.");
  group->require_subcommand(1);
  group->fallthrough();                        // to --data
  const auto o = std::make_shared<Options>();  // lives as long as the callbacks that hold it
  const auto command = [&](const char* name, const char* what, const char* example, int (*run)(const Options&)) {
    add_node_verb(*group, context, {name, what, example, "No node may run there meanwhile."}, o->json,
                  [context, o, run] {
                    Result<std::string> directory = directory_of(*context.data);
                    if (!directory) return complain(directory.error(), o->json);
                    o->data = std::move(*directory);
                    return run(*o);
                  });
  };
  command("check", "Read and verify every record and name what is damaged or missing; changes nothing.",
          "tlfs store check", check);
  command("repair", "Save what can be read and say what was lost; the damaged original is kept.", "tlfs store repair",
          repair);
  command("stat", "Print bytes and records, by document.", "tlfs store stat", stat);
}

}  // namespace tlfs::cli
