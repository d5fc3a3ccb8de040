// Rule 3: which revocations and cuts take effect.
//
// Attacks make a graph: an edge leads from an attacker to what it attacks, never to a shorter chain of proofs. What
// comes new can change only itself and what lies downstream of it, so only that is decided anew; most revocations
// attack nobody and cost a look at those who name a grant of their proof's chain.
//
// Rounds (rule 9): bit k of an effect is the effect in round k, and the cuts of round k are those whose revocation has
// bit k - 1. What changed in one round therefore reaches the cuts that name it in the next.
#include <algorithm>
#include <unordered_set>

#include "runtime/access/rules_engine.h"

namespace tlfs::access {

template <class Each>
void Rules::Engine::each_attacked(Index attacker, Each each) const {
  const Node& a = nodes_[attacker];
  const auto reaches_down_to = [&](Index b) {
    const Node& node = nodes_[b];
    // A cut that cites no proof comes first of all.
    return b != attacker && node.takes_effect() && node.length != 0 && a.length <= node.length;
  };
  if (a.is_revocation()) {
    for (const Index g : a.named)
      for (const Index b : nodes_[g].dependants)
        if (reaches_down_to(b) && !pasts_.reaches(attacker, b)) each(b);
    return;
  }
  for (const Index g : nodes_[a.named.front()].named)
    for (const Index s : nodes_[g].resting) {
      if (nodes_[s].document != a.document || pasts_.reaches(attacker, s)) continue;
      if (reaches_down_to(s)) each(s);
      if (!nodes_[s].is_grant()) continue;
      for (const Index b : nodes_[s].dependants)
        if (reaches_down_to(b)) each(b);
    }
}

std::vector<Index> Rules::Engine::attackers(Index of) const {
  std::vector<Index> out;
  const Node& b = nodes_[of];
  if (b.length == 0) return out;
  for (Index g = b.item.proof; g != kNone; g = nodes_[g].item.proof)
    for (const Index a : nodes_[g].named_by)
      if (a != of && nodes_[a].length <= b.length && !pasts_.reaches(a, of)) out.push_back(a);
  if (documents_[b.document].cuts != 0) {
    const auto of_statement = [&](Index s) {
      if (!nodes_[s].by_membership) return;
      for (const Index m : nodes_[s].item.membership)
        for (Index g = m; g != kNone; g = nodes_[g].item.proof)
          for (const Index r : nodes_[g].named_by)
            for (const Index c : nodes_[r].cuts)
              if (c != of && nodes_[c].document == b.document && nodes_[c].length <= b.length && !pasts_.reaches(c, s))
                out.push_back(c);
    };
    of_statement(of);
    for (Index g = b.item.proof; g != kNone; g = nodes_[g].item.proof) of_statement(g);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// The seeds and everything downstream, by length and then index.
std::vector<Index> Rules::Engine::closure(std::vector<Index> seeds) const {
  std::unordered_set<Index> seen(seeds.begin(), seeds.end());
  std::vector<Index> todo(seen.begin(), seen.end());
  while (!todo.empty()) {
    const Index a = todo.back();
    todo.pop_back();
    each_attacked(a, [&](Index b) {
      if (seen.insert(b).second) todo.push_back(b);
    });
  }
  std::vector<Index> out(seen.begin(), seen.end());
  std::sort(out.begin(), out.end(),
            [&](Index a, Index b) { return std::pair(nodes_[a].length, a) < std::pair(nodes_[b].length, b); });
  return out;
}

void Rules::Engine::decide_round(std::size_t round, const std::vector<Index>& affected, std::vector<Index>& changed) {
  const Effect bit = static_cast<Effect>(Effect{1} << round);
  std::vector<Effect> before;
  std::unordered_map<Index, std::vector<Index>> attackers_of;
  for (const Index i : affected) {
    before.push_back(nodes_[i].effect & bit);
    nodes_[i].effect &= static_cast<Effect>(~bit);
    attackers_of.emplace(i, attackers(i));
  }
  const auto takes_part = [&](Index i) {
    return nodes_[i].is_revocation() || (round > 0 && (nodes_[nodes_[i].named.front()].effect & (bit >> 1)) != 0);
  };
  for (std::size_t k = 0; k < affected.size();) {
    std::vector<Index> equals;
    const std::uint16_t length = nodes_[affected[k]].length;
    for (; k < affected.size() && nodes_[affected[k]].length == length; ++k)
      if (takes_part(affected[k])) equals.push_back(affected[k]);
    decide_equals(std::move(equals), bit, attackers_of);
  }
  for (std::size_t k = 0; k < affected.size(); ++k)
    if ((nodes_[affected[k]].effect & bit) != before[k]) changed.push_back(affected[k]);
}

namespace {

// Strongly connected parts of the graph on `members`, every part after those that attack it. Tarjan's algorithm walks
// against the edges, from what is attacked to the attackers, and so ends a part after all those upstream of it.
std::vector<std::vector<Index>> parts(const std::vector<Index>& members,
                                      const std::unordered_map<Index, std::vector<Index>>& attackers_of) {
  struct Mark {
    std::uint32_t order = 0, low = 0;
    bool open = false;
  };
  struct Frame {
    Index node;
    std::size_t next;
  };
  std::unordered_map<Index, Mark> marks;
  for (const Index i : members) marks.emplace(i, Mark{});
  std::vector<std::vector<Index>> out;
  std::vector<Index> open;
  std::vector<Frame> frames;
  std::uint32_t order = 0;
  const auto enter = [&](Index i) {
    Mark& mark = marks.at(i);
    mark.order = mark.low = ++order;
    mark.open = true;
    open.push_back(i);
    frames.push_back({i, 0});
  };
  for (const Index root : members) {
    if (marks.at(root).order != 0) continue;
    enter(root);
    while (!frames.empty()) {
      Frame& frame = frames.back();
      Mark& mark = marks.at(frame.node);
      const std::vector<Index>& upstream = attackers_of.at(frame.node);
      if (frame.next < upstream.size()) {
        const auto found = marks.find(upstream[frame.next++]);
        if (found == marks.end()) continue;
        if (found->second.order == 0)
          enter(found->first);
        else if (found->second.open)
          mark.low = std::min(mark.low, found->second.order);
        continue;
      }
      const Index done = frame.node;
      frames.pop_back();
      if (!frames.empty()) {
        Mark& above = marks.at(frames.back().node);
        above.low = std::min(above.low, mark.low);
      }
      if (mark.low != mark.order) continue;
      std::vector<Index>& part = out.emplace_back();
      for (Index i = kNone; i != done;) {
        i = open.back();
        open.pop_back();
        marks.at(i).open = false;
        part.push_back(i);
      }
    }
  }
  return out;
}

}  // namespace

// All of one length. Whatever is shorter, or upstream of all of these, is decided.
void Rules::Engine::decide_equals(std::vector<Index> all, Effect bit,
                                  const std::unordered_map<Index, std::vector<Index>>& attackers_of) {
  struct Group {
    std::vector<Index> members;
    bool is_ring;  // one part of the graph: all attack each other, if only in a circle
  };
  std::vector<Group> todo;  // the last is next, and nobody below it attacks it
  todo.push_back({std::move(all), false});
  while (!todo.empty()) {
    Group group = std::move(todo.back());
    todo.pop_back();
    const auto is_void = [&](Index i) {
      const std::vector<Index>& by = attackers_of.at(i);
      return std::any_of(by.begin(), by.end(), [&](Index a) { return (nodes_[a].effect & bit) != 0; });
    };
    const bool some_void = std::erase_if(group.members, is_void) != 0;
    if (group.members.empty()) continue;
    if (some_void || !group.is_ring) {
      std::vector<std::vector<Index>> rings = parts(group.members, attackers_of);
      for (auto ring = rings.rbegin(); ring != rings.rend(); ++ring) todo.push_back({std::move(*ring), true});
      continue;
    }
    std::unordered_set<Index> ring(group.members.begin(), group.members.end());
    const auto is_late = [&](Index i) {  // made after seeing its own revocation
      const std::vector<Index>& by = attackers_of.at(i);
      return std::any_of(by.begin(), by.end(), [&](Index a) { return ring.contains(a) && pasts_.reaches(i, a); });
    };
    if (std::erase_if(group.members, is_late) != 0) {
      todo.push_back({std::move(group.members), false});
      continue;
    }
    for (const Index i : group.members) nodes_[i].effect |= bit;
  }
}

void Rules::Engine::settle() {
  if (unsettled_.empty()) return;
  const std::vector<Index> fresh = std::exchange(unsettled_, {});
  std::unordered_map<Index, bool> was;  // the effects before, of all that are touched
  std::vector<Index> changed;           // in the round before
  for (std::size_t round = 0; round <= kMaxNesting; ++round) {
    std::vector<Index> seeds = fresh;
    for (const Index i : changed) seeds.insert(seeds.end(), nodes_[i].cuts.begin(), nodes_[i].cuts.end());
    const std::vector<Index> affected = closure(std::move(seeds));
    for (const Index i : affected) was.emplace(i, effective(i));
    changed.clear();
    decide_round(round, affected, changed);
    if (has_cuts_) continue;
    for (const Index i : affected) nodes_[i].effect = (nodes_[i].effect & 1) != 0 ? kAllRounds : Effect{0};
    break;  // without cuts all rounds are the same
  }
  std::vector<Index> grants;
  for (const auto& [i, before] : was)
    if (effective(i) != before) after_change(i, grants);
  for (const Index g : grants)
    for (const Index a : nodes_[g].dependants)
      if (nodes_[a].item.kind == Item::Kind::admit) review_admission(a);
}

// The grants whose end this was or now is go to `grants`.
void Rules::Engine::after_change(Index changed, std::vector<Index>& grants) {
  const Node& node = nodes_[changed];
  if (node.document == kJudged) changed_.push_back(changed);
  const auto review = [&](Index grant) {
    Index& end = nodes_[grant].ended_by;
    const Index before = end;
    if (end == kNone || end == changed) end = find_end(grant);
    if ((before == kNone) != (end == kNone)) grants.push_back(grant);
  };
  if (node.is_revocation()) {
    for (const Index g : node.named) review(g);
    return;
  }
  for (const Index g : nodes_[node.named.front()].named)
    for (const Index s : nodes_[g].resting) {
      if (nodes_[s].document != node.document) continue;
      if (nodes_[s].is_grant()) review(s);
      if (nodes_[s].item.kind == Item::Kind::admit) review_admission(s);
    }
}

Index Rules::Engine::find_end(Index grant) const {
  const Node& node = nodes_[grant];
  for (const Index r : node.named_by)
    if (effective(r)) return r;
  Index end = kNone;
  if (!node.by_membership) return end;
  for (const Index m : node.item.membership)
    if (any_cut(m, node.document, [&](Index c) {
          if (pasts_.reaches(c, grant)) return false;
          end = c;
          return true;
        }))
      break;
  return end;
}

// Rule 7, as far as it does not depend on the leaf.
bool Rules::Engine::admission_stands(Index admission) const {
  const Node& node = nodes_[admission];
  if (!live(node.item.proof)) return false;
  if (!node.by_membership) return true;
  return std::none_of(node.item.membership.begin(), node.item.membership.end(),
                      [&](Index m) { return any_cut(m, node.document, [](Index) { return true; }); });
}

void Rules::Engine::review_admission(Index admission) {
  Node& node = nodes_[admission];
  if (node.document != kJudged) return;
  const Effect stands = admission_stands(admission) ? kAllRounds : Effect{0};
  if (stands == node.effect) return;
  node.effect = stands;
  changed_.push_back(admission);
}

}  // namespace tlfs::access
