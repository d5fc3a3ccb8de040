#include "runtime/access/authority_log.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace tlfs::access {
namespace {

std::string who(const SignedStatement& s) {
  return std::string(kind_name(s.statement)) + " " + to_hex(s.hash).substr(0, 16) + " by " +
         to_hex(s.statement.author).substr(0, 16);
}

}  // namespace

AuthorityLog::AuthorityLog(const DocumentId& document, const Sightings& sightings, NumberOf number_of)
    : document_(document), number_of_(std::move(number_of)), rules_(document, sightings) {}

void AuthorityLog::mention(const Statement& s) {
  const Principal* named = nullptr;
  if (const auto* g = std::get_if<Genesis>(&s.says)) named = &g->root;
  if (const auto* g = std::get_if<Grant>(&s.says)) named = &g->to;
  if (named && named->kind == Principal::Kind::members && named->document() != document_)
    mentioned_.insert(named->document());
}

bool AuthorityLog::ready(const SignedStatement& s) const {
  const auto here = [this](const StatementHash& h) { return has(h); };
  return concerns(s.statement.document) && std::all_of(s.statement.parents.begin(), s.statement.parents.end(), here) &&
         std::all_of(s.statement.pins.begin(), s.statement.pins.end(), here);
}

// What can be said of a statement before its past is here.
Status AuthorityLog::check(const SignedStatement& s, bool verified) const {
  const bool genesis = std::holds_alternative<Genesis>(s.statement.says);
  if (genesis && (s.statement.author != s.statement.document || !s.statement.parents.empty()))
    return Error(Errc::bad_signature,
                 who(s) + ": a genesis is the first statement of its document and is signed by it");
  if (!genesis && s.statement.parents.empty()) return Error(Errc::malformed, who(s) + " names no statement before it");
  if (!verified && !verify_signature(s))
    return Error(Errc::bad_signature, who(s) + " has a signature that does not fit");
  return {};
}

AuthorityLog::Taken AuthorityLog::restore(std::vector<SignedStatement> statements) {
  // Some came before what refers to them.
  for (const SignedStatement& s : statements)
    if (s.statement.document != document_) expect(s.statement.document);
  return take(std::move(statements), true);
}

AuthorityLog::Taken AuthorityLog::take(std::vector<SignedStatement> statements, bool verified) {
  Taken out;
  for (SignedStatement& s : statements) {
    if (has(s.hash) || waiting_.contains(s.hash)) continue;
    if (Status checked = check(s, verified); !checked) {
      out.refused.push_back(checked.error());
      continue;
    }
    if (!room_for(s) && !ready(s)) {
      out.refused.push_back(
          concerns(s.statement.document)
              ? Error(Errc::limit_exceeded, who(s) + ": too many statements wait for others")
              : Error(Errc::wrong_document, who(s) + " is of a document that nothing here refers to"));
      continue;
    }
    if (concerns(s.statement.document)) mention(s.statement);
    waiting_bytes_ += s.body.size();
    waiting_.emplace(s.hash, std::move(s));
    bool progress = true;
    while (progress) {
      progress = false;
      for (auto w = waiting_.begin(); w != waiting_.end();) {
        if (concerns(w->second.statement.document)) {
          const std::size_t before = mentioned_.size();
          mention(w->second.statement);
          progress = progress || mentioned_.size() != before;
        }
        if (!ready(w->second)) {
          ++w;
          continue;
        }
        SignedStatement next = std::move(w->second);
        w = waiting_.erase(w);
        waiting_bytes_ -= next.body.size();
        const StatementHash hash = next.hash;
        if (Status added = add(std::move(next)); !added) {
          out.refused.push_back(added.error());
        } else {
          out.added.push_back(hash);
          progress = true;
        }
      }
    }
  }
  return out;
}

Status AuthorityLog::add(SignedStatement s) {
  const Statement& st = s.statement;
  std::vector<Index> parents;
  for (const StatementHash& h : st.parents) {
    if (at(h).statement.document != st.document)
      return Error(Errc::malformed, who(s) + " names a statement of another document as its parent");
    parents.push_back(index_of(h));
  }
  for (const StatementHash& h : st.pins) parents.push_back(index_of(h));
  const bool genesis = std::holds_alternative<Genesis>(st.says);
  if (genesis && kinds_.contains(st.document))
    return Error(Errc::useless, who(s) + ": the document has a genesis already");
  if (!genesis && st.author != st.document && !rules_.held_anything(st.author, parents))
    return Error(Errc::useless, who(s) + ": its author held nothing here when it was made");
  std::size_t& said = said_[{st.document, st.author}];
  if (said >= kMaxStatementsPerAuthor)
    return Error(Errc::limit_exceeded, who(s) + ": its author has said all that one author may");
  ++said;

  Item item;
  item.document = st.document;
  item.author = st.author;
  item.parents = std::move(parents);
  if (st.proof) item.proof = index_of(*st.proof);
  for (const GrantName& m : st.membership) item.membership.push_back(index_of(m));
  if (const auto* g = std::get_if<Genesis>(&st.says)) {
    item.kind = Item::Kind::genesis;
    item.to = g->root;
    item.level = Level::own;
    kinds_[st.document] = g->kind;
  } else if (const auto* grant = std::get_if<Grant>(&st.says)) {
    item.kind = Item::Kind::grant;
    item.to = grant->to;
    item.level = grant->level;
    item.at = grant->at;
  } else if (const auto* revoke = std::get_if<Revoke>(&st.says)) {
    item.kind = Item::Kind::revoke;
    item.level = revoke->keep;
    for (const GrantName& name : revoke->grants) item.names.push_back(index_of(name));
  } else if (const auto* admit = std::get_if<Admit>(&st.says)) {
    item.kind = Item::Kind::admit;
    if (st.document == document_)
      for (const LeafId& leaf : admit->leaves) item.leaves.push_back({number_of_(leaf.change), leaf.leaf});
  } else if (const auto* cut = std::get_if<Cut>(&st.says)) {
    item.kind = Item::Kind::cut;
    item.names.push_back(index_of(cut->revocation));
  }
  mention(st);
  ++counts_[st.document];
  const Index index = rules_.add(std::move(item));
  std::set<StatementHash>& heads = heads_[st.document];
  for (const StatementHash& h : st.parents) heads.erase(h);
  heads.insert(s.hash);
  by_hash_.emplace(s.hash, entries_.size());
  entry_of_item_.resize(rules_.size(), entries_.size());
  entries_.push_back({std::move(s), index});
  return {};
}

std::vector<StatementHash> AuthorityLog::missing() const {
  std::set<StatementHash> out;
  for (const auto& [hash, s] : waiting_)
    for (const auto* list : {&s.statement.parents, &s.statement.pins})
      for (const StatementHash& h : *list)
        if (!has(h) && !waiting_.contains(h)) out.insert(h);
  return {out.begin(), out.end()};
}

std::vector<StatementHash> AuthorityLog::heads(const DocumentId& document) const {
  const auto at = heads_.find(document);
  if (at == heads_.end()) return {};
  return {at->second.begin(), at->second.end()};
}

std::size_t AuthorityLog::count(const DocumentId& document) const {
  const auto at = counts_.find(document);
  return at == counts_.end() ? 0 : at->second;
}

DocumentKind AuthorityLog::kind_of(const DocumentId& document) const {
  const auto at = kinds_.find(document);
  return at == kinds_.end() ? DocumentKind::ordinary : at->second;
}

Index AuthorityLog::index_of(const StatementHash& hash) const {
  const auto at = by_hash_.find(hash);
  return at == by_hash_.end() ? kNone : entries_[at->second].item;
}

Index AuthorityLog::index_of(const GrantName& name) const {
  const auto at = by_hash_.find(name.statement);
  if (at == by_hash_.end()) return kNone;
  const Entry& e = entries_[at->second];
  const auto* revoke = std::get_if<Revoke>(&e.statement.statement.says);
  if (name.number == 0) return revoke ? kNone : e.item;
  if (!revoke || revoke->keep == Level::none || name.number > revoke->grants.size()) return kNone;
  return e.item + name.number;
}

GrantName AuthorityLog::name_of(Index grant) const {
  const Entry& e = entries_[entry_of_item_[grant]];
  return {e.statement.hash, grant - e.item};
}

}  // namespace tlfs::access
