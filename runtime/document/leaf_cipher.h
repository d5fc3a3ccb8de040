// Leaves and the operation blocks inside them, for whoever has the keys.
#pragma once

#include <optional>

#include "runtime/document/change.h"

namespace tlfs::document {

// What a leaf's ciphertext is bound to, besides its compartment and epoch.
struct LeafPlace {
  DocumentId document{};
  WriterId writer;
  std::uint64_t seq = 0;
};

class LeafCipher {
 public:
  virtual ~LeafCipher() = default;
  // Nothing when there is no key here or the bytes are not what the author sealed there.
  virtual std::optional<Bytes> open(const LeafPlace& place, const Leaf& leaf) const = 0;
  // The leaf that holds this block in that epoch, bit by bit as its author made it: sealing is deterministic. Nothing
  // when there is no key here.
  virtual std::optional<Leaf> seal_again(const LeafPlace& place, const CompartmentId& compartment, std::uint64_t epoch,
                                         ByteView block) const = 0;
};

}  // namespace tlfs::document
