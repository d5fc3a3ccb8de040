// A handshake of the Noise Protocol Framework (revision 34, section 5.3), run from the tokens of its pattern.
//
// Pure: whole messages in and out. Owned by one side of one conversation, until split() takes the ciphers out. Any
// error ends it: later calls answer out_of_turn, so that nothing goes on after a message that was not understood.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "runtime/crypto/box.h"
#include "runtime/noise/pattern.h"
#include "runtime/noise/symmetric_state.h"

namespace tlfs::noise {

enum class Role : std::uint8_t { initiator, responder };

class HandshakeState {
 public:
  struct Settings {
    Pattern pattern;
    Role role = Role::initiator;
    Bytes prologue;                                     // both sides must have the same
    std::optional<crypto::BoxKey> static_key;           // where the pattern sends or presumes ours
    std::optional<crypto::BoxKey> ephemeral_key;        // where the pattern sends one; fresh for every handshake
    std::optional<crypto::BoxPublicKey> remote_static;  // where the pattern presumes it
    std::vector<crypto::Secret> psks;                   // in the order of their tokens, exactly as many
  };

  // missing_key when the pattern needs one that is not there.
  static Result<HandshakeState> create(Settings settings);

  bool my_turn() const;
  bool finished() const { return !failed_ && next_ == settings_.pattern.messages.size(); }

  // The next message, with a payload that is encrypted as well as the pattern allows at that point.
  Result<Bytes> write_message(ByteView payload);
  // The payload of the other side's message.
  Result<Bytes> read_message(ByteView message);

  // What both sides now know to be the same: unique to this handshake.
  const crypto::NoiseHash& handshake_hash() const { return symmetric_.hash(); }
  // As soon as it is known.
  const std::optional<crypto::BoxPublicKey>& remote_static() const { return settings_.remote_static; }

  struct Ciphers {
    CipherState sending;
    CipherState receiving;
  };
  // Only when finished(). In a one-way pattern (N, X) just the initiator may send.
  Ciphers split() const;

 private:
  explicit HandshakeState(Settings settings);
  bool initiator() const { return settings_.role == Role::initiator; }
  Status write_token(Token token, Bytes& out);
  Status read_token(Token token, ByteView& message);
  Status mix_dh(Token token);
  Result<Bytes> write_tokens(ByteView payload);
  Result<Bytes> read_tokens(ByteView message);

  Settings settings_;
  SymmetricState symmetric_;
  std::optional<crypto::BoxPublicKey> remote_ephemeral_;
  std::size_t next_ = 0;  // message of the pattern
  std::size_t next_psk_ = 0;
  bool failed_ = false;
};

}  // namespace tlfs::noise
