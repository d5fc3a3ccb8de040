// Rule 10: the statements that allow something, or the nearest step that is missing.
#include <algorithm>

#include "runtime/access/rules_search.h"

namespace tlfs::access {

void Rules::Engine::show(const Found& found, Explanation& explanation) const {
  explanation.grant = found.grant;
  explanation.chain = chain(found.grant);
  std::reverse(explanation.chain.begin(), explanation.chain.end());
  explanation.membership = found.step == kNoStep ? std::vector<Index>() : membership_of(steps_, found.step);
}

Index Rules::Engine::end_of_chain(Index grant) const {
  for (; grant != kNone; grant = nodes_[grant].item.proof)
    if (nodes_[grant].ended_by != kNone) return nodes_[grant].ended_by;
  return kNone;
}

Index Rules::Engine::end_of_membership(const std::vector<Index>& links) const {
  Index end = kNone;
  for (const Index m : links) {
    const auto take = [&](Index c) {
      end = c;
      return true;
    };
    if (any_cut(m, kJudged, take)) return end;
    if ((end = end_of_chain(m)) != kNone) return end;
  }
  return kNone;
}

// A grant that would do, to a group. A person's own principal is no group that anyone else could belong to.
template <class Fits>
std::optional<Rules::Engine::Found> Rules::Engine::grant_to_a_group(Fits fits) const {
  std::optional<Found> best;
  for (const Named& named : principals_) {
    const Principal& p = named.principal;
    if (p.kind != Principal::Kind::members || p == Principal::user(p.document())) continue;
    for (const Index g : named.grants)
      if ((!best || nodes_[g].length < nodes_[best->grant].length) && fits(g)) best = Found{g, kNoStep};
  }
  return best;
}

// What is missing when nothing that covers the address was ever enough; `known` are the grants that matter.
template <class Known>
void Rules::Engine::show_missing(Level level, const Scope& at, Known known, Explanation& out) const {
  using Why = Explanation::Why;
  const auto covered = [&](Index g) { return covers(nodes_[g].item.at, at); };
  const auto enough = [&](Index g) { return nodes_[g].item.level >= level; };
  std::optional<Found> lower;
  for (Level l = Level::own; l != Level::none && !lower; l = static_cast<Level>(static_cast<std::uint8_t>(l) - 1))
    lower = best_grant(steps_, [&](Index g) { return nodes_[g].item.level == l && covered(g) && known(g); });
  if (lower) {
    out.why = Why::level_too_low;
    return show(*lower, out);
  }
  if (const auto elsewhere = best_grant(steps_, [&](Index g) { return enough(g) && known(g); })) {
    out.why = Why::not_above;
    return show(*elsewhere, out);
  }
  if (const auto others = grant_to_a_group([&](Index g) { return enough(g) && covered(g) && known(g); })) {
    out.why = Why::not_a_member;
    return show(*others, out);
  }
  out.why = Why::no_grant;
}

Rules::Explanation Rules::Engine::explain(const Principal& who, Level level, const Scope& at) {
  using Why = Explanation::Why;
  Explanation out;
  out.level = this->level(who, at);
  const auto enough = [&](Index g) { return nodes_[g].item.level >= level && covers(nodes_[g].item.at, at); };
  const auto now = [&](Index m) { return link_lives(m); };
  look_up(who, now, steps_);
  if (const auto found = best_grant(steps_, [&](Index g) { return enough(g) && live(g); })) {
    out.why = Why::allowed;
    show(*found, out);
    return out;
  }
  if (const auto dead = best_grant(steps_, enough)) {
    out.why = Why::ended;
    show(*dead, out);
    out.ended_by = end_of_chain(dead->grant);
    return out;
  }
  look_up(
      who, [](Index) { return true; }, steps_);
  auto former = best_grant(steps_, [&](Index g) { return enough(g) && live(g); });
  if (!former) former = best_grant(steps_, enough);
  if (former) {
    out.why = Why::cut_off;
    show(*former, out);
    out.ended_by = end_of_membership(out.membership);
    return out;
  }
  look_up(who, now, steps_);
  show_missing(
      level, at, [&](Index g) { return live(g); }, out);
  return out;
}

Rules::Explanation Rules::Engine::explain_leaf(const crypto::PublicKey& author, Context context, LeafRef leaf,
                                               const Scope& at) {
  using Why = Explanation::Why;
  Explanation out;
  const Principal who = Principal::of_key(author);
  out.level = level(who, at);
  const Pasts::Set& seen = contexts_[context];
  const auto known = [&](Index i) { return pasts_.contains(seen, i); };
  const auto held = [&](Index g) {
    return nodes_[g].item.level >= Level::write && covers(nodes_[g].item.at, at) && known(g);
  };
  look_up(
      who, [&](Index m) { return known(m) && link_stands(m, leaf); }, steps_);
  if (const auto found = best_grant(steps_, [&](Index g) { return held(g) && taken_by(g, leaf) == kNone; })) {
    out.why = Why::allowed;
    show(*found, out);
    return out;
  }
  if (const auto taken = best_grant(steps_, held)) {
    out.why = Why::ended;
    show(*taken, out);
    out.ended_by = taken_by(taken->grant, leaf);
  } else {
    look_up(who, known, steps_);
    const auto former = best_grant(steps_, held);
    if (!former) {
      show_missing(Level::write, at, known, out);
      return out;
    }
    out.why = Why::cut_off;
    show(*former, out);
    for (const Index m : out.membership)
      any_cut(m, kJudged, [&](Index c) {
        if (sightings_.saw(c, leaf.change)) return false;
        out.ended_by = c;
        return true;
      });
  }
  if (const Index admission = admitted_by(leaf, {at}); admission != kNone) {
    out.why = Why::allowed;
    out.ended_by = admission;
  }
  return out;
}

}  // namespace tlfs::access
