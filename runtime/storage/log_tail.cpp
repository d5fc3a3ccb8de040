#include "runtime/storage/log_tail.h"

#include <algorithm>
#include <array>
#include <optional>

namespace tlfs::storage {
namespace {

constexpr std::size_t kBlockBytes = 32768;
constexpr std::size_t kHeaderBytes = 7;
constexpr std::uint32_t kMaskDelta = 0xa282ead8U;
enum Type : std::uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {  // CRC-32C, reflected polynomial 82F63B78 (RFC 3720)
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = (c >> 1) ^ ((c & 1U) != 0 ? 0x82f63b78U : 0U);
    table[i] = c;
  }
  return table;
}();

std::uint32_t masked_crc(ByteView bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const std::uint8_t byte : bytes) crc = kCrcTable[(crc ^ byte) & 0xffU] ^ (crc >> 8);
  crc ^= 0xffffffffU;
  return ((crc >> 15) | (crc << 17)) + kMaskDelta;
}

struct Fragment {
  std::uint8_t type = 0;
  std::size_t end = 0;
};

// The whole fragment that begins at `at`, which lies with it in one block.
std::optional<Fragment> fragment_at(ByteView log, std::size_t at) {
  const std::size_t block_end = std::min(log.size(), at / kBlockBytes * kBlockBytes + kBlockBytes);
  if (at + kHeaderBytes > block_end) return std::nullopt;
  const std::size_t length = log[at + 4] | static_cast<std::size_t>(log[at + 5]) << 8;
  const std::uint8_t type = log[at + 6];
  if (type < kFull || type > kLast || at + kHeaderBytes + length > block_end) return std::nullopt;
  std::uint32_t crc = 0;
  for (int i = 3; i >= 0; --i) crc = crc << 8 | log[at + static_cast<std::size_t>(i)];
  if (masked_crc(log.subspan(at + kHeaderBytes - 1, length + 1)) != crc) return std::nullopt;
  return Fragment{type, at + kHeaderBytes + length};
}

bool begins_record(const std::optional<Fragment>& f) { return f && (f->type == kFull || f->type == kFirst); }

// Whether a record begins behind damage at `from`: anywhere in the damaged block, whose fragments cannot be followed
// any more, or in the later ones.
bool record_behind(ByteView log, std::size_t from) {
  const std::size_t block_end = std::min(log.size(), from / kBlockBytes * kBlockBytes + kBlockBytes);
  for (std::size_t at = from + 1; at < block_end; ++at)
    if (begins_record(fragment_at(log, at))) return true;
  for (std::size_t block = from / kBlockBytes * kBlockBytes + kBlockBytes; block < log.size(); block += kBlockBytes) {
    std::size_t at = block;
    while (const auto f = fragment_at(log, at)) {
      if (begins_record(f)) return true;
      at = f->end;
    }
  }
  return false;
}

}  // namespace

LogTail inspect_log(ByteView log) {
  LogTail tail;
  std::size_t at = 0;
  bool inside = false;  // of a record of several fragments
  while (at < log.size()) {
    const std::size_t left = kBlockBytes - at % kBlockBytes;
    if (left < kHeaderBytes) {  // filled up with zeros
      at = std::min(log.size(), at + left);
      if (!inside) tail.good_end = at;
      continue;
    }
    const auto f = fragment_at(log, at);
    const bool fits = f && inside == (f->type == kMiddle || f->type == kLast);
    if (!fits) {
      const bool more = begins_record(f) || record_behind(log, at);
      tail.shape = more ? LogShape::damaged : LogShape::torn;
      return tail;
    }
    at = f->end;
    inside = f->type == kFirst || f->type == kMiddle;
    if (!inside) tail.good_end = at;
  }
  if (inside) tail.shape = LogShape::torn;
  return tail;
}

}  // namespace tlfs::storage
