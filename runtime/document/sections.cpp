#include "runtime/document/sections.h"

#include <zstd.h>

#include "runtime/base/check.h"
#include "runtime/document/column.h"

namespace tlfs::document {

void SectionWriter::FreeZstd::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

void SectionWriter::begin(Bytes& out, std::uint64_t number) {
  put_varint(out, number);
  out.push_back(kRaw);
  at_ = out.size();
  out.push_back(0);
}

void SectionWriter::end(Bytes& out) {
  const std::size_t size = out.size() - at_ - 1;
  if (size >= options_.compress_from && compress(out, size)) return;
  patch_length(out, at_);
}

bool SectionWriter::compress(Bytes& out, std::size_t size) {
  if (!zstd_) zstd_.reset(ZSTD_createCCtx());
  TLFS_CHECK(zstd_ != nullptr, "out of memory for compression");
  Bytes packed(ZSTD_compressBound(size));
  const std::size_t n =
      ZSTD_compressCCtx(zstd_.get(), packed.data(), packed.size(), out.data() + at_ + 1, size, options_.zstd_level);
  if (ZSTD_isError(n) != 0 || n + 8 >= size) return false;
  out[at_ - 1] = kZstd;
  out.resize(at_);
  put_varint(out, size);
  put_varint(out, n);
  out.insert(out.end(), packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(n));
  return true;
}

Status read_sections(ByteReader& in, std::span<Section> known, std::vector<Bytes>& room, std::uint64_t limit,
                     std::string_view what) {
  const auto malformed = [what](const std::string& problem) {
    return Error(Errc::malformed, std::string(what) + ": " + problem);
  };
  std::uint64_t last = 0;
  std::uint64_t total = 0;
  while (!in.at_end()) {
    const std::uint64_t number = in.varint();
    const std::uint8_t packing = in.u8();
    const std::uint64_t size = packing == kZstd ? in.varint() : 0;
    const ByteView content = in.bytes();
    if (in.failed()) return malformed("a section is cut off");
    const auto name = [number] { return "section " + std::to_string(number); };
    if (number <= last) return malformed(name() + " comes after section " + std::to_string(last));
    if (packing > kZstd) return malformed(name() + " is packed in an unknown way");
    last = number;
    if (number >= known.size()) continue;
    Section& section = known[number];
    section.present = true;
    section.bytes = content;
    if (packing == kRaw) continue;
    if (size > limit || total + size > limit)
      return Error(Errc::limit_exceeded,
                   std::string(what) + ": more than " + std::to_string(limit) + " bytes after decompression");
    total += size;
    if (content.size() >= size) return malformed(name() + " is no smaller for being compressed");
    if (ZSTD_getFrameContentSize(content.data(), content.size()) != size)
      return malformed(name() + " states another size than its compressed frame");
    if (ZSTD_findFrameCompressedSize(content.data(), content.size()) != content.size())
      return malformed(name() + " is not one compressed frame");
    Bytes& unpacked = room.emplace_back(size);
    const std::size_t n = ZSTD_decompress(unpacked.data(), unpacked.size(), content.data(), content.size());
    if (ZSTD_isError(n) != 0 || n != size) return malformed(name() + " does not decompress");
    section.bytes = unpacked;
  }
  return {};
}

}  // namespace tlfs::document
