// The two node processes of the demo. Each reads orders from standard input, a line each, and prints what happens, a
// line each:
//
//   typist DIRECTORY [SESSION]   makes the document and types the recorded session into it
//   lister DIRECTORY             brings the invitation, and keeps a list of things to do in the same document
//
//   prints   ready | link LINK | joined | wrote N (acknowledged so far) | finished N | value DIGEST BYTES
//   PAPER-IS-RIGHT
//            | screen FAULT-OR-OK | failed SENTENCE
//   orders   join LINK | go | value | screen | end
#pragma once

#include <cstddef>
#include <string>

namespace tlfs::cli {

inline constexpr std::size_t kDemoTodos = 1'000;

// The process's exit code.
int demo_typist(const std::string& directory, const std::string& session);
int demo_lister(const std::string& directory);

}  // namespace tlfs::cli
