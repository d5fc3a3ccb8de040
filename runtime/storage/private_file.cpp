#include "runtime/storage/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace tlfs::storage {
namespace {

Error failed(const std::string& path, int error) {
  return {PrivateFileErrc::unwritable, path + ": cannot be written: " + std::generic_category().message(error)};
}

// 0, or an errno.
int write_all(int fd, ByteView content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    content = content.subspan(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

// So that the name survives a power cut as well. A file system that cannot sync a directory does without.
void sync_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

// A new file with the content; its name, which ends in something that no other process uses.
Result<std::string> write_beside(const std::string& path, ByteView content) {
  std::string name = path + ".XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);  // mode 0600
  if (fd < 0) return failed(path, errno);
  int error = write_all(fd, content);
  if (::close(fd) != 0 && error == 0) error = errno;
  if (error == 0) return name;
  ::unlink(name.c_str());
  return failed(path, error);
}

}  // namespace

Status create_private_file(const std::string& path, ByteView content) {
  const Result<std::string> written = write_beside(path, content);
  if (!written) return written.error();
  // Unlike rename, link never replaces.
  const int error = ::link(written->c_str(), path.c_str()) == 0 ? 0 : errno;
  ::unlink(written->c_str());
  if (error == EEXIST)
    return Error(PrivateFileErrc::exists, path + ": exists, and is never overwritten; choose another name");
  if (error != 0) return failed(path, error);
  sync_folder_of(path);
  return {};
}

Status replace_private_file(const std::string& path, ByteView content) {
  const Result<std::string> written = write_beside(path, content);
  if (!written) return written.error();
  if (::rename(written->c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(written->c_str());
    return failed(path, error);
  }
  sync_folder_of(path);
  return {};
}

}  // namespace tlfs::storage
