#include "runtime/storage/quarantine.h"

#include "runtime/base/varint.h"

namespace tlfs::storage {
namespace {
constexpr std::uint8_t kSetAsideVersion = 1;
}

Bytes SetAside::encode() const {
  ByteWriter out;
  out.u8(kSetAsideVersion);
  out.bytes(key);
  out.text(message);
  out.bytes(raw);
  return out.take();
}

Result<SetAside> SetAside::decode(ByteView bytes) {
  ByteReader in(bytes);
  const bool known = in.u8() == kSetAsideVersion;
  SetAside entry;
  const ByteView key = in.bytes();
  entry.key.assign(key.begin(), key.end());
  entry.message = in.text();
  const ByteView raw = in.bytes();
  entry.raw.assign(raw.begin(), raw.end());
  if (!known || !in.finished()) return Error(Errc::corrupt, "an entry of the quarantine that this version cannot read");
  return entry;
}

}  // namespace tlfs::storage
