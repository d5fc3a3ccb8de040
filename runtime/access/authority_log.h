// The authority log of a document: its statements, and those of the users and groups that it refers to, as far as they
// are known here. Checks signatures and form, lets come in order what came out of order, and tells the rules.
//
// Owned by ProtectedDocument; single-threaded; pure. What waits and what one author may say is bounded.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "runtime/access/statement.h"

namespace tlfs::access {

inline constexpr std::size_t kMaxWaitingStatements = 4096;
inline constexpr std::size_t kMaxWaitingStatementBytes = 32u << 20;  // anyone can send what waits
inline constexpr std::size_t kMaxStatementsPerAuthor = 1u << 16;     // of one document

class AuthorityLog {
 public:
  // Numbers changes, by hash, for the rules: the same hash, the same number, whether the change is here or not.
  using NumberOf = std::function<std::uint32_t(const ChangeHash&)>;
  AuthorityLog(const DocumentId& document, const Sightings& sightings, NumberOf number_of);

  struct Taken {
    std::vector<StatementHash> added;  // in causal order; earlier ones that had waited included
    std::vector<Error> refused;
  };
  // Takes statements from anyone, in any order, any number of times. bad_signature, wrong_document (of a document that
  // nothing here refers to, when there is no room to wait), useless, limit_exceeded.
  Taken take(std::vector<SignedStatement> statements) { return take(std::move(statements), false); }
  // What a log like this one had, in its order: taken in that order, and believed without looking at signatures.
  Taken restore(std::vector<SignedStatement> statements);

  bool has(const StatementHash& hash) const { return by_hash_.contains(hash); }
  const SignedStatement& at(const StatementHash& hash) const { return entries_[by_hash_.at(hash)].statement; }
  std::size_t size() const { return entries_.size(); }
  const SignedStatement& at(std::size_t i) const { return entries_[i].statement; }  // in causal order
  std::size_t waiting() const { return waiting_.size(); }
  bool waits(const StatementHash& hash) const { return waiting_.contains(hash); }  // for others, to be added
  // Statements that others wait for, sorted.
  std::vector<StatementHash> missing() const;
  // Statements of this document are welcome although nothing here refers to it yet.
  void expect(const DocumentId& document) { mentioned_.insert(document); }
  // Documents that principals of statements here name, directly or through each other.
  const std::set<DocumentId>& mentioned() const { return mentioned_; }
  bool concerns(const DocumentId& d) const { return d == document_ || mentioned_.contains(d); }

  // Statements of the document that no other names as parent, sorted.
  std::vector<StatementHash> heads(const DocumentId& document) const;
  std::size_t count(const DocumentId& document) const;     // statements of it
  DocumentKind kind_of(const DocumentId& document) const;  // ordinary where its genesis is not here

  Rules& rules() { return rules_; }
  const Rules& rules() const { return rules_; }
  Index index_of(const StatementHash& hash) const;  // kNone
  Index index_of(const GrantName& name) const;      // kNone
  GrantName name_of(Index grant) const;
  const SignedStatement& statement_of(Index item) const { return entries_[entry_of_item_[item]].statement; }

 private:
  struct Entry {
    SignedStatement statement;
    Index item = kNone;
  };
  bool ready(const SignedStatement& s) const;
  bool room_for(const SignedStatement& s) const {
    return waiting_.size() < kMaxWaitingStatements && waiting_bytes_ + s.body.size() <= kMaxWaitingStatementBytes;
  }
  Status check(const SignedStatement& s, bool verified) const;
  Taken take(std::vector<SignedStatement> statements, bool verified);
  Status add(SignedStatement s);
  void mention(const Statement& s);

  DocumentId document_;
  NumberOf number_of_;
  Rules rules_;
  std::deque<Entry> entries_;
  std::map<StatementHash, std::size_t> by_hash_;
  std::vector<std::size_t> entry_of_item_;
  std::map<DocumentId, std::set<StatementHash>> heads_;
  std::map<DocumentId, DocumentKind> kinds_;
  std::map<DocumentId, std::size_t> counts_;
  std::set<DocumentId> mentioned_;
  std::map<std::pair<DocumentId, crypto::PublicKey>, std::size_t> said_;
  std::map<StatementHash, SignedStatement> waiting_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace tlfs::access
