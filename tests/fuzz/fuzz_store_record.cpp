// Any bytes as what a disk may hand back: keys, framed values, manifests, quarantined records, LevelDB's logs. Each is
// refused or means the same when it is written again, and a log is cut only inside itself.
#include <cstdint>

#include "runtime/base/check.h"
#include "runtime/storage/frame.h"
#include "runtime/storage/layout.h"
#include "runtime/storage/log_tail.h"
#include "runtime/storage/manifest.h"
#include "runtime/storage/quarantine.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs;
  using namespace tlfs::storage;
  const ByteView bytes(data, size);
  TLFS_CHECK(!describe_key(bytes).empty(), "a key without a description");
  const auto place = parse_key(bytes);
  if (!place) TLFS_CHECK(place.error().is(Errc::corrupt), "a key refused for another reason");

  const Bytes key(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size / 2));
  const ByteView rest = bytes.subspan(size / 2);
  if (const auto framed = unframe(key, rest))
    TLFS_CHECK(as_text(frame(key, framed->value)) == as_text(rest), "a frame that is written otherwise");
  TLFS_CHECK(unframe(key, frame(key, rest)).has_value(), "a frame that does not fit its own record");

  if (const auto manifest = Manifest::decode(bytes))
    TLFS_CHECK(as_text(manifest->encode()) == as_text(bytes), "a manifest that is written otherwise");
  if (const auto entry = SetAside::decode(bytes))
    TLFS_CHECK(as_text(entry->encode()) == as_text(bytes), "an entry that is written otherwise");

  const LogTail tail = inspect_log(bytes);
  TLFS_CHECK(tail.good_end <= size, "a log that is longer than it is");
  const LogTail again = inspect_log(bytes.subspan(0, tail.good_end));
  TLFS_CHECK(again.shape == LogShape::whole, "a log that is not whole after it was cut");
  return 0;
}
