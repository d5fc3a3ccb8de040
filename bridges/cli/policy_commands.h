// `tlfs policy test`: runs scenarios of access and says what does not hold. `tlfs access explain`: why someone may do
// something in one, or what is missing.
#pragma once

#include <CLI/CLI.hpp>

namespace tlfs::cli {

// Adds both command groups to `app`. Results go to stdout, problems with the input to stderr. Sets `exit_code`: 0 all
// is well, 1 a scenario fails, 2 a file or the command line has a problem. Both outlive the parsing.
void add_policy_commands(CLI::App& app, int& exit_code);

}  // namespace tlfs::cli
