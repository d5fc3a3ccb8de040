#pragma once
#include "runtime/replica/replica.h"
namespace tlfs::replica {
struct Listing {
  std::string name;
  crypto::Digest package{};
  std::string version;
  std::int64_t created_ms = 0;
  bool forgotten = false;
  Bytes encode(const DocumentId& document, const crypto::Secret& at_rest) const;
  static Result<Listing> decode(ByteView bytes, const DocumentId& document, const crypto::Secret& at_rest);
};
}
