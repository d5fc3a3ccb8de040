// Any bytes as a change and as a header: refused, or something that is written back with the same header and hash.
#include <algorithm>
#include <cstdint>

#include "runtime/base/check.h"
#include "runtime/document/change.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs;
  using namespace tlfs::document;
  const ByteView bytes(data, size);
  if (const auto header = decode_header(bytes))
    TLFS_CHECK(std::ranges::equal(encode_header(*header), bytes), "two encodings of one header");
  const auto change = decode_change(bytes);
  if (!change) {
    TLFS_CHECK(!change.error().message().empty(), "an error without a message");
    return 0;
  }
  TLFS_CHECK(encode_header(change->header) == change->header_bytes, "a header that is not what its bytes say");
  (void)verify_signature(*change);
  const auto again = decode_change(encode_change(*change));
  TLFS_CHECK(again.ok() && again->hash == change->hash && again->leaves == change->leaves &&
                 again->signature == change->signature,
             "a change that does not survive");
  return 0;
}
