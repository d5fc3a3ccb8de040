// The key of a pair of devices under which they name documents to each other.
//
// It comes from the static Diffie-Hellman of the two device keys, so both sides have it before the first message and a
// tree built under it stays warm over links. Position and leaf are SipHash-2-4 with 128 bits, each under a key of its
// own. Why not BLAKE2b: the first build hashes every document twice, and SipHash is some ten times as fast. Why that is
// enough: who does not know the key (everyone but the two devices) cannot tell positions from random numbers, links
// nothing between two pairs, and cannot aim at a collision, though documents and heads are of his choosing. Who knows
// the key is one of the two, and a collision that he makes hides a difference between him and the other from himself
// alone: nothing but this pair's comparing ever uses these numbers.
//
// What it does show to the peer: whether we let it sync a document whose id it knows already.
#pragma once

#include "runtime/base/result.h"
#include "runtime/crypto/box.h"
#include "runtime/crypto/short_hash.h"
#include "runtime/document/ids.h"
#include "runtime/sync/difference_errors.h"
#include "runtime/sync/radix_number.h"

namespace tlfs::sync {

using document::DocumentId;

class PairKey {
 public:
  // The same on both sides. `own` is box_key() of our device key. bad_key when `peer` is no device key. One point
  // multiplication, some 50 us.
  static Result<PairKey> between(const crypto::BoxKey& own, const crypto::PublicKey& peer);

  Position position(const DocumentId& document) const;
  // `heads` is a digest of the document's heads: equal exactly when the replicas hold the same changes.
  Leaf leaf(const DocumentId& document, const crypto::Digest& heads) const;

 private:
  PairKey(crypto::ShortHashKey positions, crypto::ShortHashKey leaves)
      : positions_(std::move(positions)), leaves_(std::move(leaves)) {}
  crypto::ShortHashKey positions_;
  crypto::ShortHashKey leaves_;
};

}  // namespace tlfs::sync
