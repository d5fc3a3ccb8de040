#include "bridges/cli/demo_session.h"

#include <filesystem>

#include "runtime/base/environment.h"
#include "runtime/base/utf.h"
#include "schema/compiler/compile.h"

namespace tlfs::cli {
namespace {

constexpr std::string_view kRecorded = "../shared/traces/automerge-paper.json.gz";
constexpr std::uint32_t kInventedEdits = 60'000;

constexpr std::string_view kSchema = R"(
demo {
  0.1.0 {
    .: Struct
    .paper: Text
    .todos: Array
    .todos.[]: Struct
    .todos.[].title: MVReg<String>
    .todos.[].done: EWFlag
  }
}
)";

// Somebody types, mostly on, sometimes elsewhere, and takes back a tenth of it.
Trace invented() {
  SeededRandom random(2024);
  constexpr std::string_view letters = "etaoin shrdlu cmfwyp vbgkjqxz";
  Trace trace;
  std::string text;
  std::vector<TracePatch> patches;
  std::uint32_t at = 0;
  for (std::uint32_t i = 0; i < kInventedEdits; ++i) {
    const auto length = static_cast<std::uint32_t>(text.size());
    if (random.chance(0.02)) at = static_cast<std::uint32_t>(random.below(length + 1));
    TracePatch patch{at, 0, {}};
    if (at > 0 && random.chance(0.1)) {
      patch = {at - 1, 1, {}};
      text.erase(--at, 1);
    } else {
      const std::size_t letter = random.below(letters.size());
      patch.inserted = letters.substr(letter, 1);  // lives for ever
      text.insert(at++, patch.inserted);
    }
    patches.push_back(patch);
    trace.transactions.push_back({i, 1, 0, 0, 0});
  }
  trace.patches = std::move(patches);
  trace.text.assign(text.begin(), text.end());
  trace.end_content = as_text(trace.text);
  return trace;
}

}  // namespace

Result<DemoSession> demo_session(const std::string& path) {
  std::error_code ignored;
  if (path.empty() && !std::filesystem::exists(kRecorded, ignored))
    return DemoSession{invented(), false, "a made-up session"};
  const std::string file = path.empty() ? std::string(kRecorded) : path;
  Result<Trace> trace = load_trace(file);
  if (!trace) return trace.error();
  if (trace->concurrent)
    return Error(TraceErrc::malformed, file + ": a session of several writers; the demo wants one");
  return DemoSession{std::move(*trace), true, std::filesystem::path(file).filename().string()};
}

std::shared_ptr<const schema::Package> demo_package() {
  const auto compiled = schema::compile(kSchema, "demo.tlfs");
  TLFS_CHECK(compiled.ok(), "the demo's schema compiles");
  return compiled->front().package;
}

}  // namespace tlfs::cli
