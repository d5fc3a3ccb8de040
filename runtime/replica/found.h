// The records of a document, sorted and decoded: what is there, what is damaged, what is missing.
#pragma once

#include <map>
#include <set>

#include "runtime/replica/records.h"

namespace tlfs::replica {

struct Found {
  // By number. Bytes of changes are those of their records.
  struct StoredChange {
    document::Change change;
    std::size_t bytes = 0;
  };
  std::optional<Progress> progress;
  std::set<crypto::Digest> packages;
  std::map<std::uint64_t, access::SignedStatement> statements;
  std::map<std::uint64_t, StoredChange> changes;
  std::map<std::uint64_t, LocalRecord> locals;
  std::map<std::uint64_t, DoneSegment> done;
  std::map<std::uint64_t, Bytes> blocks;         // decrypted; the root too
  std::map<std::uint64_t, HistoryPart> history;  // decrypted; none without history
  std::vector<Bytes> keys;                       // of every record, damaged ones included
  std::vector<Bytes> bad_keys;                   // of damaged ones

  // What is damaged.
  bool statements_lost = false;
  bool changes_lost = false;
  bool locals_lost = false;
  bool snapshot_lost = false;
  bool history_lost = false;
  bool done_lost = false;
  std::vector<std::string> lost;  // sentences

  // wrong_key when nothing that is encrypted opens and something was encrypted under another key; no_such_document when
  // there is nothing at all.
  static Result<Found> sort(const DocumentId& document, const crypto::Secret& at_rest, Records& records);

 private:
  void lose(ByteView key, std::uint8_t kind, const std::string& why);
};

}  // namespace tlfs::replica
