#include "bridges/cli/schema_files.h"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "bridges/cli/input.h"
#include "schema/compiler/compile.h"
#include "schema/lens/package_file.h"

namespace tlfs::cli {
namespace {

namespace fs = std::filesystem;

// Larger than any text the compiler takes and any file of packages that people have.
constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;

std::string names_of(const Packages& packages) {
  std::string out;
  for (const auto& p : packages) out.append(out.empty() ? "" : ", ").append(p->name());
  return out;
}

}  // namespace

std::string_view errc_module(FileErrc) { return "schema files"; }

Result<Packages> load_schemas(const std::string& path) {
  const Result<Bytes> content = read_file(path, kMaxFileBytes, "a .tlfs text or a compiled package file");
  if (!content) return content.error();
  if (schema::looks_like_package_file(*content)) {
    Result<Packages> packages = schema::decode_package_file(*content);
    if (!packages) return packages.error().within(path);
    return packages;
  }
  const auto compiled = schema::compile(as_text(*content), path);
  if (!compiled) return compiled.error();
  Packages packages;
  for (const schema::CompiledSchema& s : *compiled) packages.push_back(s.package);
  return packages;
}

Result<std::shared_ptr<const schema::Package>> load_schema(const std::string& path, const std::string& name) {
  const Result<Packages> packages = load_schemas(path);
  if (!packages) return packages.error();
  if (name.empty() && packages->size() == 1) return packages->front();
  if (name.empty()) {
    return Error(FileErrc::no_such_schema, path + " holds " + std::to_string(packages->size()) +
                                               " schemas: " + names_of(*packages) + "; choose one with --name");
  }
  const auto found = std::ranges::find(*packages, name, &schema::Package::name);
  if (found != packages->end()) return *found;
  return Error(FileErrc::no_such_schema, path + " holds no schema " + name + "; it holds " + names_of(*packages));
}

Status write_file(const fs::path& path, ByteView content) {
  const auto failed = [&](const std::string& why) { return Error(FileErrc::unwritable, path.string() + ": " + why); };
  const fs::path next = path.string() + ".part";
  {
    std::ofstream out(next, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    out.close();
    if (!out) return failed("cannot be written");
  }
  std::error_code error;
  fs::rename(next, path, error);
  if (error) {
    std::error_code ignored;
    fs::remove(next, ignored);
    return failed("cannot be written: " + error.message());
  }
  return {};
}

}  // namespace tlfs::cli
