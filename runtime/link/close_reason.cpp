#include "runtime/link/close_reason.h"

#include "runtime/base/utf.h"
#include "runtime/link/limits.h"

namespace tlfs::link {

std::string_view name_of(CloseCode code) {
  switch (code) {
    case CloseCode::done:
      return "done";
    case CloseCode::handshake_failed:
      return "handshake_failed";
    case CloseCode::unknown_key:
      return "unknown_key";
    case CloseCode::wrong_peer:
      return "wrong_peer";
    case CloseCode::unknown_invitation:
      return "unknown_invitation";
    case CloseCode::no_common_version:
      return "no_common_version";
    case CloseCode::timeout:
      return "timeout";
    case CloseCode::protocol_error:
      return "protocol_error";
    case CloseCode::duplicate:
      return "duplicate";
    case CloseCode::too_busy:
      return "too_busy";
    case CloseCode::banned:
      return "banned";
    case CloseCode::budget_exceeded:
      return "budget_exceeded";
    case CloseCode::shutting_down:
      return "shutting_down";
    case CloseCode::transport_lost:
      return "transport_lost";
    case CloseCode::damaged:
      return "damaged";
    case CloseCode::other:
      return "other";
  }
  return static_cast<std::uint16_t>(code) >= kFirstApplicationCode ? "application" : "other";
}

std::string_view sentence_of(CloseCode code) {
  switch (code) {
    case CloseCode::done:
      return "the link is no longer needed";
    case CloseCode::handshake_failed:
      return "the handshake is not authentic or not understood";
    case CloseCode::unknown_key:
      return "the first message was made for another key";
    case CloseCode::wrong_peer:
      return "this is another device than the one that was expected";
    case CloseCode::unknown_invitation:
      return "there is no such invitation";
    case CloseCode::no_common_version:
      return "the two sides speak no common version";
    case CloseCode::timeout:
      return "no answer in time";
    case CloseCode::protocol_error:
      return "the rules of the protocol were broken";
    case CloseCode::duplicate:
      return "another link between the two is kept";
    case CloseCode::too_busy:
      return "too busy for another link";
    case CloseCode::banned:
      return "links with this device are refused for now";
    case CloseCode::budget_exceeded:
      return "more was asked for than one peer may cost";
    case CloseCode::shutting_down:
      return "the node shuts down";
    case CloseCode::transport_lost:
      return "the connection has broken";
    case CloseCode::damaged:
      return "a message was damaged on the way";
    case CloseCode::other:
      break;
  }
  return "the link was closed for another reason";
}

std::string clean_sentence(std::string_view sentence) {
  if (!is_valid_utf8(sentence)) return {};
  std::string out(utf8_prefix(sentence, kMaxSentenceBytes));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

}  // namespace tlfs::link
