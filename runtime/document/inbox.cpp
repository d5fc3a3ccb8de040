#include "runtime/document/inbox.h"

#include <algorithm>
#include <set>

namespace tlfs::document {
namespace {

std::string named(const Change& c) {
  return "change " + to_hex(c.hash) + " (writer " + to_hex(c.header.writer.device) + ", seq " + std::to_string(c.header.seq) + ")";
}

}  // namespace

std::size_t Inbox::weight(const Change& change) {
  std::size_t n = sizeof(Waiting) + change.header_bytes.size();
  for (const auto& leaf : change.leaves) n += leaf ? leaf->payload.size() : 0;
  return n;
}

// A valid signature speaks for all own ancestors.
void Inbox::vouch(const ChangeHash& from) {
  for (auto at = waiting_.find(from); at != waiting_.end() && !at->second.vouched;) {
    at.value().vouched = true;
    if (!at->second.change.header.prev) return;
    at = waiting_.find(*at->second.change.header.prev);
  }
}

bool Inbox::ready(const Waiting& w, const Known& known, const tsl::robin_set<ChangeHash, crypto::DigestHash>& released) const {
  if (!w.vouched || !known.has_package(w.change.header.package)) return false;
  bool all = true;
  for_each_parent(w.change, [&](const ChangeHash& p) { all = all && (released.contains(p) || known.has_change(p)); });
  return all;
}

std::vector<Change> Inbox::offer(std::vector<Change> changes, const Known& known, std::vector<Error>& refused) {
  std::vector<ChangeHash> look_at;
  std::vector<ChangeHash> vouching;
  for (Change& c : changes) {
    if (waiting_.contains(c.hash)) {
      // The same change with a signature that was missing.
      auto at = waiting_.find(c.hash);
      if (c.signature && !at->second.change.signature && verify_signature(c)) {
        at.value().change.signature = c.signature;
        vouching.push_back(c.hash);
      }
      continue;
    }
    if (c.signature && !verify_signature(c)) {
      refused.push_back(Error(Errc::bad_signature, named(c) + ": the signature does not fit"));
      continue;
    }
    const std::size_t bytes = weight(c);
    if (waiting_.size() >= max_changes_ || bytes > kMaxWaitingBytes - bytes_) {
      refused.push_back(Error(Errc::limit_exceeded, named(c) + ": too many changes are waiting for others (" + std::to_string(waiting_.size()) + ")"));
      continue;
    }
    bytes_ += bytes;
    if (c.signature) vouching.push_back(c.hash);
    look_at.push_back(c.hash);
    for_each_parent(c, [&](const ChangeHash& p) {
      if (!known.has_change(p)) children_[p].push_back(c.hash);
    });
    // Its signed successor may have come first and found nothing to vouch for.
    if (const auto after = children_.find(c.hash); after != children_.end()) {
      for (const ChangeHash& child : after->second) {
        const auto w = waiting_.find(child);
        if (w != waiting_.end() && w->second.vouched && w->second.change.header.prev == c.hash) vouching.push_back(c.hash);
      }
    }
    const ChangeHash hash = c.hash;
    waiting_.emplace(hash, Waiting{std::move(c), false});
  }
  for (const ChangeHash& h : vouching) vouch(h);
  // A signature that arrives late, or a package, may free changes that have waited long.
  if (!vouching.empty() || changes.empty()) {
    look_at.clear();
    for (const auto& [hash, w] : waiting_) look_at.push_back(hash);
  }

  std::vector<Change> out;
  tsl::robin_set<ChangeHash, crypto::DigestHash> released;
  for (std::size_t i = 0; i < look_at.size(); ++i) {
    auto at = waiting_.find(look_at[i]);
    if (at == waiting_.end() || !ready(at->second, known, released)) continue;
    released.insert(at->first);
    Change c = std::move(at.value().change);
    bytes_ -= weight(c);
    waiting_.erase(at);
    if (auto below = children_.find(c.hash); below != children_.end()) {
      look_at.insert(look_at.end(), below->second.begin(), below->second.end());
      children_.erase(below);
    }
    out.push_back(std::move(c));
  }
  return out;
}

std::vector<ChangeHash> Inbox::missing_changes(const Known& known) const {
  std::set<ChangeHash> out;
  for (const auto& [hash, w] : waiting_)
    for_each_parent(w.change, [&](const ChangeHash& p) {
      if (!waiting_.contains(p) && !known.has_change(p)) out.insert(p);
    });
  return {out.begin(), out.end()};
}

std::vector<crypto::Digest> Inbox::missing_packages(const Known& known) const {
  std::set<crypto::Digest> out;
  for (const auto& [hash, w] : waiting_)
    if (!known.has_package(w.change.header.package)) out.insert(w.change.header.package);
  return {out.begin(), out.end()};
}

std::size_t Inbox::unvouched() const {
  return static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), [](const auto& w) { return !w.second.vouched; }));
}

}  // namespace tlfs::document
