#include "actors/auth/directory.h"

namespace tlfs::auth {

std::vector<DocumentId> Directory::learn(const std::vector<SignedStatement>& statements) {
  std::set<DocumentId> news;
  const std::lock_guard lock(mutex_);
  for (const SignedStatement& s : statements) {
    if (!here_.insert(s.hash).second) continue;
    by_document_[s.statement.document].push_back(s);
    news.insert(s.statement.document);
  }
  return {news.begin(), news.end()};
}

std::vector<SignedStatement> Directory::news_of(const DocumentId& document, const AuthorityLog& log) const {
  std::vector<SignedStatement> out;
  const std::lock_guard lock(mutex_);
  const auto at = by_document_.find(document);
  if (at == by_document_.end()) return out;
  for (const SignedStatement& s : at->second)
    if (!log.has(s.hash)) out.push_back(s);
  return out;
}

std::vector<SignedStatement> Directory::known(const DocumentId& document) const {
  const std::lock_guard lock(mutex_);
  const auto at = by_document_.find(document);
  return at == by_document_.end() ? std::vector<SignedStatement>() : at->second;
}

}  // namespace tlfs::auth
