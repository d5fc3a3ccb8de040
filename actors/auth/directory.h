// What the documents of a device know of each other's logs, for documents that live on different threads.
//
// Users and groups are documents, and other documents' rights rest on them. Each document says here what its log has
// (its own statements and those of others), and asks for what is new. Nothing is ever forgotten or judged: whoever
// takes statements from here checks them.
//
// Thread-safe; owned by the node, outlives the documents that point to it as their Neighbours. Holds its mutex for as
// long as it copies, and calls nobody.
#pragma once

#include <mutex>
#include <unordered_set>

#include "runtime/access/protected_document.h"

namespace tlfs::auth {

using access::AuthorityLog;
using access::SignedStatement;
using access::StatementHash;
using document::DocumentId;

class Directory final : public access::Neighbours {
 public:
  // Statements whose signatures were verified, each after those that it names, any number of times. Returns the
  // documents of which something is new, ascending.
  std::vector<DocumentId> learn(const std::vector<SignedStatement>& statements);
  // What is known of the document and is not in `log`, in the order in which it came.
  std::vector<SignedStatement> news_of(const DocumentId& document, const AuthorityLog& log) const override;
  // Everything that is known of the document, in the order in which it came.
  std::vector<SignedStatement> known(const DocumentId& document) const;

 private:
  mutable std::mutex mutex_;
  std::map<DocumentId, std::vector<SignedStatement>> by_document_;
  std::unordered_set<StatementHash, crypto::DigestHash> here_;
};

}  // namespace tlfs::auth
