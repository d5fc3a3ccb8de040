// UTF-8 and the two units in which positions in a text are counted.
//
// Everything inside the runtime is valid UTF-8 (RFC 3629: shortest form, no surrogates, at most U+10FFFF); it is
// checked once, at the border.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tlfs {

struct TextLength {
  std::uint64_t code_points = 0;
  std::uint64_t utf16 = 0;  // code units
  TextLength& operator+=(TextLength o) {
    code_points += o.code_points;
    utf16 += o.utf16;
    return *this;
  }
  friend bool operator==(TextLength, TextLength) = default;
};

bool is_valid_utf8(std::string_view text);

// `text` is valid UTF-8.
TextLength measure(std::string_view text);

// Byte offset of the code point number `code_points`; the text's size when it has no more than that.
std::size_t byte_offset_of_code_point(std::string_view text, std::uint64_t code_points);

// Bytes of the code point whose first byte is `lead`.
constexpr std::size_t utf8_width(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4; }

// The first bytes of `text`, at most `max_bytes`, cut between two characters; all of it where it is shorter. Of a text
// that is not valid UTF-8 it is some prefix.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);

void append_utf8(std::string& out, char32_t code_point);

}  // namespace tlfs
