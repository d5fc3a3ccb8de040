#include "tests/runtime/access/naive_rules.h"

#include <algorithm>

namespace tlfs::access::testing {
namespace {

using Kind = Item::Kind;

bool good_level(Level l) { return static_cast<int>(l) >= 1 && static_cast<int>(l) <= 5; }
bool good_principal(const Principal& p) {
  if (p.kind == Principal::Kind::key) return p == Principal::of_key(p.key);
  if (p.kind == Principal::Kind::anyone) return p == Principal::anyone();
  return p.kind == Principal::Kind::members && good_level(p.level);
}

}  // namespace

Index NaiveRules::add(Item item) {
  evaluated_ = false;
  const Index index = static_cast<Index>(items_.size());
  Set past;
  for (const Index parent : item.parents) {
    // Whoever has seen a revocation has seen what it keeps, and the other way round.
    for (Index i = 0; i < items_.size(); ++i) {
      const Index a = kept_[i] ? kept_[i]->revocation : i;
      const Index b = kept_[parent] ? kept_[parent]->revocation : parent;
      if (a == b || past_[b].contains(a)) past.insert(i);
    }
  }
  items_.push_back(item);
  kept_.push_back(std::nullopt);
  past_.push_back(past);
  if (item.kind == Kind::revoke && item.level != Level::none)
    for (std::size_t n = 0; n < item.names.size(); ++n) {
      Item kept;
      kept.kind = Kind::grant;
      kept.document = item.document;
      kept.author = item.author;
      kept.proof = item.proof;
      kept.membership = item.membership;
      items_.push_back(kept);
      kept_.push_back(Kept{index, n});
      past_.push_back(past);
    }
  return index;
}

std::vector<Index> NaiveRules::chain(Index grant) const {
  std::vector<Index> out;
  while (true) {
    out.push_back(grant);
    if (items_[grant].kind == Kind::genesis) return out;
    grant = items_[grant].proof;
  }
}

bool NaiveRules::is_member(const crypto::PublicKey& author, Index statement, const Principal& group) const {
  const std::vector<Index>& links = items_[statement].membership;
  if (links.empty() || links.size() > kMaxNesting) return false;
  Principal wanted = group;
  for (std::size_t k = 0; k < links.size(); ++k) {
    const Index m = links[k];
    if (!past_[statement].contains(m) || !grants_.contains(m)) return false;
    const Item& link = items_[m];
    const bool right_place = wanted.kind == Principal::Kind::members && link.document == wanted.document() &&
                             link.document != items_[statement].document;
    if (!right_place || link.level < wanted.level || !covers(link.at, wanted.at)) return false;
    wanted = link.to;
    if (wanted.kind == Principal::Kind::key && k + 1 != links.size()) return false;
  }
  return wanted == Principal::of_key(author);
}

// Whether the statement's proof lets its author do at `at` what takes `needed`.
bool NaiveRules::power(Index statement, Level needed, const Scope& at) const {
  const Item& s = items_[statement];
  if (!past_[statement].contains(s.proof) || !grants_.contains(s.proof)) return false;
  const Item& p = items_[s.proof];
  if (p.document != s.document || p.level < needed || !covers(p.at, at)) return false;
  return p.to == Principal::of_key(s.author) || p.to == Principal::anyone() || is_member(s.author, statement, p.to);
}

bool NaiveRules::needs_membership(Index statement) const {
  const Item& s = items_[statement];
  return s.kind != Kind::genesis && s.proof < items_.size() && grants_.contains(s.proof) &&
         items_[s.proof].to.kind == Principal::Kind::members;
}

std::size_t NaiveRules::depth(Index r) const {
  if (cuts_.contains(r) && !power(r, Level::control, items_[r].proof < size() ? items_[items_[r].proof].at : Scope()))
    return 0;
  return chain(items_[r].proof).size();
}

bool NaiveRules::link_hit(Index cut, Index link) const {
  const Set& named = named_.at(cuts_.at(cut));
  const std::vector<Index> links = chain(link);
  return std::any_of(links.begin(), links.end(), [&](Index g) { return named.contains(g); });
}

bool NaiveRules::hits(Index cut, Index statement) const {
  if (!needs_membership(statement)) return false;
  const std::vector<Index>& links = items_[statement].membership;
  return std::any_of(links.begin(), links.end(), [&](Index m) { return link_hit(cut, m); });
}

bool NaiveRules::attacks(Index a, Index b) const {
  if (a == b || items_[a].document != items_[b].document || depth(b) == 0) return false;
  const std::vector<Index> links = chain(items_[b].proof);
  if (named_.contains(a))
    return !reaches(a, b) && std::any_of(links.begin(), links.end(), [&](Index g) { return named_.at(a).contains(g); });
  if (hits(a, b) && !reaches(a, b)) return true;
  return std::any_of(links.begin(), links.end(), [&](Index g) { return hits(a, g) && !reaches(a, g); });
}

// As the reference has it.
NaiveRules::Set NaiveRules::rule_three(const Set& taking_part) const {
  Set effective, depths;
  for (const Index r : taking_part) depths.insert(static_cast<Index>(depth(r)));
  for (const Index d : depths) {
    Set left;
    for (const Index r : taking_part)
      if (depth(r) == d && std::none_of(effective.begin(), effective.end(), [&](Index e) { return attacks(e, r); }))
        left.insert(r);
    std::map<Index, Set> attackers;
    for (const Index r : left)
      for (const Index a : left)
        if (attacks(a, r)) attackers[r].insert(a);
    while (!left.empty()) {
      std::map<Index, Set> back;
      for (const Index r : left) {
        std::vector<Index> todo = {r};
        while (!todo.empty()) {
          const Index i = todo.back();
          todo.pop_back();
          for (const Index a : attackers[i])
            if (left.contains(a) && back[r].insert(a).second) todo.push_back(a);
        }
      }
      Set first, late;
      for (const Index r : left)
        if (std::all_of(back[r].begin(), back[r].end(), [&](Index a) { return back[a].contains(r); })) first.insert(r);
      for (const Index r : first)
        for (const Index a : attackers[r])
          if (first.contains(a) && reaches(r, a)) late.insert(r);
      if (!late.empty() && late != first) {
        for (const Index r : late) left.erase(r);
        continue;
      }
      effective.insert(first.begin(), first.end());
      Set still;
      for (const Index r : left) {
        if (first.contains(r)) continue;
        if (std::none_of(attackers[r].begin(), attackers[r].end(), [&](Index a) { return effective.contains(a); }))
          still.insert(r);
      }
      left = still;
    }
  }
  return effective;
}

void NaiveRules::evaluate() {
  if (evaluated_) return;
  evaluated_ = true;
  grants_.clear();
  named_.clear();
  cuts_.clear();
  std::set<DocumentId> begun;
  for (Index i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    const bool first = item.kind == Kind::genesis && begun.insert(item.document).second;
    if (kept_[i]) {  // what it grants is known once its revocation is judged
      const Kept& kept = *kept_[i];
      const Item& revocation = items_[kept.revocation];
      const Index name = revocation.names[kept.name];
      if (!named_.contains(kept.revocation) || !named_.at(kept.revocation).contains(name)) continue;
      item.to = items_[name].to;
      item.at = items_[name].at;
      item.level = revocation.level;
      if (item.level >= items_[name].level) continue;
    }
    switch (item.kind) {
      case Kind::genesis:
        if (first && good_principal(item.to)) {
          item.level = Level::own;
          item.at = {};
          grants_.insert(i);
        }
        break;
      case Kind::grant:
        if (good_level(item.level) && good_principal(item.to) &&
            power(i, item.level > Level::write ? Level::own : Level::control, item.at) && chain(i).size() <= 64)
          grants_.insert(i);
        break;
      case Kind::revoke: {
        if (!grants_.contains(item.proof)) break;
        const std::vector<Index> own = chain(item.proof);
        Set named;
        for (const Index g : item.names) {
          if (!past_[i].contains(g) || !grants_.contains(g) || items_[g].kind == Kind::genesis) continue;
          if (items_[g].document != item.document || std::count(own.begin(), own.end(), g) != 0) continue;
          if (chain(g).size() < own.size()) continue;
          if (power(i, items_[g].level > Level::write ? Level::own : Level::control, items_[g].at)) named.insert(g);
        }
        if (!named.empty()) named_[i] = named;
        break;
      }
      case Kind::cut: {
        if (item.names.size() != 1) break;
        const Index r = item.names[0];
        if (!past_[i].contains(r) || !named_.contains(r) || items_[r].document == item.document) break;
        if (item.author == items_[r].author ||
            (grants_.contains(item.proof) && power(i, Level::control, items_[item.proof].at)))
          cuts_[i] = r;
        break;
      }
      case Kind::admit:
      case Kind::other:
        break;
    }
  }
  Set before;  // what was effective in the round before, in all documents
  for (std::size_t round = 0; round <= kMaxNesting; ++round) {
    Set taking_part;
    for (const auto& [r, named] : named_) taking_part.insert(r);
    for (const auto& [c, r] : cuts_)
      if (before.contains(r)) taking_part.insert(c);
    const Set now = rule_three(taking_part);
    if (now == before && round > 0) break;
    before = now;
  }
  effective_ = before;
}

bool NaiveRules::voided(Index statement) const {
  return std::any_of(cuts_.begin(), cuts_.end(), [&](const auto& cut) {
    return effective_.contains(cut.first) && items_[cut.first].document == items_[statement].document &&
           hits(cut.first, statement) && !reaches(cut.first, statement);
  });
}

bool NaiveRules::lives(Index grant) const {
  for (const Index g : chain(grant)) {
    if (voided(g)) return false;
    for (const auto& [r, named] : named_)
      if (effective_.contains(r) && named.contains(g)) return false;
  }
  return true;
}

bool NaiveRules::link_lives(Index link) const {
  return lives(link) && std::none_of(cuts_.begin(), cuts_.end(), [&](const auto& cut) {
           return effective_.contains(cut.first) && items_[cut.first].document == document_ &&
                  link_hit(cut.first, link);
         });
}

template <class Usable>
NaiveRules::Set NaiveRules::held(const Principal& who, Usable usable) const {
  // Principals that `who` is, by growing a set: first itself and what it implies, then one more link each time.
  const auto implied = [&](const Principal& is, const Principal& wanted) {
    return is == wanted || (is.kind == Principal::Kind::members && wanted.kind == Principal::Kind::members &&
                            is.document() == wanted.document() && is.document() != document_ &&
                            is.level >= wanted.level && covers(is.at, wanted.at));
  };
  std::set<Principal> all, is;
  for (const Index g : grants_) all.insert(items_[g].to);
  for (const Principal& p : all)
    if (implied(who, p)) is.insert(p);
  for (std::size_t links = 0; links < kMaxNesting; ++links) {
    std::set<Principal> more = is;
    for (const Index m : grants_) {
      const Item& link = items_[m];
      if (link.document == document_ || link.to.kind == Principal::Kind::anyone) continue;
      if (!is.contains(link.to) || !usable(m)) continue;
      for (const Principal& p : all)
        if (p.kind == Principal::Kind::members && implied(Principal::members(link.document, link.at, link.level), p))
          more.insert(p);
    }
    is = more;
  }
  is.insert(Principal::anyone());
  Set out;
  for (const Index g : grants_)
    if (items_[g].document == document_ && is.contains(items_[g].to)) out.insert(g);
  return out;
}

bool NaiveRules::well_formed(Index grant) {
  evaluate();
  return grants_.contains(grant);
}
bool NaiveRules::effective(Index revocation) {
  evaluate();
  return effective_.contains(revocation);
}
bool NaiveRules::live(Index grant) {
  evaluate();
  return grants_.contains(grant) && lives(grant);
}

Level NaiveRules::level(const Principal& who, const Scope& at) {
  evaluate();
  Level highest = Level::none;
  for (const Index g : held(who, [&](Index m) { return link_lives(m); }))
    if (lives(g) && covers(items_[g].at, at)) highest = std::max(highest, items_[g].level);
  return highest;
}

std::vector<Principal> NaiveRules::holders(Level level, const Scope& at) {
  evaluate();
  std::set<Principal> out;
  for (const Index g : grants_)
    if (items_[g].document == document_ && items_[g].level >= level && covers(items_[g].at, at) && lives(g))
      out.insert(items_[g].to);
  return {out.begin(), out.end()};
}

std::vector<crypto::PublicKey> NaiveRules::keys_of(const Principal& principal) {
  evaluate();
  std::set<crypto::PublicKey> keys;
  std::set<Principal> is = {principal};
  for (std::size_t links = 0; links <= kMaxNesting; ++links) {
    std::set<Principal> more = is;
    for (const Principal& p : is) {
      if (p.kind == Principal::Kind::key) keys.insert(p.key);
      if (p.kind != Principal::Kind::members || (p.document() == document_ && p != principal)) continue;
      for (const Index m : grants_)
        if (items_[m].document == p.document() && items_[m].level >= p.level && covers(items_[m].at, p.at) &&
            link_lives(m))
          more.insert(items_[m].to);
    }
    is = more;
  }
  return {keys.begin(), keys.end()};
}

bool NaiveRules::counts(const crypto::PublicKey& author, const std::vector<Index>& heads, LeafRef leaf,
                        const std::vector<Scope>& addresses) {
  evaluate();
  Set seen;
  for (const Index h : heads) {
    for (Index i = 0; i < items_.size(); ++i) {
      const Index a = kept_[i] ? kept_[i]->revocation : i;
      const Index b = kept_[h] ? kept_[h]->revocation : h;
      if (a == b || reaches(b, a)) seen.insert(i);
    }
  }
  const Principal who = Principal::of_key(author);
  const auto writes = [&](const Set& grants, const Scope& address) {
    Set out;
    for (const Index g : grants)
      if (seen.contains(g) && items_[g].level >= Level::write && covers(items_[g].at, address)) out.insert(g);
    return out;
  };
  const Set any = held(who, [&](Index m) { return seen.contains(m); });
  const Set standing = held(who, [&](Index m) {
    return seen.contains(m) && std::all_of(cuts_.begin(), cuts_.end(), [&](const auto& cut) {
             return !effective_.contains(cut.first) || items_[cut.first].document != document_ ||
                    !link_hit(cut.first, m) || sightings_.saw(cut.first, leaf.change);
           });
  });
  const auto holds = [&](Index grant) {
    for (const Index g : chain(grant)) {
      if (voided(g)) return false;
      for (const auto& [r, named] : named_)
        if (effective_.contains(r) && named.contains(g) && !sightings_.saw(r, leaf.change)) return false;
    }
    return true;
  };
  bool supported = true;
  for (const Scope& address : addresses) {
    if (writes(any, address).empty()) return false;
    const Set grants = writes(standing, address);
    supported = supported && std::any_of(grants.begin(), grants.end(), holds);
  }
  if (supported) return true;
  for (Index a = 0; a < items_.size(); ++a) {
    const Item& item = items_[a];
    if (item.kind != Kind::admit || item.document != document_) continue;
    if (std::count(item.leaves.begin(), item.leaves.end(), leaf) == 0 || !grants_.contains(item.proof)) continue;
    if (!std::all_of(addresses.begin(), addresses.end(),
                     [&](const Scope& address) { return power(a, Level::control, address); }))
      continue;
    if (!lives(item.proof)) continue;
    const bool cut_off = std::any_of(cuts_.begin(), cuts_.end(), [&](const auto& cut) {
      return effective_.contains(cut.first) && items_[cut.first].document == document_ && hits(cut.first, a);
    });
    if (!cut_off) return true;
  }
  return false;
}

}  // namespace tlfs::access::testing
