#include "runtime/document_sync/presence.h"

#include <algorithm>

#include "runtime/base/utf.h"
#include "runtime/base/varint.h"
#include "runtime/document_sync/message.h"

namespace tlfs::document_sync {

namespace {

constexpr std::uint8_t kVersion = 1;

struct Said {
  crypto::PublicKey device{};
  std::string_view key;
  std::uint64_t number = 0;
  std::uint64_t ttl_ms = 0;
  ByteView value;
};

Bytes body_of(const Said& said) {
  ByteWriter out;
  out.raw(ByteView(said.device));
  out.text(said.key);
  out.varint(said.number);
  out.varint(said.ttl_ms);
  out.bytes(said.value);
  return out.take();
}

crypto::Digest signed_digest(const document::DocumentId& document, ByteView body) {
  return crypto::hash("tlfs presence", {document, body});
}

Status within_limits(std::string_view key, std::size_t value, std::uint64_t ttl_ms) {
  const auto limit = [](std::string what) { return Error(Errc::limit_exceeded, "presence: " + std::move(what)); };
  if (key.size() > kMaxPresenceKeyBytes)
    return limit("a key of more than " + std::to_string(kMaxPresenceKeyBytes) + " bytes");
  if (value > kMaxPresenceValueBytes)
    return limit("a value of more than " + std::to_string(kMaxPresenceValueBytes) + " bytes");
  if (ttl_ms > static_cast<std::uint64_t>(kMaxPresenceTtl.count()))
    return limit("a time to live of more than " + std::to_string(kMaxPresenceTtl.count()) + " ms");
  return {};
}

}  // namespace

Result<Bytes> PresenceRoom::say(const access::ProtectedDocument& document, const crypto::SigningKey& device,
                                std::string_view key, ByteView value, std::chrono::milliseconds ttl,
                                std::uint64_t number, Time now) {
  const auto ttl_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(ttl.count(), 0));
  if (Status s = within_limits(key, value.size(), ttl_ms); !s) return s.error();
  Bytes plain = body_of({device.public_key(), key, number, ttl_ms, value});
  const crypto::Signature signature = device.sign(signed_digest(document.id(), plain));
  plain.insert(plain.end(), signature.begin(), signature.end());
  const auto sealed = document.seal_ephemeral(plain);
  if (!sealed) return Error(Errc::no_key, sealed.error().message());
  ByteWriter out;
  out.u8(kVersion);
  out.fixed64(sealed->epoch);
  out.raw(sealed->sealed.nonce);
  out.raw(sealed->sealed.bytes);
  Held held{Bytes(value.begin(), value.end()), out.take(), number, now, now + ttl};
  Bytes message = held.message;
  if (Result<bool> done = put(device.public_key(), key, std::move(held)); !done) return done.error();
  return message;
}

Result<PresenceRoom::Heard> PresenceRoom::take(const access::ProtectedDocument& document, ByteView message, Time now,
                                               Way way) {
  if (message.size() > kMaxPresenceBytes)
    return Error(Errc::limit_exceeded, "presence of more than " + std::to_string(kMaxPresenceBytes) + " bytes");
  ByteReader in(message);
  const std::uint8_t version = in.u8();
  access::ProtectedDocument::Ephemeral sealed;
  sealed.epoch = in.fixed64();
  const ByteView nonce = in.raw(sealed.sealed.nonce.size());
  const ByteView bytes = in.raw(in.remaining());
  if (in.failed() || version != kVersion) return Error(Errc::malformed, "presence of another form");
  std::copy(nonce.begin(), nonce.end(), sealed.sealed.nonce.begin());
  sealed.sealed.bytes.assign(bytes.begin(), bytes.end());
  const auto opened = document.open_ephemeral(sealed);
  if (!opened) return Error(Errc::no_key, opened.error().message());
  if (!*opened) return Error(Errc::not_authentic, "presence that another key sealed, or that is damaged");

  const ByteView plain(**opened);
  crypto::Signature signature{};
  if (plain.size() < signature.size()) return Error(Errc::malformed, "presence without a signature");
  const ByteView body = plain.first(plain.size() - signature.size());
  std::copy(plain.end() - static_cast<std::ptrdiff_t>(signature.size()), plain.end(), signature.begin());
  ByteReader fields(body);
  Said said;
  const ByteView device = fields.raw(said.device.size());
  said.key = fields.text();
  said.number = fields.varint();
  said.ttl_ms = fields.varint();
  said.value = fields.bytes();
  if (!fields.finished() || !is_valid_utf8(said.key)) return Error(Errc::malformed, "presence of another form inside");
  std::copy(device.begin(), device.end(), said.device.begin());
  if (Status s = within_limits(said.key, said.value.size(), said.ttl_ms); !s) return s.error();
  if (!crypto::verify(said.device, signed_digest(document.id(), body), signature))
    return Error(Errc::not_authentic, "presence in the name of a device that did not sign it");
  // Whoever could read once and may no longer has the secret of an epoch, and perhaps no newer one was made yet.
  if (document.log().rules().level(access::Principal::of_key(said.device), {}) < access::Level::read)
    return Error(Errc::not_authentic, "presence of a device that may not read the document");
  Held held{Bytes(said.value.begin(), said.value.end()),
            Bytes(message.begin(), message.end()),
            said.number,
            now,
            now + std::chrono::milliseconds(said.ttl_ms),
            way};
  const Bytes* before = value(said.device, said.key);
  const bool differs =
      before ? !std::equal(before->begin(), before->end(), said.value.begin(), said.value.end()) : !said.value.empty();
  const Result<bool> news = put(said.device, said.key, std::move(held));
  if (!news) return news.error();
  return Heard{said.device, std::string(said.key), said.number, *news && differs, *news};
}

Status PresenceRoom::room_for(const crypto::PublicKey& device, std::string_view key, std::size_t bytes) {
  const auto full = [](std::string what) { return Error(Errc::limit_exceeded, std::move(what)); };
  const Held* held = find(device, key);
  const std::size_t freed = held ? held->value.size() + held->message.size() : 0;
  if (bytes_ - freed + bytes > kMaxPresenceRoomBytes)
    return full("presence of more than " + std::to_string(kMaxPresenceRoomBytes) + " bytes in one document");
  const auto at = held_.find(device);
  if (at == held_.end() && held_.size() >= kMaxPresenceDevices) {
    std::erase_if(held_, [](const auto& d) {
      return std::all_of(d.second.begin(), d.second.end(), [](const auto& k) { return k.second.ended; });
    });
    if (held_.size() >= kMaxPresenceDevices)
      return full("more than " + std::to_string(kMaxPresenceDevices) + " devices are present");
  }
  if (at != held_.end() && !held && at->second.size() >= kMaxPresenceKeys)
    return full("a device is present under more than " + std::to_string(kMaxPresenceKeys) + " keys");
  return {};
}

Result<bool> PresenceRoom::put(const crypto::PublicKey& device, std::string_view key, Held what) {
  Held* held = find(device, key);
  if (held && held->number > what.number) return false;
  if (held && held->number == what.number) {
    if (!held->away || held->ended) return false;
    held->away = false;  // whoever was lost is back
    held->way = what.way;
    return true;
  }
  const std::size_t bytes = what.value.size() + what.message.size();
  if (Status s = room_for(device, key, bytes); !s) return s.error();
  if (held) drop(*held);
  bytes_ += bytes;
  held_[device].insert_or_assign(std::string(key), std::move(what));
  return true;
}

const PresenceRoom::Held* PresenceRoom::find(const crypto::PublicKey& device, std::string_view key) const {
  const auto at = held_.find(device);
  if (at == held_.end()) return nullptr;
  const auto found = at->second.find(key);
  return found == at->second.end() ? nullptr : &found->second;
}

PresenceRoom::Held* PresenceRoom::find(const crypto::PublicKey& device, std::string_view key) {
  return const_cast<Held*>(std::as_const(*this).find(device, key));
}

void PresenceRoom::drop(Held& held) {
  bytes_ -= held.value.size() + held.message.size();
  held.value = {};
  held.message = {};
  held.ended = true;
}

void PresenceRoom::came_directly(const crypto::PublicKey& device, std::string_view key, Way way) {
  if (Held* held = find(device, key); held && !held->away) held->way = way;
}

bool PresenceRoom::leave(Way way) {
  bool any = false;
  for (auto& [device, keys] : held_)
    for (auto& [key, held] : keys) {
      if (held.way != way || held.away || held.ended) continue;
      held.away = true;
      any = any || !held.value.empty();
    }
  return any;
}

void PresenceRoom::end(const crypto::PublicKey& device, std::string_view key) {
  if (Held* held = find(device, key); held && !held->ended) drop(*held);
}

const Bytes* PresenceRoom::message(const crypto::PublicKey& device, std::string_view key) const {
  const Held* held = find(device, key);
  return held && !held->ended && !held->away ? &held->message : nullptr;
}

const Bytes* PresenceRoom::value(const crypto::PublicKey& device, std::string_view key) const {
  const Held* held = find(device, key);
  return held && !held->ended && !held->away ? &held->value : nullptr;
}

bool PresenceRoom::expire(Time now) {
  bool any = false;
  for (auto& [device, keys] : held_)
    for (auto& [key, held] : keys) {
      if (held.ended || held.until > now) continue;
      any = any || (!held.value.empty() && !held.away);
      drop(held);
    }
  return any;
}

std::vector<PresenceRoom::Entry> PresenceRoom::entries() const {
  std::vector<Entry> out;
  for (const auto& [device, keys] : held_)
    for (const auto& [key, held] : keys)
      if (!held.ended && !held.away && !held.value.empty()) out.push_back({device, key, held.value, held.since});
  return out;
}

std::optional<PresenceRoom::Time> PresenceRoom::next_expiry() const {
  std::optional<Time> out;
  for (const auto& [device, keys] : held_)
    for (const auto& [key, held] : keys)
      if (!held.ended && (!out || held.until < *out)) out = held.until;
  return out;
}

}  // namespace tlfs::document_sync
