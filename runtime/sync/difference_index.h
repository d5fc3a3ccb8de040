// All documents of a node, who may sync each, and a tree for each linked peer. Owned by whoever owns the links.
//
// What happens to a document reaches the trees of the linked peers that may sync it, and no other tree: some hundred
// nanoseconds for each. Not thread-safe.
#pragma once

#include <map>
#include <span>

#include "runtime/sync/difference_documents.h"

namespace tlfs::sync {

class DocumentIndex {
 public:
  // What one link compares. Its address stays until unlink().
  struct Linked {
    PairKey key;
    DifferenceTree tree;
  };

  // Adds the document, or tells that its heads are others.
  void put(const DocumentId& id, const crypto::Digest& heads);
  // Forgets it, also who may sync it. Whether it was there.
  bool remove(const DocumentId& id);
  // The device keys that may sync it, in any order; those that came and those that went change trees. Whether the
  // document is there.
  bool set_peers(const DocumentId& id, std::vector<crypto::PublicKey> peers);
  // One more, one less. Whether the document is there.
  bool allow(const DocumentId& id, const crypto::PublicKey& peer);
  bool deny(const DocumentId& id, const crypto::PublicKey& peer);

  // Builds the tree of a peer, of all documents that it may sync; the one there is when it is linked already.
  Linked& link(const crypto::PublicKey& peer, PairKey key);
  // Nothing when it is not linked.
  Linked* linked(const crypto::PublicKey& peer);
  // No session may use its tree any more. Whether it was linked.
  bool unlink(const crypto::PublicKey& peer);

  const DocumentTable& documents() const { return documents_; }

 private:
  void show(const crypto::PublicKey& peer, DocumentNumber number);
  void hide(const crypto::PublicKey& peer, const DocumentId& id);

  DocumentTable documents_;
  std::map<crypto::PublicKey, Linked> links_;
};

}  // namespace tlfs::sync
