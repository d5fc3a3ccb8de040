// A policy scenario: people, documents and what they do, one step after the other, with what is expected of it.
// examples/policies/README.md documents the JSON that it is written in.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/document/data.h"
#include "runtime/policy/person.h"
#include "schema/lens/package.h"

namespace tlfs::policy {

enum class ScenarioErrc : int { ok = 0, malformed = 1, failed = 2 };
constexpr std::string_view errc_module(ScenarioErrc) { return "scenario"; }

inline constexpr std::size_t kMaxScenarioBytes = std::size_t{4} << 20;
inline constexpr std::size_t kMaxSteps = 10000;

// What someone does to a document, or wants to.
struct Create {
  std::string document;
};
struct Set {
  std::string path;
  document::Data value;
};
struct Remove {
  std::string path;
};
struct GrantStep {
  Level level = Level::none;
  std::string path;
  Who to;
};
struct RevokeStep {
  Level level = Level::none;
  std::string path;
  Who from;
  Level keep = Level::none;
};
struct AdmitAll {
  Who from;
};
struct UseVersion {
  std::string version;
};
struct AddDevice {
  std::string device;
};
struct RemoveDevice {
  std::string device;
};
struct Act {
  std::string person, document;
  std::variant<Create, Set, Remove, GrantStep, RevokeStep, AdmitAll, UseVersion, AddDevice, RemoveDevice> does;
  bool refused = false;  // whether the person's own node has to refuse it
};

// Who meets; everyone when it is a delivery.
struct Meet {
  std::vector<std::string> people;
  bool everyone = false;
};

// What has to be so, at the node of `person`.
struct SeesValue {
  std::string path;
  document::Data value;
};
struct Can {
  Who who;
  Level level = Level::none;
  std::string path;
  bool is = true;
};
struct WithheldCount {
  std::size_t changes = 0;
};
struct CannotRead {
  std::string path;
};
struct Expect {
  std::string person, document;
  std::variant<SeesValue, Can, WithheldCount, CannotRead> that;
};

struct Step {
  std::string text;  // its JSON
  std::variant<Act, Meet, Expect> is;
};

struct Scenario {
  std::string title;  // may be empty
  std::shared_ptr<const schema::Package> package;
  std::vector<std::string> people;
  std::vector<Step> steps;
};

// Anything may stand in `json`. malformed: the message names the step by number, shows it, and says what was expected.
Result<Scenario> parse_scenario(std::string_view json);

}  // namespace tlfs::policy
