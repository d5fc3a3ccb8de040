#include "runtime/policy/answer.h"

namespace tlfs::policy {

Answer Answer::of(const Status& status) {
  if (status.ok()) return {true, {}};
  return {false, status.error().message()};
}

std::ostream& operator<<(std::ostream& out, const Answer& answer) {
  out << (answer.yes ? "yes" : "no");
  if (!answer.why.empty()) out << ": " << answer.why;
  return out;
}

}  // namespace tlfs::policy
