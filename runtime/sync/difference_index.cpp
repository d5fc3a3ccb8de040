#include "runtime/sync/difference_index.h"

#include <algorithm>

namespace tlfs::sync {
namespace {

using Peers = std::vector<crypto::PublicKey>;

bool contains(const Peers& peers, const crypto::PublicKey& peer) {
  return std::binary_search(peers.begin(), peers.end(), peer);
}

}  // namespace

void DocumentIndex::show(const crypto::PublicKey& peer, DocumentNumber number) {
  const auto at = links_.find(peer);
  if (at == links_.end()) return;
  auto& [key, tree] = at->second;
  const DocumentTable::Row& row = documents_.row(number);
  tree.set({key.position(row.id), key.leaf(row.id, row.heads), number});
}

void DocumentIndex::hide(const crypto::PublicKey& peer, const DocumentId& id) {
  const auto at = links_.find(peer);
  if (at != links_.end()) at->second.tree.remove(at->second.key.position(id));
}

void DocumentIndex::put(const DocumentId& id, const crypto::Digest& heads) {
  const DocumentNumber number = documents_.number_of(id);
  DocumentTable::Row& row = documents_.row(number);
  row.heads = heads;
  // The shorter of the two: a document may have thousands of readers, a node has few links.
  if (row.peers.size() <= links_.size()) {
    for (const crypto::PublicKey& peer : row.peers) show(peer, number);
  } else {
    for (const auto& [peer, link] : links_)
      if (contains(row.peers, peer)) show(peer, number);
  }
}

bool DocumentIndex::remove(const DocumentId& id) {
  const auto number = documents_.find(id);
  if (!number) return false;
  // Taken out before it is hidden, so that whoever watches a tree finds the same there and here.
  const Peers peers = std::move(documents_.row(*number).peers);
  for (const crypto::PublicKey& peer : peers) hide(peer, id);
  documents_.remove(*number);
  return true;
}

bool DocumentIndex::set_peers(const DocumentId& id, Peers peers) {
  const auto number = documents_.find(id);
  if (!number) return false;
  std::sort(peers.begin(), peers.end());
  peers.erase(std::unique(peers.begin(), peers.end()), peers.end());
  Peers& current = documents_.row(*number).peers;
  current.swap(peers);
  for (const crypto::PublicKey& gone : peers)
    if (!contains(current, gone)) hide(gone, id);
  for (const crypto::PublicKey& peer : current)
    if (!contains(peers, peer)) show(peer, *number);
  return true;
}

bool DocumentIndex::allow(const DocumentId& id, const crypto::PublicKey& peer) {
  const auto number = documents_.find(id);
  if (!number) return false;
  Peers& peers = documents_.row(*number).peers;
  const auto at = std::lower_bound(peers.begin(), peers.end(), peer);
  if (at != peers.end() && *at == peer) return true;
  peers.insert(at, peer);
  show(peer, *number);
  return true;
}

bool DocumentIndex::deny(const DocumentId& id, const crypto::PublicKey& peer) {
  const auto number = documents_.find(id);
  if (!number) return false;
  Peers& peers = documents_.row(*number).peers;
  const auto at = std::lower_bound(peers.begin(), peers.end(), peer);
  if (at == peers.end() || *at != peer) return true;
  peers.erase(at);
  hide(peer, id);
  return true;
}

DocumentIndex::Linked& DocumentIndex::link(const crypto::PublicKey& peer, PairKey key) {
  const auto known = links_.find(peer);
  if (known != links_.end()) return known->second;
  std::vector<DifferenceTree::Entry> entries;
  for (DocumentNumber number = 0; number < documents_.end(); ++number) {
    const DocumentTable::Row& row = documents_.row(number);
    if (row.used && contains(row.peers, peer))
      entries.push_back({key.position(row.id), key.leaf(row.id, row.heads), number});
  }
  return links_.try_emplace(peer, Linked{std::move(key), DifferenceTree(entries)}).first->second;
}

DocumentIndex::Linked* DocumentIndex::linked(const crypto::PublicKey& peer) {
  const auto at = links_.find(peer);
  return at == links_.end() ? nullptr : &at->second;
}

bool DocumentIndex::unlink(const crypto::PublicKey& peer) { return links_.erase(peer) > 0; }

}  // namespace tlfs::sync
