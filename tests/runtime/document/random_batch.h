// Random batches of operations for the tests of the block format: well-formed by the contract of OperationBatch,
// otherwise nonsense.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/environment.h"
#include "runtime/base/utf.h"
#include "runtime/document/operation_block.h"

namespace tlfs::document::testing {

// Writers that never fork: the writer's number is in its device key.
class PlainWriters final : public WriterDirectory {
 public:
  explicit PlainWriters(const IdSpace& ids) : ids_(ids) {}
  AgentIndex find(const WriterEntry& entry) const override {
    for (AgentIndex a = 0; a < ids_.agent_count(); ++a)
      if (ids_.writer(a) == entry.writer) return a;
    return kNoAgent;
  }
  WriterEntry describe(AgentIndex agent, Lv) const override { return {ids_.writer(agent), {}}; }

 private:
  const IdSpace& ids_;
};

inline WriterId writer_number(std::uint8_t n) {
  WriterId w;
  w.device.fill(n);
  w.incarnation = n % 3;
  return w;
}

// `writers` writers take turns in random stretches, `total` ids together.
inline void fill_ids(IdSpace& ids, SeededRandom& random, std::uint32_t writers, std::uint32_t total) {
  std::vector<std::uint64_t> counters(writers, 0);
  for (std::uint32_t w = 0; w < writers; ++w) ids.add_agent(writer_number(static_cast<std::uint8_t>(w + 1)));
  while (ids.size() < total) {
    const auto w = static_cast<AgentIndex>(random.below(writers));
    const auto n = static_cast<std::uint32_t>(1 + random.below(30));
    ids.append(w, counters[w], n);
    counters[w] += n;
  }
}

inline std::string random_text(SeededRandom& random, std::size_t code_points) {
  static constexpr char32_t kAlphabet[] = {U'a', U'b', U' ', U'\n', U'\u00e9', U'\u20ac', U'\U0001f600', 0};
  std::string s;
  const std::uint64_t letters = random.chance(0.5) ? 4 : 8;
  for (std::size_t i = 0; i < code_points; ++i) append_utf8(s, kAlphabet[random.below(letters)]);
  return s;
}

inline Value random_value(SeededRandom& random) {
  switch (random.below(7)) {
    case 0:
      return random.chance(0.5);
    case 1:
      return random.chance(0.5) ? random.below(20) : random.next();
    case 2:
      return static_cast<std::int64_t>(random.next());
    case 3:
      return static_cast<double>(random.below(1000)) / 7;
    case 4:
      return random_text(random, random.below(12));
    case 5:
      return Bytes(random.below(5), static_cast<std::uint8_t>(random.below(256)));
    default:
      return std::monostate{};
  }
}

inline Value random_table_key(SeededRandom& random) {
  switch (random.below(4)) {
    case 0:
      return random.chance(0.5);
    case 1:
      return random.below(100);
    case 2:
      return static_cast<std::int64_t>(random.below(100)) - 50;
    default:
      return random_text(random, 1 + random.below(6));
  }
}

// An id that exists before `before`, or none.
inline Lv random_lv(SeededRandom& random, Lv before) {
  return before == 0 || random.chance(0.1) ? kNoLv : static_cast<Lv>(random.below(before));
}

// Fills the scope with operations of all kinds, with gaps where `gaps`.
inline OperationBatch random_batch(SeededRandom& random, const BlockScope& scope, bool gaps = true) {
  OperationBatch batch;
  batch.metadata.emplace_back();
  const Lv end = scope.base + scope.id_count;
  Lv id = scope.base;
  Operation last;
  bool follows = false;
  while (id < end) {
    if (gaps && random.chance(0.05)) {
      id += static_cast<Lv>(1 + random.below(4));
      follows = false;
      continue;
    }
    Operation op;
    op.id = id;
    const std::uint32_t room = end - id;
    std::vector<Key> keys;
    for (std::uint64_t k = random.below(3); k > 0; --k) {
      const Lv element = random_lv(random, id);
      keys.push_back(element == kNoLv || random.chance(0.5) ? Key::of_table(random_table_key(random))
                                                            : Key::of_element(element));
    }
    op.target = random.chance(0.5) && !batch.targets.empty()
                    ? static_cast<std::uint32_t>(random.below(batch.targets.size()))
                    : batch.add_target(static_cast<schema::Ordinal>(random.below(9)), keys.data(), keys.size());
    op.kind = static_cast<OperationKind>(1 + random.below(kLastKnownKind));
    if (follows && random.chance(0.3)) {
      op.kind = last.kind;
      op.target = last.target;
    }
    const auto run = [&](Lv from) {
      std::uint32_t n = std::min<std::uint32_t>(room, static_cast<std::uint32_t>(1 + random.below(9)));
      if (from != kNoLv) n = std::min<std::uint32_t>(n, id - from);
      return std::max<std::uint32_t>(n, 1);
    };
    switch (op.kind) {
      case OperationKind::assign:
        op.first = static_cast<std::uint32_t>(batch.values.size());
        op.length = static_cast<std::uint32_t>(1 + random.below(3));
        for (std::uint32_t v = 0; v < op.length; ++v) batch.values.push_back(random_value(random));
        break;
      case OperationKind::increment:
        op.amount = static_cast<std::int64_t>(random.next() >> random.below(64));
        break;
      case OperationKind::insert:
      case OperationKind::text_insert:
        op.parent = random.chance(0.5) && id > 0 ? id - 1 : random_lv(random, id);
        op.side = op.parent != kNoLv && random.chance(0.3) ? Side::left : Side::right;
        op.count = run(kNoLv);
        if (op.kind == OperationKind::text_insert) {
          const std::string text = random_text(random, op.count);
          op.first = static_cast<std::uint32_t>(batch.text.size());
          op.length = static_cast<std::uint32_t>(text.size());
          batch.text += text;
        }
        break;
      case OperationKind::move:
        op.parent = random_lv(random, id);
        op.side = op.parent != kNoLv && random.chance(0.5) ? Side::left : Side::right;
        op.subject = random_lv(random, id);
        break;
      case OperationKind::erase:
      case OperationKind::restore:
      case OperationKind::text_erase:
      case OperationKind::text_restore:
        op.subject = random_lv(random, id);
        op.count = run(op.subject);
        op.backwards = op.kind == OperationKind::text_erase && op.count > 1 && random.chance(0.5);
        break;
      default:
        break;
    }
    batch.operations.push_back(op);
    last = op;
    follows = true;
    id += op.count;
  }
  for (Lv mark = scope.base; mark < end; mark += static_cast<Lv>(1 + random.below(6))) {
    std::uint32_t metadata = 0;
    if (random.chance(0.3)) {
      TransactionMetadata m;
      if (random.chance(0.7)) m.time_ms = static_cast<std::int64_t>(random.below(1u << 20)) - 1000;
      if (random.chance(0.5)) m.origin = random_text(random, random.below(4));
      m.label = random_text(random, random.below(4));
      if (!(m == TransactionMetadata{})) {
        if (!(batch.metadata.back() == m)) batch.metadata.push_back(m);
        metadata = static_cast<std::uint32_t>(batch.metadata.size() - 1);
      }
    }
    batch.transactions.push_back({mark, metadata});
  }
  return batch;
}

// What a batch says, one line per id, independent of how runs are joined and tables are laid out.
std::vector<std::string> meaning(const OperationBatch& batch);

}  // namespace tlfs::document::testing
