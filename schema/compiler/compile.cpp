#include "schema/compiler/compile.h"

#include <set>

#include "runtime/base/utf.h"
#include "schema/compiler/parser.h"
#include "schema/compiler/reports.h"
#include "schema/compiler/schema_compiler.h"

namespace tlfs::schema {
namespace {

// Where `text` stops being UTF-8.
std::size_t first_bad_byte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t width = utf8_width(static_cast<unsigned char>(text[at]));
    if (!is_valid_utf8(text.substr(at, width))) break;
    at += width;
  }
  return at;
}

}  // namespace

std::string_view errc_module(CompileErrc) { return "schema compiler"; }

Compilation compile_with_diagnostics(std::string_view text) {
  Compilation out;
  if (text.size() > kMaxSourceBytes) {
    out.diagnostics.push_back({0, 0, "this text is too long", "at most " + std::to_string(kMaxSourceBytes) + " bytes"});
    return out;
  }
  if (!is_valid_utf8(text)) {
    out.diagnostics.push_back({first_bad_byte(text), 1, "this is not UTF-8 text", "a text file in UTF-8"});
    return out;
  }
  auto parsed = parse(text);
  if (auto* failure = std::get_if<Diagnostic>(&parsed)) {
    out.diagnostics.push_back(std::move(*failure));
    return out;
  }
  const auto& schemas = std::get<std::vector<syntax::Schema>>(parsed);
  Reports reports;
  if (schemas.empty()) reports.add({}, "there is no schema", "a schema: name { 0.1.0 { .: Struct } }");
  std::set<std::string_view> names;
  for (const syntax::Schema& schema : schemas) {
    if (reports.full()) break;
    if (names.size() >= kMaxPackagesPerFile) {
      reports.add(schema.name, "there are too many schemas",
                  "at most " + std::to_string(kMaxPackagesPerFile) + " in a file");
      break;
    }
    if (!names.insert(schema.name.text).second) {
      reports.add(schema.name,
                  "there is a schema " + std::string(schema.name.text.substr(0, kMaxNameBytes)) + " already",
                  "another name, or its versions in one schema");
      continue;
    }
    if (auto package = compile_schema(schema, reports)) out.schemas.push_back({package->name(), std::move(package)});
  }
  out.diagnostics = reports.take();
  return out;
}

Result<std::vector<CompiledSchema>> compile(std::string_view text, std::string_view file_name) {
  Compilation compilation = compile_with_diagnostics(text);
  if (compilation.diagnostics.empty()) return std::move(compilation.schemas);
  std::string message;
  for (const Diagnostic& diagnostic : compilation.diagnostics) {
    if (!message.empty()) message += "\n";
    message += render(diagnostic, text, file_name);
  }
  return Error(CompileErrc::rejected, std::move(message));
}

}  // namespace tlfs::schema
