// An invitation to a document, and the link that carries it from one person to another.
//
//   link   "tlfs:" ‖ version ("1") ‖ "." ‖ base64url of: size of the body (varint) ‖ body ‖ checksum (4)
//   body   id (16) ‖ secret (32) ‖ inviter's device key (32) ‖ level ‖ expires (seconds since 1970, varint)
//          ‖ number of addresses ‖ addresses (length, ASCII) ‖ name (length, UTF-8)
//
// The link holds no key to any data. Its secret lets whoever brings it first to the inviter ask for what was promised;
// the inviter's device then grants it, or refuses. The checksum finds slips, not forgers.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/access/level.h"
#include "runtime/base/result.h"
#include "runtime/crypto/secret.h"
#include "runtime/invitation/errors.h"

namespace tlfs::invitation {

using InvitationId = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kMaxAddresses = 8;
inline constexpr std::size_t kMaxAddressBytes = 255;    // of one
inline constexpr std::size_t kMaxAddressesBytes = 512;  // of all
inline constexpr std::size_t kMaxNameBytes = 128;
inline constexpr std::size_t kMaxLinkBytes = 1'280;
// The last moment that an invitation may name: the end of the year 9999.
inline constexpr std::chrono::seconds kLastExpiry{253'402'300'799};

// Moves, never copies: it holds a secret.
struct Invitation {
  InvitationId id{};
  crypto::Secret secret;
  crypto::PublicKey inviter{};         // the device to ask
  std::vector<std::string> addresses;  // where it may be reached: printable ASCII without blanks; may be none
  std::string name;                    // the document's, for people; display text (display_text.h), may be empty
  access::Level level = access::Level::read;
  std::chrono::seconds expires{0};  // since 1970

  // What both ends prove in their handshake that they have, instead of the secret itself.
  crypto::Secret psk() const;
};

// bad_terms.
Status check_invitation(const Invitation& invitation);

// bad_terms.
Result<std::string> encode_link(const Invitation& invitation);

// Takes exactly what encode_link makes: no_link, newer_version, cut_off, mistyped, malformed. `now` (since 1970):
// expired.
Result<Invitation> decode_link(std::string_view link, std::chrono::milliseconds now);

}  // namespace tlfs::invitation
