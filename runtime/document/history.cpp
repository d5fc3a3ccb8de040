#include "runtime/document/history.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/utf.h"

namespace tlfs::document {

void History::fill(Entry& e, Change change) const {
  e.header = std::move(change.header_bytes);
  e.leaves = std::move(change.leaves);
  if (change.signature) e.signature = std::make_unique<crypto::Signature>(*change.signature);
  if (packages_.empty() || packages_.back() != change.header.package) packages_.push_back(change.header.package);
  e.package = static_cast<std::uint32_t>(packages_.size() - 1);
  bytes_ += e.header.size();
  for (const auto& leaf : e.leaves)
    if (leaf) bytes_ += leaf->payload.size() + leaf->salt.size();
}

void History::add(Change change) { fill(entries_.emplace_back(), std::move(change)); }

const History::Entry& History::present(ChangeIndex index) const {
  Entry& e = entries_[index];
  if (e.header.empty()) {
    const ChangeHash& hash = graph_->at(index).hash;
    TLFS_CHECK(load_, "change " + to_hex(hash) + " is not held here");
    Result<Change> loaded = load_(hash);
    if (!loaded) throw HistoryLost("history that is needed cannot be read: " + loaded.error().message());
    TLFS_CHECK(loaded->hash == hash, "another change was loaded than was asked for");
    fill(e, std::move(*loaded));
  }
  return e;
}

const crypto::Digest& History::package(ChangeIndex index) const { return packages_[present(index).package]; }
std::size_t History::leaf_count(ChangeIndex index) const { return present(index).leaves.size(); }

Result<Change> History::change(ChangeIndex index) const {
  const Entry& e = entries_[index];
  if (e.header.empty()) {
    const ChangeHash& hash = graph_->at(index).hash;
    if (!load_) return Error(Errc::unknown_version, "change " + to_hex(hash) + " is not held here");
    Result<Change> loaded = load_(hash);
    if (loaded && e.signature) loaded->signature = *e.signature;
    return loaded;
  }
  Result<Header> header = decode_header(e.header);
  if (!header) return header.error();
  Change c;
  c.header_bytes = e.header;
  c.hash = graph_->at(index).hash;
  c.header = std::move(*header);
  c.leaves = e.leaves;
  if (e.signature) c.signature = *e.signature;
  return c;
}

const Leaf* History::sealed_leaf(ChangeIndex index, std::size_t number) const {
  const Entry& e = present(index);
  return number < e.leaves.size() && e.leaves[number] ? &*e.leaves[number] : nullptr;
}

std::size_t History::add_leaves(ChangeIndex index, const Change& change) {
  Entry& e = entries_[index];
  const std::vector<std::optional<Leaf>>& leaves = change.leaves;
  std::size_t added = 0;
  try {
    present(index);
  } catch (const HistoryLost&) {
    fill(e, change);
    for (const auto& leaf : leaves) added += leaf ? 1 : 0;
  }
  for (std::size_t i = 0; i < e.leaves.size() && i < leaves.size(); ++i) {
    if (e.leaves[i] || !leaves[i]) continue;
    bytes_ += leaves[i]->payload.size() + leaves[i]->salt.size();
    e.leaves[i] = leaves[i];
    ++added;
  }
  if (index == cached_) cached_ = kNoChange;
  return added;
}

void History::restore(ChangeIndex index, Change change) {
  if (entries_[index].header.empty()) fill(entries_[index], std::move(change));
}

void History::sign(ChangeIndex index, const crypto::Signature& signature) {
  entries_[index].signature = std::make_unique<crypto::Signature>(signature);
}

std::optional<History::ReadLeaf> History::leaf(ChangeIndex index, std::size_t number) const {
  const Leaf* leaf = sealed_leaf(index, number);
  if (!leaf || (leaf->epoch == 0) == static_cast<bool>(open_)) return std::nullopt;
  std::optional<Bytes> opened;
  if (open_) {
    opened = open_(index, *leaf);
    if (!opened) return std::nullopt;
  }
  const ChangeRecord& record = graph_->at(index);
  Result<OperationBatch> batch =
      decode_block(opened ? *opened : leaf->payload, {record.agent, record.base, record.id_count}, graph_->ids(),
                   SeenWriters(*graph_, index));
  if (!batch) return std::nullopt;
  return ReadLeaf{leaf->compartment, std::move(*batch)};
}

// Appends what `batch` inserted under the ids from `first` on and shortens `count` accordingly; false when `first` is
// not in it.
bool History::characters_in(const OperationBatch& batch, Lv first, std::uint32_t& count, std::string& out) const {
  auto after = std::upper_bound(batch.operations.begin(), batch.operations.end(), first,
                                [](Lv lv, const Operation& op) { return lv < op.id; });
  if (after == batch.operations.begin()) return false;
  const Operation& op = *(after - 1);
  if (op.kind != OperationKind::text_insert || first - op.id >= op.count) return false;
  const std::uint32_t skip = first - op.id;
  count = std::min(count, op.count - skip);
  const std::string_view text = std::string_view(batch.text).substr(op.first, op.length);
  const std::size_t from = byte_offset_of_code_point(text, skip);
  out += text.substr(from, byte_offset_of_code_point(text.substr(from), count));
  return true;
}

std::string History::characters(Lv first, std::uint32_t count) const {
  std::string out;
  while (count > 0) {
    std::uint32_t n = count;
    const ChangeIndex index = graph_->change_of(first);
    bool found = false;
    if (index == kNoChange) {
      found = pending_ && characters_in(*pending_, first, n, out);
    } else {
      if (index != cached_) {
        cached_batches_.clear();
        for (std::size_t i = 0; i < leaf_count(index); ++i)
          if (auto read = leaf(index, i)) cached_batches_.push_back(std::move(read->batch));
        cached_ = index;
      }
      for (const OperationBatch& batch : cached_batches_)
        if (!found) found = characters_in(batch, first, n, out);
    }
    TLFS_CHECK(found, "no operation inserted this character");
    first += n;
    count -= n;
  }
  return out;
}

}  // namespace tlfs::document
