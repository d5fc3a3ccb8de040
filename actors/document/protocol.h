// What document actors are asked and answer, as plain values. reply_message.h and request_message.h turn them into
// messages.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "actors/document/edit.h"
#include "actors/document/errors.h"
#include "runtime/replica/replica.h"

namespace tlfs::document_actor {

using replica::WriteId;

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
  std::uint64_t durable = 0;               // the latest revision that is on the disk; at most `to`
  std::uint64_t written = 0;               // of the subscriber's own writes, the number of the latest that `to` holds
  std::vector<document::Patch> patches;    // relative to the watched place
  std::optional<document::Data> snapshot;  // instead of patches: the value itself; null when the place does not exist
  std::uint64_t statements = 0;  // of access that are here; where they are more than before, levels may be others
  std::vector<document::Patch> conflicts = {};  // of a snapshot, as patches of that kind: what has concurrent values
};

struct Changes {
  std::vector<document::Change> changes;
  document::Version heads;
  std::vector<Bytes> statements;  // encoded, in causal order
};

struct Imported {
  std::uint64_t revision = 0;
  std::size_t applied = 0;  // changes that took effect now, earlier ones that had waited included
  std::size_t waiting = 0;
  std::size_t statements = 0;  // new ones
  std::vector<Error> refused;
};

// How it stands with a document.
struct DocumentStatus {
  std::uint64_t revision = 0;
  std::uint64_t durable = 0;              // the latest revision that is on the disk
  std::optional<std::string> disk_error;  // why the rest is not
  std::uint64_t changes = 0;              // sealed
  std::uint64_t waiting = 0;              // changes that wait for others
  std::uint64_t unreadable = 0;           // changes with a part that this device cannot read
  std::uint64_t subscriptions = 0;
  std::vector<std::string> withheld;  // parts of changes that are kept and not shown, each with the reason
  std::vector<std::string> lost;      // what could not be read when the document was opened
};

// A change, for people.
struct HistoryEntry {
  document::ChangeHash hash{};
  crypto::PublicKey device{};
  std::uint64_t incarnation = 0;
  std::uint64_t seq = 0;
  std::uint64_t operations = 0;
  std::optional<std::int64_t> time_ms;  // of its last transaction that says; since the Unix epoch
  std::string label;                    // of its last transaction that has one
  std::vector<document::ChangeHash> parents;
};

struct Explained {
  bool allowed = false;
  access::Level level = access::Level::none;  // what the principal has there
  std::string sentence;
};

struct Holder {
  access::Principal who;                      // as a grant names it
  access::Level level = access::Level::none;  // the highest that it has there
};

// What a device shows of itself in a document.
struct Presence {
  crypto::PublicKey device{};
  std::optional<document::DocumentId> user;  // whose device it is, as the document's grants tell
  std::string json;                          // one JSON value
  std::chrono::milliseconds age{0};          // since it was said, as far as is known here
  bool own = false;                          // this device's
};

}  // namespace tlfs::document_actor
