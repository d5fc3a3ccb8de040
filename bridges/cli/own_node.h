// A node that this process runs: because it was told to, or because nobody else does.
#pragma once

#include <memory>
#include <string>

#include "actors/node/node.h"
#include "bridges/cli/data_directory.h"
#include "bridges/control/control_server.h"

namespace tlfs::cli {

// Starts the node of the directory. At the first use of a directory the key that gets everything back is written to
// stderr. Errors as Node::start, and those of passphrase_for and make_directory. Without `network` it keeps to itself.
Result<std::unique_ptr<Node>> start_node(const DataOptions& options, const std::string& directory,
                                         std::optional<NetworkOptions> network = {});

// Lets other processes talk to it, through the socket in its directory. The node outlives the server.
Result<std::unique_ptr<control::ControlServer>> serve(Node& node, const std::string& directory);

}  // namespace tlfs::cli
