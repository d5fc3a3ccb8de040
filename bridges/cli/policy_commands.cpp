#include "bridges/cli/policy_commands.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "bridges/cli/input.h"
#include "bridges/cli/progress.h"
#include "bridges/policy/explain.h"
#include "bridges/policy/runner.h"

namespace tlfs::cli {
namespace {

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr int kBadInput = 2;
constexpr std::size_t kMaxOrders = 100000;

struct Options {
  std::vector<std::string> files;
  std::string file;
  std::size_t orders = 20;
  std::uint64_t seed = 1;
  policy::Question question;
  std::string level;
  bool json = false;
};

Result<policy::Scenario> load(const std::string& file) {
  const Result<Bytes> text = file == "-" ? read_stream(std::cin, "standard input", policy::kMaxScenarioBytes)
                                         : read_file(file, policy::kMaxScenarioBytes, "a policy scenario");
  if (!text) return text.error();
  Result<policy::Scenario> scenario = policy::parse_scenario(as_text(*text));
  if (!scenario) return scenario.error().within(file);
  return scenario;
}

std::string indented(const std::string& text) {
  std::string out = "    ";
  for (const char c : text) out += c == '\n' ? std::string("\n    ") : std::string(1, c);
  return out;
}

int test(const Options& o) {
  const SystemClock clock;
  const bool live = is_terminal(2);
  Progress progress(std::cerr, live, clock);
  Progress::Row row = 0;
  if (live) row = progress.add("policy test", o.files.size() * o.orders, "orders");
  std::size_t done = 0, failed = 0;
  int code = kOk;
  const auto say = [&](const std::string& line) {
    if (live)
      progress.say(line);
    else
      std::cout << line << "\n";
  };
  for (const std::string& file : o.files) {
    const Result<policy::Scenario> scenario = load(file);
    if (!scenario) {
      if (live)
        progress.say(scenario.error().message());
      else
        std::cerr << scenario.error().message() << "\n";
      code = kBadInput;
      continue;
    }
    const auto failure = policy::run_in_orders(*scenario, {o.orders, o.seed}, [&] {
      if (live) progress.set(row, ++done);
    });
    if (!failure) {
      say("ok      " + file + (scenario->title.empty() ? "" : ": " + scenario->title));
      continue;
    }
    ++failed;
    say("FAILED  " + file + (scenario->title.empty() ? "" : ": " + scenario->title));
    say(indented((failure->step > 0 ? "step " + std::to_string(failure->step) + " " + failure->text + "\n" : "") +
                 failure->seen + (failure->explanation.empty() ? "" : "\n" + failure->explanation) +
                 "\nto see it again: --orders 1 --seed " + std::to_string(failure->seed)));
  }
  if (live) progress.finish();
  if (failed > 0) std::cout << failed << " of " << o.files.size() << " scenarios failed\n";
  std::cout.flush();
  if (failed > 0 && code == kOk) code = kFailed;
  return code;
}

int explain(const Options& o) {
  const Result<policy::Scenario> scenario = load(o.file);
  if (!scenario) {
    std::cerr << scenario.error().message() << "\n";
    return kBadInput;
  }
  policy::Question question = o.question;
  question.level = access::level_from_name(o.level).value_or(policy::Level::none);
  question.seed = o.seed;
  const Result<policy::Reason> reason = policy::explain(*scenario, question);
  if (!reason) {
    std::cerr << o.file << ": " << reason.error().message() << "\n";
    return reason.error().is(policy::ScenarioErrc::failed) ? kFailed : kBadInput;
  }
  std::cout << (o.json ? policy::to_json(*reason) : policy::to_text(*reason)) << "\n";
  std::cout.flush();
  return kOk;
}

}  // namespace

void add_policy_commands(CLI::App& app, int& exit_code) {
  const auto o = std::make_shared<Options>();  // lives as long as the callbacks that hold it

  CLI::App* policy = app.add_subcommand("policy", "Test policies of access with scenarios.");
  policy->require_subcommand(1);
  CLI::App* test_command = policy->add_subcommand(
      "test", "Run scenarios, each in many orders of delivery, and say what does not hold and why.");
  test_command->add_option("FILE", o->files, "scenarios; - for standard input")->required();
  test_command->add_option("--orders", o->orders, "how many orders of delivery")
      ->check(CLI::Range(std::size_t{1}, kMaxOrders))
      ->capture_default_str();
  test_command->add_option("--seed", o->seed, "of the first order; the others count up from it")->capture_default_str();
  test_command->callback([o, &exit_code] { exit_code = test(*o); });

  CLI::App* access = app.add_subcommand("access", "Ask who may do what, and why.");
  access->require_subcommand(1);
  CLI::App* explain_command =
      access->add_subcommand("explain", "Say why someone may do something in a scenario, or what is missing.");
  const std::vector<std::string> levels = {"sync", "read", "write", "control", "own"};
  explain_command->add_option("FILE", o->file, "a scenario; - for standard input")->required();
  explain_command->add_option("--doc", o->question.document, "which document")->required();
  explain_command->add_option("--who", o->question.who, "a person, or anyone")->required();
  explain_command->add_option("--level", o->level, "sync, read, write, control or own")
      ->required()
      ->check(CLI::IsMember(levels));
  explain_command->add_option("--at", o->question.path, "a path; the root when not given");
  explain_command->add_option("--as", o->question.as, "whose node is asked; the creator's when not given");
  explain_command->add_option("--after", o->question.after, "after which step; after the last one when not given")
      ->check(CLI::Range(std::size_t{0}, policy::kMaxSteps));
  explain_command->add_option("--seed", o->seed, "of the order of delivery")->capture_default_str();
  explain_command->add_flag("--json", o->json, "as data");
  explain_command->callback([o, &exit_code] { exit_code = explain(*o); });
}

}  // namespace tlfs::cli
