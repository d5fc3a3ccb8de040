// `tlfs presence`: who is in a document, and what each of them shows.
#pragma once

#include "bridges/cli/ask.h"

namespace tlfs::cli {

void add_presence_command(CLI::App& app, const CommandContext& context);

}  // namespace tlfs::cli
