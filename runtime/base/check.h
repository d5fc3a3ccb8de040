// Invariants that stay on in release builds. A broken one throws InvariantViolation, which only a supervisor catches.
// Bad bytes from outside are never checked with this: they get an Error.
#pragma once

#include <stdexcept>
#include <string>

namespace tlfs {

class InvariantViolation : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void invariant_violated(const char* file, int line, const char* condition, const std::string& message);

}  // namespace tlfs

// A macro because it names the place of the check and evaluates the message only on failure.
#define TLFS_CHECK(condition, message)                                       \
  do {                                                                       \
    if (!(condition)) [[unlikely]]                                           \
      ::tlfs::invariant_violated(__FILE__, __LINE__, #condition, (message)); \
  } while (false)
