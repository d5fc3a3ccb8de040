#include "bridges/cli/gzip.h"

#define ZLIB_CONST  // zlib reads its input through a const pointer
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace tlfs::cli {
namespace {

constexpr std::size_t kFirstGuess = 64 * 1024;
// Deflate cannot pack better than this (zlib's technical notes), so a greater promise is a lie.
constexpr std::uint64_t kBestRatio = 1032;

// The last four bytes of a gzip file promise the size of its last member, modulo 2^32.
std::size_t promised_size(ByteView bytes, std::uint64_t limit) {
  if (bytes.size() < 4) return kFirstGuess;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size |= std::uint64_t{bytes[bytes.size() - 4 + i]} << (8 * i);
  size = std::min({size, limit, bytes.size() * kBestRatio});
  // One byte more, so that a stream that keeps the promise ends before its buffer does.
  return std::max<std::size_t>(kFirstGuess, size + 1);
}

class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream, 15 + 16) == Z_OK; }  // the largest window, gzip only
  ~Inflater() {
    if (ready_) inflateEnd(&stream);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  bool ready() const { return ready_; }

  z_stream stream{};

 private:
  bool ready_ = false;
};

}  // namespace

bool is_gzip(ByteView bytes) { return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b; }

Result<Bytes> gunzip(ByteView bytes, std::uint64_t limit) {
  if (bytes.size() > std::numeric_limits<uInt>::max())
    return Error(GzipErrc::too_large, "a gzip file of " + std::to_string(bytes.size()) + " bytes is too large");
  Inflater inflater;
  if (!inflater.ready()) return Error(GzipErrc::damaged, "zlib cannot be initialised");
  z_stream& stream = inflater.stream;
  stream.next_in = bytes.data();
  stream.avail_in = static_cast<uInt>(bytes.size());

  Bytes out(promised_size(bytes, limit));
  std::size_t filled = 0;
  while (true) {
    if (filled == out.size()) out.resize(out.size() * 2);
    const auto room = static_cast<uInt>(std::min<std::size_t>(out.size() - filled, std::numeric_limits<uInt>::max()));
    stream.next_out = out.data() + filled;
    stream.avail_out = room;
    const int status = inflate(&stream, Z_NO_FLUSH);
    filled += room - stream.avail_out;
    if (filled > limit)
      return Error(GzipErrc::too_large, "it unpacks to more than the limit of " + std::to_string(limit) + " bytes");
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      const auto rest = bytes.last(stream.avail_in);
      if (!is_gzip(rest) || inflateReset(&stream) != Z_OK)
        return Error(GzipErrc::damaged,
                     "after the end of its gzip data follow " + std::to_string(rest.size()) + " other bytes");
    } else if (status == Z_BUF_ERROR && stream.avail_out > 0) {
      return Error(GzipErrc::damaged, "its gzip data is cut short");
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return Error(GzipErrc::damaged,
                   std::string("its gzip data is damaged: ") + (stream.msg ? stream.msg : "unknown reason"));
    }
  }
  out.resize(filled);
  return out;
}

}  // namespace tlfs::cli
