// One document of this device and its records: what a store gives becomes a document, and what happens to the document
// becomes batches for a store.
//
// Pure: it never sees the store. Whoever owns it (the document's actor) reads the records in one scan, opens, and after
// every operation takes the writes and brings them to the disk in the order in which they were taken. After any prefix
// of them, opening gives the document as it was at that point: no transaction is half there, none that was durable is
// missing, and the next ids are the same as if nothing had happened.
//
// What lies where is said in runtime/storage/layout.h; records.h says what their values are. What a reader of the disk
// must not see (transactions that are not sealed, snapshots, history, names) is encrypted under a key of the device;
// sealed changes and statements lie there as they travel.
//
// Old changes are not read when a document is opened from a snapshot. What needs them (a peer that lacks old changes,
// earlier versions, verdicts that change, text that is revived) throws HistoryNeeded, whatever was being done. The
// replica is then of no use any more: bring the writes taken so far to the disk, read the history too, open anew, and
// do it again. Nothing is lost by that, since nothing was acknowledged in between.
//
// Single-threaded; never blocks.
#pragma once

#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/access/protected_document.h"
#include "runtime/storage/layout.h"

namespace tlfs::replica {

using storage::DocumentId;

enum class Errc : int {
  ok = 0,
  no_such_document,  // there are no records of it
  damaged,           // its records are there and do not make a document
  wrong_key,         // they were written under the key of another device
  unknown_package,   // the package it was written under is not in the store
};
constexpr std::string_view errc_module(Errc) { return "replica"; }

// Names a write of one client, so that it takes effect once however often it is asked for. {0, 0}: asked for once only.
struct WriteId {
  std::uint64_t client = 0;
  std::uint64_t number = 0;
  bool named() const { return client != 0; }
  friend auto operator<=>(const WriteId&, const WriteId&) = default;
};

inline constexpr std::size_t kMaxDoneWrites = 4096;  // named ones that are remembered; the oldest are forgotten

struct HistoryNeeded final : std::exception {
  const char* what() const noexcept override { return "this needs changes that are not in memory"; }
};

// What a scan of a store gave: of opening_range(document), or with the history of document_range(document).
struct Records {
  struct Record {
    Bytes key;
    Bytes value;
  };
  std::vector<Record> records;  // ascending by key
  std::vector<Bytes> corrupt;   // keys of records that could not be read
  bool unreadable = false;      // and there may be more of those
  bool with_history = false;
};

class Replica {
 public:
  struct Settings {
    // Package and incarnation are those of the records where there are any.
    access::ProtectedDocument::Settings document;
    std::shared_ptr<const crypto::Secret> at_rest;  // the device's key for its own disk
    // Packages of this node, by hash; null when it is not here.
    std::function<std::shared_ptr<const schema::Package>(const crypto::Digest&)> package;
    // The store may have lost what came after some point (a restored backup, a repair): own work goes on as a new
    // incarnation with this number, which was never used before. 0: nothing was lost.
    std::uint64_t new_incarnation = 0;
  };

  // A document that begins here; as ProtectedDocument::create. Its first writes hold all of it.
  static std::unique_ptr<Replica> create(Settings settings, const crypto::SigningKey& document_key,
                                         const access::Principal& root, access::DocumentKind kind,
                                         std::vector<access::SignedStatement> known);
  // An empty replica of a document that was made elsewhere.
  static std::unique_ptr<Replica> join(Settings settings);
  // As its records say. Records that are damaged or missing cost what they held and no more where that is possible: the
  // document opens without them, and lost() says what is gone. no_such_document, damaged, wrong_key, unknown_package.
  // Throws HistoryNeeded when the history is there and was not read, and the document cannot be made without it: the
  // snapshot, a statement or the note of progress is damaged.
  static Result<std::unique_ptr<Replica>> open(Settings settings, Records records);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  access::ProtectedDocument& document();
  const access::ProtectedDocument& document() const;
  // Sentences about what could not be read when it was opened; empty when all is well.
  const std::vector<std::string>& lost() const;
  // Whether changes must be fetched again from others because of that.
  bool incomplete() const;

  // ---- doing ----
  // The revision that a named write led to, when it was done already.
  std::optional<std::uint64_t> done(const WriteId& write) const;
  // The highest number of a client's writes that were done and are remembered; 0: none.
  std::uint64_t last_done(std::uint64_t client) const;
  // Runs a local transaction: `edit` calls transact, undo or redo of the document it is given and returns what that
  // returned. `write` is remembered as done when it succeeds.
  Result<document::Commit> run(const WriteId& write,
                               const std::function<Result<document::Commit>(document::Document&)>& edit);
  access::ProtectedDocument::Taken take(std::vector<access::SignedStatement> statements,
                                        std::vector<document::Change> changes);
  // To be called after anything else was done to document() that may have changed it: sealing, grants, tending.
  void observe();

  // ---- for the disk ----
  // What has to be written since the last call, as far as it fits one batch: to be called until it gives nothing. The
  // caller adds nothing to a batch and writes it after those of every earlier call.
  storage::Batch take_writes();

  // ---- housekeeping, for when there is time ----
  // Whether so much has been written since the last snapshot that taking one pays.
  bool wants_compaction() const;
  // Whether history that was gone is back, so that compact(true) leaves nothing of the damage.
  bool wants_mending() const;
  // Takes a snapshot, of which only those blocks are written that differ from the last one's, and moves the changes it
  // contains to the history, merging that when it has grown enough. Adds to the writes. May throw HistoryNeeded when
  // the history is to be merged and is not here; compact(false) never does.
  void compact(bool merge_history);

  struct Parts;  // parts.h

 private:
  explicit Replica(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tlfs::replica
