// `tlfs people`: handing out who one is, and taking in who others are.
#pragma once

#include "bridges/cli/ask.h"

namespace tlfs::cli {

void add_people_commands(CLI::App& app, const CommandContext& context);

}  // namespace tlfs::cli
