// Which seeds a property test runs, and how a failure says how to replay it.
//
// TLFS_SEEDS=A..B runs the seeds A to B; TLFS_SEEDS=N runs 1 to N. Without it each test runs as many as it asks for.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace tlfs::document::testing {

struct SeedRange {
  std::uint64_t first;
  std::uint64_t last;
};

inline SeedRange seeds(std::uint64_t usual_count) {
  const char* asked = std::getenv("TLFS_SEEDS");
  if (!asked) return {1, usual_count};
  const std::string text = asked;
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) return {1, std::strtoull(text.c_str(), nullptr, 10)};
  return {std::strtoull(text.c_str(), nullptr, 10), std::strtoull(text.c_str() + dots + 2, nullptr, 10)};
}

// For INFO: the command that runs this seed alone.
inline std::string replay_command(const char* executable, const std::string& test, std::uint64_t seed) {
  const std::string n = std::to_string(seed);
  return "replay with: TLFS_SEEDS=" + n + ".." + n + " build/release/bin/" + executable + " \"" + test + "\"";
}

}  // namespace tlfs::document::testing
