// Numbered, length-prefixed sections, each as it is or compressed: the frame of operation blocks and archives.
//
//   section   number, packing (0 raw, 1 zstd), [size before compression, only with zstd], length, bytes
//
// Numbers ascend. A reader skips sections whose number it does not know.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/varint.h"
#include "runtime/document/operation_block.h"

struct ZSTD_CCtx_s;

namespace tlfs::document {

enum Packing : std::uint8_t { kRaw = 0, kZstd = 1 };

// Writes sections in place at the end of a buffer: everything appended between begin and end is the section.
class SectionWriter {
 public:
  explicit SectionWriter(const BlockOptions& options) : options_(options) {}
  void begin(Bytes& out, std::uint64_t number);
  void end(Bytes& out);

 private:
  struct FreeZstd {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  bool compress(Bytes& out, std::size_t size);

  BlockOptions options_;
  std::size_t at_ = 0;  // of the length
  std::unique_ptr<ZSTD_CCtx_s, FreeZstd> zstd_;
};

struct Section {
  bool present = false;
  ByteView bytes;
};

// Reads all sections that are left in `in` into `known`, by number; what had to be decompressed lives in `room`,
// altogether at most `limit` bytes. `what` begins the messages of errors.
Status read_sections(ByteReader& in, std::span<Section> known, std::vector<Bytes>& room, std::uint64_t limit,
                     std::string_view what);

}  // namespace tlfs::document
