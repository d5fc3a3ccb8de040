// What the rows edit: the traces as flat lists of edits.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/tlfs/harness.h"
#include "bridges/cli/trace.h"

namespace tlfs::bench {

// Replaces `deleted` code points at `position`.
struct Edit {
  std::uint32_t position = 0;
  std::uint32_t deleted = 0;
  std::string_view inserted;
};

struct Session {
  cli::Trace trace;  // holds the texts
  std::vector<Edit> edits;
  std::string end_content;
};

// The named trace of one writer, a session that starts from nothing.
Session load_session(const Arguments& arguments, std::string_view name);

// Two writers. Edit i is a transaction by agent[i]; needs[i] counts the transactions of the other writer among its
// ancestors.
struct SharedSession {
  cli::Trace trace;
  std::vector<Edit> edits;
  std::vector<std::uint8_t> agent;
  std::vector<std::uint32_t> needs;
  std::string end_content;
};

// `copies` of the named trace in one history, each written below the one before, as bench/README.md defines it.
SharedSession load_shared_session(const Arguments& arguments, std::string_view name, std::uint32_t copies);

}  // namespace tlfs::bench
