// `tlfs completion`: what a shell needs to complete this command line.
#pragma once

#include <CLI/CLI.hpp>

namespace tlfs::cli {

// Adds the command; the script knows the commands and options that `app` has when it is printed.
void add_completion_command(CLI::App& app, int& exit_code);

}  // namespace tlfs::cli
