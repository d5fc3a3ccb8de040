// Batches that a seed decides, over few enough documents and keys that they overwrite and remove each other's records.
#pragma once

#include "tests/runtime/storage/rigs.h"

namespace tlfs::storage {

class RandomBatches {
 public:
  explicit RandomBatches(std::uint64_t seed) : random_(seed) {}

  Batch next() {
    Batch batch;
    const std::uint64_t size = 1 + random_.below(12);
    for (std::uint64_t i = 0; i < size; ++i) {
      if (random_.chance(0.25))
        batch.remove(key());
      else
        batch.put(key(), value());
    }
    return batch;
  }

 private:
  Bytes key() {
    const auto document = static_cast<std::uint8_t>(1 + random_.below(4));
    switch (random_.below(8)) {
      case 0:
        return identity_key(std::string(random_.below(40), 'i'));
      case 1:
        return listing_key(document_id(document));
      case 2:
        return note_key(document_id(document), std::string(random_.below(3), 'n'));
      case 3:
        return numbered_key(document_id(document), Kind::local, random_.below(8));
      default:
        return numbered_key(document_id(document), Kind::change, random_.below(40));
    }
  }
  Bytes value() {
    Bytes bytes(static_cast<std::size_t>(random_.chance(0.05) ? random_.below(20'000) : random_.below(300)));
    random_.fill(bytes);
    return bytes;
  }

  SeededRandom random_;
};

inline void apply_batch(Contents& model, const Batch& batch) {
  for (const Batch::Write& w : batch.writes()) {
    if (w.value)
      model[w.key] = *w.value;
    else
      model.erase(w.key);
  }
}

}  // namespace tlfs::storage
