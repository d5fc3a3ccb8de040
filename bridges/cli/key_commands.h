// `tlfs key ...`: make, show and relock the files that hold a device's key.
#pragma once

#include <CLI/CLI.hpp>

namespace tlfs::cli {

// Adds the command group to `app`. Results go to stdout and problems to stderr; no secret goes anywhere but into the
// files. Sets `exit_code`: 0 all is well, 1 a file or a passphrase has a problem, 2 the command line asks for something
// that cannot be. Both outlive the parsing.
void add_key_commands(CLI::App& app, int& exit_code);

}  // namespace tlfs::cli
