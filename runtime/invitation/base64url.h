// Base64 for links and names: RFC 4648 section 5, without padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/bytes.h"

namespace tlfs::invitation {

std::string to_base64url(ByteView bytes);
// Strict: no padding, no white space, unused bits zero; nothing otherwise.
std::optional<Bytes> from_base64url(std::string_view text);

}  // namespace tlfs::invitation
