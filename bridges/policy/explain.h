// Why someone may do something after some step of a scenario, or what is missing: as data, as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "bridges/policy/scenario.h"

namespace tlfs::policy {

struct Question {
  std::string document;
  std::string who;  // a person or "anyone"
  Level level = Level::none;
  std::string path = ".";
  std::string as;                 // whose node is asked; empty: the creator's
  std::size_t after = kMaxSteps;  // the number of the last step that is taken
  std::uint64_t seed = 1;
};

// A statement of the chain.
struct Link {
  std::string statement;  // its hash
  std::string kind;       // "genesis", "grant"; "revoke" where it is a level that a revocation kept; "cut"
  std::string author;
  std::string to;     // of genesis and grant
  std::string level;  // of genesis and grant
};

struct Reason {
  bool allowed = false;
  std::string who, level, document, path, as;
  std::string has;  // the level that `who` has there
  std::string sentence;
  std::vector<Link> chain;       // genesis first
  std::vector<Link> membership;  // of groups, from the outermost
  std::optional<Link> ended_by;
};

// malformed: the question names what is not there. failed: the scenario does not come as far as the step.
Result<Reason> explain(const Scenario& scenario, const Question& question);

std::string to_text(const Reason& reason);
std::string to_json(const Reason& reason);

}  // namespace tlfs::policy
