// What the compiler says about a mistake, and how it looks on a screen.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tlfs::schema {

// The compiler stops after so many.
inline constexpr std::size_t kMaxDiagnostics = 20;

struct Diagnostic {
  std::size_t offset = 0;  // of the offending text, in bytes
  std::size_t length = 0;  // of the offending text, in bytes
  std::string message;     // what is wrong
  std::string expected;    // what would be right; may be empty

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// `file:line:column: message`, the line with the offending text underlined, and what was expected. Lines and columns
// count from 1, columns in code points. A long line is shown in part.
std::string render(const Diagnostic& diagnostic, std::string_view source, std::string_view file_name);

}  // namespace tlfs::schema
