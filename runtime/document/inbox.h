// Where changes wait that came too early: their parents or package are missing, or nobody has vouched for them yet.
// Owned by Document; single-threaded; pure.
//
// A change is ready when
//   - its parents (prev and deps) are there, or were ready before it,
//   - its package is there, and the statements of access that its header names,
//   - its author stands behind it: it is signed, or a signed change of the same writer reaches it through prev (the
//   signature covers
//     the hash, the hash covers prev).
// Each change is indexed by what it waits for, so that an arrival costs what it releases.
//
// What waits is bounded in number and in bytes. When there is no room the newest are refused and counted: whoever sent
// them is asked again for what is missing.
#pragma once

#include <cstdint>
#include <vector>

#include <tsl/robin_map.h>

#include "runtime/document/change.h"

namespace tlfs::document {

inline constexpr std::size_t kMaxWaitingChanges = 1u << 16;
inline constexpr std::size_t kMaxWaitingBytes = 64u << 20;

// What the document has already.
class Holdings {
 public:
  virtual ~Holdings() = default;
  virtual bool has_change(const ChangeHash& hash) const = 0;
  virtual bool has_package(const crypto::Digest& package) const = 0;
  virtual bool has_statement(const crypto::Digest&) const { return true; }
};

class Inbox {
 public:
  struct Options {
    bool require_signatures = true;  // false: every change counts as vouched for
    std::size_t max_changes = kMaxWaitingChanges;
    std::size_t max_bytes = kMaxWaitingBytes;  // of headers, leaves and signatures
  };
  explicit Inbox(const DocumentId& document) : Inbox(document, Options{}) {}
  Inbox(const DocumentId& document, const Options& options) : document_(document), options_(options) {}

  // Takes a batch in any order and returns everything that is ready now, in causal order; the caller then holds it.
  // Known changes and duplicates are dropped. Errc::wrong_document or Errc::bad_signature, and nothing taken, when one
  // of them (`changes` is then as it was) is not of this document or carries a signature that does not fit; the message
  // names writer and number.
  Result<std::vector<Change>> offer(std::vector<Change>&& changes, const Holdings& holdings);
  // The package has come (the holdings have it). Returns what is ready now.
  std::vector<Change> package_arrived(const crypto::Digest& package, const Holdings& holdings);
  // The statement of access has come. Returns what is ready now.
  std::vector<Change> statement_arrived(const crypto::Digest& statement, const Holdings& holdings);
  // A change has come another way (the holdings have it). Returns what is ready now.
  std::vector<Change> change_arrived(const ChangeHash& hash, const Holdings& holdings);

  // For people and for asking peers.
  std::size_t waiting() const { return waiting_.size(); }
  bool waits(const ChangeHash& hash) const { return waiting_.contains(hash); }
  std::size_t waiting_bytes() const { return bytes_; }
  std::uint64_t refused_for_room() const { return refused_; }  // since the inbox exists
  std::size_t unvouched() const;                               // of those that wait
  std::vector<ChangeHash> missing_changes() const;             // waited for and not waiting here themselves; sorted
  std::vector<crypto::Digest> missing_packages() const;        // sorted
  std::vector<crypto::Digest> missing_statements() const;      // sorted

 private:
  struct Waiting {
    Change change;
    std::size_t bytes = 0;
    std::uint32_t missing = 0;  // parents, package and statements that are not there yet
    bool vouched = false;
  };
  using Hashes = std::vector<ChangeHash>;

  Status check(const std::vector<Change>& changes, const Holdings& holdings) const;
  void take(Change change, const Holdings& holdings);
  void fill_leaves(Waiting& known, Change& again);
  void vouch(ChangeHash hash);
  void arrived(tsl::robin_map<crypto::Digest, Hashes, crypto::DigestHash>& index, const crypto::Digest& what);
  void consider(const ChangeHash& hash);
  std::vector<Change> release();
  void refuse(const ChangeHash& hash);

  DocumentId document_;
  Options options_;
  tsl::robin_map<ChangeHash, Waiting, crypto::DigestHash> waiting_;
  tsl::robin_map<crypto::Digest, Hashes, crypto::DigestHash> for_change_;   // by parent that is not there: who waits
  tsl::robin_map<crypto::Digest, Hashes, crypto::DigestHash> for_package_;  // by package that is not there
  tsl::robin_map<crypto::Digest, Hashes, crypto::DigestHash> for_statement_;
  Hashes ready_;
  std::size_t bytes_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace tlfs::document
