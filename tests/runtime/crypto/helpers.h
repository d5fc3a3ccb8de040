// What these tests share: keys that are the same in every run.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/crypto/secret.h"

namespace tlfs::crypto {

// 32 bytes that count up from `first`.
inline std::array<std::uint8_t, 32> counting(std::uint8_t first) {
  std::array<std::uint8_t, 32> out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(first + i);
  return out;
}
inline Secret secret(std::uint8_t first) { return Secret::from_bytes(counting(first)); }

template <std::size_t N>
std::array<std::uint8_t, N> array_of(std::string_view hex) {
  const Bytes bytes = from_hex(hex).value();
  std::array<std::uint8_t, N> out{};
  std::copy_n(bytes.begin(), std::min(N, bytes.size()), out.begin());
  return out;
}

inline Bytes text_of(std::size_t bytes) {
  Bytes out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(i % 251);
  return out;
}

}  // namespace tlfs::crypto
