#include "runtime/document/guard.h"

#include <bit>

namespace tlfs::document {

Address compartment_of(const NodeTable& nodes, const Address& place) {
  const NodeIndex boundary = nodes.at(place.node).compartment;
  const std::size_t keys = std::min<std::size_t>(nodes.at(boundary).key_count, place.keys.size());
  return {boundary, {place.keys.begin(), place.keys.begin() + static_cast<std::ptrdiff_t>(keys)}};
}

void put_key(ByteWriter& out, const Key& key, const IdSpace& ids) {
  if (key.is_element()) {
    out.u8(0);
    const OpId id = key.element < ids.size() ? ids.id_of(key.element) : OpId{};
    out.raw(ByteView(id.writer.device));
    out.fixed64(id.writer.incarnation);
    out.fixed64(id.counter);
    return;
  }
  out.u8(static_cast<std::uint8_t>(primitive_of(key.table_key)));
  switch (primitive_of(key.table_key)) {
    case Primitive::boolean:
      return out.u8(std::get<bool>(key.table_key) ? 1 : 0);
    case Primitive::u64:
      return out.fixed64(std::get<std::uint64_t>(key.table_key));
    case Primitive::i64:
      return out.fixed64(std::bit_cast<std::uint64_t>(std::get<std::int64_t>(key.table_key)));
    case Primitive::string:
      return out.text(std::get<std::string>(key.table_key));
    default:
      return;
  }
}

CompartmentId plain_compartment_id(const NodeTable& nodes, const IdSpace& ids, const Address& boundary) {
  const CompartmentId node = nodes.at(boundary.node).id;
  if (boundary.keys.empty()) return node;
  ByteWriter keys;
  for (const Key& k : boundary.keys) put_key(keys, k, ids);
  const crypto::Digest digest = crypto::hash("tlfs compartment", {node, keys.view()});
  CompartmentId out;
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

}  // namespace tlfs::document
