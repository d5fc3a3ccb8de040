// Reading what a command is given, whole and within a bound.
#pragma once

#include <istream>
#include <string>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace tlfs::cli {

enum class InputErrc : int { ok = 0, unreadable = 1, too_large = 2 };
constexpr std::string_view errc_module(InputErrc) { return "input"; }

// `expected` is what should stand in the file, for the message when there is none. Messages start with the path.
Result<Bytes> read_file(const std::string& path, std::size_t max_bytes, std::string_view expected);

// To the end of the stream. `name` is what messages call it.
Result<Bytes> read_stream(std::istream& in, const std::string& name, std::size_t max_bytes);

}  // namespace tlfs::cli
