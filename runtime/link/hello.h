// What two devices tell each other inside the handshake: who they are, which versions and capabilities they speak.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/crypto/box.h"
#include "runtime/link/errors.h"
#include "runtime/link/limits.h"

namespace tlfs::link {

struct VersionRange {
  std::uint16_t min = 1;
  std::uint16_t max = 1;
  friend bool operator==(const VersionRange&, const VersionRange&) = default;
};
// The highest that both speak.
std::optional<std::uint16_t> common_version(VersionRange a, VersionRange b);

struct Hello {
  crypto::PublicKey device{};             // Ed25519; belongs to the static key of the handshake
  VersionRange versions;                  // of what is spoken on the channels
  std::vector<std::string> capabilities;  // short names, sorted, each once
  Bytes payload;                          // what the application adds
  friend bool operator==(const Hello&, const Hello&) = default;
};

// limit_exceeded or bad_settings when a part is beyond its limit or not as its comment says.
Result<Bytes> encode_hello(const Hello& hello);
// Everything that encode_hello() makes; malformed or limit_exceeded for anything else.
Result<Hello> decode_hello(ByteView bytes);

// Names that both lists have; both sorted.
std::vector<std::string> common_capabilities(const std::vector<std::string>& a, const std::vector<std::string>& b);

// True when the static key that a handshake has proved is the X25519 half of the device key that the hello claims. An
// Ed25519 key and its negative share that half; whoever has the secret of one has that of the other.
bool owns(const crypto::BoxPublicKey& proved, const crypto::PublicKey& claimed);

}  // namespace tlfs::link
