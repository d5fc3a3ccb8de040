// The rules of access.
//
// Statements are items of a causal history; the *past* of an item is everything it reaches. Which statements hold is a
// function of the set of items and their pasts alone. Clocks, hashes and the order of arrival decide nothing, and what
// breaks a rule stays in the history without any effect.
//
//  1. Grants. A genesis, the first of its document, grants `own` on everything to the root principal. Any other
//     grant cites a proof: a well-formed grant of the same document, in its past, to its author, which covers its
//     address with `control` if it grants up to write and with `own` if it grants more. Its *chain* is itself, its
//     proof, the proof's proof, up to genesis; at most kMaxChain grants.
//  2. Revocations. One names grants of its past over which its proof gives power: `control`, and `own` where control or
//     own was granted. It reaches only peers and juniors, grants whose chain is no shorter than its proof's, and
//     nothing on its proof's own chain; so nobody saws off the branch that one sits on, and genesis cannot be named.
//     What is left of its names counts; with nothing left it is not well formed. One that *keeps* a level is a fresh
//     grant of that level as well, by the same proof, for each of its names that has more.
//  3. Effect. A revocation *attacks* another that it has not seen when it names a grant of the other's proof's chain.
//     Effects are decided by the length of that chain, shortest first. What an effective one attacks is void. Among
//     equals, those whom nobody attacks come first; in a ring of attacks those made after seeing their own revocation
//     drop out, and the rest take effect together. A revocation is an event: it outlives its author's authority.
//  4. Life. A grant lives while no effective revocation names a grant of its chain. Nothing revives it. Other grants
//     to the same principal stand for themselves.
//  5. Level. A principal's level at an address is the highest of its live grants that cover the address; none without.
//  6. Leaves. A leaf counts when its author held, for each of its addresses, a grant of write in the change's past such
//     that every effective revocation of a grant of its chain has seen the leaf. Otherwise it is withheld.
//  7. Admission. An `admit` by someone with live control over all its addresses shows a withheld leaf again, provided
//     that its author held write at all. It revives no statement.
//  9. Membership. A grant to members(G, at, L) is for everyone to whom G grants L at `at`, or to a group whose members
//     they are; at most kMaxNesting such *links*, never through the document that is judged (a circle gives nothing),
//     and a grant to anyone makes nobody a member. A statement lists the links it rests on, in its past, and stands as
//     it was made: that a link is revoked in G later matters only once a *cut* in this document says so.
//     A cut names one revocation of another document, seen by it. It needs a proof of `control`, or to come from the
//     author of the revocation. It takes part in rule 3, by the length of its proof's chain (without a proof first of
//     all, and nothing attacks it), while the revocation that it names takes effect in its own document. An effective
//     cut *hits* every link whose chain has a grant that the revocation names. Then
//      - a leaf that rests on the link counts only if the cut has seen the leaf;
//      - a statement that rests on the link, and that the cut has not seen, is void: such a grant and all that stands
//      on
//        it is dead and supports no leaf, and the cut attacks such a revocation or cut and everything whose proof's
//        chain has such a grant;
//      - an admission that rests on the link has no effect;
//      - nobody has anything through the link any more.
//     Groups may depend on each other in circles. Therefore effects are evaluated in rounds: in the first without any
//     cut, and in each further one with those cuts whose revocation had effect in the round before. kMaxNesting rounds
//     after the first, the result stands.
// 10. Explanation. Every answer comes with the chain of grants that gives it, or with the nearest step that is missing.
//
// (Rule 8, who takes what from whom, belongs to those who send and receive; could_write_near is its part here.)
#include "runtime/access/rules.h"

#include <algorithm>

#include "runtime/access/rules_engine.h"
#include "runtime/base/check.h"

namespace tlfs::access {
namespace {

bool is_level(Level level) { return level >= Level::sync && level <= Level::own; }

// One principal has one form.
bool makes_sense(const Principal& p) {
  switch (p.kind) {
    case Principal::Kind::key:
      return p.at.empty() && p.level == Level::none;
    case Principal::Kind::anyone:
      return p == Principal::anyone();
    case Principal::Kind::members:
      return is_level(p.level) && p.at.size() <= kMaxScopeSteps;
  }
  return false;
}

}  // namespace

Rules::Engine::Engine(const DocumentId& document, const Sightings& sightings) : sightings_(sightings) {
  document_number(document);
}

std::size_t Rules::Engine::PrincipalHash::operator()(const Principal& p) const {
  std::size_t h =
      crypto::DigestHash{}(p.key) ^ (static_cast<std::size_t>(p.kind) << 8 | static_cast<std::size_t>(p.level));
  for (const Token& token : p.at) {
    std::size_t t;
    __builtin_memcpy(&t, token.data(), sizeof t);
    h = (h ^ t) * 0x9e3779b97f4a7c15u;
  }
  return h;
}

Rules::Engine::DocumentNumber Rules::Engine::document_number(const DocumentId& id) {
  const auto [place, added] = document_numbers_.try_emplace(id, static_cast<DocumentNumber>(documents_.size()));
  if (added) documents_.push_back({id, false, 0, {}, {}});
  return place->second;
}

Rules::Engine::PrincipalNumber Rules::Engine::principal_number(const Principal& principal) {
  const auto [place, added] =
      principal_numbers_.try_emplace(principal, static_cast<PrincipalNumber>(principals_.size()));
  if (added) {
    principals_.push_back({principal, {}, {}});
    visited_.push_back(0);
    if (principal.kind == Principal::Kind::members)
      documents_[document_number(principal.document())].members.push_back(place->second);
  }
  return place->second;
}

Index Rules::Engine::add(Item item) {
  const Index i = static_cast<Index>(nodes_.size());
  for (const Index parent : item.parents) TLFS_CHECK(parent < i, "an item comes after its parents");
  pasts_.add(item.parents);
  Node& node = nodes_.emplace_back();
  node.item = std::move(item);
  node.document = document_number(node.item.document);
  switch (node.item.kind) {
    case Item::Kind::genesis:
      if (std::exchange(documents_[node.document].begun, true) || !makes_sense(node.item.to)) break;
      node.item.level = Level::own;
      node.item.at.clear();
      node.item.proof = kNone;
      node.item.membership.clear();
      node.length = 1;
      take_grant(i);
      break;
    case Item::Kind::grant: {
      const Level level = node.item.level;
      if (!is_level(level) || !makes_sense(node.item.to) || node.item.at.size() > kMaxScopeSteps) break;
      if (!proves(i, level <= Level::write ? Level::control : Level::own, node.item.at)) break;
      node.length = static_cast<std::uint16_t>(nodes_[node.item.proof].length + 1);
      if (node.length <= kMaxChain) take_grant(i);
      break;
    }
    case Item::Kind::revoke:
      take_revocation(i);
      if (nodes_[i].item.level != Level::none) keep(i);
      break;
    case Item::Kind::admit:
      take_admission(i);
      break;
    case Item::Kind::cut:
      take_cut(i);
      break;
    case Item::Kind::other:
      break;
  }
  return i;
}

// Rule 9: the links lead from the group down to the author.
bool Rules::Engine::membership_fits(Index self, const Principal& group) const {
  const Node& node = nodes_[self];
  const std::vector<Index>& links = node.item.membership;
  if (links.size() > kMaxNesting) return false;
  const Principal* wanted = &group;
  for (std::size_t k = 0; k < links.size(); ++k) {
    const Index m = links[k];
    if (m >= self || !nodes_[m].is_grant() || !pasts_.reaches(self, m)) return false;
    const Node& link = nodes_[m];
    if (link.item.document != wanted->document() || link.document == node.document) return false;
    if (link.item.level < wanted->level || !covers(link.item.at, wanted->at)) return false;
    if (link.item.to.kind == Principal::Kind::key) return link.item.to.key == node.item.author && k + 1 == links.size();
    if (link.item.to.kind != Principal::Kind::members) return false;
    wanted = &link.item.to;
  }
  return false;
}

bool Rules::Engine::author_fits(Index self, const Node& proof) const {
  switch (proof.item.to.kind) {
    case Principal::Kind::key:
      return proof.item.to.key == nodes_[self].item.author;
    case Principal::Kind::anyone:
      return true;
    case Principal::Kind::members:
      return membership_fits(self, proof.item.to);
  }
  return false;
}

bool Rules::Engine::proves(Index self, Level needed, const Scope& at) const {
  const Node& node = nodes_[self];
  if (node.item.proof >= self) return false;
  const Node& proof = nodes_[node.item.proof];
  return proof.is_grant() && proof.document == node.document && proof.item.level >= needed &&
         covers(proof.item.at, at) && pasts_.reaches(self, node.item.proof) && author_fits(self, proof);
}

bool Rules::Engine::on_chain(Index grant, Index of) const {
  for (; of != kNone; of = nodes_[of].item.proof)
    if (of == grant) return true;
  return false;
}

void Rules::Engine::take_grant(Index i) {
  const PrincipalNumber to = principal_number(nodes_[i].item.to);  // may make room for documents
  Node& node = nodes_[i];
  node.well_formed = true;
  (node.document == kJudged ? principals_[to].grants : principals_[to].links).push_back(i);
  documents_[node.document].grants.push_back(i);
  if (!node.is_root()) enter_statement(i);
  nodes_[i].ended_by = find_end(i);
}

// Rule 2.
void Rules::Engine::take_revocation(Index i) {
  const auto power = [&](Level granted, const Scope& at) {
    return proves(i, granted >= Level::control ? Level::own : Level::control, at);
  };
  const Index proof = nodes_[i].item.proof;
  if (proof >= i || !nodes_[proof].is_grant()) return;
  std::vector<Index> named;
  for (const Index g : nodes_[i].item.names) {
    if (g >= i || !nodes_[g].is_grant() || nodes_[g].is_root()) continue;
    const Node& grant = nodes_[g];
    if (grant.document == nodes_[i].document && grant.length >= nodes_[proof].length && pasts_.reaches(i, g) &&
        !on_chain(g, proof) && power(grant.item.level, grant.item.at))
      named.push_back(g);
  }
  std::sort(named.begin(), named.end());
  named.erase(std::unique(named.begin(), named.end()), named.end());
  if (named.empty()) return;
  Node& node = nodes_[i];
  node.well_formed = true;
  node.length = nodes_[proof].length;
  node.named = std::move(named);
  for (const Index g : node.named) nodes_[g].named_by.push_back(i);
  enter_statement(i);
  unsettled_.push_back(i);
}

// One item for each name, so that indices can be told in advance; those that make no sense have no effect.
void Rules::Engine::keep(Index revocation) {
  const std::vector<Index> names = nodes_[revocation].item.names;
  for (const Index name : names) {
    const Index i = pasts_.add_twin(revocation);
    Node& kept = nodes_.emplace_back();
    const Node& by = nodes_[revocation];
    kept.document = by.document;
    kept.item.kind = Item::Kind::grant;
    kept.item.document = by.item.document;
    kept.item.author = by.item.author;
    kept.item.parents = by.item.parents;
    kept.item.level = by.item.level;
    kept.item.proof = by.item.proof;
    kept.item.membership = by.item.membership;
    if (name >= revocation || !std::binary_search(by.named.begin(), by.named.end(), name)) continue;
    kept.item.to = nodes_[name].item.to;
    kept.item.at = nodes_[name].item.at;
    kept.length = static_cast<std::uint16_t>(by.length + 1);
    if (is_level(kept.item.level) && kept.item.level < nodes_[name].item.level && kept.length <= kMaxChain)
      take_grant(i);
  }
}

void Rules::Engine::take_admission(Index i) {
  Node& node = nodes_[i];
  if (node.item.proof >= i || !proves(i, Level::control, nodes_[node.item.proof].item.at)) return;
  node.well_formed = true;
  node.length = nodes_[node.item.proof].length;
  enter_statement(i);
  if (node.document != kJudged) return;
  for (const LeafRef& leaf : node.item.leaves) {
    std::vector<Index>& of_leaf = admissions_[leaf];
    if (of_leaf.empty() || of_leaf.back() != i) of_leaf.push_back(i);
  }
  review_admission(i);
}

void Rules::Engine::take_cut(Index i) {
  Node& node = nodes_[i];
  if (node.item.names.size() != 1) return;
  const Index r = node.item.names.front();
  if (r >= i || !nodes_[r].is_revocation() || nodes_[r].document == node.document || !pasts_.reaches(i, r)) return;
  const bool proven = node.item.proof < i && proves(i, Level::control, nodes_[node.item.proof].item.at);
  if (!proven && node.item.author != nodes_[r].item.author) return;
  node.well_formed = true;
  node.length = proven ? nodes_[node.item.proof].length : std::uint16_t{0};
  node.named = {r};
  nodes_[r].cuts.push_back(i);
  ++documents_[node.document].cuts;
  has_cuts_ = true;
  if (proven) enter_statement(i);
  unsettled_.push_back(i);
}

void Rules::Engine::enter_statement(Index i) {
  const auto enter = [&](std::vector<Index>& list) {
    if (list.empty() || list.back() != i) list.push_back(i);
  };
  const Index proof = nodes_[i].item.proof;
  if (!nodes_[i].is_grant())
    for (Index g = proof; !nodes_[g].is_root(); g = nodes_[g].item.proof) enter(nodes_[g].dependants);
  nodes_[i].by_membership = nodes_[proof].item.to.kind == Principal::Kind::members;
  if (!nodes_[i].by_membership) return;
  for (const Index m : nodes_[i].item.membership)
    for (Index g = m; !nodes_[g].is_root(); g = nodes_[g].item.proof) enter(nodes_[g].resting);
}

std::vector<Index> Rules::Engine::chain(Index grant) const {
  std::vector<Index> out;
  if (is_grant(grant))
    for (; grant != kNone; grant = nodes_[grant].item.proof) out.push_back(grant);
  return out;
}

bool Rules::Engine::live(Index grant) const {
  if (!is_grant(grant)) return false;
  for (; grant != kNone; grant = nodes_[grant].item.proof)
    if (nodes_[grant].ended_by != kNone) return false;
  return true;
}

std::vector<Index> Rules::Engine::take_changed() {
  std::sort(changed_.begin(), changed_.end());
  changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
  return std::exchange(changed_, {});
}

// ---- the contract
// -----------------------------------------------------------------------------------------------------

Rules::Rules(const DocumentId& document, const Sightings& sightings)
    : engine_(std::make_unique<Engine>(document, sightings)) {}
Rules::~Rules() = default;

Index Rules::add(Item item) { return engine_->add(std::move(item)); }
std::size_t Rules::size() const { return engine_->nodes_.size(); }
const Item& Rules::at(Index item) const {
  TLFS_CHECK(item < size(), "there is no such item");
  return engine_->nodes_[item].item;
}

bool Rules::well_formed(Index grant) const { return engine_->is_grant(grant); }
std::vector<Index> Rules::chain(Index grant) const { return engine_->chain(grant); }
bool Rules::effective(Index revocation) const {
  engine_->settle();
  return revocation < size() && engine_->nodes_[revocation].takes_effect() && engine_->effective(revocation);
}
bool Rules::live(Index grant) const {
  engine_->settle();
  return engine_->live(grant);
}
bool Rules::reaches(Index from, Index to) const {
  TLFS_CHECK(from < size() && to < size(), "there is no such item");
  return engine_->pasts_.reaches(from, to);
}

Level Rules::level(const Principal& who, const Scope& at) const {
  engine_->settle();
  return engine_->level(who, at);
}
std::vector<Principal> Rules::holders(Level level, const Scope& at) const {
  engine_->settle();
  return engine_->holders(level, at);
}
std::vector<crypto::PublicKey> Rules::keys_of(const Principal& principal) const {
  engine_->settle();
  return engine_->keys_of(principal);
}
std::vector<Index> Rules::grants(const Principal& to, Level level, const Scope& at) const {
  engine_->settle();
  return engine_->grants(to, level, at);
}
std::optional<Rules::Support> Rules::support(const crypto::PublicKey& key, Level level, const Scope& at) const {
  engine_->settle();
  return engine_->support(Principal::of_key(key), level, at);
}

Rules::Context Rules::context(std::vector<Index> heads) const { return engine_->context(std::move(heads)); }
bool Rules::counts(const crypto::PublicKey& author, Context context, LeafRef leaf,
                   const std::vector<Scope>& addresses) const {
  engine_->settle();
  return engine_->counts(author, context, leaf, addresses);
}
std::uint64_t Rules::basis(const crypto::PublicKey& author, Context context,
                           const std::vector<Scope>& addresses) const {
  return engine_->basis(author, context, addresses);
}
bool Rules::could_write_near(const crypto::PublicKey& author, Context context, const Scope& at) const {
  return engine_->could_write_near(author, context, at);
}
bool Rules::held_anything(const crypto::PublicKey& author, const std::vector<Index>& parents) const {
  return engine_->held_anything(author, parents);
}

Rules::Explanation Rules::explain(const Principal& who, Level level, const Scope& at) const {
  engine_->settle();
  return engine_->explain(who, level, at);
}
Rules::Explanation Rules::explain_leaf(const crypto::PublicKey& author, Context context, LeafRef leaf,
                                       const Scope& at) const {
  engine_->settle();
  return engine_->explain_leaf(author, context, leaf, at);
}

std::vector<Index> Rules::take_changed() {
  engine_->settle();
  return engine_->take_changed();
}

}  // namespace tlfs::access
