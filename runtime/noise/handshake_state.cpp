#include "runtime/noise/handshake_state.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace tlfs::noise {
namespace {

constexpr std::size_t kKeyBytes = sizeof(crypto::BoxPublicKey::bytes);

Error missing(const Pattern& pattern, std::string_view what) {
  return Error(Errc::missing_key, "pattern " + pattern.name + " needs " + std::string(what));
}

// Whether the messages of one side hold the token.
bool sends(const Pattern& pattern, Role role, Token token) {
  for (std::size_t i = role == Role::initiator ? 0 : 1; i < pattern.messages.size(); i += 2) {
    const auto& tokens = pattern.messages[i];
    if (std::find(tokens.begin(), tokens.end(), token) != tokens.end()) return true;
  }
  return false;
}

}  // namespace

Result<HandshakeState> HandshakeState::create(Settings settings) {
  const Pattern& pattern = settings.pattern;
  const bool initiates = settings.role == Role::initiator;
  if (sends(pattern, settings.role, Token::e) && !settings.ephemeral_key) return missing(pattern, "an ephemeral key");
  if ((sends(pattern, settings.role, Token::s) || (!initiates && pattern.responder_static_known)) &&
      !settings.static_key)
    return missing(pattern, "our static key");
  if (initiates && pattern.responder_static_known && !settings.remote_static)
    return missing(pattern, "the static key of the other side");
  if (settings.psks.size() != pattern.psks())
    return missing(pattern,
                   std::to_string(pattern.psks()) + " shared secrets, not " + std::to_string(settings.psks.size()));
  const Role other = initiates ? Role::responder : Role::initiator;
  if (settings.remote_static && sends(pattern, other, Token::s))
    return Error(Errc::out_of_turn, "pattern " + pattern.name + " sends the static key that is said to be known");
  return HandshakeState(std::move(settings));
}

HandshakeState::HandshakeState(Settings settings)
    : settings_(std::move(settings)), symmetric_(protocol_name(settings_.pattern)) {
  symmetric_.mix_hash(settings_.prologue);
  if (settings_.pattern.responder_static_known)
    symmetric_.mix_hash(initiator() ? settings_.remote_static->bytes : settings_.static_key->public_key().bytes);
}

bool HandshakeState::my_turn() const {
  return !failed_ && next_ < settings_.pattern.messages.size() && (next_ % 2 == 0) == initiator();
}

Result<Bytes> HandshakeState::write_message(ByteView payload) {
  if (!my_turn()) return Error(Errc::out_of_turn, "there is nothing to write at this point of the handshake");
  Result<Bytes> message = write_tokens(payload);
  failed_ = !message;
  if (message) ++next_;
  return message;
}

Result<Bytes> HandshakeState::read_message(ByteView message) {
  if (failed_ || my_turn() || finished())
    return Error(Errc::out_of_turn, "no message is expected at this point of the handshake");
  Result<Bytes> payload = read_tokens(message);
  failed_ = !payload;
  if (payload) ++next_;
  return payload;
}

Result<Bytes> HandshakeState::write_tokens(ByteView payload) {
  if (payload.size() > kMaxMessageBytes) return Error(Errc::too_long, "a payload that fits no Noise message");
  Bytes out;
  for (const Token token : settings_.pattern.messages[next_])
    if (const Status done = write_token(token, out); !done) return done.error();
  if (const Status done = symmetric_.encrypt_and_hash(payload, out); !done) return done.error();
  if (out.size() > kMaxMessageBytes) return Error(Errc::too_long, "a payload that makes the message too long");
  return out;
}

Result<Bytes> HandshakeState::read_tokens(ByteView message) {
  if (message.size() > kMaxMessageBytes)
    return Error(Errc::too_long, "a Noise message of " + std::to_string(message.size()) + " bytes");
  for (const Token token : settings_.pattern.messages[next_])
    if (const Status done = read_token(token, message); !done) return done.error();
  Bytes payload;
  if (const Status done = symmetric_.decrypt_and_hash(message, payload); !done) return done.error();
  return payload;
}

Status HandshakeState::write_token(Token token, Bytes& out) {
  switch (token) {
    case Token::e: {
      const auto& key = settings_.ephemeral_key->public_key().bytes;
      out.insert(out.end(), key.begin(), key.end());
      symmetric_.mix_hash(key);
      if (!settings_.psks.empty()) symmetric_.mix_key(key);
      return {};
    }
    case Token::s:
      return symmetric_.encrypt_and_hash(settings_.static_key->public_key().bytes, out);
    case Token::psk:
      symmetric_.mix_key_and_hash(settings_.psks[next_psk_++].expose());
      return {};
    default:
      return mix_dh(token);
  }
}

Status HandshakeState::read_token(Token token, ByteView& message) {
  const auto take = [&](std::size_t size) {
    const ByteView taken = message.first(size);
    message = message.subspan(size);
    return taken;
  };
  switch (token) {
    case Token::e: {
      if (message.size() < kKeyBytes) return Error(Errc::cut_off, "a message without its ephemeral key");
      crypto::BoxPublicKey& key = remote_ephemeral_.emplace();
      const ByteView bytes = take(kKeyBytes);
      std::copy(bytes.begin(), bytes.end(), key.bytes.begin());
      symmetric_.mix_hash(key.bytes);
      if (!settings_.psks.empty()) symmetric_.mix_key(key.bytes);
      return {};
    }
    case Token::s: {
      const std::size_t size = kKeyBytes + (symmetric_.has_key() ? kTagBytes : 0);
      if (message.size() < size) return Error(Errc::cut_off, "a message without its static key");
      Bytes bytes;
      if (Status done = symmetric_.decrypt_and_hash(take(size), bytes); !done) return done;
      std::copy(bytes.begin(), bytes.end(), settings_.remote_static.emplace().bytes.begin());
      return {};
    }
    case Token::psk:
      symmetric_.mix_key_and_hash(settings_.psks[next_psk_++].expose());
      return {};
    default:
      return mix_dh(token);
  }
}

// The first letter of the token is the initiator's key, the second the responder's.
Status HandshakeState::mix_dh(Token token) {
  const bool initiators_static = token == Token::se || token == Token::ss;
  const bool responders_static = token == Token::es || token == Token::ss;
  const bool own_static = initiator() ? initiators_static : responders_static;
  const bool other_static = initiator() ? responders_static : initiators_static;
  const auto& own = own_static ? settings_.static_key : settings_.ephemeral_key;
  const auto& other = other_static ? settings_.remote_static : remote_ephemeral_;
  TLFS_CHECK(own.has_value() && other.has_value(), "a pattern that uses a key before it is there");
  const std::optional<crypto::Secret> point = own->agree(*other);
  if (!point) return Error(Errc::weak_key, "a public key of small order, with which no secret can be shared");
  symmetric_.mix_key(point->expose());
  return {};
}

HandshakeState::Ciphers HandshakeState::split() const {
  TLFS_CHECK(finished(), "the handshake has not ended");
  auto [first, second] = symmetric_.split();
  if (initiator()) return {std::move(first), std::move(second)};
  return {std::move(second), std::move(first)};
}

}  // namespace tlfs::noise
