// `tlfs watch`: what happens to a document, line by line.
#pragma once

#include <CLI/CLI.hpp>

#include "bridges/cli/ask.h"

namespace tlfs::cli {

void add_watch_command(CLI::App& app, const CommandContext& context);

}  // namespace tlfs::cli
