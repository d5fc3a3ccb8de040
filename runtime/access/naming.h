// Names for addresses that only those may know who can read there.
//
// A compartment has a naming key, the same in all its epochs. The token of a step is a keyed hash, under the naming key
// of the compartment that the step starts in, of the token before it, the schema node and the dynamic key. A boundary's
// token makes the naming key of the compartment below it. So whoever reads a compartment can name everything in it and
// below it, and nobody else can so much as test a guess at `.tasks["diagnosis"]`.
//
//   token       H(naming key, "tlfs address", token before ‖ schema node id ‖ dynamic key), 16 bytes
//   below       H(naming key, "tlfs naming", token of the boundary)
//   check       H(naming key, "tlfs naming check", place of the boundary), 16 bytes: what a rotation commits to
//
// Owned by ProtectedDocument.
#pragma once

#include <map>
#include <optional>

#include "runtime/access/scope.h"
#include "runtime/crypto/secret.h"
#include "runtime/document/guard.h"

namespace tlfs::access {

using document::Address;

// An address in bytes that mean the same on every replica: empty for the root, else schema node id and dynamic keys.
Bytes encode_address(const document::NodeTable& nodes, const document::IdSpace& ids, const Address& address);
// Nothing when the bytes are none or name what is not known here.
std::optional<Address> decode_address(const document::NodeTable& nodes, const document::ChangeGraph& graph,
                                      ByteView bytes);

Token naming_check(const crypto::Secret& naming_key, ByteView place);
// The last token; zeros for the root. What leaves call the compartment.
inline Token last_token(const Scope& scope) { return scope.empty() ? Token{} : scope.back(); }

class Naming {
 public:
  void attach(const document::NodeTable& nodes, const document::IdSpace& ids) {
    nodes_ = &nodes;
    ids_ = &ids;
  }
  // The naming key of a compartment, by the encoded address of its boundary. What follows from a compartment above is
  // believed before what someone said.
  void learn(const Bytes& place, const Scope& scope, const crypto::Secret& key);

  struct Named {
    Scope scope;
    const crypto::Secret* key = nullptr;  // of the compartment that the address lies in. Lives as long as this
  };
  // Nothing when the device cannot name the place.
  std::optional<Named> name(const Address& address) const;
  std::optional<Scope> scope_of(const Address& address) const;

 private:
  struct Compartment {
    Scope scope;
    crypto::Secret key;
    bool derived = false;
  };
  const document::NodeTable* nodes_ = nullptr;
  const document::IdSpace* ids_ = nullptr;
  mutable std::map<Bytes, Compartment> known_;             // by place; those that follow from others are filled in
  mutable std::optional<std::pair<Address, Scope>> last_;  // that was asked for: one who types stays in one place
};

}  // namespace tlfs::access
