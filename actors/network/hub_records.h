// What the hub keeps in the store: records of the identity region whose names begin with "network.", each encrypted
// under the device's key for its disk.
//
//   network.peers             the address book
//   network.bans              who is banned, why and until when
//   network.declined          documents that were offered and are not wanted
//   network.invitation.<id>   one that was given out
#pragma once

#include <optional>
#include <set>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/document/ids.h"

namespace tlfs::network {

inline constexpr const char* kPeersRecord = "peers";
inline constexpr const char* kBansRecord = "bans";
inline constexpr const char* kDeclinedRecord = "declined";
inline constexpr const char* kInvitationRecords = "invitation.";

Bytes record_key(const std::string& name);
// Nothing for a key of another record.
std::optional<std::string> record_name(ByteView key);

Bytes encode_documents(const std::set<document::DocumentId>& documents);
// What is no whole document at the end is left out.
std::set<document::DocumentId> decode_documents(ByteView bytes);

}  // namespace tlfs::network
