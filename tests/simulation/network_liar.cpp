#include "tests/simulation/network_liar.h"

namespace tlfs::simulation {
namespace {

constexpr std::size_t kFloodMessages = 30'000;  // far more than any budget has room for at once

}  // namespace

std::string_view Liar::name_of(Kind kind) {
  switch (kind) {
    case Kind::silent:
      return "silent";
    case Kind::noise:
      return "noise";
    case Kind::garble:
      return "garble";
    case Kind::replay:
      return "replay";
    case Kind::control:
      return "control";
    case Kind::channels:
      return "channels";
    case Kind::conversation:
      return "conversation";
    case Kind::flood:
      return "flood";
  }
  return "?";
}

Liar::Liar(testing::World& world, std::shared_ptr<Wires> wires, Kind kind, std::uint64_t seed)
    : world_(world), wires_(std::move(wires)), kind_(kind), random_(seed) {
  link::Link::Settings settings;
  settings.side = link::Link::Side::caller;
  settings.device = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random_));
  settings.capabilities = {"sync.1"};
  auto made = link::Link::create(std::move(settings), random_);
  TLFS_CHECK(made.ok(), "a liar has a link");
  link_.emplace(std::move(*made));
}

void Liar::attack(Place from, const std::string& address, const document::DocumentId& document) {
  document_ = document;
  net::MessageHandlers handlers;
  const auto weak = weak_from_this();
  handlers.opened = [weak] {
    if (const auto self = weak.lock()) self->opened();
  };
  handlers.message = [weak](const Bytes& message) {
    if (const auto self = weak.lock()) self->heard(message);
  };
  handlers.writable = [weak] {
    if (const auto self = weak.lock()) self->flush();
  };
  handlers.closed = [weak](const Error& why) {
    if (const auto self = weak.lock(); self && !self->cut_off_) self->cut_off_ = why.message();
  };
  socket_ = wires_->dial(from, address, std::move(handlers));
}

Bytes Liar::garbage(std::size_t most) {
  Bytes out(1 + random_.below(most));
  random_.fill(out);
  return out;
}

void Liar::opened() {
  connected_ = true;
  if (kind_ == Kind::silent) return;
  if (kind_ == Kind::noise) {
    for (int i = 0; i < 3; ++i) (void)socket_->send(garbage(2'000));
    return;
  }
  link_->start(now());
  flush();
}

void Liar::heard(const Bytes& message) {
  if (kind_ == Kind::silent || kind_ == Kind::noise) return;
  link_->received(message, now());
  bool established = false;
  for (const link::Event& event : link_->take_events()) {
    if (std::holds_alternative<link::Established>(event)) established = true;
    if (const auto* said = std::get_if<link::Message>(&event)) link_->consumed(said->channel, said->bytes.size());
    if (const auto* closed = std::get_if<link::Closed>(&event); closed && closed->by_peer && !cut_off_)
      cut_off_ = std::string(link::name_of(closed->reason.code)) + ": " + closed->reason.sentence;
  }
  flush();
  if (established) misbehave();
}

void Liar::misbehave() {
  lying_ = true;
  switch (kind_) {
    case Kind::silent:
    case Kind::noise:
      return;
    case Kind::garble:
    case Kind::replay:
      link_->probe(now());
      break;
    case Kind::control:
      for (int i = 0; i < 8; ++i) (void)link_->send(link::kControlChannel, garbage(500));
      break;
    case Kind::channels:
      (void)link_->open_channel("no document's");
      break;
    case Kind::conversation:
      if (const auto channel = link_->open_channel(to_hex(document_)))
        for (int i = 0; i < 8; ++i) (void)link_->send(*channel, garbage(500));
      break;
    case Kind::flood:
      for (std::size_t i = 0; i < kFloodMessages; ++i) {
        link_->probe(now());
        flush();
      }
      break;
  }
  flush();
}

void Liar::flush() {
  for (Bytes& message : link_->take_output(now())) {
    if (lying_ && kind_ == Kind::garble) message[random_.below(message.size())] ^= 1;
    if (lying_ && kind_ == Kind::replay) (void)socket_->send(message);
    (void)socket_->send(std::move(message));
  }
}

}  // namespace tlfs::simulation
