// The documents of a node under small numbers, so that the trees of many peers share their ids.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "runtime/crypto/crypto.h"
#include "runtime/sync/difference_tree.h"
#include "runtime/sync/pair_key.h"

namespace tlfs::sync {

// A number is given out again once its document is gone. Not thread-safe.
class DocumentTable {
 public:
  struct Row {
    DocumentId id{};
    crypto::Digest heads{};
    std::vector<crypto::PublicKey> peers;  // device keys that may sync it; ascending, each once
    bool used = false;
  };

  // The document's number; a new row when it has none.
  DocumentNumber number_of(const DocumentId& id);
  std::optional<DocumentNumber> find(const DocumentId& id) const;
  // Of a number that is in use.
  Row& row(DocumentNumber number) { return rows_[number]; }
  const Row& row(DocumentNumber number) const { return rows_[number]; }
  void remove(DocumentNumber number);

  std::size_t count() const { return numbers_.size(); }
  // All numbers in use are below. Of the others row().used is false.
  DocumentNumber end() const { return static_cast<DocumentNumber>(rows_.size()); }

 private:
  std::vector<Row> rows_;
  std::vector<DocumentNumber> free_;
  std::unordered_map<DocumentId, DocumentNumber, crypto::DigestHash> numbers_;
};

}  // namespace tlfs::sync
