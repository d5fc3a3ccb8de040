#include "runtime/access/pasts.h"

#include <algorithm>

namespace tlfs::access {

bool Pasts::search(const Set& set, const Node& node) {
  if (!set.clock) return false;
  const auto entry = std::lower_bound(set.clock->begin(), set.clock->end(), node.before.chain,
                                      [](const Entry& e, std::uint32_t chain) { return e.chain < chain; });
  return entry != set.clock->end() && entry->chain == node.before.chain && node.before.end <= entry->last;
}

Pasts::Index Pasts::only_head(std::span<const Index> heads) const {
  const Index last = *std::max_element(heads.begin(), heads.end());
  const Set with_itself = [&] {
    Set set = nodes_[last].before;
    ++set.end;
    return set;
  }();
  for (const Index head : heads)
    if (!contains(with_itself, head)) return kNoChain;
  return last;
}

std::shared_ptr<const Pasts::Clock> Pasts::merged(std::span<const Index> heads) const {
  Clock all;
  for (const Index head : heads) {
    const Set& before = nodes_[head].before;
    if (before.clock) all.insert(all.end(), before.clock->begin(), before.clock->end());
    all.push_back({before.chain, before.end});
  }
  std::sort(all.begin(), all.end(),
            [](const Entry& a, const Entry& b) { return a.chain != b.chain ? a.chain < b.chain : a.last > b.last; });
  all.erase(std::unique(all.begin(), all.end(), [](const Entry& a, const Entry& b) { return a.chain == b.chain; }),
            all.end());
  return std::make_shared<const Clock>(std::move(all));
}

const std::shared_ptr<const Pasts::Clock>& Pasts::inclusive(Index item) {
  std::shared_ptr<const Clock>& kept = nodes_[item].inclusive;
  if (!kept) kept = merged({&item, 1});
  return kept;
}

Pasts::Index Pasts::add(std::span<const Index> parents) {
  Node node;
  if (!parents.empty()) {
    const Index head = only_head(parents);
    if (head != kNoChain && tips_[nodes_[head].before.chain] == nodes_[head].before.end) {
      node.before = nodes_[head].before;  // goes on where its parent ends
    } else {
      node.before.clock = head != kNoChain ? inclusive(head) : merged(parents);
      for (const Entry& entry : *node.before.clock)
        if (tips_[entry.chain] == entry.last) {
          node.before.chain = entry.chain;
          break;
        }
    }
  }
  if (node.before.chain == kNoChain) {
    node.before.chain = static_cast<std::uint32_t>(tips_.size());
    node.before.end = 0;
    tips_.push_back(0);
  } else {
    node.before.end = ++tips_[node.before.chain];
  }
  nodes_.push_back(std::move(node));
  return static_cast<Index>(nodes_.size() - 1);
}

Pasts::Index Pasts::add_twin(Index item) {
  nodes_.push_back(Node{nodes_[item].before, nullptr});
  return static_cast<Index>(nodes_.size() - 1);
}

Pasts::Set Pasts::of_heads(std::span<const Index> heads) {
  Set set;
  if (heads.empty()) return set;
  const Index head = only_head(heads);
  if (head == kNoChain) {
    set.clock = merged(heads);
  } else {
    set = nodes_[head].before;
    ++set.end;
  }
  return set;
}

}  // namespace tlfs::access
