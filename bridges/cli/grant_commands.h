// `tlfs grant` and `tlfs revoke`: who may do what in a document.
#pragma once

#include <CLI/CLI.hpp>

#include "bridges/cli/ask.h"

namespace tlfs::cli {

void add_grant_commands(CLI::App& app, const CommandContext& context);

}  // namespace tlfs::cli
