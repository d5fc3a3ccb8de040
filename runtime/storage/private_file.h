// Small files that nobody but their owner may read, written whole or not at all.
#pragma once

#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace tlfs::storage {

enum class PrivateFileErrc : int { ok = 0, exists = 1, unwritable = 2 };
constexpr std::string_view errc_module(PrivateFileErrc) { return "private file"; }

// Both write with mode 0600 into a file beside `path`, sync it, and only then give it its name; blocking. Messages
// start with the path. Never replaces: `exists` when anything has that name, also when it came there in between.
Status create_private_file(const std::string& path, ByteView content);
// Either the old content or the new is there, whatever happens.
Status replace_private_file(const std::string& path, ByteView content);

}  // namespace tlfs::storage
