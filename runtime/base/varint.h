// Little building blocks of every binary format: LEB128 variable-length integers, zigzag, length-prefixed bytes.
//
// A ByteReader never reads past its end and never throws: after the first failure it is `failed`, every later read
// returns zero or nothing, and the caller checks once at the end. Integers must be in their shortest form, so that a
// value has exactly one encoding.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "runtime/base/bytes.h"

namespace tlfs {

constexpr std::uint64_t zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

// The bytes of one varint, without an allocation.
class Varint {
 public:
  explicit Varint(std::uint64_t v) {
    for (; v >= 0x80; v >>= 7) bytes_[size_++] = static_cast<std::uint8_t>(v) | 0x80;
    bytes_[size_++] = static_cast<std::uint8_t>(v);
  }
  ByteView view() const { return {bytes_.data(), size_}; }

 private:
  std::array<std::uint8_t, 10> bytes_;
  std::size_t size_ = 0;
};

class ByteWriter {
 public:
  void u8(std::uint8_t v) { out_.push_back(v); }
  void varint(std::uint64_t v) {
    while (v >= 0x80) {
      out_.push_back(static_cast<std::uint8_t>(v) | 0x80);
      v >>= 7;
    }
    out_.push_back(static_cast<std::uint8_t>(v));
  }
  void signed_varint(std::int64_t v) { varint(zigzag(v)); }
  void fixed64(std::uint64_t v) {  // little-endian
    for (int i = 0; i < 8; ++i) out_.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
  }
  void raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void raw(std::string_view text) { raw(as_bytes(text)); }
  void bytes(ByteView bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  void text(std::string_view text) { bytes(as_bytes(text)); }

  std::size_t size() const { return out_.size(); }
  bool empty() const { return out_.empty(); }
  ByteView view() const { return out_; }
  Bytes take() { return std::move(out_); }
  void clear() { out_.clear(); }
  void reserve(std::size_t n) { out_.reserve(n); }

 private:
  Bytes out_;
};

class ByteReader {
 public:
  explicit ByteReader(ByteView in) : at_(in.data()), end_(in.data() + in.size()) {}

  std::uint8_t u8() {
    if (at_ == end_) return fail(), std::uint8_t{0};
    return *at_++;
  }
  std::uint64_t varint() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) return fail(), 0;
      const std::uint8_t b = *at_++;
      if (shift == 63 && b > 1) return fail(), 0;
      v |= static_cast<std::uint64_t>(b & 0x7f) << shift;
      if ((b & 0x80) == 0) {
        if (b == 0 && shift != 0) return fail(), 0;  // not the shortest form
        return v;
      }
    }
    return fail(), 0;
  }
  std::int64_t signed_varint() { return unzigzag(varint()); }
  // A varint that must not exceed `limit`.
  std::uint64_t bounded(std::uint64_t limit) {
    const std::uint64_t v = varint();
    if (v > limit) return fail(), 0;
    return v;
  }
  std::uint64_t fixed64() {
    if (remaining() < 8) return fail(), 0;
    std::uint64_t v = 0;
    for (int i = 0; i < 8; ++i) v |= static_cast<std::uint64_t>(at_[i]) << (8 * i);
    at_ += 8;
    return v;
  }
  ByteView raw(std::size_t n) {
    if (remaining() < n) return fail(), ByteView{};
    ByteView v(at_, n);
    at_ += n;
    return v;
  }
  ByteView bytes() {
    const std::uint64_t n = varint();
    if (n > remaining()) return fail(), ByteView{};
    return raw(n);
  }
  std::string_view text() { return as_text(bytes()); }

  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  bool at_end() const { return at_ == end_; }
  bool failed() const { return failed_; }
  // True when everything was read and nothing failed.
  bool finished() const { return !failed_ && at_ == end_; }
  void fail() {
    failed_ = true;
    at_ = end_;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool failed_ = false;
};

}  // namespace tlfs
