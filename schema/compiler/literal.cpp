#include "schema/compiler/literal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "runtime/base/utf.h"
#include "schema/lens/node.h"

namespace tlfs::schema {
namespace {

std::string_view spelling_of(Primitive type) {
  switch (type) {
    case Primitive::none:
      break;
    case Primitive::boolean:
      return "true or false";
    case Primitive::u64:
      return "a whole number from 0 to 18446744073709551615";
    case Primitive::i64:
      return "a whole number from -9223372036854775808 to 9223372036854775807";
    case Primitive::f64:
      return "a number such as 1.5 or -2e10";
    case Primitive::string:
      return "a string in double quotes";
    case Primitive::bytes:
      return "bytes such as hex\"00ff\"";
  }
  return "";
}

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Debian's Emscripten has no std::from_chars for doubles; strtod reads the current locale, so the form is checked by
// hand and the runtime never sets one.
std::optional<double> read_f64(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at > from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (!digits()) return std::nullopt;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return std::nullopt;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (!digits()) return std::nullopt;
  }
  if (at != text.size()) return std::nullopt;
  const double value = std::strtod(std::string(text).c_str(), nullptr);
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

// The character of \u{hex}; `at` is behind the u and ends behind the brace.
std::optional<char32_t> read_unicode_escape(std::string_view text, std::size_t& at) {
  const std::size_t close = text.find('}', at);
  if (at >= text.size() || text[at] != '{' || close == std::string_view::npos) return std::nullopt;
  const std::string_view hex = text.substr(at + 1, close - at - 1);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (error != std::errc{} || end != hex.data() + hex.size() || value > 0x10ffff || surrogate) return std::nullopt;
  at = close + 1;
  return value;
}

// `body` is what stands between the quotes.
std::variant<Value, LiteralFault> read_string(std::string_view body) {
  std::string out;
  for (std::size_t at = 0; at < body.size();) {
    const char c = body[at++];
    if (c != '\\') {
      out += c;
      continue;
    }
    const char escape = at < body.size() ? body[at++] : '\0';
    std::optional<char32_t> code;
    if (escape == '"' || escape == '\\') code = static_cast<char32_t>(escape);
    if (escape == 'n') code = U'\n';
    if (escape == 't') code = U'\t';
    if (escape == 'r') code = U'\r';
    if (escape == 'u') code = read_unicode_escape(body, at);
    if (!code)
      return LiteralFault{"this string has an escape that means nothing", R"(one of \" \\ \n \t \r \u{1f600})"};
    append_utf8(out, *code);
  }
  return Value(std::move(out));
}

bool quoted(std::string_view s) { return s.size() >= 2 && s.front() == '"' && s.back() == '"'; }

}  // namespace

std::variant<Value, LiteralFault> read_literal(Primitive type, std::string_view spelling) {
  std::size_t shown = std::min<std::size_t>(spelling.size(), 40);
  while (shown < spelling.size() && (static_cast<unsigned char>(spelling[shown]) & 0xc0) == 0x80) ++shown;
  const LiteralFault wrong{
      std::string(spelling.substr(0, shown)) + " is not a default for MVReg<" + std::string(primitive_name(type)) + ">",
      std::string(spelling_of(type))};
  switch (type) {
    case Primitive::none:
      return wrong;
    case Primitive::boolean:
      if (spelling == "true") return Value(true);
      if (spelling == "false") return Value(false);
      return wrong;
    case Primitive::u64:
      if (const auto n = read_number<std::uint64_t>(spelling)) return Value(std::in_place_type<std::uint64_t>, *n);
      return wrong;
    case Primitive::i64:
      if (const auto n = read_number<std::int64_t>(spelling)) return Value(std::in_place_type<std::int64_t>, *n);
      return wrong;
    case Primitive::f64:
      if (const auto n = read_f64(spelling)) return Value(*n);
      return wrong;
    case Primitive::string:
      return quoted(spelling) ? read_string(spelling.substr(1, spelling.size() - 2)) : wrong;
    case Primitive::bytes:
      if (spelling.starts_with("hex") && quoted(spelling.substr(3))) {
        if (auto bytes = from_hex(spelling.substr(4, spelling.size() - 5))) return Value(*std::move(bytes));
      }
      return wrong;
  }
  return wrong;
}

}  // namespace tlfs::schema
