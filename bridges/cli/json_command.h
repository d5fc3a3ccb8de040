// `tlfs json`: JSON through a document and back.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>

namespace tlfs::cli {

// Of the JSON text.
inline constexpr std::size_t kMaxJsonInput = std::size_t{64} << 20;

// Adds the command to `app`. It imports a JSON text into a fresh document of a schema and writes the document's export
// to stdout; what does not fit stands on stderr with its path. Sets `exit_code`: 0 all is well, 1 the input has a
// problem, 2 the command line asks for a schema or a version that does not exist. Both outlive the parsing.
void add_json_command(CLI::App& app, int& exit_code);

}  // namespace tlfs::cli
