#include "bridges/cli/duration.h"

#include <charconv>
#include <string>

namespace tlfs::cli {
namespace {

// 0 for a letter that is no unit.
std::int64_t seconds_of(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3'600;
    case 'd':
      return 86'400;
    default:
      return 0;
  }
}

}  // namespace

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  const std::string quoted = "\"" + std::string(text) + "\"";
  const Error malformed(DurationErrc::malformed, quoted + " is no length of time; write it as 30m, 12h or 7d");
  const std::int64_t unit = text.empty() ? 0 : seconds_of(text.back());
  if (unit == 0) return malformed;
  std::uint32_t count = 0;
  const char* const end = text.data() + text.size() - 1;
  const auto [stopped, problem] = std::from_chars(text.data(), end, count);
  if (problem == std::errc::result_out_of_range)
    return Error(DurationErrc::out_of_range, quoted + " is longer than ten years");
  if (problem != std::errc() || stopped != end) return malformed;
  const std::chrono::seconds out(count * unit);
  if (out < std::chrono::seconds(1)) return Error(DurationErrc::out_of_range, quoted + " is no time at all");
  if (out > kMaxDuration) return Error(DurationErrc::out_of_range, quoted + " is longer than ten years");
  return out;
}

}  // namespace tlfs::cli
