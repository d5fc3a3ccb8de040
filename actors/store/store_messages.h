// What the store actor accepts and replies. All of it stays inside the process.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "actors/messaging/local_only.h"
#include "runtime/replica/replica.h"
#include "runtime/storage/store.h"

namespace tlfs::store {

// The outcome of a request to the store: nothing, or why not.
struct Done : messaging::LocalOnly {
  std::optional<Error> error;
};

// All or nothing, and durable when it is answered; sent again, it does the same. Reply: Done.
struct Write : messaging::LocalOnly {
  std::shared_ptr<const storage::Batch> batch;
};

// A document's records and the packages that they refer to. Everything that was asked to be written before is in it.
// Reply: DocumentRecords.
struct ReadDocument : messaging::LocalOnly {
  storage::DocumentId document{};
  bool with_history = false;
};
struct DocumentRecords : messaging::LocalOnly {
  std::optional<Error> error;
  std::shared_ptr<replica::Records> records;  // for the receiver alone
  std::vector<Bytes> packages;                // encoded
  std::optional<Bytes> listing;
  std::optional<Bytes> standing;
};

// One kind of records of a document. Reply: DocumentRecords, with those alone.
struct ReadKind : messaging::LocalOnly {
  storage::DocumentId document{};
  std::uint8_t kind = 0;  // storage::Kind
};

// All records of a region (storage::Region) outside documents; bad_key for the documents themselves. Reply:
// RegionRecords.
struct ReadRegion : messaging::LocalOnly {
  std::uint8_t region = 0;
};
struct RegionRecords : messaging::LocalOnly {
  std::optional<Error> error;
  std::vector<std::pair<Bytes, Bytes>> records;  // keys and values, ascending
};

// Removes all records of a document, a part at a time, and replaces its listing and removes its standing first: what
// was interrupted is seen by that and goes on when it is asked for again. Reply: Done.
struct RemoveDocument : messaging::LocalOnly {
  storage::DocumentId document{};
  Bytes listing;
};

// Reply: Listings.
struct ReadListings : messaging::LocalOnly {};
struct Listings : messaging::LocalOnly {
  std::optional<Error> error;
  std::vector<std::pair<storage::DocumentId, Bytes>> listings;
};

// Moves what is damaged in a document into quarantine, so that it is counted anew and can be written over. Reply: Done.
struct SettleDocument : messaging::LocalOnly {
  storage::DocumentId document{};
};

struct StoreCounters {
  std::uint64_t requests = 0;  // to write
  std::uint64_t commits = 0;   // writes of the store: each one sync, for one or more requests
  std::uint64_t bytes = 0;
  std::uint64_t failures = 0;
  std::uint64_t greatest_group = 0;  // requests in one commit
  std::uint64_t reads = 0;
};

// Reply: StoreStatus.
struct GetStoreStatus : messaging::LocalOnly {};
struct StoreStatus : messaging::LocalOnly {
  StoreCounters counters;
  std::optional<Error> failing;             // why the last commit failed; nothing once one has succeeded
  std::optional<std::uint64_t> disk_bytes;  // of the store's files; nothing when they cannot be counted
};

}  // namespace tlfs::store
