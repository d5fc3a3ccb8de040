#include "bridges/cli/own_node.h"

#include <iostream>

#include "bridges/control/control_session.h"
#include "runtime/crypto/secret.h"

namespace tlfs::cli {
namespace {

void show_recovery_key(const std::string& directory, const crypto::SigningKey& key) {
  const crypto::Secret seed = key.seed();
  Bytes bytes(seed.expose().begin(), seed.expose().end());
  std::string digits = to_hex(bytes);
  std::cerr << directory << " is used for the first time; a device key and a user were made.\n"
            << "recovery key: " << digits << "\n"
            << "Write it down and keep it safe: with it you get everything back when all your devices are lost, and so "
               "does anybody else who has it. It is kept nowhere and is not shown again.\n"
            << std::flush;
  crypto::wipe(bytes);
  crypto::wipe(std::span<std::uint8_t>(reinterpret_cast<std::uint8_t*>(digits.data()), digits.size()));
}

}  // namespace

Result<std::unique_ptr<Node>> start_node(const DataOptions& options, const std::string& directory,
                                         std::optional<NetworkOptions> network) {
  if (const Status s = make_directory(directory); !s) return s.error();
  Result<std::optional<access::Passphrase>> passphrase = passphrase_for(options, directory);
  if (!passphrase) return passphrase.error();
  Node::Settings settings;
  settings.directory = directory;
  settings.passphrase = std::move(*passphrase);
  settings.new_user = [directory](const crypto::SigningKey& key) { show_recovery_key(directory, key); };
  settings.network = std::move(network);
  return Node::start(std::move(settings));
}

Result<std::unique_ptr<control::ControlServer>> serve(Node& node, const std::string& directory) {
  control::ControlServer::Settings settings;
  settings.path = socket_of(directory);
  settings.session = [&node](control::Emit emit) {
    return std::make_unique<control::ControlSession>(node, std::move(emit));
  };
  return control::ControlServer::start(settings);
}

}  // namespace tlfs::cli
