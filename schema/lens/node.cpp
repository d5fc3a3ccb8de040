#include "schema/lens/node.h"

#include <algorithm>

#include "runtime/base/varint.h"
#include "runtime/crypto/crypto.h"
#include "schema/lens/limits.h"

namespace tlfs::schema {

NodeId node_id(const NodeId& parent, Kind kind, Primitive primitive, bool compartment, std::string_view birth_name,
               std::uint64_t born_before) {
  ByteWriter w;
  w.raw(ByteView(parent));
  w.u8(static_cast<std::uint8_t>(kind));
  w.u8(static_cast<std::uint8_t>(primitive));
  w.u8(compartment ? 1 : 0);
  w.text(birth_name);
  w.varint(born_before);
  const crypto::Digest digest = crypto::hash("tlfs schema node", {w.view()});
  NodeId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

bool fits(Kind kind, Primitive primitive) {
  switch (kind) {
    case Kind::reg:
      return primitive != Primitive::none && primitive <= Primitive::bytes;
    case Kind::table:
      return primitive == Primitive::boolean || primitive == Primitive::u64 || primitive == Primitive::i64 ||
             primitive == Primitive::string;
    case Kind::structure:
    case Kind::array:
    case Kind::text:
    case Kind::flag:
    case Kind::counter:
      return primitive == Primitive::none;
  }
  return false;
}

bool is_identifier(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && name.size() <= kMaxNameBytes && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c) || c == '_'; });
}

std::string_view primitive_name(Primitive primitive) {
  switch (primitive) {
    case Primitive::none:
      return "none";
    case Primitive::boolean:
      return "bool";
    case Primitive::u64:
      return "u64";
    case Primitive::i64:
      return "i64";
    case Primitive::f64:
      return "f64";
    case Primitive::string:
      return "String";
    case Primitive::bytes:
      return "Bytes";
  }
  return "none";
}

std::string type_name(Kind kind, Primitive primitive) {
  const auto of_primitive = [&](std::string_view outer) {
    return std::string(outer) + "<" + std::string(primitive_name(primitive)) + ">";
  };
  switch (kind) {
    case Kind::structure:
      return "Struct";
    case Kind::table:
      return of_primitive("Table");
    case Kind::array:
      return "Array";
    case Kind::text:
      return "Text";
    case Kind::reg:
      return of_primitive("MVReg");
    case Kind::flag:
      return "EWFlag";
    case Kind::counter:
      return "Counter";
  }
  return "unknown";
}

}  // namespace tlfs::schema
