// Figures as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace tlfs::cli {

// 1234567 as "1,234,567".
std::string format_count(std::uint64_t n);
// In bytes, kB or MB (powers of ten), with three significant digits from 1 kB up: "999 B", "80.3 kB", "1.62 MB".
std::string format_bytes(std::uint64_t bytes);
// In µs, ms or s with three significant digits: "12.3 µs", "207 ms", "1.46 s".
std::string format_duration(std::chrono::nanoseconds d);
// `n` things in `d` as things per second: "1.25 M/s", "8,310/s"; "-" when no time has passed.
std::string format_rate(std::uint64_t n, std::chrono::nanoseconds d);

}  // namespace tlfs::cli
