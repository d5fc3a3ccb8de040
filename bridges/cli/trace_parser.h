// From the JSON text of a trace to the trace itself; a part of trace.h.
#pragma once

#include "bridges/cli/trace.h"

namespace tlfs::cli {

// Takes the text and unescapes its strings in place. Any bytes are safe.
Result<Trace> parse_trace(Bytes json);

}  // namespace tlfs::cli
