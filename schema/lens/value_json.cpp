#include "schema/lens/value_json.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace tlfs::schema {
namespace {

struct Speller {
  static constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(std::uint64_t v) const {
    return v <= kExact ? std::to_string(v) : json_string(std::to_string(v));
  }
  std::string operator()(std::int64_t v) const {
    const auto limit = static_cast<std::int64_t>(kExact);
    return v >= -limit && v <= limit ? std::to_string(v) : json_string(std::to_string(v));
  }
  std::string operator()(double v) const { return spell_f64(v); }
  std::string operator()(const std::string& v) const { return json_string(v); }
  std::string operator()(const Bytes& v) const { return json_string(to_base64(v)); }
};

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out.append("\\").append(1, c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string spell_f64(double value) {
  char buffer[40];
  for (int digits = 1; digits <= 17; ++digits) {
    std::snprintf(buffer, sizeof buffer, "%.*g", digits, value);
    if (std::strtod(buffer, nullptr) == value) break;
  }
  return buffer;
}

std::string value_json(const Value& value) { return std::visit(Speller{}, value); }

}  // namespace tlfs::schema
