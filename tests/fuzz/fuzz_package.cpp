// Any bytes are refused, or are the one canonical encoding of a package whose every version has a view; as a package
// and as a package file.
#include <algorithm>
#include <cstdint>

#include "runtime/base/check.h"
#include "schema/lens/package.h"
#include "schema/lens/package_file.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs;
  const ByteView bytes(data, size);
  if (const auto package = schema::Package::decode(bytes)) {
    TLFS_CHECK(std::ranges::equal((*package)->encoded(), bytes), "two encodings of one package");
    TLFS_CHECK((*package)->extends(**package).ok(), "a package that does not extend itself");
    for (const auto& mark : (*package)->versions()) {
      const auto view = (*package)->view(mark.version.text());
      TLFS_CHECK(view.ok() && !(*view)->nodes().empty(), "a version without a view");
    }
  }
  if (const auto packages = schema::decode_package_file(bytes)) {
    const auto again = schema::decode_package_file(schema::encode_package_file(*packages));
    TLFS_CHECK(again.ok() && again->size() == packages->size(), "a package file that does not survive");
  }
  return 0;
}
