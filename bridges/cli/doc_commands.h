// `tlfs doc ...`: documents of a node.
#pragma once

#include <CLI/CLI.hpp>

#include "bridges/cli/ask.h"

namespace tlfs::cli {

void add_doc_commands(CLI::App& app, const CommandContext& context);

}  // namespace tlfs::cli
