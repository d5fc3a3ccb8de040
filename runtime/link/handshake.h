// The handshake of a link: which Noise pattern, what travels in the clear before it, and whom it has proved.
//
// For the sources of this folder. Owned by a Link until it has ended; pure.
#pragma once

#include <optional>

#include "runtime/base/environment.h"
#include "runtime/link/link.h"
#include "runtime/noise/handshake_state.h"

namespace tlfs::link {

// What is not authentic yet but readable by both: a refusal.
Bytes refusal(CloseCode code);
// The reason, if the message has the form of one.
std::optional<CloseReason> read_refusal(ByteView message);

class Handshake {
 public:
  // The same as Link::create().
  static Result<Handshake> create(const Link::Settings& settings, Random& random);

  // The caller's first message.
  Result<Bytes> first();

  struct Step {
    std::optional<Bytes> reply = {};
    std::optional<CloseReason> failed = {};
    bool by_peer = false;  // it was the peer who gave up
  };
  // The next message of the other side.
  Step received(ByteView message, const Link::Settings& settings);

  bool finished() const { return noise_ && noise_->finished(); }
  // ---- when finished ----
  noise::HandshakeState::Ciphers split() const { return noise_->split(); }
  const crypto::NoiseHash& hash() const { return noise_->handshake_hash(); }
  const Hello& peer() const { return *peer_; }
  const std::optional<InvitationId>& invitation() const { return invitation_; }
  // Whether only the peer's first message under the new keys shows that it takes part now (IK) and knows the
  // invitation's secret (XXpsk3), and not a recording or a stranger.
  bool needs_confirmation() const;

 private:
  enum class Opening : std::uint8_t { xx = 1, ik = 2, invitation = 3 };

  Handshake(Bytes hello, crypto::BoxKey static_key, crypto::BoxKey ephemeral_key)
      : hello_(std::move(hello)), static_key_(std::move(static_key)), ephemeral_key_(std::move(ephemeral_key)) {}
  Status begin(ByteView header, noise::Role role, std::optional<crypto::BoxPublicKey> remote_static,
               std::optional<crypto::Secret> psk);
  Step answer_first(ByteView message, const Link::Settings& settings);
  Step read(ByteView noise_message, const Link::Settings& settings);
  std::optional<CloseReason> meet(ByteView payload, const Link::Settings& settings);

  Bytes hello_;
  std::optional<crypto::BoxKey> static_key_;
  std::optional<crypto::BoxKey> ephemeral_key_;
  std::optional<crypto::BoxPublicKey> callee_key_;
  std::optional<crypto::Secret> psk_;  // a caller's, until first()
  Opening opening_ = Opening::xx;
  bool caller_ = false;
  std::optional<noise::HandshakeState> noise_;
  std::optional<Hello> peer_;
  std::optional<InvitationId> invitation_;
};

}  // namespace tlfs::link
