// The messages of document sync (schema/messages/document_sync.capnp), as values. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "runtime/access/statement.h"
#include "runtime/document_sync/errc.h"

namespace tlfs::document_sync {

inline constexpr std::size_t kMaxMessageBytes = document::kMaxChangeBytes + (2u << 20);
inline constexpr std::size_t kMaxWanted = 4096;          // of each kind, in one want
inline constexpr std::size_t kMaxStatementsSent = 4096;  // in one message
inline constexpr std::size_t kMaxReasonBytes = 400;
inline constexpr std::size_t kMaxPresenceBytes = 16u << 10;

namespace message {

struct Hello {
  Bytes digest;
  Bytes summary;
};
struct Statements {
  std::vector<access::SignedStatement> statements;
};
struct Batch {
  Bytes bytes;
};
struct Package {
  crypto::Digest hash{};
  Bytes encoded;
};
struct Sent {
  bool complete = true;
};
struct Taken {
  std::uint64_t bytes = 0;
};
struct Want {
  std::uint32_t number = 0;
  std::vector<crypto::Digest> changes;
  std::vector<crypto::Digest> leaves_of;
  std::vector<crypto::Digest> statements;
  std::vector<crypto::Digest> packages;
  bool empty() const { return changes.empty() && leaves_of.empty() && statements.empty() && packages.empty(); }
};
struct Answered {
  std::uint32_t want = 0;
};
struct MoreLeaves {};
struct Presence {
  Bytes bytes;
};
struct Goodbye {
  std::string why;
};

}  // namespace message

using Message =
    std::variant<message::Hello, message::Statements, message::Batch, message::Package, message::Sent, message::Taken,
                 message::Want, message::Answered, message::MoreLeaves, message::Presence, message::Goodbye>;

Bytes encode_message(const Message& message);
// malformed, limit_exceeded.
Result<Message> decode_message(ByteView bytes);

}  // namespace tlfs::document_sync
