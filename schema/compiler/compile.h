// The compiler of the .tlfs schema language: text in, packages out. schema/README.md defines the language.
//
// A pure function of the text; never throws or crashes, whatever the text is. Work is bounded by limits.h and
// kMaxSourceBytes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "schema/compiler/diagnostics.h"
#include "schema/lens/package.h"

namespace tlfs::schema {

inline constexpr std::size_t kMaxSourceBytes = std::size_t{1} << 20;

enum class CompileErrc : int { ok = 0, rejected = 1 };
std::string_view errc_module(CompileErrc);

struct CompiledSchema {
  std::string name;
  std::shared_ptr<const Package> package;
};

// All schemas of one text, in its order; at least one.
struct Compilation {
  std::vector<CompiledSchema> schemas;  // complete only when there are no diagnostics
  std::vector<Diagnostic> diagnostics;  // in the order of the text's statements; at most kMaxDiagnostics
};
Compilation compile_with_diagnostics(std::string_view text);

// The same as one value: the error's message is every diagnostic as render() shows it. `file_name` is only printed.
Result<std::vector<CompiledSchema>> compile(std::string_view text, std::string_view file_name);

}  // namespace tlfs::schema
