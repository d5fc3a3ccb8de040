#include "runtime/link/handshake.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace tlfs::link {
namespace {

constexpr std::uint8_t kHandshakeVersion = 1;
constexpr std::string_view kPrologue = "tlfs link";
// The first byte of every later message of the handshake.
constexpr std::uint8_t kAnswer = 1;
constexpr std::uint8_t kRefusal = 2;
constexpr std::size_t kRefusalBytes = 3;

Handshake::Step give_up(CloseCode code, std::string_view sentence) {
  return {.reply = refusal(code), .failed = CloseReason{code, clean_sentence(sentence)}};
}

Bytes answer(const Bytes& noise_message) {
  Bytes out = {kAnswer};
  out.insert(out.end(), noise_message.begin(), noise_message.end());
  return out;
}

}  // namespace

Bytes refusal(CloseCode code) {
  const auto number = static_cast<std::uint16_t>(code);
  return {kRefusal, static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8)};
}

std::optional<CloseReason> read_refusal(ByteView message) {
  if (message.size() != kRefusalBytes || message[0] != kRefusal) return std::nullopt;
  const auto code = static_cast<CloseCode>(message[1] | (message[2] << 8));
  return CloseReason{code, std::string(sentence_of(code))};
}

Result<Handshake> Handshake::create(const Link::Settings& settings, Random& random) {
  const bool caller = settings.side == Link::Side::caller;
  if (!settings.device) return Error(Errc::bad_settings, "a link needs the device's key");
  if (!caller && (settings.peer || settings.invitation || settings.without_key))
    return Error(Errc::bad_settings, "only a caller chooses its peer");
  Hello hello{settings.device->public_key(), settings.versions, settings.capabilities, settings.payload};
  std::sort(hello.capabilities.begin(), hello.capabilities.end());
  Result<Bytes> encoded = encode_hello(hello);
  if (!encoded) return encoded.error();
  Handshake handshake(std::move(encoded).value(), settings.device->box_key(),
                      crypto::BoxKey::from_scalar(crypto::Secret::generate(random)));
  handshake.caller_ = caller;
  if (settings.invitation) {
    handshake.opening_ = Opening::invitation;
    handshake.invitation_ = settings.invitation->id;
    handshake.psk_ = settings.invitation->secret.copy();
  } else if (settings.peer && !settings.without_key) {
    handshake.opening_ = Opening::ik;
    handshake.callee_key_ = crypto::box_key_of(*settings.peer);
    if (!handshake.callee_key_) return Error(Errc::bad_settings, "the peer's key is no Ed25519 key");
  }
  return handshake;
}

Status Handshake::begin(ByteView header, noise::Role role, std::optional<crypto::BoxPublicKey> remote_static,
                        std::optional<crypto::Secret> psk) {
  const std::string_view name = opening_ == Opening::xx ? "XX" : opening_ == Opening::ik ? "IK" : "XXpsk3";
  noise::HandshakeState::Settings settings;
  settings.pattern = noise::parse_pattern(name).value();
  settings.role = role;
  settings.prologue.assign(kPrologue.begin(), kPrologue.end());
  settings.prologue.insert(settings.prologue.end(), header.begin(), header.end());
  settings.static_key = std::move(static_key_);
  settings.ephemeral_key = std::move(ephemeral_key_);
  settings.remote_static = remote_static;
  if (psk) settings.psks.push_back(std::move(*psk));
  static_key_.reset();
  ephemeral_key_.reset();
  Result<noise::HandshakeState> state = noise::HandshakeState::create(std::move(settings));
  if (!state) return state.error();
  noise_ = std::move(state).value();
  return {};
}

Result<Bytes> Handshake::first() {
  TLFS_CHECK(caller_ && !noise_, "only a caller begins, and once");
  Bytes message = {kHandshakeVersion, static_cast<std::uint8_t>(opening_)};
  if (invitation_) message.insert(message.end(), invitation_->begin(), invitation_->end());
  if (const Status done = begin(message, noise::Role::initiator, callee_key_, std::move(psk_)); !done)
    return done.error();
  psk_.reset();
  const Result<Bytes> noise_message = noise_->write_message(opening_ == Opening::ik ? ByteView(hello_) : ByteView());
  if (!noise_message) return noise_message.error();
  message.insert(message.end(), noise_message->begin(), noise_message->end());
  return message;
}

Handshake::Step Handshake::received(ByteView message, const Link::Settings& settings) {
  if (!caller_ && !noise_) return answer_first(message, settings);
  if (const auto reason = read_refusal(message)) return {.failed = reason, .by_peer = true};
  if (message.empty() || message[0] != kAnswer)
    return give_up(CloseCode::handshake_failed, "an answer that belongs to no handshake");
  return read(message.subspan(1), settings);
}

Handshake::Step Handshake::answer_first(ByteView message, const Link::Settings& settings) {
  constexpr std::size_t kPlainHeader = 2;
  if (message.size() < kPlainHeader) return give_up(CloseCode::handshake_failed, "a first message that is cut off");
  if (message[0] != kHandshakeVersion)
    return give_up(CloseCode::no_common_version, "a handshake of version " + std::to_string(message[0]));
  if (message[1] < static_cast<std::uint8_t>(Opening::xx) ||
      message[1] > static_cast<std::uint8_t>(Opening::invitation))
    return give_up(CloseCode::handshake_failed, "a handshake of unknown kind " + std::to_string(message[1]));
  opening_ = static_cast<Opening>(message[1]);
  std::size_t header = kPlainHeader;
  std::optional<crypto::Secret> psk;
  if (opening_ == Opening::invitation) {
    InvitationId& id = invitation_.emplace();
    header += id.size();
    if (message.size() < header) return give_up(CloseCode::handshake_failed, "a first message that is cut off");
    std::copy_n(message.data() + kPlainHeader, id.size(), id.data());
    if (settings.find_invitation) psk = settings.find_invitation(id);
    if (!psk) return give_up(CloseCode::unknown_invitation, "an invitation that is not known here");
  }
  if (const Status done = begin(message.first(header), noise::Role::responder, std::nullopt, std::move(psk)); !done)
    return give_up(CloseCode::handshake_failed, done.error().message());
  return read(message.subspan(header), settings);
}

Handshake::Step Handshake::read(ByteView noise_message, const Link::Settings& settings) {
  const bool sealed_to_us = !caller_ && opening_ == Opening::ik;  // the only message of the caller
  const Result<Bytes> payload = noise_->read_message(noise_message);
  if (!payload) {
    const bool other_key = sealed_to_us && payload.error().is(noise::Errc::not_authentic);
    return give_up(other_key ? CloseCode::unknown_key : CloseCode::handshake_failed, payload.error().message());
  }
  // Before the peer has sent its static key, its payload is not secret and stays empty.
  if (noise_->remote_static()) {
    if (const auto reason = meet(*payload, settings)) return give_up(reason->code, reason->sentence);
  } else if (!payload->empty()) {
    return give_up(CloseCode::handshake_failed, "a payload where there must be none");
  }
  if (noise_->finished()) return {};
  const Result<Bytes> reply = noise_->write_message(hello_);
  if (!reply) return give_up(CloseCode::handshake_failed, reply.error().message());
  return {.reply = answer(*reply)};
}

std::optional<CloseReason> Handshake::meet(ByteView payload, const Link::Settings& settings) {
  Result<Hello> hello = decode_hello(payload);
  if (!hello) return CloseReason{CloseCode::handshake_failed, hello.error().message()};
  if (!owns(*noise_->remote_static(), hello->device))
    return CloseReason{CloseCode::wrong_peer, "a device key that does not belong to the key that was proved"};
  if (settings.peer && *settings.peer != hello->device)
    return CloseReason{CloseCode::wrong_peer, std::string(sentence_of(CloseCode::wrong_peer))};
  if (hello->device == settings.device->public_key())
    return CloseReason{CloseCode::wrong_peer, "this device has reached itself"};
  peer_ = std::move(hello).value();
  return std::nullopt;
}

bool Handshake::needs_confirmation() const {
  return caller_ ? opening_ == Opening::invitation : opening_ == Opening::ik;
}

}  // namespace tlfs::link
