// What someone's node says to a wish or a question: yes or no, and why.
#pragma once

#include <ostream>
#include <stdexcept>
#include <string>

#include "runtime/base/result.h"

namespace tlfs::policy {

// A test writes CHECK(alice.allowed(...)) or CHECK_FALSE(bob.set(...)), and its report shows the reason.
struct [[nodiscard]] Answer {
  bool yes = false;
  std::string why;  // a sentence; empty after a wish that came true

  explicit operator bool() const { return yes; }
  bool operator!() const { return !yes; }

  static Answer of(const Status& status);
};
std::ostream& operator<<(std::ostream& out, const Answer& answer);

// Thrown by what a test expects of a world and does not find there, and by a world that does not come to rest. what()
// is the sentence to show.
class Unmet : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace tlfs::policy
