// The control channel's messages (schema/messages/network.capnp) as plain values, and back.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "actors/network/network_messages.h"
#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/document/ids.h"
#include "runtime/link/connection.h"

namespace tlfs::network {

inline constexpr std::size_t kMaxDescribed = 256;          // documents in one question
inline constexpr std::size_t kMaxControlBytes = 8u << 20;  // of one message
inline constexpr std::size_t kMaxNameShown = 256;          // bytes of a document's name; longer ones are cut

struct Introduction {
  std::vector<Bytes> statements;
};
struct DifferenceBytes {
  Bytes message;
};
struct Description {
  document::DocumentId document{};
  std::string name;
  Bytes package;
  std::string version;
};
struct Invited {
  InvitationId invitation{};
  Description what;
};
struct Refused {
  InvitationId invitation{};
  std::string sentence;
};
struct Describe {
  std::vector<document::DocumentId> documents;
};
struct Described {
  Description what;
};
using Control = std::variant<Introduction, DifferenceBytes, Invited, Refused, Describe, Described>;

Bytes encode(const Control& message);
// Any bytes are safe. messaging::Errc::malformed, too_large; Errc::malformed_record where a part is not as it should
// be.
Result<Control> decode_control(ByteView bytes);

// The payload of a link's hello.
struct Greeting {
  document::DocumentId user{};  // whose device this is
  link::Moment moment = 0;      // the caller's: when it dialled (runtime/link/connection.h)
  std::uint64_t life = 0;       // of the sender's hub
};
Bytes encode(const Greeting& greeting);
Result<Greeting> decode_greeting(ByteView bytes);

}  // namespace tlfs::network
