// A snapshot: a document's current state in bytes that open in one read, without its history's bytes.
// Document::snapshot() and open() are the way to it; this is what they are made of. runtime/document/README.md
// describes the format.
//
// Causal graph, voided leaves and cells are columns; cells of one schema node lie together. Texts stay in their bytes
// until something looks at more than their characters.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/document/state.h"

namespace tlfs::document {

inline constexpr std::size_t kMaxSnapshotBytes = std::size_t{1} << 30;  // after decompression
inline constexpr std::uint64_t kMaxSnapshotThings = std::uint64_t{1}
                                                    << 26;  // cells, items of sequences, values and dots together

struct SnapshotHead {
  DocumentId document{};
  WriterId own;                          // who wrote the document that the snapshot is of
  AgentIndex agent = kNoAgent;           // that writer's chain, if it has one
  std::vector<crypto::Digest> packages;  // of all changes
};

using VoidedLeaves = std::vector<std::pair<ChangeIndex, std::uint32_t>>;  // ascending

// What the state does not show of what the changes hold.
struct Unshown {
  VoidedLeaves voided;
  std::vector<ChangeIndex> unread;  // changes of which a leaf could not be read; ascending
};

// Plain: for those who compress it themselves, piece by piece. Two snapshots of nearly the same state then have nearly
// all bytes in common.
enum class SnapshotPacking : std::uint8_t { compressed, plain };

// Everything is sealed: no id of the state is outside of a change.
Bytes encode_snapshot(const SnapshotHead& head, const NodeTable& nodes, const ChangeGraph& graph,
                      const Unshown& unshown, const State& state, SnapshotPacking packing);

class SnapshotReader {
 public:
  // Any bytes are safe. Errc::malformed, Errc::limit_exceeded.
  static Result<std::unique_ptr<SnapshotReader>> read(ByteView bytes);
  ~SnapshotReader();

  const SnapshotHead& head() const;
  // Fills an empty graph. On an error it is good for nothing but being freed.
  Status fill_graph(ChangeGraph& graph, Unshown& unshown);
  // Fills an empty state, once. All the head's packages are in `nodes`; `graph` holds what fill_graph gave it, and
  // perhaps more after that. On an error the state is good for nothing but being freed.
  Status fill_state(const NodeTable& nodes, const ChangeGraph& graph, State& state);

 private:
  struct Parts;
  explicit SnapshotReader(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tlfs::document
