#include "runtime/sync/difference_documents.h"

#include "runtime/base/check.h"

namespace tlfs::sync {

DocumentNumber DocumentTable::number_of(const DocumentId& id) {
  const auto [at, is_new] = numbers_.try_emplace(id, end());
  if (!is_new) return at->second;
  if (free_.empty()) {
    rows_.emplace_back();
  } else {
    at->second = free_.back();
    free_.pop_back();
  }
  Row& row = rows_[at->second];
  row.id = id;
  row.used = true;
  return at->second;
}

std::optional<DocumentNumber> DocumentTable::find(const DocumentId& id) const {
  const auto at = numbers_.find(id);
  if (at == numbers_.end()) return std::nullopt;
  return at->second;
}

void DocumentTable::remove(DocumentNumber number) {
  TLFS_CHECK(number < rows_.size() && rows_[number].used, "a document that is not there is removed");
  numbers_.erase(rows_[number].id);
  rows_[number] = {};
  free_.push_back(number);
}

}  // namespace tlfs::sync
