// What there must be: for each document, and once for all that lies outside documents, how many records of each kind.
//
// Checksums tell that a record went bad, not that one is gone; LevelDB drops whole blocks of its log without a word. So
// each area has a manifest, one small record that every batch which touches the area rewrites in the same atomic write:
// per kind the number of records, their bytes, and the exclusive or of their checksums. A batch costs one such record
// for each area it touches, and a look for the old record only where a key is overwritten or removed. Comparing an area
// with its manifest says how many records of which kind are gone, or that others than those written are there.
//
// That a whole document is gone, manifest and all, shows in the manifest of the node, which counts documents and
// combines the hashes of their ids under the region `document`.
#pragma once

#include "runtime/storage/store.h"

namespace tlfs::storage {

struct KindCount {
  Count count;
  std::uint64_t sum = 0;  // exclusive or of the records' checksums
  friend bool operator==(const KindCount&, const KindCount&) = default;
};

class Manifest {
 public:
  // `bytes` are those of key and value.
  void add(std::uint8_t kind, std::uint64_t bytes, std::uint64_t checksum);
  // False, and nothing happens, when there is nothing of that kind to take away: the manifest is wrong.
  bool take(std::uint8_t kind, std::uint64_t bytes, std::uint64_t checksum);
  bool empty() const { return kinds_.empty(); }
  const std::map<std::uint8_t, KindCount>& kinds() const { return kinds_; }
  friend bool operator==(const Manifest&, const Manifest&) = default;

  Bytes encode() const;
  static Result<Manifest> decode(ByteView bytes);

 private:
  std::map<std::uint8_t, KindCount> kinds_;  // without kinds of which there is nothing
};

}  // namespace tlfs::storage
