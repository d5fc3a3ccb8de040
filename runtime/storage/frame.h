// What lies around every value: a version and a checksum over key and value.
//
//   version 01 ‖ checksum, 8 bytes little-endian ‖ value
//
// The checksum is XXH3 (64 bits) of the value under the XXH3 of the key as seed. It finds accidents, not forgeries:
// what must not be forged is signed. The key is part of it, so that a value that turns up under another key is noticed.
#pragma once

#include "runtime/storage/store.h"

namespace tlfs::storage {

inline constexpr std::size_t kFrameBytes = 9;

std::uint64_t checksum_of(ByteView key, ByteView value);
Bytes frame(ByteView key, ByteView value);

struct Framed {
  ByteView value;  // into the bytes given
  std::uint64_t checksum = 0;
};
// Nothing when the bytes are not what was written under this key.
std::optional<Framed> unframe(ByteView key, ByteView bytes);

// A hash of bytes that are not a record, for the counts.
std::uint64_t hash_of(ByteView bytes);

}  // namespace tlfs::storage
