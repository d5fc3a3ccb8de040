// Schemas in files, as .tlfs text or as compiled packages.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "schema/lens/package.h"

namespace tlfs::cli {

enum class FileErrc : int { ok = 0, unwritable = 2, no_such_schema = 3 };
std::string_view errc_module(FileErrc);

using Packages = std::vector<std::shared_ptr<const schema::Package>>;

// The packages of a .tlfs text or of a package file; which it is shows in its first byte.
Result<Packages> load_schemas(const std::string& path);

// One of them: the one called `name`, or the only one when `name` is empty. no_such_schema says which there are.
Result<std::shared_ptr<const schema::Package>> load_schema(const std::string& path, const std::string& name);

// Replaces the file as a whole: either the old content or the new is there, never half of it.
Status write_file(const std::filesystem::path& path, ByteView content);

}  // namespace tlfs::cli
