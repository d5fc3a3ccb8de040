// A column: a sequence of unsigned integers whose number both sides know, compact where values repeat.
//
// A column of one value is that varint and nothing else. A longer one is its length in bytes and then tokens, each a
// varint t followed by varints:
//   t even   t/2 values follow literally; at least one
//   t odd    a pattern of p = 1 + (t>>1 & 7) values follows, which occurs 2 + (t>>4) times
// A writer looks for the shortest pattern first, so that equal columns have equal bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/varint.h"

namespace tlfs::document {

inline constexpr std::size_t kMaxPattern = 8;

inline void put_varint(Bytes& out, std::uint64_t v) {
  while (v >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(v) | 0x80);
    v >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(v));
}

// Writes the varint of `size` before the last `size` bytes of `out`, for which one byte at `at` is reserved.
void patch_length(Bytes& out, std::size_t at);

// `values` must not be empty.
void write_column(Bytes& out, std::span<const std::uint64_t> values);

// Reads a column value by value. After malformed bytes it is `failed` and returns zeros.
class ColumnReader {
 public:
  ColumnReader() : in_(ByteView{}) {}
  // Takes the column of `count` values off the front of `in`; an empty column takes nothing.
  ColumnReader(ByteReader& in, std::uint64_t count) : in_(ByteView{}), unread_(count) {
    if (count == 1) {
      pattern_[0] = in.varint();
      left_ = 1;
    } else if (count > 1) {
      in_ = ByteReader(in.bytes());
    }
    if (in.failed()) fail();
  }

  // At most `count` times.
  std::uint64_t next() {
    --unread_;
    if (left_ == 0 && !refill()) return 0;
    --left_;
    if (literal_) return in_.varint();
    const std::uint64_t v = pattern_[at_];
    if (++at_ == period_) at_ = 0;
    return v;
  }
  bool failed() const { return failed_ || in_.failed(); }
  // True when nothing failed, and every value was read and there are no more.
  bool finished() const { return !failed() && unread_ == 0 && left_ == 0 && in_.at_end(); }

 private:
  bool refill();
  void fail() { failed_ = true; }

  ByteReader in_;
  std::uint64_t unread_ = 0;
  std::uint64_t left_ = 0;                          // values of the current token
  std::array<std::uint64_t, kMaxPattern> pattern_;  // set by a token before it is read
  std::uint8_t period_ = 1;
  std::uint8_t at_ = 0;
  bool literal_ = false;
  bool failed_ = false;
};

}  // namespace tlfs::document
