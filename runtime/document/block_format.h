// The numbers of the operation block's format, shared by its encoder and its decoder. runtime/document/README.md
// describes them.
#pragma once

#include <cstdint>

#include "runtime/document/operation.h"

namespace tlfs::document::block {

inline constexpr std::uint8_t kVersion = 1;

// Sections, in ascending order of their numbers.
enum SectionNumber : std::uint8_t {
  kOrder = 1,
  kWriters = 2,
  kTargets = 3,
  kTransactions = 4,
  kMetadata = 5,
  kFirstKind = 16,  // 16 + number of the kind
};
inline constexpr std::size_t kKnownSections = kFirstKind + kLastKnownKind + 1;

// In the order section: ids that belong to another leaf.
inline constexpr std::uint64_t kGap = 0;

// How a reference names its writer.
inline constexpr std::uint32_t kNowhere = 0;  // the beginning of a sequence, or (as a key) a table key
inline constexpr std::uint32_t kOwn = 1;      // the block's author
inline constexpr std::uint32_t kFirstOther = 2;

// Types of values; a boolean is its type.
enum ValueType : std::uint8_t {
  kNone = 0,
  kFalse = 1,
  kU64 = 2,
  kI64 = 3,
  kF64 = 4,
  kString = 5,
  kBytes = 6,
  kTrue = 7,
};
inline constexpr bool has_number(std::uint64_t type) {
  return type == kU64 || type == kI64 || type == kString || type == kBytes;
}

enum MetadataFlag : std::uint8_t { kHasTime = 1, kSameOrigin = 2, kSameLabel = 4 };

inline constexpr bool takes_one_id(OperationKind kind) {
  switch (kind) {
    case OperationKind::insert:
    case OperationKind::erase:
    case OperationKind::restore:
    case OperationKind::text_insert:
    case OperationKind::text_erase:
    case OperationKind::text_restore:
      return false;
    default:
      return true;
  }
}
inline constexpr bool has_place(OperationKind kind) {
  return kind == OperationKind::insert || kind == OperationKind::text_insert || kind == OperationKind::move;
}
inline constexpr bool has_subject(OperationKind kind) {
  return kind == OperationKind::erase || kind == OperationKind::restore || kind == OperationKind::move ||
         kind == OperationKind::text_erase || kind == OperationKind::text_restore;
}

}  // namespace tlfs::document::block
