// The numbers of the radix tree, all of 128 bits: where a document stands, what it holds, and sums of that.
#pragma once

#include <compare>
#include <cstdint>

namespace tlfs::sync {

// Where a document stands between two devices: says nothing about it to anyone else. Ordered as a number.
struct Position {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

// A document and its heads. Its low half is never zero, so that zero can stand for "not held".
struct Leaf {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Leaf&, const Leaf&) = default;
};

// The sum of leaves, modulo 2^128.
struct Sum {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Sum&, const Sum&) = default;

  void add(std::uint64_t more_high, std::uint64_t more_low) {
    low += more_low;
    high += more_high + (low < more_low ? 1U : 0U);
  }
  void subtract(std::uint64_t less_high, std::uint64_t less_low) {
    high -= less_high + (low < less_low ? 1U : 0U);
    low -= less_low;
  }
  Sum& operator+=(const Sum& other) { return add(other.high, other.low), *this; }
  Sum& operator+=(const Leaf& leaf) { return add(leaf.high, leaf.low), *this; }
  Sum& operator-=(const Leaf& leaf) { return subtract(leaf.high, leaf.low), *this; }
};

// The positions whose first `length` bits are those of `bits`; the other bits of `bits` are zero. No subtree is named
// below 64 bits: what two positions share by chance is less than 64 bits for any number of documents.
struct Prefix {
  std::uint64_t bits = 0;
  unsigned length = 0;  // 0 to 64
  friend bool operator==(const Prefix&, const Prefix&) = default;

  static constexpr std::uint64_t mask(unsigned length) { return length == 0 ? 0 : ~std::uint64_t{0} << (64 - length); }
  std::uint64_t last() const { return bits | ~mask(length); }  // the greatest position's high half
  bool holds(const Position& position) const { return (position.high & mask(length)) == bits; }
  // The child number `index` of the 2^more children; length + more <= 64, more > 0.
  Prefix child(unsigned more, std::uint64_t index) const {
    return {bits | index << (64 - length - more), length + more};
  }
};

}  // namespace tlfs::sync
