#include "schema/lens/version.h"

#include <charconv>

namespace tlfs::schema {

std::optional<Version> Version::parse(std::string_view text) {
  std::uint32_t numbers[3];
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (int i = 0; i < 3; ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const char* const start = at;
    const auto [next, error] = std::from_chars(start, end, numbers[i]);
    if (error != std::errc{} || (*start == '0' && next != start + 1)) return std::nullopt;
    at = next;
  }
  if (at != end) return std::nullopt;
  return Version{numbers[0], numbers[1], numbers[2]};
}

std::string Version::text() const {
  return std::to_string(this->major) + "." + std::to_string(this->minor) + "." + std::to_string(this->patch);
}

}  // namespace tlfs::schema
