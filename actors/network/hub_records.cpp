#include "actors/network/hub_records.h"

#include <algorithm>

#include "runtime/storage/layout.h"

namespace tlfs::network {
namespace {

constexpr std::string_view kPrefix = "network.";

}  // namespace

Bytes record_key(const std::string& name) { return storage::identity_key(std::string(kPrefix) + name); }

std::optional<std::string> record_name(ByteView key) {
  const Bytes front = storage::identity_key(kPrefix);
  if (key.size() <= front.size() || !std::equal(front.begin(), front.end(), key.begin())) return std::nullopt;
  return std::string(as_text(key.subspan(front.size())));
}

Bytes encode_documents(const std::set<document::DocumentId>& documents) {
  Bytes out;
  for (const document::DocumentId& id : documents) out.insert(out.end(), id.begin(), id.end());
  return out;
}

std::set<document::DocumentId> decode_documents(ByteView bytes) {
  std::set<document::DocumentId> out;
  document::DocumentId id{};
  for (; bytes.size() >= id.size(); bytes = bytes.subspan(id.size())) {
    std::copy_n(bytes.begin(), id.size(), id.begin());
    out.insert(id);
  }
  return out;
}

}  // namespace tlfs::network
