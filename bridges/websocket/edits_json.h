// Edits and paths as a browser writes them (README.md), as what a document actor takes. Pure; any bytes are safe.
#pragma once

#include <string_view>
#include <vector>

#include "actors/document/edit.h"

namespace tlfs::websocket_bridge {

inline constexpr std::size_t kMaxJsonParts = 1u << 20;  // values, arrays, objects and names of one request

// control::Errc::malformed names the edit, from 1; errors of document::parse_json.
Result<std::vector<document_actor::Edit>> parse_edits(std::string_view json);

}  // namespace tlfs::websocket_bridge
