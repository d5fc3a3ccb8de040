// A package file: all packages of one .tlfs source in one Cap'n Proto message, as `tlfs schema compile` writes it.
#pragma once

#include <memory>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "schema/lens/package.h"

namespace tlfs::schema {

// At most kMaxPackagesPerFile packages.
Bytes encode_package_file(const std::vector<std::shared_ptr<const Package>>& packages);

// Any bytes are safe. Refuses files with a broken package or two packages of one name.
Result<std::vector<std::shared_ptr<const Package>>> decode_package_file(ByteView bytes);

// True for bytes that can only be a package file and not .tlfs text: they begin with a zero byte.
bool looks_like_package_file(ByteView bytes);

}  // namespace tlfs::schema
