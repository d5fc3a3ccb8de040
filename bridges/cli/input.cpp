#include "bridges/cli/input.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace tlfs::cli {

Result<Bytes> read_stream(std::istream& in, const std::string& name, std::size_t max_bytes) {
  Bytes content;
  char block[1 << 16];
  while (in.read(block, sizeof block), in.gcount() > 0) {
    content.insert(content.end(), block, block + in.gcount());
    if (content.size() > max_bytes)
      return Error(InputErrc::too_large, name + ": is larger than " + std::to_string(max_bytes) + " bytes");
  }
  if (in.bad()) return Error(InputErrc::unreadable, name + ": could not be read to its end");
  return content;
}

Result<Bytes> read_file(const std::string& path, std::size_t max_bytes, std::string_view expected) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return Error(InputErrc::unreadable, path + ": this is a directory");
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error(InputErrc::unreadable, path + ": cannot be read; expected " + std::string(expected));
  return read_stream(in, path, max_bytes);
}

}  // namespace tlfs::cli
