// What encoder and decoder of snapshots share. runtime/document/README.md describes the format.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/document/node_table.h"

namespace tlfs::document::snapshot {

inline constexpr std::uint8_t kVersion = 1;

enum SectionNumber : std::uint8_t {
  kHead = 1,    // document, writer, packages, schema nodes, chains of writers
  kGraph = 2,   // columns of the changes
  kHashes = 3,  // of the changes
  kVoided = 4,
  kCells = 5,   // columns, schema node by schema node
  kValues = 6,  // bytes of strings, byte values, numbers and keys
  kRows = 7,    // of sequences
  kTexts = 8,   // visible characters
  kUnread = 9,  // changes of which a leaf could not be read
  kSectionCount = 10,
};

// An item of an array's sequence.
enum ItemForm : std::uint8_t {
  kBare = 0,     // an element below which nothing was ever written
  kElement = 1,  // an element with a cell
  kMoved = 2,    // a place to which an element was moved
};

// The schema nodes in the snapshot's order, and for each the ones directly below it, in that order.
struct Shape {
  std::vector<NodeIndex> nodes;
  std::vector<std::vector<NodeIndex>> below;  // by NodeIndex

  // False when a node is there twice or without the one above it.
  static bool make(const NodeTable& table, std::vector<NodeIndex> order, Shape& out) {
    out.nodes = std::move(order);
    out.below.assign(table.size(), {});
    std::vector<bool> seen(table.size(), false);
    for (NodeIndex n : out.nodes) {
      const NodeIndex above = table.at(n).parent;
      if (seen[n] || (above != kNoNode && !seen[above])) return false;
      seen[n] = true;
      if (above != kNoNode) out.below[above].push_back(n);
    }
    return true;
  }
};

}  // namespace tlfs::document::snapshot
