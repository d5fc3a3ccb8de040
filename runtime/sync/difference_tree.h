// The documents that one peer may sync, as a radix tree over their positions; a branch is the sum of its leaves.
//
// Two trees of the same pair are compared from the root down: where the sums agree, all documents below agree. Adding
// and subtracting keep the sums right, so an edit costs one hash and the few sums above it.
//
// The upper levels are a complete binary tree in one array; below its 2^k tips the documents stand in sorted buckets of
// 8 to 32. The order of insertion leaves no trace. k follows the number of documents: the insertion that doubles the
// tree moves all of it (about 10 ms per 100,000); edits never do. Positions are pseudo-random; a peer who searches for
// document ids that share a bucket makes only the operations on that bucket, of its own tree, linear in its size.
//
// Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "runtime/sync/radix_number.h"

namespace tlfs::sync {

// A document of this node, as DocumentTable numbers them.
using DocumentNumber = std::uint32_t;

// Is told of every change of a tree. Lives longer than it is set.
class TreeWatcher {
 public:
  virtual ~TreeWatcher() = default;
  // A document came, went, or has other heads. The tree holds the new state.
  virtual void changed(const Position& position) = 0;
};

class DifferenceTree {
 public:
  struct Entry {
    Position position;
    Leaf leaf;
    DocumentNumber document = 0;
  };
  struct Summary {
    Sum sum;
    std::size_t count = 0;
  };

  DifferenceTree() : DifferenceTree(std::vector<Entry>{}) {}
  // In any order. Of entries of the same position one stays.
  explicit DifferenceTree(const std::vector<Entry>& entries);

  // Inserts, or replaces leaf and number.
  void set(const Entry& entry);
  // Whether it was there.
  bool remove(const Position& position);
  // Nothing when it is not there. Valid until the next set() or remove().
  const Entry* find(const Position& position) const;

  std::size_t count() const { return branches_[1].count; }
  Sum sum() const { return branches_[1].sum; }
  // Of the documents below `prefix`. In the upper levels at once, below them linear in the bucket.
  Summary summary(const Prefix& prefix) const;

  // Calls `take(entry)` for every document below `prefix`, in order of position.
  template <class F>
  void visit(const Prefix& prefix, F&& take) const {
    for (std::size_t b = bucket_of(prefix.bits); b <= bucket_of(prefix.last()); ++b)
      for (auto at = lower_bound(buckets_[b], prefix.bits); at != buckets_[b].end() && prefix.holds(at->position); ++at)
        take(*at);
  }

  // The last one that watches is told; unwatch() by any other does nothing.
  void watch(TreeWatcher* watcher) { watcher_ = watcher; }
  void unwatch(const TreeWatcher* watcher) {
    if (watcher_ == watcher) watcher_ = nullptr;
  }

  std::size_t memory_bytes() const;

 private:
  using Bucket = std::vector<Entry>;
  struct Branch {
    Sum sum;
    std::uint32_t count = 0;
  };
  static Bucket::const_iterator lower_bound(const Bucket& bucket, std::uint64_t high) {
    return std::partition_point(bucket.begin(), bucket.end(),
                                [high](const Entry& entry) { return entry.position.high < high; });
  }
  std::size_t bucket_of(std::uint64_t high) const { return bits_ == 0 ? 0 : high >> (64 - bits_); }
  template <class F>
  void on_path(std::size_t bucket, F&& apply);
  template <class F>
  void fill(std::size_t count, F&& each);
  void fit();

  unsigned bits_ = 0;             // k
  std::vector<Bucket> buckets_;   // 2^k
  std::vector<Branch> branches_;  // the root is number 1, the children of i are 2i and 2i+1, the tips come last
  TreeWatcher* watcher_ = nullptr;
};

}  // namespace tlfs::sync
