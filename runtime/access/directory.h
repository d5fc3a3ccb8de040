// What users and groups have said, as far as this device knows: the neighbours of documents that live in threads of
// their own. Grows only; thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "runtime/access/protected_document.h"

namespace tlfs::access {

class Directory final : public Neighbours {
 public:
  // Verified by whoever hands them in, each after its parents. Those that are here already change nothing.
  void learn(std::vector<SignedStatement> statements);
  std::vector<SignedStatement> known(const DocumentId& document) const;
  std::vector<SignedStatement> news_of(const DocumentId& document, const AuthorityLog& log) const override;

 private:
  mutable std::mutex mutex_;
  std::map<DocumentId, std::vector<SignedStatement>> known_;
  std::set<StatementHash> here_;
};

}  // namespace tlfs::access
