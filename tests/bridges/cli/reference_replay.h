// The plainest possible replay of a trace, as a standard to hold others against: a string of code points and splices.
#pragma once

#include <optional>
#include <string>

#include "bridges/cli/trace.h"

namespace tlfs::cli {

struct ReplayOutcome {
  std::u32string text;
  // The first patch that reaches beyond the text as it was then: its transaction.
  std::optional<std::size_t> out_of_range;
};

// Valid UTF-8 to code points.
std::u32string code_points(std::string_view utf8);

// For traces of one writer. Stops at the first patch that is out of range.
ReplayOutcome reference_replay(const Trace& trace);

}  // namespace tlfs::cli
