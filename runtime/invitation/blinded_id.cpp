#include "runtime/invitation/blinded_id.h"

#include <algorithm>

#include "runtime/crypto/secret.h"

namespace tlfs::invitation {
namespace {

constexpr std::string_view kDomain = "tlfs blinded id";
constexpr std::chrono::milliseconds kPeriod = kBlindedPeriod;

std::uint32_t period_of(std::chrono::milliseconds now) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(now / kPeriod, 0, 0xffffffff));
}

std::array<std::uint8_t, 16> tag_of(const crypto::PublicKey& device, std::uint32_t period,
                                    const std::array<std::uint8_t, 8>& nonce) {
  std::array<std::uint8_t, 4> number{};
  for (std::size_t i = 0; i < number.size(); ++i) number[i] = static_cast<std::uint8_t>(period >> (8 * i));
  // The key is public, and here known to few: whoever lacks it cannot compute the hash.
  const crypto::Digest digest = crypto::keyed_hash(crypto::Secret::from_bytes(device), kDomain, {number, nonce});
  std::array<std::uint8_t, 16> tag{};
  std::copy_n(digest.begin(), tag.size(), tag.begin());
  return tag;
}

}  // namespace

BlindedId make_blinded_id(const crypto::PublicKey& device, Random& random, std::chrono::milliseconds now) {
  BlindedId id;
  id.period = period_of(now);
  random.fill(id.nonce);
  id.tag = tag_of(device, id.period, id.nonce);
  return id;
}

std::chrono::milliseconds end_of_period(std::chrono::milliseconds now) {
  return kPeriod * (std::int64_t{period_of(now)} + 1);
}

std::optional<std::size_t> recognise(std::span<const crypto::PublicKey> known, const BlindedId& id,
                                     std::chrono::milliseconds now) {
  const std::int64_t apart = std::int64_t{id.period} - std::int64_t{period_of(now)};
  if (apart < -1 || apart > 1) return std::nullopt;
  for (std::size_t i = 0; i < known.size(); ++i)
    if (tag_of(known[i], id.period, id.nonce) == id.tag) return i;
  return std::nullopt;
}

}  // namespace tlfs::invitation
