// Who a grant is for.
#pragma once

#include <compare>

#include "runtime/access/level.h"
#include "runtime/access/scope.h"
#include "runtime/document/ids.h"

namespace tlfs::access {

using document::DocumentId;

struct Principal {
  // The numbers are part of the format.
  enum class Kind : std::uint8_t {
    key = 1,      // a device, or a recovery key
    anyone = 2,   // everybody, also those who have no key
    members = 3,  // whoever has `level` at `at` in `document`: a user, a team
  };
  Kind kind = Kind::anyone;
  crypto::PublicKey key{};    // of a key: itself; of members: the document's id
  Scope at;                   // of members
  Level level = Level::none;  // of members

  static Principal of_key(const crypto::PublicKey& key) { return {Kind::key, key, {}, Level::none}; }
  static Principal anyone() { return {}; }
  static Principal members(const DocumentId& document, Scope at, Level level) {
    return {Kind::members, document, std::move(at), level};
  }
  // A person: the devices that own the user document.
  static Principal user(const DocumentId& user_document) { return members(user_document, {}, Level::own); }

  const DocumentId& document() const { return key; }
  friend auto operator<=>(const Principal&, const Principal&) = default;
};

}  // namespace tlfs::access
