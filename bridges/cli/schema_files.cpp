#include "bridges/cli/schema_files.h"

#include <fstream>
#include <system_error>

#include "schema/compiler/compile.h"
#include "schema/lens/package_file.h"

namespace tlfs::cli {
namespace {

namespace fs = std::filesystem;

// Larger than any text the compiler takes and any file of packages that people have.
constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;

Result<Bytes> read_file(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return Error(FileErrc::unreadable, path + ": this is a directory");
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return Error(FileErrc::unreadable, path + ": cannot be read; expected a .tlfs text or a compiled package file");
  Bytes content;
  char block[1 << 16];
  while (in.read(block, sizeof block), in.gcount() > 0) {
    content.insert(content.end(), block, block + in.gcount());
    if (content.size() > kMaxFileBytes) {
      return Error(FileErrc::unreadable, path + ": is larger than " + std::to_string(kMaxFileBytes) + " bytes");
    }
  }
  if (in.bad()) return Error(FileErrc::unreadable, path + ": could not be read to its end");
  return content;
}

}  // namespace

std::string_view errc_module(FileErrc) { return "schema files"; }

Result<Packages> load_schemas(const std::string& path) {
  const Result<Bytes> content = read_file(path);
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
