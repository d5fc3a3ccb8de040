// Lengths of time as people write them: 90s, 30m, 12h, 7d.
#pragma once

#include <chrono>
#include <string_view>

#include "runtime/base/result.h"

namespace tlfs::cli {

inline constexpr std::chrono::seconds kMaxDuration = std::chrono::hours(24 * 3650);

enum class DurationErrc : int { ok = 0, malformed = 1, out_of_range = 2 };
constexpr std::string_view errc_module(DurationErrc) { return "duration"; }

// A whole number and one of the letters s, m, h, d; from one second to kMaxDuration.
Result<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace tlfs::cli
