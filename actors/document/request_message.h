// Write requests and addresses as messages, and back. Any bytes that are a message are safe to read.
#pragma once

#include "actors/document/protocol.h"
#include "actors/document/value_message.h"

namespace tlfs::document_actor {

void write(const PermanentAddress& address, messages::Address::Builder out);
Result<PermanentAddress> read(messages::Address::Reader in);

void write(const Edit& edit, messages::Edit::Builder out);
Result<Edit> read(messages::Edit::Reader in);

void write(const WriteRequest& request, messages::Transact::Builder out);
Result<WriteRequest> read(messages::Transact::Reader in);

void write(const document::Version& heads, capnp::List<capnp::Data>::Builder out);  // of the same size
Result<document::Version> read_heads(capnp::List<capnp::Data>::Reader in);

// At most kMaxChangesPerMessage; each is checked in itself.
Result<std::vector<document::Change>> read_changes(capnp::List<capnp::Data>::Reader in);
void write(const std::vector<document::Change>& changes, capnp::List<capnp::Data>::Builder out);  // of the same size

inline constexpr std::size_t kMaxHeads = 1u << 16;
inline constexpr std::size_t kMaxChangesPerMessage = 1u << 20;

}  // namespace tlfs::document_actor
