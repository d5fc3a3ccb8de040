// JSON pointers (RFC 6901) and the paths of documents.
//
// A pointer does not say whether "7" is an index, a key or a name; the schema does. So a pointer becomes a path beside
// the document, while a path becomes a pointer anywhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridges/control/errors.h"
#include "runtime/document/transaction.h"

namespace tlfs::control {

using Pointer = std::vector<std::string>;  // reference tokens, unescaped

inline constexpr std::size_t kMaxPointerTokens = 256;

// Errc::bad_patch.
Result<Pointer> parse_pointer(std::string_view text);
std::string pointer_text(const Pointer& pointer);
std::string pointer_text(const document::Path& path);

// A place that a pointer names. Its parent exists; whether it does itself is said.
struct Target {
  document::Path path;           // of the end of an array: with its size as index
  std::uint32_t view_node = 0;   // of the place; in an array without declared values: of the array
  bool exists = true;            // false: a table key that is not there, or the end of an array ("-")
  bool element = false;          // of an array; path.back() is its index
  std::uint64_t array_size = 0;  // of that array
};

// Errc::bad_patch says which token leads nowhere. An index may be one past the end, as "-" says as well; then the
// target does not exist.
Result<Target> resolve(const document::Transaction& tx, const Pointer& pointer);

}  // namespace tlfs::control
