#include "runtime/storage/frame.h"

#include <xxhash.h>

#include "runtime/base/varint.h"

namespace tlfs::storage {
namespace {
constexpr std::uint8_t kFrameVersion = 1;
}

std::uint64_t hash_of(ByteView bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::uint64_t checksum_of(ByteView key, ByteView value) {
  return XXH3_64bits_withSeed(value.data(), value.size(), hash_of(key));
}

Bytes frame(ByteView key, ByteView value) {
  ByteWriter out;
  out.reserve(kFrameBytes + value.size());
  out.u8(kFrameVersion);
  out.fixed64(checksum_of(key, value));
  out.raw(value);
  return out.take();
}

std::optional<Framed> unframe(ByteView key, ByteView bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.u8();
  Framed framed;
  framed.checksum = in.fixed64();
  framed.value = in.raw(in.remaining());
  if (in.failed() || version != kFrameVersion || checksum_of(key, framed.value) != framed.checksum) return std::nullopt;
  return framed;
}

}  // namespace tlfs::storage
