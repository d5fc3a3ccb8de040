// What this device says: grants, revocations, admissions, and what it says unasked.
#include <algorithm>

#include "runtime/access/explain.h"
#include "runtime/access/protected_document.h"
#include "runtime/base/check.h"

namespace tlfs::access {
namespace {

Scope common_prefix(const std::vector<Scope>& scopes) {
  Scope out = scopes.empty() ? Scope{} : scopes.front();
  for (const Scope& s : scopes) {
    std::size_t n = 0;
    while (n < out.size() && n < s.size() && out[n] == s[n]) ++n;
    out.resize(n);
  }
  return out;
}

}  // namespace

Error ProtectedDocument::denied(Level level, const Address& at, std::string_view to_do) const {
  const Result<Scope> scope = scope_of(at);
  const Principal self = Principal::of_key(settings_.device->public_key());
  std::string why;
  if (scope)
    why = sentence(log_, log_.rules().explain(self, level, *scope), self, level, path_of(at), settings_.name_of);
  return Error(Errc::denied, "cannot " + std::string(to_do) + " " + path_of(at) + ": " + why);
}

// A statement of this device that says nothing yet and needs no proof.
Statement ProtectedDocument::blank() const {
  Statement s;
  s.document = settings_.id;
  s.author = settings_.device->public_key();
  return s;
}

Statement ProtectedDocument::citing(const Rules::Support& support) const {
  Statement s = blank();
  s.proof = log_.name_of(support.grant);
  for (const Index m : support.membership) s.membership.push_back(log_.name_of(m));
  return s;
}

// A statement of this device that cites what lets it have `level` there.
Result<Statement> ProtectedDocument::begin(Level level, const Address& at, std::string_view to_do) const {
  const Result<Scope> scope = scope_of(at);
  if (!scope) return scope.error();
  const std::optional<Rules::Support> support = log_.rules().support(settings_.device->public_key(), level, *scope);
  if (!support) return denied(level, at, to_do);
  return citing(*support);
}

// Names the heads, signs, and takes it in.
Status ProtectedDocument::say(Statement s, std::set<DocumentId> relies_on) {
  for (const GrantName& m : s.membership) relies_on.insert(log_.at(m.statement).statement.document);
  // Whoever reads the log must know the author as somebody: through its own user document at least.
  if (s.membership.empty())
    if (const auto support = log_.rules().support(s.author, Level::sync, {})) rely_on(*support, relies_on);
  s.parents = log_.heads(settings_.id);
  for (const crypto::Digest& h : heads_with(relies_on))
    if (!std::binary_search(s.parents.begin(), s.parents.end(), h)) s.pins.push_back(h);
  SignedStatement made = sign_statement(std::move(s), *settings_.device);
  if (made.body.size() + made.signature.size() > kMaxStatementBytes)
    return Error(Errc::limit_exceeded,
                 "too much for one statement: it would take " + std::to_string(made.body.size()) + " bytes");
  outgoing_.push_back(made);
  std::vector<SignedStatement> one;
  one.push_back(std::move(made));
  AuthorityLog::Taken taken = log_.take(std::move(one));
  if (!taken.refused.empty()) {
    outgoing_.pop_back();
    return taken.refused.front();
  }
  note(taken.added);
  Taken report;
  settle(report);
  return {};
}

bool ProtectedDocument::learn_news() {
  if (!settings_.neighbours) return false;
  bool any = false;
  // What one group says may refer to others.
  for (std::size_t round = 0; round <= kMaxNesting; ++round) {
    std::vector<SignedStatement> news;
    for (const DocumentId& d : log_.mentioned())
      for (SignedStatement& s : settings_.neighbours->news_of(d, log_)) news.push_back(std::move(s));
    if (news.empty()) break;
    const std::size_t mentioned = log_.mentioned().size();
    const AuthorityLog::Taken taken = log_.take(std::move(news));
    note(taken.added);
    if (taken.added.empty() && log_.mentioned().size() == mentioned) break;
    any = any || !taken.added.empty();
    Taken report;
    settle(report);
    document_->statements_arrived(taken.added);
  }
  return any;
}

Status ProtectedDocument::grant(const Address& at, Level level, const Principal& to) {
  document_->seal();
  learn_news();
  tend_cuts(true);
  if (level == Level::none) return Error(Errc::nothing_to_do, "a grant gives at least sync");
  Result<Statement> s = begin(level <= Level::write ? Level::control : Level::own, at, "grant access to");
  if (!s) return s.error();
  const Result<Scope> scope = scope_of(at);
  if (!scope) return scope.error();
  const Address boundary = document::compartment_of(document_->nodes(), at);
  const Result<Scope> compartment = scope_of(boundary);
  if (!compartment) return compartment.error();
  std::set<DocumentId> relies_on;
  if (to.kind == Principal::Kind::members && to.document() != settings_.id) {
    log_.expect(to.document());
    learn_news();
    relies_on.insert(to.document());
    if (log_.heads(to.document()).empty())
      return Error(Errc::no_such_document,
                   settings_.name_of(to) + ": nothing is known here of document " + to_hex(to.document()));
  }
  if (log_.kind_of(settings_.id) == DocumentKind::user && at.node == 0 && level >= Level::read &&
      (level != Level::own || to.kind != Principal::Kind::key))
    return Error(Errc::denied,
                 "a user document's root is for the user's devices alone, each with own; share a "
                 "compartment of it instead");
  const bool reads_already = log_.rules().level(to, *compartment) >= Level::read;
  if (!is_boundary(at) && (level <= Level::read || !reads_already))
    return Error(Errc::no_boundary,
                 std::string(level_name(level)) + " at " + path_of(at) + " for " + settings_.name_of(to) +
                     (level <= Level::read ? ": keys are for whole compartments" : ", who cannot read there") +
                     "; the nearest boundary is " + path_of(boundary));
  if (level >= Level::read && !reads_already) {
    // Grant and key are one act.
    const std::vector<const Keyring::Epoch*> epochs = latest(*compartment);
    if (to.kind == Principal::Kind::anyone || epochs.empty()) {
      if (Status made = rotate(*s, boundary, {}, to); !made) return made;
    } else {
      const std::vector<Opener> openers = openers_of(to);
      for (const Keyring::Epoch* e : epochs)
        for (const Opener& opener : openers) {
          KeyBox box = keyring_.box(*keyring_.content(e->id), settings_.id, opener);
          if (!box.box.empty() && s->boxes.size() < kMaxBoxesMade) s->boxes.push_back(std::move(box));
        }
    }
  }
  Grant says{to, level, *scope, {}};
  if (const auto named = naming_.name(at)) {
    const crypto::Sealed hint = crypto::seal(crypto::derive(*named->key, "tlfs grant place"), ByteView(settings_.id),
                                             encode_address(document_->nodes(), document_->graph().ids(), at));
    says.hint.assign(hint.nonce.begin(), hint.nonce.end());
    says.hint.insert(says.hint.end(), hint.bytes.begin(), hint.bytes.end());
  }
  s->says = std::move(says);
  return say(std::move(*s), std::move(relies_on));
}

Status ProtectedDocument::revoke(const Address& at, Level level, const Principal& from, Level keep) {
  document_->seal();
  learn_news();
  tend_cuts(true);
  const Result<Scope> scope = scope_of(at);
  if (!scope) return scope.error();
  const Rules& rules = log_.rules();
  const std::vector<Index> grants = rules.grants(from, level, *scope);
  if (grants.empty())
    return Error(Errc::nothing_to_do, settings_.name_of(from) + " has no live grant of exactly " +
                                          std::string(level_name(level)) + " at " + path_of(at));
  Result<Statement> s = begin(level >= Level::control ? Level::own : Level::control, at, "revoke access to");
  if (!s) return s.error();
  const std::vector<Index> own_chain = rules.chain(log_.index_of(*s->proof));
  Revoke says;
  std::set<Index> dead;
  for (const Index g : grants) {
    const bool own = std::find(own_chain.begin(), own_chain.end(), g) != own_chain.end();
    if (own || rules.chain(g).size() < own_chain.size()) continue;
    says.grants.push_back(log_.name_of(g));
    dead.insert(g);
  }
  if (says.grants.empty())
    return Error(Errc::denied, "cannot revoke " + std::string(level_name(level)) + " at " + path_of(at) + " from " +
                                   settings_.name_of(from) +
                                   ": the grant is one that this device's own rights rest on, or nearer to the root");
  std::sort(says.grants.begin(), says.grants.end());
  says.keep = keep;
  says.frontier = document_->version();
  if (says.frontier.size() > kMaxFrontier) says.frontier.resize(kMaxFrontier);
  const Address boundary = document::compartment_of(document_->nodes(), at);
  const Result<Scope> compartment = scope_of(boundary);
  if (level >= Level::read && keep < Level::read && compartment.ok() && !latest(*compartment).empty() &&
      readers(*compartment, {}) != readers(*compartment, dead))
    if (Status made = rotate(*s, boundary, dead); !made) return made;
  s->says = std::move(says);
  return say(std::move(*s));
}

Status ProtectedDocument::admit(const std::vector<LeafId>& leaves) {
  document_->seal();
  std::vector<LeafId> known;
  std::vector<Scope> scopes;
  Address somewhere;
  for (const LeafId& leaf : leaves) {
    const document::ChangeIndex index = document_->graph().find(leaf.change);
    if (index == document::kNoChange)
      return Error(Errc::nothing_to_do, "change " + to_hex(leaf.change) + " is not here");
    const auto places = document_->places(index);
    if (leaf.leaf >= places.size() || places[leaf.leaf].empty())
      return Error(Errc::no_key,
                   "leaf " + std::to_string(leaf.leaf) + " of change " + to_hex(leaf.change) + " cannot be read here");
    for (const Address& at : places[leaf.leaf]) {
      const Result<Scope> scope = scope_of(at);
      if (!scope) return scope.error();
      scopes.push_back(*scope);
      somewhere = at;
    }
    known.push_back(leaf);
  }
  if (known.empty()) return Error(Errc::nothing_to_do, "there is nothing to admit");
  const auto support = log_.rules().support(settings_.device->public_key(), Level::control, common_prefix(scopes));
  if (!support) {
    if (known.size() == 1) return denied(Level::control, somewhere, "admit changes to");
    for (const LeafId& leaf : known)
      if (Status s = admit({leaf}); !s) return s;
    return {};
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (std::size_t first = 0; first < known.size(); first += kMaxNames) {
    Statement s = citing(*support);
    Admit says;
    says.leaves.assign(known.begin() + static_cast<std::ptrdiff_t>(first),
                       known.begin() + static_cast<std::ptrdiff_t>(std::min(known.size(), first + kMaxNames)));
    s.says = std::move(says);
    if (Status said = say(std::move(s)); !said) return said;
  }
  return {};
}

Status ProtectedDocument::admit_all(const Principal& from) {
  const std::vector<crypto::PublicKey> keys = [&] {
    std::set<crypto::PublicKey> out;
    // Who has left is no member any more, and is meant all the same: whoever ever was.
    for (Index i = 0; i < log_.rules().size(); ++i) {
      const Item& item = log_.rules().at(i);
      if (from.kind == Principal::Kind::members && item.document == from.document() &&
          item.to.kind == Principal::Kind::key && item.level >= from.level && covers(item.at, from.at))
        out.insert(item.to.key);
    }
    if (from.kind == Principal::Kind::key) out.insert(from.key);
    return std::vector<crypto::PublicKey>(out.begin(), out.end());
  }();
  std::vector<LeafId> leaves;
  for (const Withheld& w : withheld_leaves())
    if (from.kind == Principal::Kind::anyone || std::binary_search(keys.begin(), keys.end(), w.author))
      leaves.push_back(w.leaf);
  if (leaves.empty()) return Error(Errc::nothing_to_do, "nothing of " + settings_.name_of(from) + " is withheld");
  return admit(leaves);
}

// A removal from a group takes effect here by a cut. The remover's device says it at once, for it knows best what had
// been seen; others who have control leave it to a remover who belongs here, until they write something themselves.
bool ProtectedDocument::tend_cuts(bool before_writing) {
  const crypto::PublicKey& device = settings_.device->public_key();
  const Rules& rules = log_.rules();
  const auto matters = [&](const Item& revocation) {
    for (const Index g : revocation.names) {
      if (g == kNone) continue;
      const Item& ended = rules.at(g);
      for (Index i = 0; i < rules.size(); ++i) {
        const Item& grant = rules.at(i);
        if (grant.gives() && grant.to.kind == Principal::Kind::members && grant.to.document() == revocation.document &&
            ended.level >= grant.to.level && covers(ended.at, grant.to.at))
          return true;
      }
    }
    return false;
  };
  bool any = false;
  const std::vector<Index> pending = uncut_;
  for (const Index r : pending) {
    const Item item = rules.at(r);
    const StatementHash hash = log_.statement_of(r).hash;
    if (cut_.contains(hash) || !rules.effective(r) || !matters(item)) continue;
    const bool remover = item.author == device;
    if (!remover && !before_writing && may_sync(item.author)) continue;
    Result<Statement> s = begin(Level::control, {}, "cut");
    if (!s) {
      if (!remover) continue;
      s = blank();
    }
    Cut says;
    says.revocation = hash;
    says.frontier = document_->graph().head_hashes();
    if (says.frontier.size() > kMaxFrontier) says.frontier.resize(kMaxFrontier);
    s->says = std::move(says);
    any = say(std::move(*s), {item.document}).ok() || any;
  }
  std::erase_if(uncut_, [&](Index r) { return cut_.contains(log_.statement_of(r).hash); });
  return any;
}

bool ProtectedDocument::tend() {
  document_->seal();
  bool any = learn_news();
  any = tend_cuts(false) || any;
  any = tend_keys() || any;
  return any;
}

}  // namespace tlfs::access
