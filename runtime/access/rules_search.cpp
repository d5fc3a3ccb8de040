// Looking upwards: from a principal to the groups it belongs to, and to what the judged document grants to those. Rules
// 4 to 7 and 9.
//
// A search goes by breadth and comes to no principal twice, so it ends in circles and every path is a shortest one.
#include "runtime/access/rules_search.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace tlfs::access {

std::vector<Index> Rules::Engine::membership_of(const std::vector<Step>& steps, std::uint32_t step) const {
  std::vector<Index> links;
  for (; steps[step].link != kNone; step = steps[step].from) links.push_back(steps[step].link);
  return links;
}

bool Rules::Engine::link_lives(Index link) const {
  return live(link) && !any_cut(link, kJudged, [](Index) { return true; });
}

bool Rules::Engine::link_stands(Index link, LeafRef leaf) const {
  return !any_cut(link, kJudged, [&](Index c) { return !sightings_.saw(c, leaf.change); });
}

// Rule 6: an effective revocation that has not seen the leaf, or what voids a grant.
Index Rules::Engine::taken_by(Index grant, LeafRef leaf) const {
  for (Index g = grant; g != kNone; g = nodes_[g].item.proof) {
    const Node& node = nodes_[g];
    if (node.ended_by == kNone) continue;
    for (const Index r : node.named_by)
      if (effective(r) && !sightings_.saw(r, leaf.change)) return r;
    Index voided_by = kNone;
    if (node.by_membership)
      for (const Index m : node.item.membership)
        if (any_cut(m, node.document, [&](Index c) {
              if (pasts_.reaches(c, g)) return false;
              voided_by = c;
              return true;
            }))
          return voided_by;
  }
  return kNone;
}

Index Rules::Engine::admitted_by(LeafRef leaf, const std::vector<Scope>& addresses) const {
  const auto found = admissions_.find(leaf);
  if (found == admissions_.end()) return kNone;
  for (const Index a : found->second) {
    const Scope& at = nodes_[nodes_[a].item.proof].item.at;
    if (nodes_[a].effect != 0 &&
        std::all_of(addresses.begin(), addresses.end(), [&](const Scope& address) { return covers(at, address); }))
      return a;
  }
  return kNone;
}

Level Rules::Engine::level(const Principal& who, const Scope& at) {
  look_up(
      who, [&](Index m) { return link_lives(m); }, steps_);
  Level highest = Level::none;
  for (const Step& step : steps_)
    for (const Index g : principals_[step.principal].grants)
      if (nodes_[g].item.level > highest && covers(nodes_[g].item.at, at) && live(g)) highest = nodes_[g].item.level;
  return highest;
}

std::optional<Rules::Support> Rules::Engine::support(const Principal& who, Level level, const Scope& at) {
  look_up(
      who, [&](Index m) { return link_lives(m); }, steps_);
  const auto best = best_grant(
      steps_, [&](Index g) { return nodes_[g].item.level >= level && covers(nodes_[g].item.at, at) && live(g); });
  if (!best) return std::nullopt;
  return Support{best->grant, membership_of(steps_, best->step)};
}

std::vector<Principal> Rules::Engine::holders(Level level, const Scope& at) const {
  std::vector<Principal> out;
  for (const Named& named : principals_)
    if (std::any_of(named.grants.begin(), named.grants.end(),
                    [&](Index g) { return nodes_[g].item.level >= level && covers(nodes_[g].item.at, at) && live(g); }))
      out.push_back(named.principal);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<Index> Rules::Engine::grants(const Principal& to, Level level, const Scope& at) const {
  std::vector<Index> out;
  const auto found = principal_numbers_.find(to);
  if (found == principal_numbers_.end()) return out;
  for (const Index g : principals_[found->second].grants)
    if (nodes_[g].item.level == level && nodes_[g].item.at == at && live(g)) out.push_back(g);
  return out;
}

// Downwards. The judged document may be where it begins; through it nobody is a member of anything.
std::vector<crypto::PublicKey> Rules::Engine::keys_of(const Principal& principal) {
  if (principal.kind == Principal::Kind::key) return {principal.key};
  std::vector<crypto::PublicKey> keys;
  std::vector<const Principal*> groups, inner;
  if (principal.kind == Principal::Kind::members) groups.push_back(&principal);
  std::vector<bool> seen(principals_.size());
  for (std::size_t depth = 0; depth < kMaxNesting && !groups.empty(); ++depth) {
    for (const Principal* group : groups) {
      const auto document = document_numbers_.find(group->document());
      if (document == document_numbers_.end() || (document->second == kJudged && depth != 0)) continue;
      for (const Index m : documents_[document->second].grants) {
        const Item& link = nodes_[m].item;
        if (link.level < group->level || !covers(link.at, group->at) || !link_lives(m)) continue;
        if (link.to.kind == Principal::Kind::key) keys.push_back(link.to.key);
        if (link.to.kind != Principal::Kind::members) continue;
        const PrincipalNumber number = principal_numbers_.find(link.to)->second;
        if (seen[number]) continue;
        seen[number] = true;
        inner.push_back(&link.to);
      }
    }
    groups = std::exchange(inner, {});
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

Rules::Context Rules::Engine::context(std::vector<Index> heads) {
  for (const Index head : heads) TLFS_CHECK(head < nodes_.size(), "a context is made of items that are here");
  std::sort(heads.begin(), heads.end());
  heads.erase(std::unique(heads.begin(), heads.end()), heads.end());
  const auto [place, added] = context_numbers_.try_emplace(heads, static_cast<Context>(contexts_.size()));
  if (added) contexts_.push_back(pasts_.of_heads(heads));
  return place->second;
}

// Rules 6 and 7.
bool Rules::Engine::counts(const crypto::PublicKey& author, Context context, LeafRef leaf,
                           const std::vector<Scope>& addresses) {
  const Pasts::Set& seen = contexts_[context];
  const Principal who = Principal::of_key(author);
  const auto held = [&](Index g, const Scope& address) {
    return nodes_[g].item.level >= Level::write && covers(nodes_[g].item.at, address) && pasts_.contains(seen, g);
  };
  const auto every_address = [&](auto suffices) {
    return std::all_of(addresses.begin(), addresses.end(), [&](const Scope& address) {
      return any_grant(steps_, [&](Index g) { return held(g, address) && suffices(g); });
    });
  };
  look_up(
      who, [&](Index m) { return pasts_.contains(seen, m) && link_stands(m, leaf); }, steps_);
  if (every_address([&](Index g) { return taken_by(g, leaf) == kNone; })) return true;
  if (admitted_by(leaf, addresses) == kNone) return false;
  look_up(
      who, [&](Index m) { return pasts_.contains(seen, m); }, steps_);
  return every_address([](Index) { return true; });
}

// Two transactions that rest on the same have the same number, whatever becomes of the grants later.
std::uint64_t Rules::Engine::basis(const crypto::PublicKey& author, Context context,
                                   const std::vector<Scope>& addresses) {
  const Pasts::Set& seen = contexts_[context];
  look_up(
      Principal::of_key(author), [&](Index m) { return pasts_.contains(seen, m); }, steps_);
  std::vector<std::vector<Index>> sets;
  for (const Scope& address : addresses) {
    std::vector<Index>& set = sets.emplace_back();
    for (const Step& step : steps_) {
      bool any = false;
      for (const Index g : principals_[step.principal].grants)
        if (nodes_[g].item.level >= Level::write && covers(nodes_[g].item.at, address) && pasts_.contains(seen, g)) {
          set.push_back(g);
          any = true;
        }
      if (!any) continue;
      const std::vector<Index> links = membership_of(steps_, static_cast<std::uint32_t>(&step - steps_.data()));
      set.insert(set.end(), links.begin(), links.end());
    }
    if (set.empty()) return 0;
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
  }
  if (sets.empty()) return 0;
  std::sort(sets.begin(), sets.end());
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  return bases_.try_emplace(std::move(sets), bases_.size() + 1).first->second;
}

// Rule 8.
bool Rules::Engine::could_write_near(const crypto::PublicKey& author, Context context, const Scope& at) {
  const Pasts::Set& seen = contexts_[context];
  look_up(
      Principal::of_key(author), [&](Index m) { return pasts_.contains(seen, m); }, steps_);
  return any_grant(steps_, [&](Index g) {
    const Item& grant = nodes_[g].item;
    return grant.level >= Level::write && (covers(grant.at, at) || covers(at, grant.at)) && pasts_.contains(seen, g);
  });
}

bool Rules::Engine::held_anything(const crypto::PublicKey& author, const std::vector<Index>& parents) {
  const Pasts::Set seen = pasts_.of_heads(parents);
  for (const Principal& who : {Principal::of_key(author), Principal::anyone()}) {
    const auto found = principal_numbers_.find(who);
    if (found == principal_numbers_.end()) continue;
    const Named& named = principals_[found->second];
    for (const std::vector<Index>* grants : {&named.grants, &named.links})
      if (std::any_of(grants->begin(), grants->end(), [&](Index g) { return pasts_.contains(seen, g); })) return true;
  }
  return false;
}

}  // namespace tlfs::access
