#include "actors/document/presence_desk.h"

#include <algorithm>

#include "actors/document/errors.h"
#include "runtime/document/data.h"
#include "runtime/document_sync/message.h"

namespace tlfs::document_actor {
namespace {

// The one name under which a device is present.
constexpr std::string_view kName;

Status one_value(std::string_view json) {
  if (json.size() > kMaxPresenceJsonBytes)
    return Error(Errc::malformed, "presence of more than " + std::to_string(kMaxPresenceJsonBytes) + " bytes");
  const Result<document::Data> value = document::parse_json(json);
  return value ? Status() : Status(Error(Errc::malformed, "presence that is no JSON: " + value.error().message()));
}

bool may_read(const access::ProtectedDocument& document, const crypto::PublicKey& device) {
  return document.log().rules().level(access::Principal::of_key(device), {}) >= access::Level::read;
}

// Whose devices they are, of all that may read.
std::map<crypto::PublicKey, document::DocumentId> users_of(const access::ProtectedDocument& document) {
  std::map<crypto::PublicKey, document::DocumentId> out;
  const access::Rules& rules = document.log().rules();
  for (const access::Principal& who : rules.holders(access::Level::read, {}))
    if (who.kind == access::Principal::Kind::members && who == access::Principal::user(who.document()))
      for (const crypto::PublicKey& device : rules.keys_of(who)) out.emplace(device, who.document());
  return out;
}

}  // namespace

// ---- this device ----

Status PresenceDesk::show(std::uint64_t window, std::optional<std::string> json, Time now) {
  if (json)
    if (Status s = one_value(*json); !s) return s;
  std::erase_if(windows_, [&](const auto& w) { return w.first == window; });
  if (json) {
    if (windows_.size() == kMaxPresenceWindows) windows_.erase(windows_.begin());
    windows_.emplace_back(window, std::move(*json));
  }
  std::optional<std::string> latest;
  if (!windows_.empty()) latest = windows_.back().second;
  if (latest == own_) return {};
  own_ = std::move(latest);
  own_since_ = now;
  to_say_ = changed_ = true;
  return {};
}

std::vector<Presence> PresenceDesk::presences(const access::ProtectedDocument& document, const Device& device,
                                              Time now) const {
  const auto users = users_of(document);
  std::vector<Presence> out;
  const auto add = [&](const crypto::PublicKey& who, std::string json, Time since) {
    Presence& p = out.emplace_back();
    p.device = who;
    if (const auto user = users.find(who); user != users.end()) p.user = user->second;
    p.json = std::move(json);
    p.age = std::chrono::duration_cast<std::chrono::milliseconds>(std::max(now - since, Time(0)));
  };
  for (const auto& entry : room_.entries())
    if (entry.device != device.key->public_key() && entry.key == kName && may_read(document, entry.device))
      add(entry.device, std::string(as_text(entry.value)), entry.since);
  if (own_) {
    add(device.key->public_key(), *own_, own_since_);
    out.back().user = device.user;
    out.back().own = true;
  }
  std::sort(out.begin(), out.end(), [](const Presence& a, const Presence& b) { return a.device < b.device; });
  return out;
}

// ---- peers ----

void PresenceDesk::opened(SyncNumber conversation, const crypto::PublicKey& peer, Time now) {
  Conversation& c = conversations_[conversation];
  c.peer = peer;
  c.refilled = now;
  for (const auto& entry : room_.entries()) c.due.insert(entry.device);
}

void PresenceDesk::closed(SyncNumber conversation) {
  if (conversations_.erase(conversation) == 0) return;
  if (room_.leave(conversation)) changed_ = true;
  recent_.clear();  // what was lost is heard when it comes again
  recent_order_.clear();
}

void PresenceDesk::caught_up(SyncNumber conversation) {
  const auto at = conversations_.find(conversation);
  if (at == conversations_.end() || std::exchange(at->second.was_caught_up, true)) return;
  for (const auto& entry : room_.entries()) at->second.due.insert(entry.device);
}

bool PresenceDesk::allows(Conversation& c, std::size_t bytes, Time now) {
  const auto refill = [&](std::size_t& left, std::size_t rate) {
    const std::chrono::duration<double> passed = std::clamp(now - c.refilled, Time(0), Time(std::chrono::seconds(2)));
    left = std::min(2 * rate, left + static_cast<std::size_t>(passed.count() * static_cast<double>(rate)));
  };
  // Often enough that nothing is lost to rounding, seldom enough too.
  if (now - c.refilled >= kPresencePause) {
    refill(c.messages, kPresenceMessages);
    refill(c.bytes, kPresenceBytes);
    c.refilled = now;
  }
  if (c.messages == 0 || c.bytes < bytes) return false;
  --c.messages;
  c.bytes -= bytes;
  return true;
}

bool PresenceDesk::heard(SyncNumber conversation, const access::ProtectedDocument& document, ByteView message,
                         const crypto::PublicKey& device, Time now) {
  const auto at = conversations_.find(conversation);
  if (at == conversations_.end()) return true;
  Conversation& c = at->second;
  if (!allows(c, message.size(), now)) {
    ++dropped_;
    return true;
  }
  const crypto::Digest digest = crypto::hash("presence heard", {message});
  if (const auto known = recent_.find(digest); known != recent_.end()) {
    c.due.erase(known->second);
    if (known->second == c.peer) room_.came_directly(known->second, kName, conversation);
    return true;
  }
  const auto taken = room_.take(document, message, now, conversation);
  if (!taken) return !taken.error().is(document_sync::Errc::malformed) || ++c.bad <= kMaxBadPresence;
  remember(digest, taken->device);
  if (!taken->news) return true;
  if (taken->device == device) {  // of an earlier life; what is said now is to be later
    number_ = std::max(number_, taken->number);
    room_.end(taken->device, taken->key);
    to_say_ = true;
    return true;
  }
  const Bytes* value = room_.value(taken->device, taken->key);
  if (!value || taken->key != kName || (!value->empty() && !one_value(as_text(*value)))) {
    room_.end(taken->device, taken->key);
    return ++c.bad <= kMaxBadPresence;
  }
  c.due.erase(taken->device);
  changed_ = changed_ || taken->differs;
  pass_on(taken->device, conversation);
  return true;
}

void PresenceDesk::remember(const crypto::Digest& message, const crypto::PublicKey& device) {
  if (!recent_.emplace(message, device).second) return;
  recent_order_.push_back(message);
  if (recent_order_.size() <= kRecentPresence) return;
  recent_.erase(recent_order_.front());
  recent_order_.pop_front();
}

void PresenceDesk::pass_on(const crypto::PublicKey& device, SyncNumber except) {
  for (auto& [number, c] : conversations_)
    if (number != except && c.peer != device) c.due.insert(device);
}

std::vector<Bytes> PresenceDesk::to_say(SyncNumber conversation, const access::ProtectedDocument& document,
                                        std::size_t credit) {
  std::vector<Bytes> out;
  const auto at = conversations_.find(conversation);
  if (at == conversations_.end() || at->second.due.empty() || credit == 0) return out;
  Conversation& c = at->second;
  if (!may_read(document, c.peer)) return out;
  std::size_t bytes = 0;
  while (!c.due.empty() && bytes < credit) {
    const crypto::PublicKey device = c.due.extract(c.due.begin()).value();
    const Bytes* message = room_.message(device, kName);
    if (!message || !may_read(document, device)) continue;
    out.push_back(document_sync::encode_message(document_sync::message::Presence{*message}));
    bytes += out.back().size();
  }
  return out;
}

// ---- time ----

void PresenceDesk::turn(const access::ProtectedDocument& document, const Device& device, std::int64_t wall_ms,
                        Time now) {
  if (room_.expire(now)) changed_ = true;
  const bool again = own_ && said_at_ && now - *said_at_ >= kPresenceAgain;
  if (!to_say_ && !again) return;
  if (to_say_ && said_at_ && now - *said_at_ < kPresencePause) return;
  to_say_ = false;
  said_at_ = now;
  number_ = std::max(number_ + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(wall_ms, 0)) * 1000);
  const auto said = room_.say(document, *device.key, kName, as_bytes(own_.value_or("")), kPresenceTtl, number_, now);
  if (said) pass_on(device.key->public_key(), 0);
}

std::optional<PresenceDesk::Time> PresenceDesk::next_turn() const {
  std::optional<Time> out = room_.next_expiry();
  const auto at = [&](Time time) { out = out ? std::min(*out, time) : time; };
  if (to_say_) at(said_at_ ? *said_at_ + kPresencePause : Time(0));
  if (own_ && said_at_) at(*said_at_ + kPresenceAgain);
  return out;
}

}  // namespace tlfs::document_actor
