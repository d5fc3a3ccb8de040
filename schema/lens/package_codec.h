// The canonical encoding of packages; private to this folder.
#pragma once

#include "schema/lens/package.h"

namespace tlfs::schema {

Bytes encode_package(const Package& package);
crypto::Digest package_hash(ByteView encoded);

}  // namespace tlfs::schema
