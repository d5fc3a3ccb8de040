#include "runtime/document/operation.h"

#include <algorithm>

namespace tlfs::document {

namespace {

bool same_keys(const Key* a, const Key* b, std::size_t count) { return std::equal(a, a + count, b); }

// Whether the op's subjects follow those of `last` upwards, so that both are one ascending run.
bool continues_upwards(const Operation& last, const Operation& op) {
  if (last.subject == kNoLv || op.subject == kNoLv) return false;
  if (last.backwards && last.count > 1) return false;
  if (op.backwards && op.count > 1) return false;
  return op.subject == last.subject + last.count;
}

bool continues_downwards(const Operation& last, const Operation& op) {
  if (last.subject == kNoLv || op.subject == kNoLv) return false;
  if (!last.backwards && last.count > 1) return false;
  if (!op.backwards && op.count > 1) return false;
  return op.subject + op.count == last.subject;
}

}  // namespace

bool join_operations(Operation& last, const Operation& op) {
  if (last.kind != op.kind || last.target != op.target || last.id + last.count != op.id) return false;
  switch (op.kind) {
    case OperationKind::text_insert:
      if (last.first + last.length != op.first) return false;
      if (op.side != Side::right || op.parent != op.id - 1) return false;
      last.length += op.length;
      break;
    case OperationKind::insert:
      if (op.side != Side::right || op.parent != op.id - 1) return false;
      break;
    case OperationKind::text_erase:
      if (continues_downwards(last, op)) {
        last.subject = op.subject;
        last.backwards = true;
        break;
      }
      if (!continues_upwards(last, op)) return false;
      last.backwards = false;
      break;
    case OperationKind::erase:
    case OperationKind::restore:
    case OperationKind::text_restore:
      if (!continues_upwards(last, op)) return false;
      break;
    default:
      return false;
  }
  last.count += op.count;
  return true;
}

void OperationBatch::clear() {
  constexpr std::size_t kKept = 4096;
  if (operations.capacity() > kKept || text.capacity() > kKept * 16 || values.capacity() > kKept) {
    *this = {};
    return;
  }
  operations.clear();
  targets.clear();
  keys.clear();
  values.clear();
  text.clear();
  transactions.clear();
  metadata.clear();
}

std::uint32_t OperationBatch::add_target(schema::Ordinal node, const Key* target_keys, std::size_t key_count) {
  if (!targets.empty()) {
    const Target& last = targets.back();
    if (last.node == node && last.key_count == key_count &&
        same_keys(keys.data() + last.first_key, target_keys, key_count))
      return static_cast<std::uint32_t>(targets.size() - 1);
  }
  targets.push_back({node, static_cast<std::uint32_t>(keys.size()), static_cast<std::uint32_t>(key_count)});
  keys.insert(keys.end(), target_keys, target_keys + key_count);
  return static_cast<std::uint32_t>(targets.size() - 1);
}

void OperationBatch::append(const OperationBatch& later) {
  // Only the first of the later targets can equal our last one; all others keep their distance from it.
  std::uint32_t target_shift = static_cast<std::uint32_t>(targets.size());
  std::size_t next_target = 0;
  if (!later.targets.empty()) {
    const Target& first = later.targets[0];
    target_shift = add_target(first.node, later.keys.data() + first.first_key, first.key_count);
    next_target = 1;
  }
  for (; next_target < later.targets.size(); ++next_target) {
    const Target& t = later.targets[next_target];
    targets.push_back({t.node, static_cast<std::uint32_t>(keys.size()), t.key_count});
    keys.insert(keys.end(), later.keys.begin() + t.first_key, later.keys.begin() + t.first_key + t.key_count);
  }

  const auto value_shift = static_cast<std::uint32_t>(values.size());
  const auto text_shift = static_cast<std::uint32_t>(text.size());
  values.insert(values.end(), later.values.begin(), later.values.end());
  text += later.text;
  for (const Operation& original : later.operations) {
    Operation op = original;
    op.target += target_shift;
    if (op.kind == OperationKind::assign) op.first += value_shift;
    if (op.kind == OperationKind::text_insert) op.first += text_shift;
    if (operations.empty() || !join_operations(operations.back(), op)) operations.push_back(op);
  }

  if (later.transactions.empty()) return;
  if (metadata.empty()) metadata.emplace_back();
  std::uint32_t metadata_shift = static_cast<std::uint32_t>(metadata.size() - 1);
  for (std::size_t i = 1; i < later.metadata.size(); ++i) {
    if (i == 1 && metadata.size() > 1 && metadata.back() == later.metadata[1])
      --metadata_shift;
    else
      metadata.push_back(later.metadata[i]);
  }
  for (const TransactionMark& mark : later.transactions)
    transactions.push_back({mark.first, mark.metadata == 0 ? 0 : mark.metadata + metadata_shift});
}

}  // namespace tlfs::document
