#include "runtime/sync/difference_tree.h"

#include <iterator>

namespace tlfs::sync {
namespace {

// Documents per bucket, on average: between a quarter and the whole of kMostPerBucket.
constexpr std::size_t kMostPerBucket = 32;
constexpr std::size_t kFewestPerBucket = 6;
constexpr unsigned kMaxBits = 24;

unsigned bits_for(std::size_t count) {
  unsigned bits = 0;
  while (bits < kMaxBits && count > (kMostPerBucket / 2) << bits) ++bits;
  return bits;
}

bool before(const DifferenceTree::Entry& a, const DifferenceTree::Entry& b) { return a.position < b.position; }

auto place_of(auto& bucket, const Position& position) {
  return std::lower_bound(bucket.begin(), bucket.end(), DifferenceTree::Entry{position, {}, 0}, before);
}

}  // namespace

DifferenceTree::DifferenceTree(const std::vector<Entry>& entries) {
  fill(entries.size(), [&](auto&& take) {
    for (const Entry& entry : entries) take(entry);
  });
}

// `each` calls what it is given for every entry, the same ones both times.
template <class F>
void DifferenceTree::fill(std::size_t count, F&& each) {
  bits_ = bits_for(count);
  const std::size_t tips = std::size_t{1} << bits_;
  std::vector<std::uint32_t> sizes(tips);
  each([&](const Entry& entry) { ++sizes[bucket_of(entry.position.high)]; });
  std::vector<Bucket> buckets(tips);
  for (std::size_t b = 0; b < tips; ++b) buckets[b].reserve(sizes[b]);
  each([&](const Entry& entry) { buckets[bucket_of(entry.position.high)].push_back(entry); });
  branches_.assign(2 * tips, {});
  for (std::size_t b = 0; b < tips; ++b) {
    Bucket& bucket = buckets[b];
    std::sort(bucket.begin(), bucket.end(), before);
    const auto same = [](const Entry& x, const Entry& y) { return x.position == y.position; };
    bucket.erase(std::unique(bucket.begin(), bucket.end(), same), bucket.end());
    Branch& tip = branches_[tips + b];
    for (const Entry& entry : bucket) tip.sum += entry.leaf;
    tip.count = static_cast<std::uint32_t>(bucket.size());
  }
  for (std::size_t i = tips - 1; i > 0; --i) {
    branches_[i] = branches_[2 * i];
    branches_[i].sum += branches_[2 * i + 1].sum;
    branches_[i].count += branches_[2 * i + 1].count;
  }
  buckets_ = std::move(buckets);
}

template <class F>
void DifferenceTree::on_path(std::size_t bucket, F&& apply) {
  for (std::size_t i = (std::size_t{1} << bits_) + bucket; i > 0; i /= 2) apply(branches_[i]);
}

void DifferenceTree::set(const Entry& entry) {
  const std::size_t number = bucket_of(entry.position.high);
  Bucket& bucket = buckets_[number];
  const auto at = place_of(bucket, entry.position);
  if (at != bucket.end() && at->position == entry.position) {
    const Leaf old = at->leaf;
    at->document = entry.document;
    if (old == entry.leaf) return;
    at->leaf = entry.leaf;
    Sum change;
    change += entry.leaf;
    change -= old;
    on_path(number, [&](Branch& branch) { branch.sum += change; });
  } else {
    bucket.insert(at, entry);
    on_path(number, [&](Branch& branch) {
      branch.sum += entry.leaf;
      ++branch.count;
    });
    fit();
  }
  if (watcher_ != nullptr) watcher_->changed(entry.position);
}

bool DifferenceTree::remove(const Position& position) {
  const std::size_t number = bucket_of(position.high);
  Bucket& bucket = buckets_[number];
  const auto at = place_of(bucket, position);
  if (at == bucket.end() || at->position != position) return false;
  const Leaf old = at->leaf;
  bucket.erase(at);
  on_path(number, [&](Branch& branch) {
    branch.sum -= old;
    --branch.count;
  });
  fit();
  if (watcher_ != nullptr) watcher_->changed(position);
  return true;
}

const DifferenceTree::Entry* DifferenceTree::find(const Position& position) const {
  const Bucket& bucket = buckets_[bucket_of(position.high)];
  const auto at = place_of(bucket, position);
  return at != bucket.end() && at->position == position ? &*at : nullptr;
}

DifferenceTree::Summary DifferenceTree::summary(const Prefix& prefix) const {
  if (prefix.length <= bits_) {
    const std::size_t across = prefix.length == 0 ? 0 : prefix.bits >> (64 - prefix.length);
    const Branch& branch = branches_[(std::size_t{1} << prefix.length) + across];
    return {branch.sum, branch.count};
  }
  Summary out;
  visit(prefix, [&](const Entry& entry) {
    out.sum += entry.leaf;
    ++out.count;
  });
  return out;
}

// More or fewer buckets when there are too many or too few documents for these.
void DifferenceTree::fit() {
  const std::size_t tips = std::size_t{1} << bits_;
  const bool grow = count() > kMostPerBucket * tips && bits_ < kMaxBits;
  const bool shrink = count() < kFewestPerBucket * tips && bits_ > 0;
  if (!grow && !shrink) return;
  const std::vector<Bucket> old = std::move(buckets_);
  fill(count(), [&](auto&& take) {
    for (const Bucket& bucket : old)
      for (const Entry& entry : bucket) take(entry);
  });
}

std::size_t DifferenceTree::memory_bytes() const {
  std::size_t bytes = buckets_.capacity() * sizeof(Bucket) + branches_.capacity() * sizeof(Branch);
  for (const Bucket& bucket : buckets_) bytes += bucket.capacity() * sizeof(Entry);
  return bytes;
}

}  // namespace tlfs::sync
