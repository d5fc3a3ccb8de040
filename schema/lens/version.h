// The number of a schema version, major.minor.patch.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tlfs::schema {

struct Version {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t patch = 0;

  // Three decimal numbers below 2^32 without leading zeros, joined by dots; nothing otherwise.
  static std::optional<Version> parse(std::string_view text);
  std::string text() const;

  friend auto operator<=>(const Version&, const Version&) = default;
};

}  // namespace tlfs::schema
