// What one may do at an address. Each level includes those below it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tlfs::access {

// The numbers are part of the format.
enum class Level : std::uint8_t {
  none = 0,
  sync = 1,     // store and forward, without reading
  read = 2,     // hold the keys
  write = 3,    // edit
  control = 4,  // grant and revoke up to write
  own = 5,      // grant and revoke everything
};

constexpr std::string_view level_name(Level level) {
  constexpr std::string_view kNames[] = {"none", "sync", "read", "write", "control", "own"};
  return kNames[static_cast<std::uint8_t>(level)];
}
constexpr std::optional<Level> level_from_name(std::string_view name) {
  for (std::uint8_t i = 0; i <= 5; ++i)
    if (level_name(static_cast<Level>(i)) == name) return static_cast<Level>(i);
  return std::nullopt;
}

}  // namespace tlfs::access
