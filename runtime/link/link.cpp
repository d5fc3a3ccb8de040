#include "runtime/link/link.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/link/channels.h"
#include "runtime/link/handshake.h"
#include "runtime/link/key_age.h"

namespace tlfs::link {
namespace {

constexpr std::size_t kMaxPlainBytes = kMaxTransportMessage - noise::kTagBytes;
constexpr std::size_t kRekeyFrameBytes = 1;

// new: not started. handshaking: keys are not agreed. confirming: they are, but who has the others is not certain.
enum class Phase : std::uint8_t { fresh, handshaking, confirming, open, closed };

}  // namespace

class Link::Parts {
 public:
  Parts(Settings settings, Handshake handshake)
      : settings_(std::move(settings)),
        handshake_(std::move(handshake)),
        channels_(settings_.side == Side::caller, settings_.window) {}

  void start(Time now);
  void received(ByteView bytes, Time now);
  void tick(Time now);
  void probe(Time now);
  void close(CloseReason reason, bool tell, Time now);
  void end(CloseReason reason, bool by_peer);
  std::vector<Bytes> take_output(Time now, std::size_t limit);
  std::optional<Time> next_deadline() const;

  Settings settings_;
  std::optional<Handshake> handshake_;
  Channels channels_;
  Phase phase_ = Phase::fresh;
  std::vector<Event> events_;
  LinkTraffic traffic_;
  std::optional<Time> round_trip_;

 private:
  void received_handshake(ByteView bytes, Time now);
  void received_sealed(ByteView bytes, Time now);
  Status take_frame(const Frame& frame, bool last_of_message, Time now);
  void agreed(Time now);
  void become_open(Time now);
  void ping(Time now);
  void pack(ByteWriter& out, bool rekey);
  bool seal(ByteView plain, bool rekey, Time now);
  Time ping_at() const { return std::max(last_received_, last_ping_) + kPingAfter; }

  std::deque<Bytes> outbox_;  // ready for the transport: the handshake, and what lies before a rekey or an end
  Time step_deadline_{};
  noise::CipherState sending_;
  noise::CipherState receiving_;
  KeyAge sending_age_;
  KeyAge receiving_age_;
  std::optional<Established> established_;  // until it is told
  bool ready_sent_ = false;
  bool peer_ready_ = false;
  Bytes plain_;  // kept for its memory

  Time last_received_{};
  Time last_ping_{};
  std::uint64_t ping_number_ = 0;
  bool ping_waits_ = false;
  std::optional<std::uint64_t> pong_waits_;
  std::optional<Time> probe_deadline_;
};

void Link::Parts::start(Time now) {
  TLFS_CHECK(phase_ == Phase::fresh || phase_ == Phase::closed, "a link starts once");
  if (phase_ == Phase::closed) return;
  phase_ = Phase::handshaking;
  step_deadline_ = now + kHandshakeStepTimeout;
  if (settings_.side == Side::callee) return;
  Result<Bytes> first = handshake_->first();
  if (!first) return end({CloseCode::handshake_failed, first.error().message()}, false);
  outbox_.push_back(std::move(first).value());
}

void Link::Parts::received(ByteView bytes, Time now) {
  if (phase_ == Phase::closed) return;
  TLFS_CHECK(phase_ != Phase::fresh, "a message before the link has started");
  ++traffic_.received_messages;
  traffic_.received_bytes += bytes.size();
  if (bytes.size() > kMaxTransportMessage)
    return close({CloseCode::damaged, "a message of " + std::to_string(bytes.size()) + " bytes"}, true, now);
  if (phase_ == Phase::handshaking) return received_handshake(bytes, now);
  received_sealed(bytes, now);
}

void Link::Parts::received_handshake(ByteView bytes, Time now) {
  Handshake::Step step = handshake_->received(bytes, settings_);
  if (step.reply) outbox_.push_back(std::move(*step.reply));
  if (step.failed) return end(std::move(*step.failed), step.by_peer);
  step_deadline_ = now + kHandshakeStepTimeout;
  if (handshake_->finished()) agreed(now);
}

void Link::Parts::agreed(Time now) {
  auto [sending, receiving] = handshake_->split();
  sending_ = std::move(sending);
  receiving_ = std::move(receiving);
  sending_age_ = receiving_age_ = KeyAge(now);
  last_received_ = last_ping_ = now;
  const Hello& peer = handshake_->peer();
  Established& known = established_.emplace();
  known.peer = peer.device;
  known.capabilities = common_capabilities(settings_.capabilities, peer.capabilities);
  known.payload = peer.payload;
  known.invitation = handshake_->invitation();
  known.handshake_hash = handshake_->hash();
  const auto version = common_version(settings_.versions, peer.versions);
  const bool confirm = handshake_->needs_confirmation();
  handshake_.reset();
  phase_ = Phase::confirming;
  if (!version)
    return close({CloseCode::no_common_version, std::string(sentence_of(CloseCode::no_common_version))}, true, now);
  known.version = *version;
  if (!confirm) become_open(now);
}

void Link::Parts::become_open(Time now) {
  phase_ = Phase::open;
  last_received_ = now;
  events_.emplace_back(std::move(*established_));
  established_.reset();
}

void Link::Parts::received_sealed(ByteView bytes, Time now) {
  // The last message of our handshake may be refused; the peer has no keys then.
  if (!peer_ready_) {
    if (auto reason = read_refusal(bytes)) return end(std::move(*reason), true);
  }
  plain_.clear();
  // Not the peer's doing as far as anybody knows: the peer is who has the keys.
  if (const Status done = receiving_.decrypt({}, bytes, plain_); !done)
    return close({CloseCode::damaged, done.error().message()}, true, now);
  receiving_age_.count(bytes.size());
  if (receiving_age_.overdue())
    return close({CloseCode::protocol_error, "a key that was used for too long"}, true, now);
  if (plain_.empty()) return close({CloseCode::protocol_error, "a message of nothing"}, true, now);
  if (phase_ == Phase::confirming) become_open(now);
  last_received_ = now;
  FrameReader reader(plain_);
  while (!reader.at_end() && phase_ == Phase::open) {
    const Result<Frame> frame = reader.next();
    const Status done = frame ? take_frame(*frame, reader.at_end(), now) : Status(frame.error());
    if (!done) return close({CloseCode::protocol_error, clean_sentence(done.error().message())}, true, now);
  }
}

Status Link::Parts::take_frame(const Frame& frame, bool last_of_message, Time now) {
  const auto broken = [](std::string_view what) { return Error(Errc::malformed, std::string(what)); };
  if (peer_ready_ == (frame.kind == FrameKind::ready)) return broken("the first frame, and only it, says ready");
  switch (frame.kind) {
    case FrameKind::ready:
      peer_ready_ = true;
      return {};
    case FrameKind::ping:
      pong_waits_ = frame.number;
      return {};
    case FrameKind::pong:
      if (frame.number > ping_number_) return broken("the answer to a ping that was not sent");
      if (frame.number != ping_number_ || ping_waits_) return {};  // late, for an earlier one
      round_trip_ = now - last_ping_;
      probe_deadline_.reset();
      return {};
    case FrameKind::rekey:
      if (!last_of_message) return broken("frames after a new key was announced");
      receiving_.rekey();
      receiving_age_.renewed(now);
      return {};
    case FrameKind::close: {
      const auto code = static_cast<CloseCode>(frame.number);
      std::string sentence = clean_sentence(as_text(frame.bytes));
      if (sentence.empty()) sentence = sentence_of(code);
      end({code, std::move(sentence)}, true);
      return {};
    }
    default:
      return channels_.received(frame, events_);
  }
}

void Link::Parts::ping(Time now) {
  ++ping_number_;
  ping_waits_ = true;
  last_ping_ = now;
}

void Link::Parts::probe(Time now) {
  if (phase_ != Phase::open) return;
  ping(now);
  probe_deadline_ = now + kProbeTimeout;
}

void Link::Parts::tick(Time now) {
  const auto late = [&](std::string what) { close({CloseCode::timeout, std::move(what)}, true, now); };
  if (phase_ == Phase::handshaking || phase_ == Phase::confirming) {
    if (now >= step_deadline_) late("the handshake did not go on in time");
    return;
  }
  if (phase_ != Phase::open) return;
  if (now >= last_received_ + kSilenceTimeout) return late("nothing was heard for too long");
  if (probe_deadline_ && now >= *probe_deadline_) return late("no answer to a ping");
  if (now >= ping_at()) ping(now);
}

std::optional<Time> Link::Parts::next_deadline() const {
  if (phase_ == Phase::handshaking || phase_ == Phase::confirming) return step_deadline_;
  if (phase_ != Phase::open) return std::nullopt;
  Time at = std::min({ping_at(), last_received_ + kSilenceTimeout, sending_age_.due_at()});
  if (probe_deadline_) at = std::min(at, *probe_deadline_);
  return at;
}

// Says why, when there is someone to say it to, and ends.
void Link::Parts::close(CloseReason reason, bool tell, Time now) {
  if (phase_ == Phase::closed) return;
  reason.sentence = clean_sentence(reason.sentence);
  if (tell && phase_ == Phase::handshaking) outbox_.push_back(refusal(reason.code));
  if (tell && (phase_ == Phase::confirming || phase_ == Phase::open)) {
    ByteWriter out;
    if (!ready_sent_) put_frame(out, {.kind = FrameKind::ready});
    ready_sent_ = true;
    put_frame(out, {.kind = FrameKind::close,
                    .number = static_cast<std::uint16_t>(reason.code),
                    .bytes = as_bytes(reason.sentence)});
    if (!seal(out.view(), false, now)) return;
  }
  end(std::move(reason), false);
}

void Link::Parts::end(CloseReason reason, bool by_peer) {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  handshake_.reset();
  established_.reset();
  sending_ = {};
  receiving_ = {};
  crypto::wipe(plain_);
  settings_.invitation.reset();
  events_.emplace_back(Closed{std::move(reason), by_peer});
}

// Into the outbox. When no nonce is left the link has ended.
bool Link::Parts::seal(ByteView plain, bool rekey, Time now) {
  Bytes sealed;
  sealed.reserve(plain.size() + noise::kTagBytes);
  if (const Status done = sending_.encrypt({}, plain, sealed); !done) {
    end({CloseCode::other, done.error().message()}, false);
    return false;
  }
  sending_age_.count(sealed.size());
  if (rekey) {
    sending_.rekey();
    sending_age_.renewed(now);
    ++traffic_.rekeys;
  }
  outbox_.push_back(std::move(sealed));
  return true;
}

void Link::Parts::pack(ByteWriter& out, bool rekey) {
  if (!ready_sent_) put_frame(out, {.kind = FrameKind::ready});
  ready_sent_ = true;
  if (pong_waits_) put_frame(out, {.kind = FrameKind::pong, .number = *pong_waits_});
  pong_waits_.reset();
  if (ping_waits_) put_frame(out, {.kind = FrameKind::ping, .number = ping_number_});
  ping_waits_ = false;
  if (phase_ == Phase::open) channels_.pack(out, kMaxPlainBytes - kRekeyFrameBytes - out.size());
  if (rekey) put_frame(out, {.kind = FrameKind::rekey});
}

std::vector<Bytes> Link::Parts::take_output(Time now, std::size_t limit) {
  std::vector<Bytes> output;
  std::size_t bytes = 0;
  ByteWriter plain;
  while (output.empty() || bytes < limit) {
    if (outbox_.empty() && (phase_ == Phase::confirming || phase_ == Phase::open)) {
      const bool rekey = sending_age_.due(now);
      plain.clear();
      pack(plain, rekey);
      if (!plain.empty()) seal(plain.view(), rekey, now);
    }
    if (outbox_.empty()) break;
    bytes += outbox_.front().size();
    ++traffic_.sent_messages;
    traffic_.sent_bytes += outbox_.front().size();
    output.push_back(std::move(outbox_.front()));
    outbox_.pop_front();
  }
  return output;
}

// ---- the outside ----

Result<Link> Link::create(Settings settings, Random& random) {
  if (settings.window < kMinWindow || settings.window > kMaxWindow)
    return Error(Errc::bad_settings, "a window of " + std::to_string(settings.window) + " bytes is outside the limits");
  std::sort(settings.capabilities.begin(), settings.capabilities.end());
  Result<Handshake> handshake = Handshake::create(settings, random);
  if (!handshake) return handshake.error();
  return Link(std::make_unique<Parts>(std::move(settings), std::move(handshake).value()));
}

Link::Link(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Link::Link(Link&&) noexcept = default;
Link& Link::operator=(Link&&) noexcept = default;
Link::~Link() = default;

void Link::start(Time now) { parts_->start(now); }
void Link::received(ByteView bytes, Time now) { parts_->received(bytes, now); }
void Link::tick(Time now) { parts_->tick(now); }
void Link::probe(Time now) { parts_->probe(now); }
void Link::close(CloseReason reason, Time now) { parts_->close(std::move(reason), true, now); }
void Link::transport_lost(Time) {
  parts_->end({CloseCode::transport_lost, std::string(sentence_of(CloseCode::transport_lost))}, false);
}

Result<ChannelId> Link::open_channel(std::string_view label) {
  if (closed()) return Error(Errc::closed, "the link has ended");
  if (!established()) return Error(Errc::not_established, "the handshake has not ended");
  return parts_->channels_.open(label);
}
Status Link::send(ChannelId channel, Bytes message) {
  if (closed()) return Error(Errc::closed, "the link has ended");
  if (!established()) return Error(Errc::not_established, "the handshake has not ended");
  return parts_->channels_.send(channel, std::move(message));
}
Status Link::close_channel(ChannelId channel) {
  if (closed()) return Error(Errc::closed, "the link has ended");
  return parts_->channels_.close(channel);
}
void Link::consumed(ChannelId channel, std::size_t message_bytes) {
  if (!closed()) parts_->channels_.consumed(channel, message_bytes);
}

std::vector<Bytes> Link::take_output(Time now, std::size_t limit) { return parts_->take_output(now, limit); }
std::vector<Event> Link::take_events() { return std::exchange(parts_->events_, {}); }
std::optional<Time> Link::next_deadline() const { return parts_->next_deadline(); }
bool Link::established() const { return parts_->phase_ == Phase::open; }
bool Link::closed() const { return parts_->phase_ == Phase::closed; }
std::size_t Link::queued_bytes() const { return parts_->channels_.queued_bytes(); }
std::size_t Link::queued_bytes(ChannelId channel) const { return parts_->channels_.queued_bytes(channel); }
std::optional<Time> Link::round_trip() const { return parts_->round_trip_; }
const LinkTraffic& Link::traffic() const { return parts_->traffic_; }

}  // namespace tlfs::link
