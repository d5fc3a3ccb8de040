// What document actors are asked and answer, as plain values. reply_message.h and request_message.h turn them into
// messages.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/document/edit.h"
#include "actors/document/errors.h"

namespace tlfs::document_actor {

// Names a write of one client, so that it takes effect once however often it is sent. {0, 0}: sent once only.
struct WriteId {
  std::uint64_t client = 0;
  std::uint64_t number = 0;
  bool named() const { return client != 0; }
  friend auto operator<=>(const WriteId&, const WriteId&) = default;
};

struct WriteRequest {
  std::vector<Edit> edits;
  std::optional<std::uint64_t> on_revision;  // nothing: the current one
  document::TextUnit unit = document::TextUnit::code_points;
  document::TransactionOptions options;
  WriteId id;
};

struct Committed {
  std::uint64_t revision = 0;
  std::vector<document::Patch> patches;
  Bytes record;
  bool repeated = false;  // was known already; then patches and record are empty
};

struct Subscribed {
  std::uint64_t subscription = 0;
  std::uint64_t revision = 0;
};

// What brings a subscriber from one revision to a later one.
struct Update {
  std::uint64_t from = 0;  // of patches; in a watch, the `to` of the update before
  std::uint64_t to = 0;
  std::vector<document::Patch> patches;    // relative to the watched place
  std::optional<document::Data> snapshot;  // instead of patches: the value itself; null when the place does not exist
};

struct Changes {
  std::vector<document::Change> changes;
  document::Version heads;
};

struct Imported {
  std::uint64_t revision = 0;
  std::size_t applied = 0;
  std::size_t waiting = 0;
  std::vector<Error> refused;
};

}  // namespace tlfs::document_actor
