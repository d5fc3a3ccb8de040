// The inner nodes of a sequence's B+ tree; for the files that implement Sequence.
#pragma once

#include "runtime/document/sequence.h"

namespace tlfs::document {

inline constexpr std::size_t kMaxSpans = 64;       // of a leaf
inline constexpr std::size_t kMaxLeafText = 4096;  // bytes of a leaf
inline constexpr std::uint32_t kFanout = 32;       // of an inner node

struct SequenceInner {
  SequenceInner* parent = nullptr;
  bool above_leaves = true;
  std::uint32_t size = 0;
  void* child[kFanout];
  std::uint64_t visible[kFanout];
  std::uint64_t utf16[kFanout];

  SequenceLeaf* leaf(std::uint32_t i) const { return static_cast<SequenceLeaf*>(child[i]); }
  SequenceInner* inner(std::uint32_t i) const { return static_cast<SequenceInner*>(child[i]); }
  std::uint32_t index_of(const void* c) const {
    std::uint32_t i = 0;
    while (child[i] != c) ++i;
    return i;
  }
  void adopt(std::uint32_t i) {
    if (above_leaves) {
      leaf(i)->parent = this;
    } else {
      inner(i)->parent = this;
    }
  }
  std::uint64_t sum_visible() const {
    std::uint64_t n = 0;
    for (std::uint32_t i = 0; i < size; ++i) n += visible[i];
    return n;
  }
  std::uint64_t sum_utf16() const {
    std::uint64_t n = 0;
    for (std::uint32_t i = 0; i < size; ++i) n += utf16[i];
    return n;
  }
  void insert(std::uint32_t at, void* c, std::uint64_t v, std::uint64_t u) {
    for (std::uint32_t i = size; i > at; --i) {
      child[i] = child[i - 1];
      visible[i] = visible[i - 1];
      utf16[i] = utf16[i - 1];
    }
    child[at] = c;
    visible[at] = v;
    utf16[at] = u;
    ++size;
    adopt(at);
  }
};

}  // namespace tlfs::document
