#include "runtime/invitation/invitation.h"

#include <algorithm>

#include "runtime/base/varint.h"
#include "runtime/invitation/base64url.h"
#include "runtime/invitation/display_text.h"

namespace tlfs::invitation {
namespace {

constexpr std::string_view kScheme = "tlfs:";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kPskDomain = "tlfs invitation psk";
constexpr std::string_view kChecksumDomain = "tlfs invitation link";
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kMaxVersionDigits = 4;

std::array<std::uint8_t, kChecksumBytes> checksum_of(ByteView body) {
  const crypto::Digest digest = crypto::hash(kChecksumDomain, {body});
  std::array<std::uint8_t, kChecksumBytes> out{};
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

template <std::size_t N>
void take(ByteReader& in, std::array<std::uint8_t, N>& out) {
  const ByteView bytes = in.raw(N);
  std::copy(bytes.begin(), bytes.end(), out.begin());
}

Error bad_terms(const std::string& what) { return {Errc::bad_terms, "this cannot be made an invitation: " + what}; }
Error cut_off() {
  return {Errc::cut_off, "the end of this invitation is missing; copy the whole link, from 'tlfs:' to its last letter"};
}
Error mistyped() {
  return {Errc::mistyped, "this invitation has a wrong character somewhere; copy the link again instead of typing it"};
}
Error malformed(const std::string& what) {
  return {Errc::malformed, "this invitation cannot be used: " + what + "; ask for a new one"};
}

bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= kMaxAddressBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// The part behind the scheme and the version.
Result<std::string_view> payload_of(std::string_view link) {
  if (link.substr(0, kScheme.size()) != kScheme)
    return Error(Errc::no_link, "this is no invitation: the link of one begins with 'tlfs:'");
  link.remove_prefix(kScheme.size());
  const std::size_t dot = link.find('.');
  const std::string_view version = link.substr(0, dot);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::all_of(version.begin(), version.end(), digit) || version.size() > kMaxVersionDigits) return mistyped();
  if (dot == std::string_view::npos) return cut_off();
  if (version.empty() || version[0] == '0') return mistyped();
  if (version != kVersion)
    return Error(Errc::newer_version,
                 "this invitation was made by a newer version of the software (its links have version " +
                     std::string(version) + ", and this one reads version 1); update, and try again");
  return link.substr(dot + 1);
}

// The body, checked against its length and checksum.
Result<Bytes> body_of(std::string_view payload) {
  // What is cut off may end in the middle of a group of characters: the whole groups tell how long it was to be.
  const auto legible = from_base64url(payload);
  const auto whole_groups = legible ? legible : from_base64url(payload.substr(0, payload.size() / 4 * 4));
  if (!whole_groups) return mistyped();
  ByteReader in(*whole_groups);
  const std::uint64_t size = in.varint();
  if (in.failed()) return whole_groups->size() < 3 ? cut_off() : mistyped();
  if (size > kMaxLinkBytes) return mistyped();
  if (in.remaining() < size + kChecksumBytes) return cut_off();
  if (!legible || in.remaining() > size + kChecksumBytes) return mistyped();
  const ByteView body = in.raw(size);
  const ByteView checksum = in.raw(kChecksumBytes);
  const auto expected = checksum_of(body);
  if (!std::equal(checksum.begin(), checksum.end(), expected.begin())) return mistyped();
  return Bytes(body.begin(), body.end());
}

}  // namespace

crypto::Secret Invitation::psk() const { return crypto::derive(secret, kPskDomain, {id}); }

Status check_invitation(const Invitation& invitation) {
  if (invitation.level < access::Level::sync || invitation.level > access::Level::own)
    return bad_terms("it allows nothing; name a level from sync to own");
  if (invitation.expires <= std::chrono::seconds(0) || invitation.expires > kLastExpiry)
    return bad_terms("the moment when it expires is out of range");
  if (invitation.name.size() > kMaxNameBytes || !is_display_text(invitation.name))
    return bad_terms("the document's name is longer than " + std::to_string(kMaxNameBytes) + " bytes or not printable");
  if (invitation.addresses.size() > kMaxAddresses)
    return bad_terms("it names more than " + std::to_string(kMaxAddresses) + " addresses");
  std::size_t bytes = 0;
  for (const std::string& address : invitation.addresses) {
    if (!is_address(address)) return bad_terms("one of its addresses is empty, too long, or no plain text");
    bytes += address.size();
  }
  if (bytes > kMaxAddressesBytes)
    return bad_terms("its addresses have more than " + std::to_string(kMaxAddressesBytes) + " characters together");
  return {};
}

Result<std::string> encode_link(const Invitation& invitation) {
  if (const Status s = check_invitation(invitation); !s) return s.error();
  ByteWriter body;
  body.raw(invitation.id);
  body.raw(invitation.secret.expose());
  body.raw(invitation.inviter);
  body.u8(static_cast<std::uint8_t>(invitation.level));
  body.varint(static_cast<std::uint64_t>(invitation.expires.count()));
  body.varint(invitation.addresses.size());
  for (const std::string& address : invitation.addresses) body.text(address);
  body.text(invitation.name);
  ByteWriter out;
  out.bytes(body.view());
  out.raw(checksum_of(body.view()));
  std::string link = std::string(kScheme) + std::string(kVersion) + "." + to_base64url(out.view());
  TLFS_CHECK(link.size() <= kMaxLinkBytes, "an invitation within its limits makes a longer link than they allow");
  return link;
}

Result<Invitation> decode_link(std::string_view link, std::chrono::milliseconds now) {
  if (link.size() > kMaxLinkBytes)
    return Error(Errc::no_link, "this is no invitation: it is longer than any link of one");
  const auto payload = payload_of(link);
  if (!payload) return payload.error();
  const auto body = body_of(*payload);
  if (!body) return body.error();

  ByteReader in(*body);
  InvitationId id{};
  std::array<std::uint8_t, crypto::Secret::kBytes> secret{};
  take(in, id);
  take(in, secret);
  Invitation out{.id = id, .secret = crypto::Secret::from_bytes(secret), .addresses = {}, .name = {}};
  crypto::wipe(secret);
  take(in, out.inviter);
  out.level = static_cast<access::Level>(in.u8());
  out.expires = std::chrono::seconds(in.bounded(static_cast<std::uint64_t>(kLastExpiry.count())));
  const std::uint64_t addresses = in.bounded(kMaxAddresses);
  for (std::uint64_t i = 0; i < addresses; ++i) out.addresses.emplace_back(in.text());
  out.name = in.text();
  if (!in.finished()) return malformed("it is not put together as it should be");
  if (!check_invitation(out)) return malformed("what it says cannot be");
  if (now >= out.expires) return Error(Errc::expired, "this invitation has expired; ask whoever sent it for a new one");
  return out;
}

}  // namespace tlfs::invitation
