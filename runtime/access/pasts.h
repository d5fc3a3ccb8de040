// Who has seen what: the causal past of every item of a growing history, and of sets of heads.
//
// Items are laid into chains, each a totally ordered run of items, reused as soon as somebody has seen the end of one.
// So a past is one number for each chain that it touches, and there are only as many chains as there are items beside
// each other: one for a history without concurrency. Items on one chain share their clock until something joins it.
// Adding costs the width of what is joined; a question costs a binary search in it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace tlfs::access {

class Pasts {
 public:
  using Index = std::uint32_t;

  // The past of a set of heads, the heads included. Cheap to copy; what is inside is for Pasts alone.
  struct Set {
    struct Entry {  // the items of `chain` up to `last`
      std::uint32_t chain;
      std::uint32_t last;
    };
    using Clock = std::vector<Entry>;  // ascending by chain
    std::shared_ptr<const Clock> clock;
    std::uint32_t chain = kNoChain;  // of this chain the items before `end`, whatever the clock says
    std::uint32_t end = 0;
  };

  // The next item. All parents are there.
  Index add(std::span<const Index> parents);
  // The next item has the past of `item`, and is in every past that has `item`.
  Index add_twin(Index item);

  // Whether `to` lies in the past of `from`. Nothing lies in its own past.
  bool reaches(Index from, Index to) const { return contains(nodes_[from].before, to); }
  bool contains(const Set& set, Index item) const {
    const Node& node = nodes_[item];
    return node.before.chain == set.chain ? node.before.end < set.end : search(set, node);
  }
  Set of_heads(std::span<const Index> heads);
  std::size_t size() const { return nodes_.size(); }

 private:
  using Entry = Set::Entry;
  using Clock = Set::Clock;
  static constexpr std::uint32_t kNoChain = 0xffffffff;
  struct Node {
    Set before;                              // its past; its own place is (chain, end)
    std::shared_ptr<const Clock> inclusive;  // the past with itself, once somebody needed it
  };

  static bool search(const Set& set, const Node& node);
  const std::shared_ptr<const Clock>& inclusive(Index item);
  // The last head of all when it has seen the others; kNoChain otherwise.
  Index only_head(std::span<const Index> heads) const;
  std::shared_ptr<const Clock> merged(std::span<const Index> heads) const;

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> tips_;  // by chain: the place of its last item
};

}  // namespace tlfs::access
