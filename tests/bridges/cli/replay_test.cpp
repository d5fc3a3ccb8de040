// Traces through the document engine: every graph of transactions, any script, and errors that say where.
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "bridges/cli/replay.h"
#include "bridges/cli/replay_plan.h"
#include "runtime/base/utf.h"

using namespace tlfs;
using namespace tlfs::cli;

namespace {

Trace trace_of(const std::string& json) {
  Result<Trace> trace = decode_trace(as_bytes(json));
  INFO(json);
  INFO((trace.ok() ? std::string() : trace.error().message()));
  REQUIRE(trace.ok());
  return std::move(*trace);
}

Result<ReplayReport> replayed(const std::string& json, bool batch = false) {
  const Trace trace = trace_of(json);
  return replay(trace, batch, SystemClock());
}

std::string one_writer(const std::string& start, const std::string& end, const std::string& transactions) {
  return R"({"startContent":")" + start + R"(","endContent":")" + end + R"(","txns":[)" + transactions + "]}";
}

std::string concurrent(int agents, const std::string& end, const std::string& transactions) {
  return R"({"kind":"concurrent","endContent":")" + end + R"(","numAgents":)" + std::to_string(agents) +
         R"(,"txns":[)" + transactions + "]}";
}

std::string transaction(const std::string& parents, int agent, const std::string& patches) {
  return R"({"parents":[)" + parents + R"(],"agent":)" + std::to_string(agent) + R"(,"patches":[)" + patches + "]}";
}

// A trace whose end content is known whatever the graph: the first transaction types a mark for every other one, and
// each of those replaces its own mark. Its position tells how many marks before it became wider in its past, so a
// writer that knows more or less than its parents hits another mark.
struct Marks {
  std::string json;
  std::size_t transactions;

  Marks(SeededRandom& random, std::size_t count, std::uint32_t agents, bool branching) : transactions(count + 1) {
    const std::vector<std::string> replacements = {"", "é", "e\u0301\u0323", "👩‍🚀!", "𝒳𝒴", "日本語"};
    std::vector<std::set<std::size_t>> past(count + 1);
    std::vector<std::size_t> last(agents, 0);
    std::vector<std::string> replacement(count + 1);
    std::string body = transaction("", 0, "[0,0,\"" + std::string(count, '.') + "\"]");
    for (std::size_t i = 1; i <= count; ++i) {
      const auto agent = static_cast<std::uint32_t>(random.below(agents));
      std::set<std::size_t> parents;
      if (!branching) parents.insert(last[agent]);
      while (parents.empty() || random.chance(0.3)) parents.insert(random.below(i));
      std::string parent_list;
      for (const std::size_t p : parents) {
        parent_list += (parent_list.empty() ? "" : ",") + std::to_string(p);
        past[i].insert(past[p].begin(), past[p].end());
        past[i].insert(p);
      }
      last[agent] = i;
      replacement[i] = replacements[random.below(replacements.size())];
      std::size_t position = i - 1;
      for (const std::size_t p : past[i])
        if (p > 0 && p < i) position += measure(replacement[p]).code_points - 1;
      body += "," + transaction(parent_list, static_cast<int>(agent),
                                "[" + std::to_string(position) + ",1,\"" + replacement[i] + "\"]");
    }
    std::string end;
    for (std::size_t i = 1; i <= count; ++i) end += replacement[i];
    json = concurrent(static_cast<int>(agents), end, body);
  }
};

}  // namespace

TEST_CASE("A trace of one writer ends with its end content, in single transactions and as one") {
  // Positions are code points: each of these characters counts once, whatever its bytes or UTF-16 units.
  const std::string json =
      one_writer("añ😀", "xa😀e\u0301𝒳-",
                 R"({"patches":[[0,0,"x"],[2,1,""]]},{"patches":[]},{"patches":[[3,0,"é𝒳"],[3,1,"e\u0301"]]},)"
                 R"({"patches":[[6,0,"-"]]})");
  for (const bool batch : {false, true}) {
    const auto report = replayed(json, batch);
    INFO((report.ok() ? std::string() : report.error().message()));
    REQUIRE(report.ok());
    CHECK(report->transactions == 4);
    CHECK(report->edits == 5);
    CHECK(report->characters == 7);
    CHECK(report->agents == 1);
    CHECK(report->replicas == 1);
    CHECK(report->compared == 1);
    CHECK(report->changes == 1);
    CHECK(report->history_bytes > 100);
    CHECK(report->archive_bytes.has_value());
  }
}

TEST_CASE("A trace without transactions is its start content") {
  CHECK(replayed(one_writer("", "", "")).ok());
  CHECK(replayed(one_writer("same", "same", R"({"patches":[]})")).ok());
  CHECK(replayed(concurrent(2, "", "")).ok());
}

TEST_CASE("A text that does not become the end content is a mismatch that says from where") {
  const auto report = replayed(one_writer("", "añc", R"({"patches":[[0,0,"añbc"]]})"));
  REQUIRE(!report.ok());
  CHECK(report.error().is(ReplayErrc::mismatch));
  CHECK(report.error().message() ==
        "the text of a replica that imported everything is not the end content: it has 4 characters where 3 are "
        "expected, and differs from character 2 on");
  // The first byte that differs lies inside a character.
  CHECK(replayed(one_writer("", "aò", R"({"patches":[[0,0,"añ"]]})"))
            .error()
            .message()
            .ends_with("differs from character 1 on"));
}

TEST_CASE("A patch outside the text is refused with the number of its transaction") {
  for (const bool batch : {false, true}) {
    const auto report =
        replayed(one_writer("", "ab", R"({"patches":[[0,0,"ab"]]},{"patches":[[1,0,"c"],[2,2,""]]})"), batch);
    REQUIRE(!report.ok());
    CHECK(report.error().is(ReplayErrc::bad_edit));
    CHECK(report.error().message() == "transaction 1: .text: positions 2 to 4 of a text of 3");
  }
  const auto report =
      replayed(concurrent(2, "", transaction("", 0, R"([0,0,"ab"])") + "," + transaction("", 1, R"([1,0,"c"])")));
  REQUIRE(!report.ok());
  CHECK(report.error().message() == "transaction 1: .text: positions 1 to 1 of a text of 0");
}

TEST_CASE("An edit that is larger than a transaction may be becomes several") {
  const std::string long_text(kMaxIdsPerTransaction * 2 + 7, 'z');
  const std::string json = one_writer("", "[é" + long_text + "]",
                                      R"({"patches":[[0,0,"[]"],[1,0,")" + long_text + "y" + long_text + R"("],[)" +
                                          std::to_string(1 + long_text.size()) + "," +
                                          std::to_string(1 + long_text.size()) + R"(,""],[1,0,"é"]]})");
  for (const bool batch : {false, true}) {
    const auto report = replayed(json, batch);
    INFO((report.ok() ? std::string() : report.error().message()));
    REQUIRE(report.ok());
    CHECK(report->changes > 3);
  }
}

TEST_CASE("Transactions that nobody interrupts are one run, and a fork by one agent gets a replica of its own") {
  // 0 ── 1 ── 2 ───── 5      agent 0: 0 1 2 5, then 6 from the beginning
  //  └── 3 ── 4 ──────┘      agent 1: 3 4
  //  └── 6
  const Trace trace =
      trace_of(concurrent(2, "",
                          transaction("", 0, "") + "," + transaction("0", 0, "") + "," + transaction("1", 0, "") + "," +
                              transaction("0", 1, "") + "," + transaction("3", 1, "") + "," +
                              transaction("2,4", 0, "") + "," + transaction("0", 0, "")));
  const ReplayPlan plan(trace);
  REQUIRE(plan.runs().size() == 5);
  CHECK(plan.runs()[0].transactions == std::vector<std::uint32_t>{0});
  CHECK(plan.runs()[1].transactions == std::vector<std::uint32_t>{1, 2});
  CHECK(plan.runs()[2].transactions == std::vector<std::uint32_t>{3, 4});
  CHECK(plan.runs()[3].transactions == std::vector<std::uint32_t>{5});
  CHECK(plan.runs()[3].parents == std::vector<std::uint32_t>{1, 2});
  CHECK(plan.agent_of_replica() == std::vector<std::uint32_t>{0, 1, 0});
  CHECK(plan.runs()[3].replica == 0);
  CHECK(plan.runs()[4].replica == 2);
  CHECK(plan.heads() == std::vector<std::uint32_t>{3, 4});
  CHECK(plan.missing(plan.runs()[3].parents, 1) == std::vector<std::uint32_t>{2});
  CHECK(plan.missing(plan.runs()[4].parents, 3) == std::nullopt);
  CHECK(plan.missing(plan.heads(), 4) == std::vector<std::uint32_t>{1, 2, 3});
  CHECK(plan.missing(plan.heads(), ReplayPlan::kNone) == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
}

TEST_CASE("Every transaction is made on exactly its parents, whatever the graph and whoever branches") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SeededRandom random(seed);
    const auto agents = static_cast<std::uint32_t>(1 + random.below(5));
    const Marks marks(random, 1 + random.below(40), agents, random.chance(0.5));
    CAPTURE(seed, marks.json);
    for (const bool batch : {false, true}) {
      const auto report = replayed(marks.json, batch);
      INFO((report.ok() ? std::string() : report.error().message()));
      REQUIRE(report.ok());
      CHECK(report->transactions == marks.transactions);
      CHECK(report->replicas >= report->agents);
      CHECK(report->compared == report->replicas);
    }
  }
}

TEST_CASE("More branches than replicas are kept still converge, and the report says how many were compared") {
  constexpr std::size_t kBranches = kMaxKeptReplicas + 20;
  std::string body = transaction("", 0, "[0,0,\"" + std::string(kBranches, '.') + "\"]");
  for (std::size_t i = 0; i < kBranches; ++i) body += "," + transaction("0", 0, "[" + std::to_string(i) + ",1,\"é\"]");
  std::string end;
  for (std::size_t i = 0; i < kBranches; ++i) end += "é";
  const auto report = replayed(concurrent(1, end, body));
  INFO((report.ok() ? std::string() : report.error().message()));
  REQUIRE(report.ok());
  CHECK(report->replicas == kBranches);
  CHECK(report->compared == kMaxKeptReplicas);
}

TEST_CASE("The recorded sessions end as they were recorded") {
  const std::string folder = TLFS_SHARED_DIR "/traces/";
  if (!std::filesystem::exists(folder)) {
    WARN("skipped: there are no recorded sessions beside this checkout");
    return;
  }
  for (const char* name : {"automerge-paper", "rustcode", "friendsforever"}) {
    const Result<Trace> trace = load_trace(folder + name + ".json.gz");
    REQUIRE(trace.ok());
    for (const bool batch : {false, true}) {
      const auto report = replay(*trace, batch, SystemClock());
      INFO(name << (report.ok() ? std::string() : report.error().message()));
      REQUIRE(report.ok());
      CHECK(report->compared == report->replicas);
      CHECK(report->agents == (trace->concurrent ? 2 : 1));
    }
  }
}
