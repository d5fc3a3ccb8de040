#include "runtime/base/check.h"

#include <string_view>

namespace tlfs {

void invariant_violated(const char* file, int line, const char* condition, const std::string& message) {
  std::string_view name(file);
  if (auto slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
  throw InvariantViolation(std::string(name) + ":" + std::to_string(line) + ": " + condition + ": " + message);
}

}  // namespace tlfs
