#include "runtime/invitation/invitation_book.h"

#include <algorithm>

#include "runtime/base/utf.h"
#include "runtime/base/varint.h"
#include "runtime/invitation/display_text.h"

namespace tlfs::invitation {
namespace {

constexpr std::uint8_t kRecordVersion = 1;

Error unknown() {
  return {Errc::unknown,
          "the device that gave out this invitation does not know it any more; ask whoever sent it for a new one"};
}
Error bad_terms(const std::string& what) { return {Errc::bad_terms, "this cannot be promised: " + what}; }
Error full() {
  return {Errc::full, "this device keeps " + std::to_string(kMaxInvitations) +
                          " invitations already; those that are over are forgotten in time"};
}
Error malformed() { return {Errc::malformed, "the record of an invitation is damaged"}; }

// What check_invitation() does not look at.
Status check_terms(const Terms& terms) {
  if (terms.uses < 1 || terms.uses > kMaxUses)
    return bad_terms("it can be used by 1 to " + std::to_string(kMaxUses) + " devices");
  if (terms.path.empty() || terms.path.size() > kMaxPathBytes || !is_valid_utf8(terms.path))
    return bad_terms("the path is empty, longer than " + std::to_string(kMaxPathBytes) + " bytes, or no text");
  if (terms.level < access::Level::sync || terms.level > access::Level::own)
    return bad_terms("it allows nothing; name a level from sync to own");
  if (terms.expires <= std::chrono::seconds(0) || terms.expires > kLastExpiry)
    return bad_terms("the moment when it expires is out of range");
  if (terms.name.size() > kMaxNameBytes || !is_display_text(terms.name))
    return bad_terms("the document's name is longer than " + std::to_string(kMaxNameBytes) + " bytes or not printable");
  return {};
}

template <std::size_t N>
void take(ByteReader& in, std::array<std::uint8_t, N>& out) {
  const ByteView bytes = in.raw(N);
  std::copy(bytes.begin(), bytes.end(), out.begin());
}

std::chrono::seconds take_moment(ByteReader& in) {
  return std::chrono::seconds(in.bounded(static_cast<std::uint64_t>(kLastExpiry.count())));
}

std::chrono::seconds moment_of(std::chrono::milliseconds now) {
  return std::clamp(std::chrono::duration_cast<std::chrono::seconds>(now), std::chrono::seconds(0), kLastExpiry);
}

}  // namespace

std::string_view state_name(State state) {
  constexpr std::string_view kNames[] = {"open", "used up", "expired", "revoked"};
  return kNames[static_cast<std::uint8_t>(state)];
}

State InvitationBook::state_of(const Entry& entry, std::chrono::milliseconds now) {
  if (entry.revoked) return State::revoked;
  if (now >= entry.terms.expires) return State::expired;
  return entry.used_by.size() >= entry.terms.uses ? State::used_up : State::open;
}

Result<Invitation> InvitationBook::give(const Terms& terms, const crypto::PublicKey& inviter,
                                        std::vector<std::string> addresses, Random& random,
                                        std::chrono::milliseconds now) {
  if (const Status s = check_terms(terms); !s) return s.error();
  if (now >= terms.expires) return bad_terms("it would have expired already");
  if (entries_.size() >= kMaxInvitations) return full();
  Invitation invitation{.id = {},
                        .secret = crypto::Secret::generate(random),
                        .inviter = inviter,
                        .addresses = std::move(addresses),
                        .name = terms.name,
                        .level = terms.level,
                        .expires = terms.expires};
  random.fill(invitation.id);
  if (const Status s = check_invitation(invitation); !s) return s.error();
  const bool fresh =
      entries_.try_emplace(invitation.id, Entry{.terms = terms, .psk = invitation.psk(), .used_by = {}}).second;
  TLFS_CHECK(fresh, "two invitations have one random id");
  return invitation;
}

std::optional<crypto::Secret> InvitationBook::psk(std::span<const std::uint8_t> id) const {
  InvitationId key{};
  if (id.size() != key.size()) return std::nullopt;
  std::copy(id.begin(), id.end(), key.begin());
  const auto at = entries_.find(key);
  if (at == entries_.end()) return std::nullopt;
  return at->second.psk.copy();
}

Result<Granted> InvitationBook::use(const InvitationId& id, const crypto::PublicKey& device,
                                    std::chrono::milliseconds now) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return unknown();
  Entry& entry = at->second;
  const bool again =
      std::any_of(entry.used_by.begin(), entry.used_by.end(), [&](const Use& use) { return use.device == device; });
  switch (state_of(entry, now)) {
    case State::revoked:
      return Error(Errc::revoked, "this invitation was taken back by whoever sent it");
    case State::expired:
      return Error(Errc::expired, "this invitation has expired; ask whoever sent it for a new one");
    case State::used_up:
      if (!again)
        return Error(Errc::used_up, entry.terms.uses == 1
                                        ? "this invitation was used already, and is good for one device; ask whoever "
                                          "sent it for a new one"
                                        : "this invitation was used by as many devices as it is good for; ask whoever "
                                          "sent it for a new one");
      break;
    case State::open:
      break;
  }
  if (!again) entry.used_by.push_back(Use{device, moment_of(now)});
  return Granted{entry.terms, again};
}

Status InvitationBook::revoke(const InvitationId& id) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return Error(Errc::unknown, "this device has given out no such invitation");
  at->second.revoked = true;
  return {};
}

std::optional<Given> InvitationBook::find(const InvitationId& id, std::chrono::milliseconds now) const {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return std::nullopt;
  return Given{id, at->second.terms, state_of(at->second, now), at->second.used_by};
}

std::vector<Given> InvitationBook::list(std::chrono::milliseconds now) const {
  std::vector<Given> out;
  out.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) out.push_back(Given{id, entry.terms, state_of(entry, now), entry.used_by});
  std::stable_sort(out.begin(), out.end(),
                   [](const Given& a, const Given& b) { return a.terms.expires < b.terms.expires; });
  return out;
}

Bytes InvitationBook::record(const InvitationId& id) const {
  const auto at = entries_.find(id);
  TLFS_CHECK(at != entries_.end(), "a record of an invitation that is not kept");
  const Entry& entry = at->second;
  ByteWriter out;
  out.u8(kRecordVersion);
  out.raw(id);
  out.raw(entry.psk.expose());
  out.raw(entry.terms.document);
  out.text(entry.terms.path);
  out.u8(static_cast<std::uint8_t>(entry.terms.level));
  out.text(entry.terms.name);
  out.varint(static_cast<std::uint64_t>(entry.terms.expires.count()));
  out.varint(entry.terms.uses);
  out.u8(entry.revoked ? 1 : 0);
  out.varint(entry.used_by.size());
  for (const Use& use : entry.used_by) {
    out.raw(use.device);
    out.varint(static_cast<std::uint64_t>(use.at.count()));
  }
  return out.take();
}

Result<InvitationId> InvitationBook::restore(ByteView record) {
  ByteReader in(record);
  const std::uint8_t version = in.u8();
  if (!in.failed() && version > kRecordVersion)
    return Error(Errc::newer_version, "the record of an invitation was written by a newer version of this software");
  if (version != kRecordVersion) return malformed();
  InvitationId id{};
  std::array<std::uint8_t, crypto::Secret::kBytes> psk{};
  take(in, id);
  take(in, psk);
  Entry entry{.terms = {}, .psk = crypto::Secret::from_bytes(psk), .used_by = {}};
  crypto::wipe(psk);
  Terms& terms = entry.terms;
  take(in, terms.document);
  terms.path = in.text();
  terms.level = static_cast<access::Level>(in.u8());
  terms.name = in.text();
  terms.expires = take_moment(in);
  terms.uses = static_cast<std::uint32_t>(in.bounded(kMaxUses));
  const std::uint8_t revoked = in.u8();
  entry.revoked = revoked == 1;
  const std::uint64_t used = in.bounded(terms.uses);
  for (std::uint64_t i = 0; i < used && !in.failed(); ++i) {
    Use use;
    take(in, use.device);
    use.at = take_moment(in);
    entry.used_by.push_back(use);
  }
  if (!in.finished() || revoked > 1 || !check_terms(terms)) return malformed();
  const auto at = entries_.find(id);
  if (at == entries_.end() && entries_.size() >= kMaxInvitations) return full();
  entries_.insert_or_assign(id, std::move(entry));
  return id;
}

std::vector<InvitationId> InvitationBook::forget_old(std::chrono::milliseconds now) {
  std::vector<InvitationId> gone;
  for (const auto& [id, entry] : entries_)
    if (now >= entry.terms.expires + kKeptAfterExpiry) gone.push_back(id);
  for (const InvitationId& id : gone) entries_.erase(id);
  return gone;
}

}  // namespace tlfs::invitation
