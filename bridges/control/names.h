// What people write for documents, versions, invitations, principals and levels.
//
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridges/control/errors.h"
#include "runtime/access/principal.h"
#include "runtime/base/result.h"

namespace tlfs::control {

inline constexpr std::size_t kMinPrefix = 4;  // digits
inline constexpr std::size_t kMaxListed = 8;  // candidates in the message of an ambiguous name

struct Named {
  std::array<std::uint8_t, 32> id{};
  std::string name;
};

// The one document that `text` stands for: its name, its id, or the beginning of that. no_document, ambiguous.
Result<document::DocumentId> choose_document(std::string_view text, const std::vector<Named>& documents);

// The one hash that begins with `text`, of at least kMinPrefix digits. bad_name, ambiguous.
Result<crypto::Digest> choose_hash(std::string_view text, const std::vector<crypto::Digest>& hashes);

// The one invitation whose id begins with `text`, of at least kMinPrefix digits. bad_name, ambiguous.
using InvitationId = std::array<std::uint8_t, 16>;
Result<InvitationId> choose_invitation(std::string_view text, const std::vector<InvitationId>& invitations);

// The one offer of a peer that `text` stands for, as choose_document.
Result<document::DocumentId> choose_offer(std::string_view text, const std::vector<Named>& offers);

// anyone, device:HEX, user:HEX. bad_name.
Result<access::Principal> parse_principal(std::string_view text);
// The same back; a group that is no user: members:HEX:LEVEL.
std::string principal_text(const access::Principal& principal);
// The levels that can be given: sync, read, write, control, own. bad_name.
Result<access::Level> parse_level(std::string_view text);

// 32 bytes as 64 digits; nothing for anything else.
std::optional<std::array<std::uint8_t, 32>> parse_id(std::string_view text);

}  // namespace tlfs::control
