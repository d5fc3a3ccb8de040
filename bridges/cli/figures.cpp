#include "bridges/cli/figures.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace tlfs::cli {
namespace {

std::string three_digits(double value) {
  // Thresholds lie where rounding would add a digit.
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

}  // namespace

std::string format_count(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string format_bytes(std::uint64_t bytes) {
  const auto size = static_cast<double>(bytes);
  if (bytes < 1000) return std::to_string(bytes) + " B";
  if (size < 999.5e3) return three_digits(size / 1e3) + " kB";
  return three_digits(size / 1e6) + " MB";
}

std::string format_duration(std::chrono::nanoseconds d) {
  const auto ns = static_cast<double>(d.count());
  if (ns < 999.5e3) return three_digits(ns / 1e3) + " µs";
  if (ns < 999.5e6) return three_digits(ns / 1e6) + " ms";
  return three_digits(ns / 1e9) + " s";
}

std::string format_rate(std::uint64_t n, std::chrono::nanoseconds d) {
  if (d.count() <= 0) return "-";
  const double rate = static_cast<double>(n) * 1e9 / static_cast<double>(d.count());
  if (rate < 999.5e3) return format_count(static_cast<std::uint64_t>(std::llround(rate))) + "/s";
  return three_digits(rate / 1e6) + " M/s";
}

}  // namespace tlfs::cli
