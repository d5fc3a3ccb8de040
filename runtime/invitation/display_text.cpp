#include "runtime/invitation/display_text.h"

#include "runtime/base/utf.h"

namespace tlfs::invitation {
namespace {

// `text` is valid UTF-8 and not empty.
char32_t first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t width = utf8_width(lead);
  char32_t out = width == 1 ? lead : lead & (0x7fu >> width);
  for (std::size_t i = 1; i < width; ++i) out = out << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  return out;
}

bool shows_itself(char32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;
  if (c == 0x061c || c == 0x200e || c == 0x200f) return false;  // marks of direction
  if (c == 0x2028 || c == 0x2029) return false;                 // separators of lines and paragraphs
  if (c >= 0x202a && c <= 0x202e) return false;                 // embeddings and overrides
  if (c >= 0x2066 && c <= 0x2069) return false;                 // isolates
  return c < 0xe0000 || c > 0xe007f;                            // tags
}

}  // namespace

bool is_display_text(std::string_view text) {
  if (!is_valid_utf8(text)) return false;
  for (std::size_t i = 0; i < text.size(); i += utf8_width(static_cast<unsigned char>(text[i])))
    if (!shows_itself(first_code_point(text.substr(i)))) return false;
  return true;
}

}  // namespace tlfs::invitation
