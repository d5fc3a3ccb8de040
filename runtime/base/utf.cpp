#include "runtime/base/utf.h"

#include <cstring>

namespace tlfs {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080u;

std::uint64_t load8(const char* p) {
  std::uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

bool is_valid_utf8(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end) {
    if (end - p >= 8 && (load8(p) & kHighBits) == 0) {
      p += 8;
      continue;
    }
    const auto lead = static_cast<unsigned char>(*p);
    if (lead < 0x80) {
      ++p;
      continue;
    }
    if (lead < 0xc2 || lead > 0xf4) return false;
    const std::size_t width = utf8_width(lead);
    if (static_cast<std::size_t>(end - p) < width) return false;
    for (std::size_t i = 1; i < width; ++i)
      if (!is_continuation(p[i])) return false;
    const auto second = static_cast<unsigned char>(p[1]);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
        (lead == 0xf4 && second > 0x8f))
      return false;
    p += width;
  }
  return true;
}

TextLength measure(std::string_view text) {
  TextLength n;
  for (std::size_t i = 0; i < text.size();) {
    if (text.size() - i >= 8 && (load8(text.data() + i) & kHighBits) == 0) {
      n.code_points += 8;
      n.utf16 += 8;
      i += 8;
      continue;
    }
    const std::size_t width = utf8_width(static_cast<unsigned char>(text[i]));
    n.code_points += 1;
    n.utf16 += width == 4 ? 2 : 1;
    i += width;
  }
  return n;
}

std::size_t byte_offset_of_code_point(std::string_view text, std::uint64_t code_points) {
  std::size_t i = 0;
  while (code_points > 0 && i < text.size()) {
    if (code_points >= 8 && text.size() - i >= 8 && (load8(text.data() + i) & kHighBits) == 0) {
      code_points -= 8;
      i += 8;
      continue;
    }
    i += utf8_width(static_cast<unsigned char>(text[i]));
    --code_points;
  }
  return i;
}

std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && is_continuation(text[end])) --end;
  return text.substr(0, end);
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xc0 | c >> 6));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | c >> 12));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xf0 | c >> 18));
    out.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  }
}

}  // namespace tlfs
