// `tlfs replay TRACE`: a recorded editing session through the document engine.
#pragma once

#include <CLI/CLI.hpp>

namespace tlfs::cli {

// Adds the command to `app`. It writes figures to stdout and problems to stderr, and sets `exit_code`: 0 the end
// content was reached on every replica, 1 it was not or the trace is no trace. Both outlive the parsing.
void add_replay_command(CLI::App& app, int& exit_code);

}  // namespace tlfs::cli
