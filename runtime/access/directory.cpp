#include "runtime/access/directory.h"

namespace tlfs::access {

void Directory::learn(std::vector<SignedStatement> statements) {
  const std::lock_guard lock(mutex_);
  for (SignedStatement& s : statements)
    if (here_.insert(s.hash).second) known_[s.statement.document].push_back(std::move(s));
}

std::vector<SignedStatement> Directory::known(const DocumentId& document) const {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(document);
  return at == known_.end() ? std::vector<SignedStatement>() : at->second;
}

std::vector<SignedStatement> Directory::news_of(const DocumentId& document, const AuthorityLog& log) const {
  std::vector<SignedStatement> out;
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(document);
  if (at == known_.end() || at->second.size() <= log.count(document)) return out;
  for (const SignedStatement& s : at->second)
    if (!log.has(s.hash)) out.push_back(s);
  return out;
}

}  // namespace tlfs::access
