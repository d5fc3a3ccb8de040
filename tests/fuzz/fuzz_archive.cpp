// Any bytes as an archive: refused, or changes that an archive holds again.
#include <algorithm>
#include <cstdint>

#include "runtime/base/check.h"
#include "runtime/document/archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs;
  using namespace tlfs::document;
  const auto changes = decode_archive({data, size});
  if (!changes) {
    TLFS_CHECK(!changes.error().message().empty(), "an error without a message");
    return 0;
  }
  const auto archive = encode_archive(*changes);
  if (!archive) return 0;  // changes that no author makes, for example with two equal deps
  const auto again = decode_archive(*archive);
  TLFS_CHECK(again.ok() && again->size() == changes->size(), "an archive that does not survive");
  return 0;
}
