#include <sstream>

#include "tests/runtime/document/random_batch.h"

namespace tlfs::document::testing {

namespace {

std::string text_of(const Value& v) {
  std::ostringstream s;
  s << v.index() << ":";
  if (const auto* b = std::get_if<bool>(&v)) s << *b;
  if (const auto* u = std::get_if<std::uint64_t>(&v)) s << *u;
  if (const auto* i = std::get_if<std::int64_t>(&v)) s << *i;
  if (const auto* d = std::get_if<double>(&v)) s << *d;
  if (const auto* t = std::get_if<std::string>(&v)) s << to_hex(as_bytes(*t));
  if (const auto* y = std::get_if<Bytes>(&v)) s << to_hex(*y);
  return s.str();
}

std::string lv_text(Lv lv) { return lv == kNoLv ? "none" : std::to_string(lv); }

}  // namespace

std::vector<std::string> meaning(const OperationBatch& batch) {
  std::vector<std::string> lines;
  for (const Operation& op : batch.operations) {
    std::ostringstream target;
    const Target& t = batch.targets.at(op.target);
    target << "node " << t.node;
    for (std::uint32_t k = 0; k < t.key_count; ++k) {
      const Key& key = batch.keys.at(t.first_key + k);
      target << " / " << (key.is_element() ? lv_text(key.element) : text_of(key.table_key));
    }
    std::size_t text_at = op.first;
    for (std::uint32_t i = 0; i < op.count; ++i) {
      std::ostringstream s;
      s << op.id + i << " kind " << static_cast<int>(op.kind) << " on " << target.str();
      const bool placed = op.kind == OperationKind::insert || op.kind == OperationKind::text_insert;
      if (placed || op.kind == OperationKind::move) {
        s << " at " << (i == 0 ? lv_text(op.parent) : lv_text(op.id + i - 1))
          << (i == 0 && op.side == Side::left ? " left" : " right");
      }
      if (op.kind == OperationKind::text_insert) {
        const std::size_t width = utf8_width(static_cast<unsigned char>(batch.text.at(text_at)));
        s << " text " << to_hex(as_bytes(std::string_view(batch.text).substr(text_at, width)));
        text_at += width;
      }
      if (op.subject != kNoLv) s << " subject " << op.subject + (op.backwards ? op.count - 1 - i : i);
      if (op.kind == OperationKind::increment) s << " by " << op.amount;
      if (op.kind == OperationKind::assign)
        for (std::uint32_t v = 0; v < op.length; ++v) s << " := " << text_of(batch.values.at(op.first + v));
      lines.push_back(s.str());
    }
  }
  for (const TransactionMark& mark : batch.transactions) {
    static const TransactionMetadata kEmpty;
    const TransactionMetadata& m = batch.metadata.empty() ? kEmpty : batch.metadata.at(mark.metadata);
    lines.push_back("transaction " + std::to_string(mark.first) + " time " +
                    (m.time_ms ? std::to_string(*m.time_ms) : "none") + " origin " + to_hex(as_bytes(m.origin)) +
                    " label " + to_hex(as_bytes(m.label)));
  }
  return lines;
}

}  // namespace tlfs::document::testing
