// Recorded editing sessions ("traces") as the replay command and the demo feed them to a document.
//
// A trace is JSON, gzipped or not, in one of two forms:
//   one writer   {"startContent", "endContent", "txns": [{"patches": [[position, deleted, inserted]]}]}
//   concurrent   {"kind": "concurrent", "endContent", "numAgents", "txns": [{"parents": [index], "agent", "patches"}]}
// Positions and counts are in Unicode code points. The patches of a transaction are applied one after the other. In the
// concurrent form a transaction starts from the merged state of its parents, from the empty text when it has none; all
// transactions of one agent are meant to follow one another, which only a replay can tell. Members that are not named
// here (times, for example) are skipped; a patch may end with a fourth element, its time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace tlfs::cli {

enum class TraceErrc : int {
  ok = 0,
  unreadable = 1,  // the file cannot be read
  damaged = 2,     // not gzip, cut short, not UTF-8, not JSON
  malformed = 3,   // JSON, but not a trace
  too_large = 4,   // beyond one of the limits below
};
constexpr std::string_view errc_module(TraceErrc) { return "trace"; }

// No text that a trace builds is longer than its JSON, so this bounds positions too.
inline constexpr std::uint64_t kMaxTraceText = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kMaxTraceFile = kMaxTraceText;
inline constexpr std::uint64_t kMaxTraceTransactions = 20'000'000;
inline constexpr std::uint64_t kMaxTracePatches = 20'000'000;
inline constexpr std::uint64_t kMaxTraceParents = 40'000'000;  // of all transactions together
inline constexpr std::uint64_t kMaxTraceAgents = 1'000'000;
// Nesting of JSON in members that are skipped.
inline constexpr std::uint32_t kMaxTraceNesting = 64;

// A patch deletes, then inserts at the same position.
struct TracePatch {
  std::uint32_t position;     // code points; whether it lies within the text shows only in the replay
  std::uint32_t deleted;      // code points
  std::string_view inserted;  // UTF-8
};

struct TraceTransaction {
  std::uint32_t first_patch, patch_count;
  std::uint32_t first_parent, parent_count;
  std::uint32_t agent;
};

// Owns its text, and everything else points into it: it can be moved, not copied.
struct Trace {
  Trace() = default;
  Trace(Trace&&) = default;
  Trace& operator=(Trace&&) = default;

  bool concurrent = false;
  std::uint32_t agents = 1;
  std::string_view start_content;  // empty in the concurrent form
  std::string_view end_content;
  std::vector<TraceTransaction> transactions;
  std::vector<TracePatch> patches;     // of all transactions, in order
  std::vector<std::uint32_t> parents;  // of all transactions; each is the index of an earlier transaction
  Bytes text;                          // the JSON, with its strings unescaped in place

  std::span<const TracePatch> patches_of(const TraceTransaction& t) const {
    return std::span(patches).subspan(t.first_patch, t.patch_count);
  }
  // Empty in the one-writer form, where each transaction follows the one before it.
  std::span<const std::uint32_t> parents_of(const TraceTransaction& t) const {
    return std::span(parents).subspan(t.first_parent, t.parent_count);
  }
};

// Reads a whole file; blocks. Errors start with the path and name the transaction (counted from 0, as parents do) and
// what was expected there.
Result<Trace> load_trace(const std::string& path);

// The same for bytes in memory; any bytes are safe. Gzip is recognised by its first two bytes.
Result<Trace> decode_trace(ByteView bytes);

}  // namespace tlfs::cli
