// The search itself, which each question asks with its own idea of a usable link. Private to this folder.
#pragma once

#include <algorithm>

#include "runtime/access/rules_engine.h"

namespace tlfs::access {

// The principals that `who` is: itself, everything that its members are by usable links, and anyone.
template <class Usable>
void Rules::Engine::look_up(const Principal& who, Usable usable, std::vector<Step>& steps) {
  steps.clear();
  if (++search_ == 0) {  // the numbers have been round once
    std::fill(visited_.begin(), visited_.end(), 0);
    search_ = 1;
  }
  const auto come_to = [&](PrincipalNumber principal, Index link, std::uint32_t from, std::uint32_t depth) {
    if (visited_[principal] == search_) return;
    visited_[principal] = search_;
    steps.push_back({principal, link, from, depth});
  };
  // Whoever has `level` at `at` in a document is a member wherever less is asked for.
  const auto members = [&](DocumentNumber document, Level level, const Scope& at, Index link, std::uint32_t from,
                           std::uint32_t depth) {
    for (const PrincipalNumber p : documents_[document].members) {
      const Principal& group = principals_[p].principal;
      if (group.level <= level && covers(at, group.at)) come_to(p, link, from, depth);
    }
  };
  if (const auto self = principal_numbers_.find(who); self != principal_numbers_.end())
    come_to(self->second, kNone, kNoStep, 0);
  if (who.kind == Principal::Kind::members)
    if (const auto d = document_numbers_.find(who.document()); d != document_numbers_.end() && d->second != kJudged)
      members(d->second, who.level, who.at, kNone, kNoStep, 0);
  if (const auto anyone = principal_numbers_.find(Principal::anyone()); anyone != principal_numbers_.end())
    come_to(anyone->second, kNone, kNoStep, 0);
  for (std::uint32_t s = 0; s < steps.size(); ++s) {
    const Step step = steps[s];
    const Named& named = principals_[step.principal];
    if (step.depth == kMaxNesting || named.principal.kind == Principal::Kind::anyone) continue;
    for (const Index m : named.links)
      if (!documents_[nodes_[m].document].members.empty() && usable(m))
        members(nodes_[m].document, nodes_[m].item.level, nodes_[m].item.at, m, s, step.depth + 1);
  }
}

// Whether some grant of the judged document, to one of the principals found, fits.
template <class Fits>
bool Rules::Engine::any_grant(const std::vector<Step>& steps, Fits fits) const {
  for (const Step& step : steps)
    for (const Index g : principals_[step.principal].grants)
      if (fits(g)) return true;
  return false;
}

// Of those the one with the shortest chain, then with the fewest links, then the oldest here.
template <class Fits>
std::optional<Rules::Engine::Found> Rules::Engine::best_grant(const std::vector<Step>& steps, Fits fits) const {
  std::optional<Found> best;
  for (std::uint32_t s = 0; s < steps.size(); ++s)
    for (const Index g : principals_[steps[s].principal].grants)
      if ((!best || nodes_[g].length < nodes_[best->grant].length) && fits(g)) best = Found{g, s};
  return best;
}

}  // namespace tlfs::access
