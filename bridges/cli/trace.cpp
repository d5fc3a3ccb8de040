#include "bridges/cli/trace.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "bridges/cli/gzip.h"
#include "bridges/cli/trace_parser.h"

namespace tlfs::cli {
namespace {

Result<Bytes> read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  const auto unreadable = [] {
    return Error(TraceErrc::unreadable,
                 std::string("cannot be read: ") + (errno ? std::strerror(errno) : "not a file"));
  };
  if (!file) return unreadable();
  Bytes bytes;
  constexpr std::size_t kChunk = std::size_t{1} << 20;
  while (file) {
    const std::size_t before = bytes.size();
    if (before > kMaxTraceFile)
      return Error(TraceErrc::too_large, "is larger than the limit of " + std::to_string(kMaxTraceFile) + " bytes");
    bytes.resize(before + kChunk);
    file.read(reinterpret_cast<char*>(bytes.data() + before), kChunk);
    bytes.resize(before + static_cast<std::size_t>(file.gcount()));
  }
  // A directory opens, but does not read.
  if (file.bad()) return unreadable();
  return bytes;
}

}  // namespace

Result<Trace> decode_trace(ByteView bytes) {
  if (!is_gzip(bytes)) return parse_trace(Bytes(bytes.begin(), bytes.end()));
  auto unpacked = gunzip(bytes, kMaxTraceText);
  if (unpacked) return parse_trace(std::move(unpacked).value());
  const bool too_large = unpacked.error().is(GzipErrc::too_large);
  return Error(too_large ? TraceErrc::too_large : TraceErrc::damaged, unpacked.error().message());
}

Result<Trace> load_trace(const std::string& path) {
  auto bytes = read_file(path);
  if (!bytes) return bytes.error().within(path);
  auto trace = decode_trace(*bytes);
  if (!trace) return trace.error().within(path);
  return trace;
}

}  // namespace tlfs::cli
