// The limits of a schema package. They are part of the format: a package beyond one of them is refused by everyone.
#pragma once

#include <cstddef>

namespace tlfs::schema {

inline constexpr std::size_t kMaxPackageBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxNodes = 4096;         // born in one package
inline constexpr std::size_t kMaxLenses = 16384;       // in one package
inline constexpr std::size_t kMaxVersions = 1024;      // of one package
inline constexpr std::size_t kMaxDepth = 64;           // steps from the root, by birth and in every version
inline constexpr std::size_t kMaxNameBytes = 64;       // of a package or a field
inline constexpr std::size_t kMaxDefaultBytes = 4096;  // of a String or Bytes default
inline constexpr std::size_t kMaxPackagesPerFile = 256;

}  // namespace tlfs::schema
