// The peers that this node remembers, and where they were reached. For the store.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/network/network_messages.h"
#include "runtime/base/bytes.h"

namespace tlfs::network {

inline constexpr std::size_t kMaxRemembered = 4'096;  // peers

struct Contact {
  std::vector<std::string> addresses;  // at most link::kMaxAddresses
  std::optional<DocumentId> user;      // as last proved
  friend bool operator==(const Contact&, const Contact&) = default;
};

using AddressBook = std::map<crypto::PublicKey, Contact>;

Bytes encode(const AddressBook& book);
// Takes exactly what encode() makes; Errc::malformed_record otherwise.
Result<AddressBook> decode_address_book(ByteView bytes);

}  // namespace tlfs::network
