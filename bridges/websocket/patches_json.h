// Patches as a browser reads them (README.md). Pure.
#pragma once

#include <string>
#include <vector>

#include "runtime/document/patch.h"

namespace tlfs::websocket_bridge {

std::string patches_json(const std::vector<document::Patch>& patches);

}  // namespace tlfs::websocket_bridge
