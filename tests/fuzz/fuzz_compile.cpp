// Any text compiles or is refused with diagnostics that render; what compiles decodes to the same package.
#include <cstdint>
#include <string_view>

#include "runtime/base/check.h"
#include "schema/compiler/compile.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tlfs::schema;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Compilation compilation = compile_with_diagnostics(text);
  TLFS_CHECK(compilation.diagnostics.size() <= kMaxDiagnostics, "too many diagnostics");
  TLFS_CHECK(!compilation.diagnostics.empty() || !compilation.schemas.empty(), "neither result nor complaint");
  for (const Diagnostic& diagnostic : compilation.diagnostics) {
    TLFS_CHECK(!diagnostic.message.empty() && diagnostic.offset <= size, "a diagnostic without message or place");
    TLFS_CHECK(render(diagnostic, text, "fuzz.tlfs").starts_with("fuzz.tlfs:"), "a diagnostic that does not render");
  }
  for (const CompiledSchema& schema : compilation.schemas) {
    const auto decoded = Package::decode(schema.package->encoded());
    TLFS_CHECK(decoded.ok() && (*decoded)->hash() == schema.package->hash(), "a package that does not decode");
  }
  return 0;
}
