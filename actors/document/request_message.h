// Write requests and addresses as messages, and back. Any bytes that are a message are safe to read.
#pragma once

#include <algorithm>

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

// Lists of bytes, of the same size.
std::vector<Bytes> read_blobs(capnp::List<capnp::Data>::Reader in);
void write(const std::vector<Bytes>& blobs, capnp::List<capnp::Data>::Builder out);
// At most kMaxStatementsPerMessage.
Result<std::vector<access::SignedStatement>> read_statements(capnp::List<capnp::Data>::Reader in);

Result<access::Level> read(messages::Level level);
// Principals that a message can name: those of Principal with members at the root.
void write(const access::Principal& principal, messages::Principal::Builder out);
Result<access::Principal> read(messages::Principal::Reader in);

// False when the lengths differ.
template <std::size_t N>
bool read_fixed(capnp::Data::Reader in, std::array<std::uint8_t, N>& out) {
  if (in.size() != N) return false;
  std::copy(in.begin(), in.end(), out.begin());
  return true;
}

inline constexpr std::size_t kMaxStatementsPerMessage = 1u << 20;
inline constexpr std::size_t kMaxHeads = 1u << 16;
inline constexpr std::size_t kMaxChangesPerMessage = 1u << 20;

}  // namespace tlfs::document_actor
