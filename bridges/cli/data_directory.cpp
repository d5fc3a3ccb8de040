#include "bridges/cli/data_directory.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "bridges/cli/input.h"
#include "bridges/cli/passphrase_input.h"

namespace tlfs::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKeyFile = "/device.key";
constexpr const char* kPassphraseVariable = "TLFS_PASSPHRASE";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The first line.
Result<access::Passphrase> read_passphrase(const std::string& path) {
  Result<Bytes> bytes = read_file(path, access::kMaxPassphraseBytes + 2, "a passphrase");
  if (!bytes) return bytes.error();
  const std::string_view text = as_text(*bytes);
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  Result<access::Passphrase> out = access::Passphrase(line);
  crypto::wipe(*bytes);
  return out;
}

}  // namespace

std::shared_ptr<DataOptions> add_data_options(CLI::App& app) {
  auto options = std::make_shared<DataOptions>();
  app.add_option("--data", options->directory,
                 "the node's data directory; else $TLFS_DATA, $XDG_DATA_HOME/tlfs or ~/.local/share/tlfs")
      ->type_name("DIR");
  app.add_option("--passphrase-file", options->passphrase_file,
                 "a file whose first line opens the device's key, or locks a new one; else $TLFS_PASSPHRASE")
      ->type_name("FILE");
  return options;
}

std::string default_data_directory() {
  if (std::string data = variable("TLFS_DATA"); !data.empty()) return data;
  if (const std::string share = variable("XDG_DATA_HOME"); !share.empty()) return share + "/tlfs";
  if (const std::string home = variable("HOME"); !home.empty()) return home + "/.local/share/tlfs";
  return "";
}

Result<std::string> directory_of(const DataOptions& options) {
  std::string out = options.directory.empty() ? default_data_directory() : options.directory;
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  if (out.empty())
    return Error(DataErrc::no_directory, "there is no home directory; name a data directory with --data");
  return out;
}

Status make_directory(const std::string& directory) {
  std::error_code error;
  if (fs::is_directory(directory, error)) return {};
  const fs::path parent = fs::path(directory).parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  if (::mkdir(directory.c_str(), 0700) == 0 || fs::is_directory(directory, error)) return {};
  return Error(DataErrc::unusable, directory + ": is no directory, and none can be made there");
}

bool was_used(const std::string& directory) {
  std::error_code ignored;
  return fs::exists(directory + kKeyFile, ignored);
}

std::string socket_of(const std::string& directory) { return directory + "/node.sock"; }

Result<std::optional<access::Passphrase>> passphrase_for(const DataOptions& options, const std::string& directory) {
  using Answer = std::optional<access::Passphrase>;
  const bool first_use = !was_used(directory);
  const auto given = [&](Result<access::Passphrase> passphrase) -> Result<Answer> {
    if (!passphrase) return passphrase.error();
    return Answer(std::move(*passphrase));
  };
  if (!first_use) {
    // What is no key file, the node will complain about.
    const Result<Bytes> file = read_file(directory + kKeyFile, access::kMaxKeyFileBytes, "a key file");
    const auto info = file ? access::read_key_file(*file) : Result<access::KeyFileInfo>(file.error());
    if (!info || info->lock != access::KeyFileInfo::Lock::passphrase) return Answer();
  }
  if (!options.passphrase_file.empty()) return given(read_passphrase(options.passphrase_file));
  if (first_use && !std::getenv(kPassphraseVariable)) return Answer();
  return given(ask_passphrase({kPassphraseVariable, "passphrase"}));
}

}  // namespace tlfs::cli
