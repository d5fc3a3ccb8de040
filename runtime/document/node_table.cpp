#include "runtime/document/node_table.h"

#include "runtime/base/check.h"

namespace tlfs::document {

bool NodeTable::add(const std::shared_ptr<const schema::Package>& package) {
  if (packages_.contains(package->hash())) return true;
  const auto& nodes = package->nodes();
  if (!nodes_.empty() && nodes[schema::kRoot].id != nodes_[0].id) return false;
  Known known{package, {}};
  known.nodes.reserve(nodes.size());
  for (const schema::Node& node : nodes) {
    auto [at, fresh] = by_id_.try_emplace(node.id, static_cast<NodeIndex>(nodes_.size()));
    known.nodes.push_back(at->second);
    if (!fresh) continue;
    NodeInfo info;
    info.id = node.id;
    info.kind = node.kind;
    info.primitive = node.primitive;
    if (node.parent != schema::kNoOrdinal) {
      info.parent = known.nodes[node.parent];
      const NodeInfo& above = nodes_[info.parent];
      const bool dynamic = above.kind == schema::Kind::table || above.kind == schema::Kind::array;
      info.key_count = above.key_count + (dynamic ? 1 : 0);
      info.compartment = node.compartment ? at->second : above.compartment;
      info.chain = above.chain;
    }
    info.chain.push_back(at->second);
    nodes_.push_back(std::move(info));
  }
  packages_.emplace(package->hash(), std::move(known));
  return true;
}

std::shared_ptr<const schema::Package> NodeTable::package(const crypto::Digest& hash) const {
  auto at = packages_.find(hash);
  return at == packages_.end() ? nullptr : at->second.package;
}

const std::vector<NodeIndex>& NodeTable::nodes_of(const crypto::Digest& package) const {
  auto at = packages_.find(package);
  TLFS_CHECK(at != packages_.end(), "package was not added");
  return at->second.nodes;
}

std::vector<crypto::Digest> NodeTable::packages() const {
  std::vector<crypto::Digest> out;
  for (const auto& [hash, known] : packages_) out.push_back(hash);
  return out;
}

std::shared_ptr<const BoundView> bind_view(const NodeTable& nodes, std::shared_ptr<const schema::Package> package,
                                           std::shared_ptr<const schema::View> view) {
  auto bound = std::make_shared<BoundView>();
  const std::vector<NodeIndex>& by_ordinal = nodes.nodes_of(package->hash());
  bound->place_of.assign(nodes.size(), schema::kNoOrdinal);
  for (std::uint32_t i = 0; i < view->nodes().size(); ++i) {
    const NodeIndex n = by_ordinal[view->nodes()[i].node];
    bound->node_of.push_back(n);
    bound->place_of[n] = i;
  }
  bound->package = std::move(package);
  bound->view = std::move(view);
  return bound;
}

}  // namespace tlfs::document
