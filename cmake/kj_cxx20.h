// Cap'n Proto 0.9.2 with clang 16 or newer in C++20: kj/string.h hides these comparisons when
// __cpp_impl_three_way_comparison is set, and generated code needs them. Force-included on clang.
#pragma once
#ifdef __cplusplus
#include <kj/string.h>
#if __cpp_impl_three_way_comparison
namespace kj {
inline bool operator==(const char* a, const StringPtr& b) { return b.operator==(StringPtr(a)); }
inline bool operator==(const char* a, const String& b) { return b.operator==(StringPtr(a)); }
}  // namespace kj
#endif
#endif
