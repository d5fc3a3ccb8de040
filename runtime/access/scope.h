// An address as statements name it: one token for each step from the root. A token is a keyed hash of the whole address
// up to its step, so it tells whoever lacks the key nothing but equality, and a scope covers an address exactly when it
// is a prefix. The root is the empty scope.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace tlfs::access {

using Token = std::array<std::uint8_t, 16>;
using Scope = std::vector<Token>;

inline constexpr std::size_t kMaxScopeSteps = 128;

// Compares every token: a liar may write a scope whose steps do not belong together.
inline bool covers(const Scope& above, const Scope& below) {
  return above.size() <= below.size() && std::equal(above.begin(), above.end(), below.begin());
}

}  // namespace tlfs::access
