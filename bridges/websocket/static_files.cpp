#include "bridges/websocket/static_files.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bridges/control/errors.h"

namespace tlfs::websocket_bridge {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 27> kTypes{{
    {".html", "text/html; charset=utf-8"},
    {".htm", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".avif", "image/avif"},
    {".ico", "image/x-icon"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".ttf", "font/ttf"},
    {".otf", "font/otf"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".pdf", "application/pdf"},
    {".mp3", "audio/mpeg"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
}};

constexpr std::size_t kMaxPathBytes = 4'096;

// Whether `inner` is `outer` or below it; both canonical.
bool lies_in(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// Without empty steps; nothing when a step begins with a dot, as `..` does.
std::optional<fs::path> relative(std::string_view path) {
  fs::path out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view step = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (step.empty()) continue;
    if (step.front() == '.') return std::nullopt;
    out /= std::string(step);
  }
  return out;
}

}  // namespace

std::string_view content_type(std::string_view file) {
  const std::size_t dot = file.rfind('.');
  if (dot == std::string_view::npos) return "application/octet-stream";
  for (const auto& [extension, type] : kTypes)
    if (file.substr(dot) == extension) return type;
  return "application/octet-stream";
}

Result<StaticFiles> StaticFiles::open(const std::string& directory) {
  std::error_code error;
  const fs::path root = fs::canonical(directory, error);
  if (error || !fs::is_directory(root, error))
    return Error(control::Errc::bad_name, directory + ": there is no such directory");
  return StaticFiles(root);
}

std::optional<StaticFile> StaticFiles::find(std::string_view path) const {
  if (path.size() > kMaxPathBytes) return std::nullopt;
  const auto inside = relative(path);
  if (!inside) return std::nullopt;
  if (auto file = at(root_ / *inside)) return file;
  if (inside->has_extension()) return std::nullopt;
  return at(root_);
}

std::optional<StaticFile> StaticFiles::at(const fs::path& path) const {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (error || !lies_in(real, root_)) return std::nullopt;
  if (fs::is_directory(real, error)) {
    real = fs::canonical(real / "index.html", error);
    if (error || !lies_in(real, root_)) return std::nullopt;
  }
  if (!fs::is_regular_file(real, error)) return std::nullopt;
  const auto size = fs::file_size(real, error);
  if (error) return std::nullopt;
  const auto changed = fs::last_write_time(real, error);
  if (error) return std::nullopt;
  StaticFile out;
  out.file = real.string();
  out.type = content_type(out.file);
  out.etag = "\"" + std::to_string(changed.time_since_epoch().count()) + "-" + std::to_string(size) + "\"";
  return out;
}

}  // namespace tlfs::websocket_bridge
