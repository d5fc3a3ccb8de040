#include "schema/compiler/diagnostics.h"

#include <algorithm>

#include "runtime/base/utf.h"

namespace tlfs::schema {
namespace {

constexpr std::size_t kShownBefore = 60;  // bytes of the line in front of the offending text
constexpr std::size_t kShownAfter = 60;   // and from its start on

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

// What a terminal could take as a command becomes a question mark.
std::string printable(std::string_view text) {
  std::string out;
  for (char c : text) out += (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f ? '?' : c;
  return out;
}

}  // namespace

std::string render(const Diagnostic& diagnostic, std::string_view source, std::string_view file_name) {
  const std::size_t at = std::min(diagnostic.offset, source.size());
  const std::size_t previous = at == 0 ? std::string_view::npos : source.rfind('\n', at - 1);
  const std::size_t start = previous == std::string_view::npos ? 0 : previous + 1;
  std::size_t end = std::min(source.find('\n', at), source.size());
  if (end > at && source[end - 1] == '\r') --end;
  const auto line = 1 + std::count(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(at), '\n');

  std::size_t from = at - start > kShownBefore ? at - kShownBefore : start;
  while (from < at && continues(source[from])) ++from;
  std::size_t to = std::min(end, at + kShownAfter);
  while (to < end && continues(source[to])) ++to;

  std::string out(file_name);
  out.append(":")
      .append(std::to_string(line))
      .append(":")
      .append(std::to_string(1 + code_points(source.substr(start, at - start))));
  out.append(": ").append(diagnostic.message).append("\n");
  const std::string_view before = source.substr(from, at - from);
  out.append("  ").append(printable(before)).append(printable(source.substr(at, to - at))).append("\n  ");
  for (char c : before) {
    if (!continues(c)) out += c == '\t' ? '\t' : ' ';
  }
  const std::size_t marked = code_points(source.substr(at, std::min(diagnostic.length, to - at)));
  out.append("^").append(marked > 1 ? marked - 1 : 0, '~');
  if (!diagnostic.expected.empty()) out.append("\n  expected ").append(diagnostic.expected);
  return out;
}

}  // namespace tlfs::schema
