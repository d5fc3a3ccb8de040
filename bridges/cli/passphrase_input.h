// Asking a person, or the script that stands in for one, for a passphrase.
#pragma once

#include <string>
#include <string_view>

#include "runtime/access/key_file.h"
#include "runtime/base/result.h"

namespace tlfs::cli {

enum class PassphraseErrc : int { ok = 0, cancelled = 1, missing = 2, too_long = 3, different = 4 };
constexpr std::string_view errc_module(PassphraseErrc) { return "passphrase"; }

struct PassphraseQuestion {
  const char* variable;     // of the environment, for scripts
  std::string_view prompt;  // without the colon
  bool repeat = false;      // on a terminal it is typed twice: nobody sees a slip of the finger
};

// The variable when it is set; else what is typed on the terminal, without echo; else, when standard input is no
// terminal, its next line. Reads no byte beyond that line.
Result<access::Passphrase> ask_passphrase(const PassphraseQuestion& question);

}  // namespace tlfs::cli
