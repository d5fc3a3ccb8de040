// `tlfs store ...`: look after what a node keeps in its data directory.
#pragma once

#include <CLI/CLI.hpp>

namespace tlfs::cli {

// Where in a data directory the store lies.
inline constexpr const char* kStoreFolder = "store";
// By which a node knows that the store is the one it wrote last (actors/node/identity.h).
inline constexpr const char* kContinuityFile = "continuity";

// Adds the command group to `app`. Results go to stdout and problems to stderr. Sets `exit_code`: 0 all is well, 1
// something is damaged or lost, or the store cannot be opened. Both outlive the parsing.
void add_store_commands(CLI::App& app, int& exit_code);

}  // namespace tlfs::cli
