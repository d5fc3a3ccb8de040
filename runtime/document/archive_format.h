// What encoder and decoder of archives share. runtime/document/README.md describes the format.
#pragma once

#include <cstdint>

#include "runtime/document/change_graph.h"
#include "runtime/document/operation_block.h"

namespace tlfs::document::archive {

inline constexpr std::uint8_t kVersion = 1;

enum SectionNumber : std::uint8_t {
  kTables = 1,        // document, writers, packages, compartments, check
  kHeaders = 2,       // columns of header fields
  kLeaves = 3,        // columns of leaf fields
  kBlocks = 4,        // merged operation blocks
  kKept = 5,          // salts and payloads that are kept as they are
  kAuthority = 6,     // authority heads, where they change
  kAbsentLeaves = 7,  // digests
  kSignatures = 8,
  kSectionCount = 9,
};

enum LeafForm : std::uint8_t {
  kMerged = 0,  // in the merged block, in epoch 0
  kKeptAsIs = 1,
  kAbsent = 2,
  kResealed = 3,  // in the merged block, to be sealed again
};
inline constexpr bool is_merged(std::uint64_t form) { return form == kMerged || form == kResealed; }

// Changes are taken together in groups, and each group makes one merged block per compartment. A group is full when its
// changes have this many ids, or their payloads this many bytes.
inline constexpr std::uint32_t kIdsPerGroup = 1u << 20;
inline constexpr std::size_t kBytesPerGroup = 16u << 20;

// All operations as one writer's, the counter being the Lv: inside an archive nobody needs another name.
class FlatWriters final : public WriterDirectory {
 public:
  AgentIndex find(const WriterEntry&) const override { return kNoAgent; }
  WriterEntry describe(AgentIndex, Lv) const override { return {}; }
};

inline crypto::Digest check_of(const std::vector<crypto::Digest>& hashes) {
  Bytes all;
  all.reserve(32 * hashes.size());
  for (const auto& h : hashes) all.insert(all.end(), h.begin(), h.end());
  return crypto::hash("tlfs archive", {all});
}

}  // namespace tlfs::document::archive
