// The files of a directory as a web server shows them. Reads the file system; keeps nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace tlfs::websocket_bridge {

struct StaticFile {
  std::string file;
  std::string type;  // Content-Type
  std::string etag;
};

class StaticFiles {
 public:
  // control::Errc::bad_name when it is no directory.
  static Result<StaticFiles> open(const std::string& directory);

  // What is at a path ("/assets/app.js"), decoded. A directory's index.html stands for it, and the uppermost one for
  // whatever is not there and has no extension: pages of an app that draws them itself. Nothing leads out of the
  // directory, neither `..` nor a symbolic link; names that begin with a dot are not shown.
  std::optional<StaticFile> find(std::string_view path) const;

 private:
  explicit StaticFiles(std::filesystem::path root) : root_(std::move(root)) {}
  std::optional<StaticFile> at(const std::filesystem::path& path) const;

  std::filesystem::path root_;  // canonical
};

std::string_view content_type(std::string_view file);

}  // namespace tlfs::websocket_bridge
