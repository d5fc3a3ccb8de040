#include "bridges/cli/passphrase_input.h"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iostream>

namespace tlfs::cli {
namespace {

using access::kMaxPassphraseBytes;
using access::Passphrase;

constexpr std::uint8_t kControlC = 3;

// A terminal that shows nothing of what is typed. Ctrl-C ends the line instead of the process, which would leave the
// terminal as it is.
class Silence {
 public:
  Silence() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    silent.c_lflag |= ICANON | ECHONL;
    silent.c_cc[VEOL] = kControlC;
    silent_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Silence() {
    if (silent_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  bool holds() const { return silent_; }

 private:
  termios before_{};
  bool silent_ = false;
};

// Byte by byte, so that what follows the line stays for the next question, and no buffer keeps a copy.
Result<Passphrase> read_line(std::string_view prompt) {
  Bytes line;
  line.reserve(kMaxPassphraseBytes + 2);  // never grows, which would leave copies behind
  bool ended = false;
  while (!ended && line.size() < kMaxPassphraseBytes + 2) {
    std::uint8_t byte = 0;
    const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 && line.empty()) return Error(PassphraseErrc::missing, std::string(prompt) + ": nothing was entered");
    ended = n <= 0 || byte == '\n' || byte == kControlC;
    if (n > 0 && byte == kControlC) {
      crypto::wipe(line);
      return Error(PassphraseErrc::cancelled, "cancelled");
    }
    if (!ended) line.push_back(byte);
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  Passphrase passphrase(std::move(line));
  if (!ended || passphrase.expose().size() > kMaxPassphraseBytes) {
    return Error(PassphraseErrc::too_long, std::string(prompt) + ": is longer than " +
                                               std::to_string(kMaxPassphraseBytes) + " bytes; choose a shorter one");
  }
  return passphrase;
}

Result<Passphrase> type_in(std::string_view prompt) {
  const Silence silence;
  if (!silence.holds())
    return Error(PassphraseErrc::missing, std::string(prompt) + ": this terminal cannot hide what is typed");
  std::cerr << prompt << ": " << std::flush;
  return read_line(prompt);
}

}  // namespace

Result<Passphrase> ask_passphrase(const PassphraseQuestion& question) {
  if (const char* given = std::getenv(question.variable)) return Passphrase(std::string_view(given));
  if (::isatty(STDIN_FILENO) != 1) return read_line(question.prompt);
  Result<Passphrase> first = type_in(question.prompt);
  if (!first || !question.repeat) return first;
  const Result<Passphrase> second = type_in(std::string(question.prompt) + ", again");
  if (!second) return second.error();
  if (!std::ranges::equal(first->expose(), second->expose()))
    return Error(PassphraseErrc::different, "the two are not the same; nothing was changed, try again");
  return first;
}

}  // namespace tlfs::cli
