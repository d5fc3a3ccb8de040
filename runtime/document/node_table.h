// The schema nodes of a document: the union of the nodes of all packages its changes were written under. Nodes with
// equal permanent ids are one node here, so packages that evolved apart meet on what they share.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/document/cells.h"
#include "schema/lens/package.h"

namespace tlfs::document {

struct NodeInfo {
  schema::NodeId id{};
  schema::Kind kind{};
  Primitive primitive{};
  NodeIndex parent = kNoNode;
  NodeIndex compartment = 0;     // the nearest node at or above that bears the mark; the root where there is none
  std::uint32_t key_count = 0;   // dynamic keys of an address of this node: tables and arrays above it
  std::vector<NodeIndex> chain;  // from the root (inclusive) to this node (inclusive)
};

class NodeTable {
 public:
  // Refused (false) when the package's root is another node than the document's.
  bool add(const std::shared_ptr<const schema::Package>& package);
  bool has(const crypto::Digest& package) const { return packages_.contains(package); }
  std::shared_ptr<const schema::Package> package(const crypto::Digest& hash) const;
  // Node of each of the package's ordinals; the package must have been added.
  const std::vector<NodeIndex>& nodes_of(const crypto::Digest& package) const;
  const NodeInfo& at(NodeIndex n) const { return nodes_[n]; }
  std::size_t size() const { return nodes_.size(); }
  std::vector<crypto::Digest> packages() const;

 private:
  struct Known {
    std::shared_ptr<const schema::Package> package;
    std::vector<NodeIndex> nodes;
  };
  std::vector<NodeInfo> nodes_;
  std::map<schema::NodeId, NodeIndex> by_id_;
  std::map<crypto::Digest, Known> packages_;
};

// One version's names for the document's nodes. Immutable; safe to share between threads.
struct BoundView {
  std::shared_ptr<const schema::Package> package;
  std::shared_ptr<const schema::View> view;
  std::vector<NodeIndex> node_of;       // by index in view->nodes()
  std::vector<std::uint32_t> place_of;  // by NodeIndex; kNoOrdinal where the view does not show it

  // Index in view->nodes(), or schema::kNoOrdinal.
  std::uint32_t shown(NodeIndex n) const { return n < place_of.size() ? place_of[n] : schema::kNoOrdinal; }
};

std::shared_ptr<const BoundView> bind_view(const NodeTable& nodes, std::shared_ptr<const schema::Package> package,
                                           std::shared_ptr<const schema::View> view);

}  // namespace tlfs::document
