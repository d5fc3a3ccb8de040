#include "runtime/document/inbox.h"

#include <algorithm>

namespace tlfs::document {

namespace {

std::size_t size_of(const Change& c) {
  std::size_t n = c.header_bytes.size() + (c.signature ? c.signature->size() : 0);
  for (const auto& leaf : c.leaves) n += leaf ? leaf->payload.size() + leaf->salt.size() : 0;
  return n;
}

template <class F>
void for_each_parent(const Header& h, F f) {
  if (h.prev) f(*h.prev);
  for (const ChangeHash& dep : h.deps) f(dep);
}

std::string name(const Change& c) {
  return "change " + std::to_string(c.header.seq) + " of writer " + to_hex(c.header.writer.device) + " (incarnation " +
         std::to_string(c.header.writer.incarnation) + ")";
}

template <class Index>
std::vector<crypto::Digest> sorted_keys(const Index& index) {
  std::vector<crypto::Digest> keys;
  for (const auto& entry : index) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace

Result<std::vector<Change>> Inbox::offer(std::vector<Change>&& changes, const Holdings& holdings) {
  if (Status s = check(changes, holdings); !s) return s.error();
  std::vector<ChangeHash> in_order_of_arrival;
  for (Change& c : changes) {
    if (waiting_.contains(c.hash) || holdings.has_change(c.hash)) {
      // It may bring the signature that the one that waits lacks.
      const auto known = waiting_.find(c.hash);
      if (known != waiting_.end()) fill_leaves(known.value(), c);
      if (known != waiting_.end() && c.signature) {
        if (!known->second.change.signature) known.value().change.signature = c.signature;
        vouch(c.hash);
      }
      continue;
    }
    in_order_of_arrival.push_back(c.hash);
    take(std::move(c), holdings);
  }
  std::vector<Change> ready = release();
  while ((waiting_.size() > options_.max_changes || bytes_ > options_.max_bytes) && !in_order_of_arrival.empty()) {
    refuse(in_order_of_arrival.back());
    in_order_of_arrival.pop_back();
  }
  return ready;
}

Status Inbox::check(const std::vector<Change>& changes, const Holdings& holdings) const {
  for (const Change& c : changes) {
    if (c.header.document != document_)
      return Error(Errc::wrong_document,
                   name(c) + " is of document " + to_hex(c.header.document) + ", expected " + to_hex(document_));
    if (!options_.require_signatures || !c.signature || holdings.has_change(c.hash)) continue;
    if (!verify_signature(c)) return Error(Errc::bad_signature, name(c) + " has a signature that does not fit");
  }
  return {};
}

// Leaves that the first copy came without.
void Inbox::fill_leaves(Waiting& known, Change& again) {
  auto& leaves = known.change.leaves;
  for (std::size_t i = 0; i < leaves.size() && i < again.leaves.size(); ++i)
    if (!leaves[i] && again.leaves[i]) leaves[i] = std::move(again.leaves[i]);
  bytes_ -= known.bytes;
  known.bytes = size_of(known.change);
  bytes_ += known.bytes;
}

void Inbox::take(Change change, const Holdings& holdings) {
  const ChangeHash hash = change.hash;
  const Header& h = change.header;
  Waiting w;
  w.vouched = !options_.require_signatures;
  for_each_parent(h, [&](const ChangeHash& parent) {
    if (holdings.has_change(parent)) return;
    for_change_[parent].push_back(hash);
    ++w.missing;
  });
  if (!holdings.has_package(h.package)) {
    for_package_[h.package].push_back(hash);
    ++w.missing;
  }
  for (const crypto::Digest& statement : h.authority_heads) {
    if (holdings.has_statement(statement)) continue;
    for_statement_[statement].push_back(hash);
    ++w.missing;
  }
  w.bytes = size_of(change);
  bytes_ += w.bytes;
  bool stood_for = change.signature.has_value();
  if (const auto successors = for_change_.find(hash); successors != for_change_.end()) {
    for (const ChangeHash& s : successors->second) {
      const Waiting& successor = waiting_.at(s);
      stood_for = stood_for || (successor.vouched && successor.change.header.prev == hash &&
                                successor.change.header.writer == h.writer);
    }
  }
  w.change = std::move(change);
  waiting_.emplace(hash, std::move(w));
  if (stood_for) vouch(hash);
  consider(hash);
}

// The change and its own ancestors that wait here.
void Inbox::vouch(ChangeHash hash) {
  std::optional<WriterId> writer;
  for (;;) {
    const auto found = waiting_.find(hash);
    if (found == waiting_.end()) return;
    Waiting& w = found.value();
    const Header& h = w.change.header;
    if (writer && *writer != h.writer) return;
    if (w.vouched && writer) return;  // and so are those before it
    writer = h.writer;
    w.vouched = true;
    consider(hash);
    if (!h.prev) return;
    hash = *h.prev;
  }
}

void Inbox::consider(const ChangeHash& hash) {
  const Waiting& w = waiting_.at(hash);
  if (w.missing == 0 && w.vouched) ready_.push_back(hash);
}

void Inbox::arrived(tsl::robin_map<crypto::Digest, Hashes, crypto::DigestHash>& index, const crypto::Digest& what) {
  const auto found = index.find(what);
  if (found == index.end()) return;
  const Hashes who = std::move(found.value());
  index.erase(found);
  for (const ChangeHash& hash : who) {
    --waiting_.find(hash).value().missing;
    consider(hash);
  }
}

// Everything that is ready, and what that makes ready, in causal order.
std::vector<Change> Inbox::release() {
  std::vector<Change> out;
  for (std::size_t next = 0; next < ready_.size(); ++next) {
    const auto found = waiting_.find(ready_[next]);
    if (found == waiting_.end()) continue;  // noted twice
    bytes_ -= found->second.bytes;
    out.push_back(std::move(found.value().change));
    waiting_.erase(found);
    arrived(for_change_, out.back().hash);
  }
  ready_.clear();
  return out;
}

std::vector<Change> Inbox::package_arrived(const crypto::Digest& package, const Holdings& holdings) {
  if (holdings.has_package(package)) arrived(for_package_, package);
  return release();
}

std::vector<Change> Inbox::statement_arrived(const crypto::Digest& statement, const Holdings& holdings) {
  if (holdings.has_statement(statement)) arrived(for_statement_, statement);
  return release();
}

std::vector<Change> Inbox::change_arrived(const ChangeHash& hash, const Holdings& holdings) {
  if (holdings.has_change(hash)) arrived(for_change_, hash);
  return release();
}

void Inbox::refuse(const ChangeHash& hash) {
  const auto found = waiting_.find(hash);
  if (found == waiting_.end()) return;
  const auto forget = [&](tsl::robin_map<crypto::Digest, Hashes, crypto::DigestHash>& index,
                          const crypto::Digest& what) {
    const auto entry = index.find(what);
    if (entry == index.end()) return;
    std::erase(entry.value(), hash);
    if (entry->second.empty()) index.erase(entry);
  };
  for_each_parent(found->second.change.header, [&](const ChangeHash& parent) { forget(for_change_, parent); });
  forget(for_package_, found->second.change.header.package);
  for (const crypto::Digest& statement : found->second.change.header.authority_heads) forget(for_statement_, statement);
  bytes_ -= found->second.bytes;
  waiting_.erase(found);
  ++refused_;
}

std::size_t Inbox::unvouched() const {
  return static_cast<std::size_t>(
      std::count_if(waiting_.begin(), waiting_.end(), [](const auto& entry) { return !entry.second.vouched; }));
}

std::vector<ChangeHash> Inbox::missing_changes() const {
  std::vector<ChangeHash> missing = sorted_keys(for_change_);
  std::erase_if(missing, [this](const ChangeHash& h) { return waiting_.contains(h); });
  return missing;
}

std::vector<crypto::Digest> Inbox::missing_packages() const { return sorted_keys(for_package_); }
std::vector<crypto::Digest> Inbox::missing_statements() const { return sorted_keys(for_statement_); }

}  // namespace tlfs::document
