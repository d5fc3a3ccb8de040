#include "actors/supervision/log_event.h"

#include <algorithm>
#include <charconv>

namespace tlfs::supervision {
namespace {

bool harmless(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("_-./:+@<>*[](){},#%~").find(c) != std::string_view::npos;
}

void append_text(std::string& line, std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), harmless)) {
    line += text;
    return;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  line += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += "\\x";
      line += kHex[byte >> 4];
      line += kHex[byte & 15];
    } else {
      line += c;
    }
  }
  line += '"';
}

template <class Number, class... Format>
void append_number(std::string& line, Number number, Format... format) {
  char digits[64];
  line.append(digits, std::to_chars(digits, digits + sizeof digits, number, format...).ptr);
}

}  // namespace

void log_event(spdlog::logger& logger, spdlog::level::level_enum level, std::string_view event, std::string_view path,
               std::initializer_list<Field> fields) {
  if (!logger.should_log(level)) return;
  std::string line(event);
  line += " path=";
  append_text(line, path);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (const auto* text = std::get_if<std::string_view>(&field.value))
      append_text(line, *text);
    else if (const auto* number = std::get_if<long long>(&field.value))
      append_number(line, *number);
    else if (const auto* natural = std::get_if<unsigned long long>(&field.value))
      append_number(line, *natural);
    else
      append_number(line, std::clamp(std::get<double>(field.value), -1e18, 1e18), std::chars_format::fixed, 3);
  }
  logger.log(level, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace tlfs::supervision
