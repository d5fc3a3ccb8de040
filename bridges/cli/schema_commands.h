// `tlfs schema ...`: check, compile, show, diff and generate.
#pragma once

#include <CLI/CLI.hpp>

namespace tlfs::cli {

// Adds the command group to `app`. A command that runs writes results to stdout and problems to stderr, and sets
// `exit_code`: 0 all is well, 1 a problem was found, 2 the command line asks for something that does not exist. Both
// outlive the parsing.
void add_schema_commands(CLI::App& app, int& exit_code);

}  // namespace tlfs::cli
