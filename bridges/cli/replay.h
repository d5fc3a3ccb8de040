// Replays a recorded editing session through documents and checks that what comes out is what the session says.
//
// One writer: every transaction of the trace is a transaction of one document. Several: every agent edits a replica of
// its own, with a device key of its own, and replicas exchange sealed changes just so that each transaction is made on
// exactly its parents (replay_plan.h). In the end a fresh replica imports everything; it and the writers' replicas must
// all hold the trace's end content.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "bridges/cli/trace.h"
#include "runtime/base/environment.h"

namespace tlfs::cli {

enum class ReplayErrc : int {
  ok = 0,
  bad_edit = 1,      // the document refused a patch, most likely because it lies outside the text
  mismatch = 2,      // a replica's text is not the end content
  unreplayable = 3,  // replicas would not take each other's changes
};
constexpr std::string_view errc_module(ReplayErrc) { return "replay"; }

// A patch that inserts or deletes more than this is several edits, and a transaction that does is several transactions.
inline constexpr std::uint64_t kMaxIdsPerTransaction = 1u << 20;
// Writers' replicas that are kept for comparison at the end; others are let go after their last transaction.
inline constexpr std::size_t kMaxKeptReplicas = 64;
// Changes that are handed over at once.
inline constexpr std::size_t kMaxChangesPerImport = 1024;

struct ReplayReport {
  std::uint64_t transactions = 0;   // of the trace
  std::uint64_t edits = 0;          // patches
  std::uint64_t agents = 0;         // that made a transaction
  std::uint64_t replicas = 0;       // of the agents; more than agents where one of them made branches
  std::uint64_t compared = 0;       // of these were compared with the end content
  std::uint64_t changes = 0;        // sealed
  std::uint64_t history_bytes = 0;  // of all sealed changes, each encoded by itself
  std::optional<std::uint64_t>
      archive_bytes;                 // of the same history as one archive; nothing when it is too large for one
  std::uint64_t characters = 0;      // code points of the text in the end
  std::chrono::nanoseconds apply{};  // making every transaction, and what replicas exchange for it
  std::chrono::nanoseconds merge{};  // a fresh replica's import of everything
};

// `batch`: as few transactions as causality allows, one for each run of the plan. Blocks. Errors name the transaction,
// counted from 0.
Result<ReplayReport> replay(const Trace& trace, bool batch, const Clock& clock);

}  // namespace tlfs::cli
