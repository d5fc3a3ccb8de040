// Where the commands find a node: the options that they share.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "runtime/access/key_file.h"
#include "runtime/base/result.h"

namespace tlfs::cli {

struct DataOptions {
  std::string directory;        // empty: default_data_directory()
  std::string passphrase_file;  // empty: TLFS_PASSPHRASE, or a question
};

// Adds --data and --passphrase-file, which may stand anywhere on the line.
std::shared_ptr<DataOptions> add_data_options(CLI::App& app);

// $TLFS_DATA, else tlfs below $XDG_DATA_HOME, else ~/.local/share/tlfs. Empty when none of the three is set.
std::string default_data_directory();

enum class DataErrc : int { ok = 0, no_directory = 1, unusable = 2, never_used = 3 };
constexpr std::string_view errc_module(DataErrc) { return "data directory"; }
// The directory as told; no_directory when there is no default either.
Result<std::string> directory_of(const DataOptions& options);

// Makes the directory and those above it, for its owner alone.
Status make_directory(const std::string& directory);

// Whether a node was there before: it has a device's key.
bool was_used(const std::string& directory);

std::string socket_of(const std::string& directory);

// What opens the device's key in the directory, or is to lock a new one: from the file, from TLFS_PASSPHRASE, or, when
// the key there is locked with one, from whoever sits at the terminal. Nothing when none is needed.
Result<std::optional<access::Passphrase>> passphrase_for(const DataOptions& options, const std::string& directory);

}  // namespace tlfs::cli
