// What a shell is told. The numbers are documented in main.cpp's help and do not change.
#pragma once

namespace tlfs::cli {

enum ExitCode : int {
  kExitOk = 0,
  kExitProblem = 1,      // the input or the data has a problem
  kExitUsage = 2,        // the command line is wrong
  kExitDenied = 3,       // access does not allow it
  kExitUnavailable = 4,  // the node or its disk cannot do it now: locked, full, silent
};

}  // namespace tlfs::cli
