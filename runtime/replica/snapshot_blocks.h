// A snapshot as pieces, so that taking the next one writes only what is new.
//
// The bytes are cut where their content says so, with a rolling hash (gear hashing, as in Xia et al., "FastCDC: a Fast
// and Efficient Content-Defined Chunking Approach", USENIX ATC 2016): an edit moves the cuts near it and no others. A
// piece keeps its record as long as the snapshot has that piece.
#pragma once

#include <map>
#include <vector>

#include "runtime/replica/records.h"

namespace tlfs::replica {

inline constexpr std::size_t kMinPieceBytes = 16u << 10;
inline constexpr std::size_t kMaxPieceBytes = 64u << 10;

// Where the pieces end. Each has kMinPieceBytes to kMaxPieceBytes; the last may have fewer.
std::vector<std::size_t> cut(ByteView bytes);

class SnapshotBlocks {
 public:
  const std::optional<SnapshotRoot>& root() const { return root_; }
  std::uint64_t generation() const { return root_ ? root_->generation : 0; }
  std::uint64_t stored_bytes() const { return root_ ? root_->stored_bytes : 0; }

  // As records say, by number. damaged names what is missing.
  Result<Bytes> load(const std::map<std::uint64_t, Bytes>& blocks);
  // Puts what is new, removes what is no more. The root says `generation`, `changes_below` and `packages`. Takes effect
  // with accept().
  Status replace(ByteView snapshot, SnapshotRoot root, const DocumentId& document, const crypto::Secret& at_rest,
                 storage::Batch& out);
  void accept();
  void forget() { root_.reset(), pieces_.clear(); }

 private:
  struct Piece {
    std::uint64_t id = 0;
    std::size_t stored = 0;  // bytes of its record
  };
  std::optional<SnapshotRoot> root_;
  std::map<crypto::Digest, Piece> pieces_;
  std::optional<SnapshotRoot> next_root_;
  std::map<crypto::Digest, Piece> next_pieces_;
};

}  // namespace tlfs::replica
