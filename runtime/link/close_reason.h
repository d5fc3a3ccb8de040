// Why a link has ended: a code to act on and a sentence to show.
#pragma once

#include <string>
#include <string_view>

namespace tlfs::link {

// The numbers travel, so they stay. Applications use their own from kFirstApplicationCode on.
enum class CloseCode : std::uint16_t {
  done = 0,              // nothing is wrong
  handshake_failed = 1,  // not authentic, or not understood
  unknown_key = 2,       // the callee cannot read the caller's first message (IK): dial again without the key
  wrong_peer = 3,        // another device than the one that was dialled
  unknown_invitation = 4,
  no_common_version = 5,
  timeout = 6,
  protocol_error = 7,  // the other side broke the rules of this protocol
  duplicate = 8,       // another link to the same peer is kept
  too_busy = 9,
  banned = 10,
  budget_exceeded = 11,
  shutting_down = 12,
  transport_lost = 13,  // never travels
  other = 14,           // what a newer version says
  damaged = 15,         // a message that was not written with the link's keys: whoever is on the way can do that
};
inline constexpr std::uint16_t kFirstApplicationCode = 1'000;

struct CloseReason {
  CloseCode code = CloseCode::done;
  // UTF-8 of at most kMaxSentenceBytes, without control characters.
  std::string sentence;
  friend bool operator==(const CloseReason&, const CloseReason&) = default;
};

// "timeout", "wrong_peer" ...; "application" for codes from kFirstApplicationCode on.
std::string_view name_of(CloseCode code);
// What is there to say when the other side gave only a code.
std::string_view sentence_of(CloseCode code);
// Cut to kMaxSentenceBytes at a code point, control characters replaced by spaces; "" when it is no UTF-8.
std::string clean_sentence(std::string_view sentence);

}  // namespace tlfs::link
