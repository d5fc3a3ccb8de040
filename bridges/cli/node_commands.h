// `tlfs id` and `tlfs node ...`: the node itself.
#pragma once

#include <CLI/CLI.hpp>

#include "bridges/cli/ask.h"

namespace tlfs::cli {

void add_node_commands(CLI::App& app, const CommandContext& context);

}  // namespace tlfs::cli
