// Unpacks gzip (RFC 1952) held in memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace tlfs::cli {

enum class GzipErrc : int { ok = 0, damaged = 1, too_large = 2 };
constexpr std::string_view errc_module(GzipErrc) { return "gzip"; }

bool is_gzip(ByteView bytes);

// All members of the file one after the other. An error when it is cut short, fails its checksum, is followed by
// anything else, or unpacks to more than `limit` bytes; never holds more than about twice `limit`.
Result<Bytes> gunzip(ByteView bytes, std::uint64_t limit);

}  // namespace tlfs::cli
