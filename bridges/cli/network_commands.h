// `tlfs peers`, `tlfs connect`, `tlfs sync status`: the links of a running node to others.
#pragma once

#include "bridges/cli/ask.h"

namespace tlfs::cli {

void add_network_commands(CLI::App& app, const CommandContext& context);

}  // namespace tlfs::cli
