#include "runtime/sync/pair_key.h"

#include <algorithm>
#include <string>

namespace tlfs::sync {
namespace {

std::uint64_t word(const crypto::ShortDigest& digest, std::size_t from) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8 | digest[from + i];
  return out;
}

}  // namespace

Result<PairKey> PairKey::between(const crypto::BoxKey& own, const crypto::PublicKey& peer) {
  const auto other = crypto::box_key_of(peer);
  const auto secret = other ? own.shared_with(*other, "tlfs documents of a pair") : std::nullopt;
  if (!secret)
    return Error(DifferenceErrc::bad_key, "the peer's key " + to_hex(peer) + " is not the public key of a device");
  return PairKey(crypto::ShortHashKey(*secret, "tlfs document position"),
                 crypto::ShortHashKey(*secret, "tlfs document leaf"));
}

Position PairKey::position(const DocumentId& document) const {
  const crypto::ShortDigest digest = positions_.hash(document);
  return {word(digest, 0), word(digest, 8)};
}

Leaf PairKey::leaf(const DocumentId& document, const crypto::Digest& heads) const {
  std::array<std::uint8_t, sizeof(DocumentId) + sizeof(crypto::Digest)> both;
  std::copy(heads.begin(), heads.end(), std::copy(document.begin(), document.end(), both.begin()));
  const crypto::ShortDigest digest = leaves_.hash(both);
  const std::uint64_t low = word(digest, 8);
  return {word(digest, 0), low == 0 ? 1 : low};
}

}  // namespace tlfs::sync
