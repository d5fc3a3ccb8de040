#include "bench/tlfs/inputs.h"

#include <algorithm>
#include <filesystem>

#include "runtime/base/utf.h"

namespace tlfs::bench {
namespace {

cli::Trace load(const Arguments& arguments, std::string_view name) {
  if (!arguments.trace_folder) absent("no trace folder given (--trace)");
  const std::string path = *arguments.trace_folder + "/" + std::string(name) + ".json.gz";
  if (!std::filesystem::exists(path)) absent("trace " + path + " is absent");
  return expect(cli::load_trace(path), "the trace");
}

}  // namespace

Session load_session(const Arguments& arguments, std::string_view name) {
  Session out;
  out.trace = load(arguments, name);
  require(!out.trace.concurrent && out.trace.start_content.empty(),
          "this row is defined for one writer and an empty start");
  out.edits.reserve(out.trace.patches.size());
  for (const cli::TracePatch& p : out.trace.patches) out.edits.push_back({p.position, p.deleted, p.inserted});
  out.end_content = out.trace.end_content;
  return out;
}

SharedSession load_shared_session(const Arguments& arguments, std::string_view name, std::uint32_t copies) {
  SharedSession out;
  out.trace = load(arguments, name);
  const cli::Trace& trace = out.trace;
  require(trace.concurrent && trace.agents == 2, "this row is defined for two writers");
  using Counts = std::array<std::uint32_t, 2>;
  const auto length = static_cast<std::uint32_t>(measure(trace.end_content).code_points);
  Counts before{};  // transactions of the copies before
  for (std::uint32_t copy = 0; copy < copies; ++copy) {
    Counts made{};
    std::vector<Counts> ancestors;  // by transaction, itself included
    ancestors.reserve(trace.transactions.size());
    for (const cli::TraceTransaction& t : trace.transactions) {
      const auto parents = trace.parents_of(t);
      require(!parents.empty() || ancestors.empty(), "this row is defined for a trace with one root");
      Counts seen{};
      for (const std::uint32_t p : parents)
        for (std::size_t a = 0; a < 2; ++a) seen[a] = std::max(seen[a], ancestors[p][a]);
      require(seen[t.agent] == made[t.agent] && t.patch_count == 1,
              "a transaction does not extend its writer's history by one edit");
      seen[t.agent] = ++made[t.agent];
      ancestors.push_back(seen);
      const cli::TracePatch& p = trace.patches_of(t).front();
      out.edits.push_back({p.position + copy * length, p.deleted, p.inserted});
      out.agent.push_back(static_cast<std::uint8_t>(t.agent));
      out.needs.push_back(before[1 - t.agent] + seen[1 - t.agent]);
    }
    for (std::size_t a = 0; a < 2; ++a) {
      require(ancestors.back()[a] == made[a], "this row is defined for a trace with one last transaction");
      before[a] += made[a];
    }
    out.end_content += trace.end_content;
  }
  return out;
}

}  // namespace tlfs::bench
