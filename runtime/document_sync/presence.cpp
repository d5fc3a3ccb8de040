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
  if (Result<bool> done = put(device.public_key(), key, value, number, ttl, now); !done) return done.error();
  ByteWriter out;
  out.u8(kVersion);
  out.fixed64(sealed->epoch);
  out.raw(sealed->sealed.nonce);
  out.raw(sealed->sealed.bytes);
  return out.take();
}

Result<bool> PresenceRoom::take(const access::ProtectedDocument& document, ByteView message, Time now) {
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
  return put(said.device, said.key, said.value, said.number, std::chrono::milliseconds(said.ttl_ms), now);
}

// What has ended stays as a number, so that what was said before is not taken for news.
Result<bool> PresenceRoom::put(const crypto::PublicKey& device, std::string_view key, ByteView value,
                               std::uint64_t number, std::chrono::milliseconds ttl, Time now) {
  if (!held_.contains(device) && held_.size() >= kMaxPresenceDevices)
    return Error(Errc::limit_exceeded, "more than " + std::to_string(kMaxPresenceDevices) + " devices are present");
  std::map<std::string, Held>& keys = held_[device];
  const auto found = keys.find(std::string(key));
  if (found == keys.end() && keys.size() >= kMaxPresenceKeys)
    return Error(Errc::limit_exceeded,
                 "a device is present under more than " + std::to_string(kMaxPresenceKeys) + " keys");
  if (found != keys.end() && found->second.number >= number) return false;
  keys.insert_or_assign(std::string(key), Held{Bytes(value.begin(), value.end()), number, now + ttl});
  return true;
}

bool PresenceRoom::expire(Time now) {
  bool any = false;
  for (auto& [device, keys] : held_)
    for (auto& [key, held] : keys) {
      if (held.value.empty() || held.until > now) continue;
      held.value.clear();
      any = true;
    }
  return any;
}

std::vector<PresenceRoom::Entry> PresenceRoom::entries() const {
  std::vector<Entry> out;
  for (const auto& [device, keys] : held_)
    for (const auto& [key, held] : keys)
      if (!held.value.empty()) out.push_back({device, key, held.value});
  return out;
}

std::optional<PresenceRoom::Time> PresenceRoom::next_expiry() const {
  std::optional<Time> out;
  for (const auto& [device, keys] : held_)
    for (const auto& [key, held] : keys)
      if (!held.value.empty() && (!out || held.until < *out)) out = held.until;
  return out;
}

}  // namespace tlfs::document_sync
