#include "bridges/control/names.h"

#include <algorithm>

namespace tlfs::control {
namespace {

constexpr std::size_t kIdDigits = 64;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool may_begin_an_id(std::string_view text) {
  return text.size() >= kMinPrefix && text.size() <= kIdDigits && is_hex(text);
}

std::string listed(const std::vector<std::string>& candidates) {
  std::string out;
  for (std::size_t i = 0; i < candidates.size() && i < kMaxListed; ++i) out += "\n  " + candidates[i];
  if (candidates.size() > kMaxListed) out += "\n  and " + std::to_string(candidates.size() - kMaxListed) + " more";
  return out;
}

// `none` begins the sentence that there is none such, `lists` is the command that shows them.
Result<document::DocumentId> choose_named(std::string_view text, const std::vector<Named>& documents,
                                          const std::string& none, const std::string& lists) {
  const bool prefix = may_begin_an_id(text);
  const std::string start = lower(text);
  std::vector<const Named*> found;
  for (const Named& d : documents)
    if ((!text.empty() && d.name == text) || (prefix && to_hex(d.id).starts_with(start))) found.push_back(&d);
  if (found.size() == 1) return found[0]->id;
  const std::string quoted = "\"" + std::string(text) + "\"";
  if (found.empty())
    return Error(Errc::no_document,
                 none + " has the name or id " + quoted +
                     (is_hex(text) && text.size() < kMinPrefix && !text.empty()
                          ? "; the beginning of an id has at least " + std::to_string(kMinPrefix) + " digits"
                          : "; `" + lists + "` says which there are"));
  std::vector<std::string> candidates;
  for (const Named* d : found) candidates.push_back(to_hex(d->id) + (d->name.empty() ? "" : "  " + d->name));
  return Error(Errc::ambiguous, quoted + " may be any of these; write more of the id:" + listed(candidates));
}

// `malformed` follows the quoted text, `none` says what does not begin with it.
template <std::size_t N>
Result<std::array<std::uint8_t, N>> choose_digits(std::string_view text,
                                                  const std::vector<std::array<std::uint8_t, N>>& ids,
                                                  const std::string& malformed, const std::string& none) {
  const std::string quoted = "\"" + std::string(text) + "\"";
  if (!may_begin_an_id(text)) return Error(Errc::bad_name, quoted + malformed);
  const std::string start = lower(text);
  std::vector<std::string> candidates;
  const std::array<std::uint8_t, N>* found = nullptr;
  for (const auto& id : ids) {
    std::string digits = to_hex(id);
    if (!digits.starts_with(start)) continue;
    found = &id;
    candidates.push_back(std::move(digits));
  }
  if (candidates.size() == 1) return *found;
  if (candidates.empty()) return Error(Errc::bad_name, none + " begins with " + quoted);
  return Error(Errc::ambiguous, quoted + " may be any of these:" + listed(candidates));
}

}  // namespace

std::optional<std::array<std::uint8_t, 32>> parse_id(std::string_view text) {
  if (text.size() != kIdDigits) return std::nullopt;
  const std::optional<Bytes> bytes = from_hex(text);
  if (!bytes) return std::nullopt;
  std::array<std::uint8_t, 32> out{};
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

Result<document::DocumentId> choose_document(std::string_view text, const std::vector<Named>& documents) {
  return choose_named(text, documents, "no document here", "tlfs doc list");
}

Result<document::DocumentId> choose_offer(std::string_view text, const std::vector<Named>& offers) {
  return choose_named(text, offers, "no document that is offered", "tlfs invitations");
}

Result<crypto::Digest> choose_hash(std::string_view text, const std::vector<crypto::Digest>& hashes) {
  return choose_digits(text, hashes,
                       " is no version; write hashes of changes, as `tlfs doc history` shows them, or at least the "
                       "first " +
                           std::to_string(kMinPrefix) + " digits of each",
                       "no change of the document");
}

Result<InvitationId> choose_invitation(std::string_view text, const std::vector<InvitationId>& invitations) {
  return choose_digits(text, invitations,
                       " is no invitation; write its id, as `tlfs invitations` shows it, or at least the first " +
                           std::to_string(kMinPrefix) + " digits of that",
                       "no invitation that was given out here");
}

Result<access::Principal> parse_principal(std::string_view text) {
  constexpr std::string_view kDevice = "device:", kUser = "user:";
  if (text == "anyone") return access::Principal::anyone();
  if (text.starts_with(kDevice))
    if (const auto key = parse_id(text.substr(kDevice.size()))) return access::Principal::of_key(*key);
  if (text.starts_with(kUser))
    if (const auto id = parse_id(text.substr(kUser.size()))) return access::Principal::user(*id);
  return Error(Errc::bad_name, "\"" + std::string(text) +
                                   "\" names nobody; write anyone, device: and the 64 digits of a device's key, or "
                                   "user: and the 64 digits of a user's id (`tlfs id` shows both of yours)");
}

std::string principal_text(const access::Principal& principal) {
  switch (principal.kind) {
    case access::Principal::Kind::anyone:
      return "anyone";
    case access::Principal::Kind::key:
      return "device:" + to_hex(principal.key);
    case access::Principal::Kind::members:
      if (principal == access::Principal::user(principal.document())) return "user:" + to_hex(principal.key);
      return "members:" + to_hex(principal.key) + ":" + std::string(access::level_name(principal.level));
  }
  return "";
}

Result<access::Level> parse_level(std::string_view text) {
  const std::optional<access::Level> level = access::level_from_name(text);
  if (level && *level != access::Level::none) return *level;
  return Error(Errc::bad_name, "\"" + std::string(text) + "\" is no level; write sync, read, write, control or own");
}

}  // namespace tlfs::control
