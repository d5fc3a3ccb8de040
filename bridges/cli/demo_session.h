// What the demo feeds to its documents: an editing session, recorded or made up, and the schema it fits.
#pragma once

#include <memory>
#include <string>

#include "bridges/cli/trace.h"
#include "schema/lens/package.h"

namespace tlfs::cli {

struct DemoSession {
  Trace trace;  // one writer
  bool recorded = false;
  std::string name;  // of the file, or what it is
};

// The recorded session at `path`; without a path the one in ../shared/traces, or when it is not there a made-up one.
// An error when `path` is given and no session of one writer.
Result<DemoSession> demo_session(const std::string& path);

// A paper to type and a list of things to do.
std::shared_ptr<const schema::Package> demo_package();

}  // namespace tlfs::cli
