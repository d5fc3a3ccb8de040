#include "runtime/storage/leveldb_status.h"

#include <cerrno>
#include <cstring>

namespace tlfs::storage {
namespace {

struct Case {
  int number;
  Errc code;
  std::string_view advice;
};
constexpr Case kCases[] = {
    {ENOSPC, Errc::full, "the disk is full; what was saved is safe, and saving goes on once there is room"},
    {EDQUOT, Errc::full, "the disk quota is used up; what was saved is safe, and saving goes on once there is room"},
    {EROFS, Errc::read_only, "the file system is mounted read-only; mount it writable or choose another directory"},
    {EACCES, Errc::denied, "permission denied; the directory and its files must belong to this user"},
    {EPERM, Errc::denied, "not permitted; the directory and its files must belong to this user"},
    {EMFILE, Errc::too_many_files, "this process has too many files open; raise its limit (ulimit -n) or close some"},
    {ENFILE, Errc::too_many_files, "the system has too many files open; close some"},
};

}  // namespace

Error locked_error(const std::string& directory) {
  return {Errc::locked,
          directory + ": another process has this data directory open; stop it, or choose another directory"};
}

Error error_of(const leveldb::Status& status, const std::string& directory, std::string_view doing) {
  const std::string text = status.ToString();
  for (const Case& c : kCases)
    if (text.ends_with(std::strerror(c.number)) && !text.starts_with("IO error: lock "))
      return {c.code, directory + ": while " + std::string(doing) + ": " + std::string(c.advice)};
  if (text.starts_with("IO error: lock ")) return locked_error(directory);
  if (status.IsCorruption() || text.find("Corruption: ") != std::string::npos)
    return {Errc::corrupt,
            directory + ": while " + std::string(doing) + ": the files are damaged (" + text +
                "); `tlfs store check` says what is missing, `tlfs store repair` saves what can be read"};
  return {Errc::io, directory + ": while " + std::string(doing) + ": " + text};
}

}  // namespace tlfs::storage
