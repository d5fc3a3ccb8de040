// Bytes and their textual forms.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tlfs {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Lower-case hexadecimal.
std::string to_hex(ByteView bytes);
// Nothing unless `text` has an even number of hexadecimal digits and nothing else.
std::optional<Bytes> from_hex(std::string_view text);

// Base64 with padding, RFC 4648 section 4.
std::string to_base64(ByteView bytes);
// Strict: canonical padding, no white space, unused bits zero; nothing otherwise.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace tlfs
