#include "runtime/storage/manifest.h"

#include "runtime/base/varint.h"

namespace tlfs::storage {
namespace {
constexpr std::uint8_t kManifestVersion = 1;
constexpr std::size_t kMaxKinds = 256;
}  // namespace

void Manifest::add(std::uint8_t kind, std::uint64_t bytes, std::uint64_t checksum) {
  KindCount& k = kinds_[kind];
  ++k.count.records;
  k.count.bytes += bytes;
  k.sum ^= checksum;
}

bool Manifest::take(std::uint8_t kind, std::uint64_t bytes, std::uint64_t checksum) {
  const auto found = kinds_.find(kind);
  if (found == kinds_.end() || found->second.count.bytes < bytes) return false;
  KindCount& k = found->second;
  --k.count.records;
  k.count.bytes -= bytes;
  k.sum ^= checksum;
  if (k.count.records == 0) kinds_.erase(found);
  return true;
}

Bytes Manifest::encode() const {
  ByteWriter out;
  out.u8(kManifestVersion);
  out.varint(kinds_.size());
  for (const auto& [kind, k] : kinds_) {
    out.u8(kind);
    out.varint(k.count.records);
    out.varint(k.count.bytes);
    out.fixed64(k.sum);
  }
  return out.take();
}

Result<Manifest> Manifest::decode(ByteView bytes) {
  ByteReader in(bytes);
  const bool known = in.u8() == kManifestVersion;
  Manifest manifest;
  const std::uint64_t size = in.bounded(kMaxKinds);
  for (std::uint64_t i = 0; i < size && !in.failed(); ++i) {
    const std::uint8_t kind = in.u8();
    KindCount k;
    k.count.records = in.varint();
    k.count.bytes = in.varint();
    k.sum = in.fixed64();
    if (k.count.records == 0 || (!manifest.kinds_.empty() && manifest.kinds_.rbegin()->first >= kind)) in.fail();
    manifest.kinds_.emplace(kind, k);
  }
  if (!known || !in.finished()) return Error(Errc::corrupt, "a manifest in a form that this version does not know");
  return manifest;
}

}  // namespace tlfs::storage
