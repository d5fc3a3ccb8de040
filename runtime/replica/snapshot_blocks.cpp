#include "runtime/replica/snapshot_blocks.h"

#include <array>

namespace tlfs::replica {
namespace {

// Random numbers, one for each byte value; they decide where snapshots are cut, so they stay.
constexpr std::array<std::uint64_t, 256> make_gear() {
  std::array<std::uint64_t, 256> out{};
  std::uint64_t state = 0x746c66735f676561;  // splitmix64
  for (std::uint64_t& v : out) {
    state += 0x9e3779b97f4a7c15;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    v = z ^ (z >> 31);
  }
  return out;
}
constexpr std::array<std::uint64_t, 256> kGear = make_gear();
// The topmost bits depend on the last 64 bytes; 14 of them are zero once in 16 KiB.
constexpr std::uint64_t kCutMask = ~0ull << (64 - 14);

crypto::Digest hash_of(ByteView piece) { return crypto::hash("tlfs snapshot piece", {piece}); }

Bytes block_key(const DocumentId& document, std::uint64_t number) {
  return storage::numbered_key(document, storage::Kind::snapshot, number);
}

}  // namespace

std::vector<std::size_t> cut(ByteView bytes) {
  std::vector<std::size_t> out;
  std::size_t from = 0;
  while (from < bytes.size()) {
    const std::size_t limit = std::min(bytes.size(), from + kMaxPieceBytes);
    std::size_t at = std::min(limit, from + kMinPieceBytes);
    std::uint64_t rolling = 0;
    while (at < limit) {
      rolling = (rolling << 1) + kGear[bytes[at++]];
      if ((rolling & kCutMask) == 0) break;
    }
    out.push_back(at);
    from = at;
  }
  return out;
}

Result<Bytes> SnapshotBlocks::load(const std::map<std::uint64_t, Bytes>& blocks) {
  const auto at = blocks.find(0);
  if (at == blocks.end()) return Error(Errc::damaged, "the root of the snapshot is missing");
  Result<SnapshotRoot> root = SnapshotRoot::decode(at->second);
  if (!root) return root.error();
  Bytes out;
  std::map<crypto::Digest, Piece> pieces;
  for (const SnapshotRoot::Block& b : root->blocks) {
    const auto block = blocks.find(b.id);
    if (block == blocks.end())
      return Error(Errc::damaged, "block " + std::to_string(b.id) + " of the snapshot is missing");
    const Result<Bytes> piece = decompress(block->second, b.size);
    if (!piece || piece->size() != b.size || hash_of(*piece) != b.hash)
      return Error(Errc::damaged, "block " + std::to_string(b.id) + " of the snapshot is not what its root says");
    out.insert(out.end(), piece->begin(), piece->end());
    pieces[b.hash] = {b.id, block->second.size()};
  }
  root_ = std::move(*root);
  pieces_ = std::move(pieces);
  return out;
}

Status SnapshotBlocks::replace(ByteView snapshot, SnapshotRoot root, const DocumentId& document,
                               const crypto::Secret& at_rest, storage::Batch& out) {
  root.next_block = root_ ? root_->next_block : 1;
  root.blocks.clear();
  root.stored_bytes = 0;
  next_pieces_.clear();
  std::size_t from = 0;
  for (const std::size_t end : cut(snapshot)) {
    const ByteView piece = snapshot.subspan(from, end - from);
    from = end;
    const crypto::Digest hash = hash_of(piece);
    const auto [at, fresh] = next_pieces_.try_emplace(hash);
    if (fresh) {
      if (const auto old = pieces_.find(hash); old != pieces_.end()) {
        at->second = old->second;
      } else {
        const Bytes packed = compress(piece);
        at->second = {root.next_block++, packed.size()};
        const Bytes key = block_key(document, at->second.id);
        out.put(key, seal_value(at_rest, key, packed));
      }
      root.stored_bytes += at->second.stored;
    }
    root.blocks.push_back({at->second.id, hash, static_cast<std::uint32_t>(piece.size())});
  }
  if (root.blocks.size() > kMaxSnapshotBlocks)
    return Error(Errc::damaged, "a snapshot of " + std::to_string(snapshot.size()) + " bytes is too large to be kept");
  for (const auto& [hash, piece] : pieces_)
    if (!next_pieces_.contains(hash)) out.remove(block_key(document, piece.id));
  const Bytes key = block_key(document, 0);
  out.put(key, seal_value(at_rest, key, root.encode()));
  next_root_ = std::move(root);
  return {};
}

void SnapshotBlocks::accept() {
  root_ = std::move(next_root_);
  pieces_ = std::move(next_pieces_);
  next_root_.reset();
}

}  // namespace tlfs::replica
