// The operation block: the bytes that an operation batch becomes inside a leaf (and in the local log).
// runtime/document/README.md describes the format.
//
// Decoding accepts any bytes. What a block says about ids is checked against the id range that its change owns; whether
// the things it refers to exist and were seen is the business of State, operation by operation.
#pragma once

#include "runtime/base/result.h"
#include "runtime/document/change.h"
#include "runtime/document/operation.h"

namespace tlfs::document {

// How a block names a writer. `branch` is the hash of the change that holds the operation, given only where the author
// knew that the writer has forked.
struct WriterEntry {
  WriterId writer;
  std::optional<ChangeHash> branch;
  friend bool operator==(const WriterEntry&, const WriterEntry&) = default;
};

// Translates writers between block and IdSpace. Called once per agent and block.
class WriterDirectory {
 public:
  virtual ~WriterDirectory() = default;
  // kNoAgent when the writer is unknown, or has forked and the entry does not say which branch.
  virtual AgentIndex find(const WriterEntry& entry) const = 0;
  // `lv` is the last operation of the agent that will be referred to.
  virtual WriterEntry describe(AgentIndex agent, Lv lv) const = 0;
};

// The ids that the block's change owns.
struct BlockScope {
  AgentIndex agent = kNoAgent;  // the author
  Lv base = 0;                  // Lv of the change's first id; ids must already be in the IdSpace
  std::uint32_t id_count = 0;
};

struct BlockOptions {
  int zstd_level = 3;               // of the sections that compression makes smaller
  std::size_t compress_from = 256;  // bytes of a section below which it stays as it is
};

// How leaves of epoch 0 are best sealed: an archive can only make again what no compressor had a hand in, and storage
// and transport compress many of them together anyway.
inline constexpr BlockOptions kUncompressed{0, std::size_t{64} << 20};

// Deterministic for equal batch, scope and options.
Bytes encode_block(const OperationBatch& batch, const BlockScope& scope, const IdSpace& ids,
                   const WriterDirectory& writers, const BlockOptions& options = {});

// Errc::malformed or Errc::limit_exceeded, with what was expected where. References to writers or counters that this
// replica does not have become kUnknownLv and leave the rest of the block readable.
Result<OperationBatch> decode_block(ByteView bytes, const BlockScope& scope, const IdSpace& ids,
                                    const WriterDirectory& writers);

inline constexpr std::size_t kMaxBlockBytes = 64u << 20;  // after decompression
inline constexpr std::size_t kMaxKeysPerTarget = 64;
inline constexpr std::size_t kMaxWritersPerBlock = 1u << 20;
// Repetition costs nothing in a block, so these bound what a small one may become in memory. A batch must keep to them
// too.
inline constexpr std::size_t kMaxOperationsPerBlock = 1u << 22;
inline constexpr std::size_t kMaxValuesPerBlock = 1u << 22;
inline constexpr std::size_t kMaxKeysPerBlock = 1u << 22;

}  // namespace tlfs::document
