// What a node says of itself on a local network: the strings of a DNS-SD TXT record.
//
//   hidden    "v=1", "id=" base64url of period (4, little-endian) ‖ nonce (8) ‖ tag (16)
//   visible   "v=1", "key=" base64url of the device key (32), "name=" display text
//
// Strings with other keys are skipped, so that later versions may add some.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/invitation/blinded_id.h"
#include "runtime/invitation/errors.h"

namespace tlfs::invitation {

inline constexpr std::size_t kMaxTxtStrings = 8;
inline constexpr std::size_t kMaxTxtStringBytes = 255;
inline constexpr std::size_t kMaxDeviceNameBytes = 63;

// The user has chosen to be seen by everyone on the network.
struct Visible {
  crypto::PublicKey device{};
  std::string name;  // display text (display_text.h), may be empty
  friend bool operator==(const Visible&, const Visible&) = default;
};
using Presence = std::variant<BlindedId, Visible>;

// bad_announcement: the name is too long or no display text.
Result<std::vector<std::string>> write_txt(const Presence& presence);
// From a stranger. bad_announcement.
Result<Presence> read_txt(std::span<const std::string> txt);

// Labels for the service and the host that stand for nobody: new ones belong to each new blinded id, lest the name
// betray what the id hides.
std::string random_label(Random& random);

}  // namespace tlfs::invitation
