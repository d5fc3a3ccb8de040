// `tlfs store ...`: look after what a node keeps in its data directory.
#pragma once

#include <CLI/CLI.hpp>

#include "bridges/cli/ask.h"

namespace tlfs::cli {

// Where in a data directory the store lies.
inline constexpr const char* kStoreFolder = "store";
// By which a node knows that the store is the one it wrote last (actors/node/identity.h).
inline constexpr const char* kContinuityFile = "continuity";

// Adds the command group to `app`. Results go to stdout and problems to stderr. The exit code is 1 when something is
// damaged or lost or there is no store, 4 when a node has it open or the disk does not let it be read.
void add_store_commands(CLI::App& app, const CommandContext& context);

}  // namespace tlfs::cli
