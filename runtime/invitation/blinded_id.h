// The name under which a device shows itself on a local network to those who know it already, and to nobody else.
//
// A blinded id is (period, nonce, tag): the number of the quarter of an hour by the device's clock, 8 random bytes, and
// a hash of both under the device's public key. Who knows the key computes the hash and compares; to everyone else it
// is noise, and two ids of one device, from two periods or two networks, have nothing in common. What a network shows
// of its own accord, an address that stays the same, is not hidden by this. It proves nothing: whoever has seen an id
// can repeat it, so it only says whom to dial.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <span>

#include "runtime/base/environment.h"
#include "runtime/crypto/crypto.h"

namespace tlfs::invitation {

inline constexpr std::chrono::minutes kBlindedPeriod{15};

struct BlindedId {
  std::uint32_t period = 0;
  std::array<std::uint8_t, 8> nonce{};
  std::array<std::uint8_t, 16> tag{};
  friend bool operator==(const BlindedId&, const BlindedId&) = default;
};

// Times are since 1970. A clock before that counts as 1970.
BlindedId make_blinded_id(const crypto::PublicKey& device, Random& random, std::chrono::milliseconds now);
// When the period of `now` ends, and a new id is due.
std::chrono::milliseconds end_of_period(std::chrono::milliseconds now);

// Which of the known devices it is: an index. Nothing when it is none of them, or when the id's period is more than one
// away from ours. Costs a hash per known device.
std::optional<std::size_t> recognise(std::span<const crypto::PublicKey> known, const BlindedId& id,
                                     std::chrono::milliseconds now);

}  // namespace tlfs::invitation
