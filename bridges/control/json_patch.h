// JSON Patch (RFC 6902) on a document, and a document's patches in its manner.
//
// What RFC 6902 leaves open, because JSON has no kinds, is settled by the schema:
//   - fields of a struct always exist. To remove one empties it (null, false, 0, "", [], {}), to add one replaces it;
//     a struct that is replaced is empty where the new value says nothing
//   - the element that `replace` names stays the same element, so what others do to it meanwhile is kept
//   - a move inside one array moves the element, with what others do to it meanwhile; any other is a copy and a removal
//   - `test` compares as RFC 6902 section 4.6 says, by value; integers beyond 2^53 and bytes are strings, as everywhere
// One operation is added: {"op":"splice","path":P,"position":N,"removed":N,"text":T} edits a text; it counts code
// points.
//
// Pure; what it is applied to is a transaction.
#pragma once

#include <string>
#include <vector>

#include "bridges/control/json_pointer.h"
#include "runtime/document/transaction.h"

namespace tlfs::control {

inline constexpr std::size_t kMaxPatchOperations = 1u << 20;

struct PatchOperation {
  enum class Kind : std::uint8_t { add, remove, replace, move, copy, test, splice };
  Kind kind = Kind::test;
  Pointer path;
  Pointer from;                // move, copy
  document::Data value;        // add, replace, test
  std::uint64_t position = 0;  // splice
  std::uint64_t removed = 0;   // splice
  std::string text;            // splice
};

// Members that the operation does not use are ignored. Errc::bad_patch names the operation's number, from 1.
Result<std::vector<PatchOperation>> parse_json_patch(const document::Data& patch);

// In order. An error (bad_patch, test_failed, those of Transaction) names the operation's number and path, and then the
// transaction is to be given up.
Status apply_json_patch(document::Transaction& tx, const std::vector<PatchOperation>& operations);

// A list of operations that does to the value what the patches do: replace, add, remove, move and splice. Concurrent
// values of a register are {"op":"conflict","path":P,"values":[...]}, which changes nothing and is not in RFC 6902.
document::Data as_json_patch(const std::vector<document::Patch>& patches);

// A list that replaces everything: what a watcher is told first.
document::Data as_json_patch(const document::Data& snapshot);

// Equal as JSON: members in any order, numbers by value.
bool equal_json(const document::Data& a, const document::Data& b);

}  // namespace tlfs::control
