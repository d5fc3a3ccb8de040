// Encodes operation blocks. One pass turns the batch's operations into pieces (references as the wire names them, runs
// split where their ids are not contiguous for their writer and joined where they are), then each section writes its
// columns.
#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/document/block_format.h"
#include "runtime/document/column.h"
#include "runtime/document/operation_block.h"
#include "runtime/document/sections.h"

namespace tlfs::document {

namespace {

using namespace block;

struct Reference {
  std::uint32_t writer = kNowhere;  // kNowhere, kOwn, or kFirstOther + index into the writers table
  std::uint64_t counter = 0;
};

// An operation as the wire sees it.
struct Piece {
  OperationKind kind{};
  Side side = Side::right;
  bool backwards = false;
  std::uint32_t offset = 0;  // of the first id, in the scope
  std::uint32_t count = 1;
  std::uint32_t target = 0;  // in the order in which the block lists them
  std::uint64_t origin = 0;  // what references to own ids are relative to: where the author was before
  Reference parent;
  Reference subject;
  std::uint32_t first = 0;
  std::uint32_t length = 0;
  std::int64_t amount = 0;
};

// Most blocks of a live document hold one operation: the first pieces need no allocation.
class Pieces {
 public:
  void push_back(const Piece& p) {
    if (size_ < few_.size()) {
      few_[size_] = p;
    } else {
      if (size_ == few_.size()) many_.assign(few_.begin(), few_.end());
      many_.push_back(p);
    }
    ++size_;
  }
  Piece& back() { return size_ <= few_.size() ? few_[size_ - 1] : many_.back(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<const Piece> view() const {
    return size_ <= few_.size() ? std::span<const Piece>(few_.data(), size_) : std::span<const Piece>(many_);
  }
  std::span<Piece> view() {
    return size_ <= few_.size() ? std::span<Piece>(few_.data(), size_) : std::span<Piece>(many_);
  }

 private:
  std::array<Piece, 4> few_;
  std::vector<Piece> many_;
  std::size_t size_ = 0;
};

class BlockEncoder {
 public:
  BlockEncoder(const OperationBatch& batch, const BlockScope& scope, const IdSpace& ids, const WriterDirectory& writers,
               const BlockOptions& options)
      : batch_(batch), scope_(scope), ids_(ids), directory_(writers), sections_(options) {
    if (scope.id_count > 0) first_counter_ = ids.counter_of(scope.base);
  }

  Bytes encode() {
    out_.reserve(64);
    make_pieces();
    TLFS_CHECK(pieces_.size() <= kMaxOperationsPerBlock, "a block holds at most kMaxOperationsPerBlock operations");
    set_origins();
    resolve_target_keys();
    out_.push_back(kVersion);
    write_order();
    write_writers();
    write_targets();
    write_transactions();
    write_metadata();
    write_kinds();
    return std::move(out_);
  }

 private:
  // ---- references

  Reference refer(Lv lv) {
    if (lv == kNoLv) return {};
    if (lv >= scope_.base && lv - scope_.base < scope_.id_count) return {kOwn, first_counter_ + (lv - scope_.base)};
    const AgentIndex agent = ids_.agent_of(lv);
    const std::uint64_t counter = ids_.counter_of(lv);
    if (agent == scope_.agent) return {kOwn, counter};
    if (ids_.writer(agent) == ids_.writer(scope_.agent) && ids_.lv_of(scope_.agent, counter) == lv)
      return {kOwn, counter};
    if (writer_of_agent_.empty()) writer_of_agent_.resize(ids_.agent_count(), kNowhere);
    std::uint32_t& writer = writer_of_agent_[agent];
    if (writer == kNowhere) {
      writer = kFirstOther + static_cast<std::uint32_t>(others_.size());
      others_.push_back({agent, lv, counter});
      TLFS_CHECK(others_.size() <= kMaxWritersPerBlock, "a block names at most kMaxWritersPerBlock writers");
    }
    Other& other = others_[writer - kFirstOther];
    if (counter > other.counter) {
      other.lv = lv;
      other.counter = counter;
    }
    return {writer, counter};
  }

  // How many of the ids from `lv` on have consecutive counters and are referred to as the same writer.
  std::uint32_t contiguous(Lv lv, std::uint32_t limit) const { return ids_.contiguous(lv, limit); }

  // ---- pieces

  void make_pieces() {
    std::uint32_t last_target = 0;
    first_target_ = 0xffffffff;
    for (const Operation& op : batch_.operations) {
      first_target_ = std::min(first_target_, op.target);
      last_target = std::max(last_target, op.target);
    }
    if (last_target > first_target_) place_of_target_.resize(last_target - first_target_ + 1, kUnplaced);
    for (const Operation& op : batch_.operations) {
      TLFS_CHECK(op.id >= scope_.base && op.count >= 1 && op.count <= scope_.id_count &&
                     op.id - scope_.base <= scope_.id_count - op.count,
                 "an operation takes ids outside its block's scope");
      Piece p;
      p.kind = op.kind;
      p.side = op.side;
      p.offset = op.id - scope_.base;
      p.count = op.count;
      p.target = place_target(op.target);
      p.first = op.first;
      p.length = op.length;
      p.amount = op.amount;
      TLFS_CHECK(pieces_.empty() || p.offset >= pieces_.back().offset + pieces_.back().count,
                 "operations of a block must ascend");
      if (has_place(op.kind)) p.parent = refer(op.parent);
      if (!has_subject(op.kind)) {
        add(p);
      } else if (op.count == 1 || op.subject == kNoLv) {
        p.subject = refer(op.subject);
        add(p);
      } else if (op.backwards) {
        add_downwards(p, op);
      } else {
        add_upwards(p, op);
      }
    }
  }

  void add_upwards(Piece p, const Operation& op) {
    for (std::uint32_t done = 0; done < op.count;) {
      p.count = contiguous(op.subject + done, op.count - done);
      p.offset = op.id - scope_.base + done;
      p.subject = refer(op.subject + done);
      add(p);
      done += p.count;
    }
  }

  void add_downwards(Piece p, const Operation& op) {
    // Contiguous stretches come in ascending order, the pieces need them descending.
    std::vector<std::pair<Lv, std::uint32_t>> stretches;
    for (std::uint32_t done = 0; done < op.count;) {
      stretches.emplace_back(op.subject + done, contiguous(op.subject + done, op.count - done));
      done += stretches.back().second;
    }
    p.offset = op.id - scope_.base;
    for (auto s = stretches.rbegin(); s != stretches.rend(); ++s) {
      p.count = s->second;
      p.backwards = p.count > 1;
      p.subject = refer(s->first);
      add(p);
      p.offset += p.count;
    }
  }

  // Joins as join_operations does, but by what the wire says, so that a run split in memory only (its characters
  // arrived at different times) is one run again.
  void add(const Piece& p) {
    if (!pieces_.empty() && !takes_one_id(p.kind) && joined(pieces_.back(), p)) return;
    pieces_.push_back(p);
  }

  bool joined(Piece& last, const Piece& p) const {
    if (last.kind != p.kind || last.target != p.target || last.offset + last.count != p.offset) return false;
    if (has_place(p.kind)) {
      if (p.side != Side::right || p.parent.writer != kOwn || p.parent.counter + 1 != first_counter_ + p.offset)
        return false;
      if (p.kind == OperationKind::text_insert) {
        if (last.first + last.length != p.first) return false;
        last.length += p.length;
      }
      last.count += p.count;
      return true;
    }
    if (last.subject.writer == kNowhere || last.subject.writer != p.subject.writer) return false;
    const bool may_rise = (!last.backwards || last.count == 1) && (!p.backwards || p.count == 1);
    const bool may_fall =
        p.kind == OperationKind::text_erase && (last.backwards || last.count == 1) && (p.backwards || p.count == 1);
    if (may_fall && p.subject.counter + p.count == last.subject.counter) {
      last.subject.counter = p.subject.counter;
      last.backwards = true;
    } else if (may_rise && last.subject.counter + last.count == p.subject.counter) {
      last.backwards = false;
    } else {
      return false;
    }
    last.count += p.count;
    return true;
  }

  // Who edits goes on where they were: the last own id that was placed or acted on.
  void set_origins() {
    std::uint64_t cursor = first_counter_ - 1;
    for (Piece& p : pieces_.view()) {
      p.origin = cursor;
      if (takes_one_id(p.kind)) continue;
      if (has_place(p.kind))
        cursor = first_counter_ + p.offset + p.count - 1;
      else if (p.subject.writer == kOwn)
        cursor = p.backwards ? p.subject.counter : p.subject.counter + p.count - 1;
    }
  }

  // ---- targets, listed in the order in which operations first use them

  bool equal_targets(const Target& a, const Target& b) const {
    return a.node == b.node && a.key_count == b.key_count &&
           std::equal(batch_.keys.begin() + a.first_key, batch_.keys.begin() + a.first_key + a.key_count,
                      batch_.keys.begin() + b.first_key);
  }

  std::uint32_t place_target(std::uint32_t index) {
    if (place_of_target_.empty()) {
      if (targets_.empty()) targets_.push_back(index);
      return 0;
    }
    std::uint32_t& place = place_of_target_[index - first_target_];
    if (place == kUnplaced) {
      if (targets_.empty() || !equal_targets(batch_.targets[targets_.back()], batch_.targets[index]))
        targets_.push_back(index);
      place = static_cast<std::uint32_t>(targets_.size() - 1);
    }
    return place;
  }

  // Before the writers are written, so that the table has those of the keys too.
  void resolve_target_keys() {
    for (std::uint32_t index : targets_) {
      const Target& t = batch_.targets[index];
      TLFS_CHECK(t.key_count <= kMaxKeysPerTarget, "an address has at most kMaxKeysPerTarget keys");
      for (std::uint32_t k = 0; k < t.key_count; ++k) {
        const Key& key = batch_.keys[t.first_key + k];
        keys_.push_back(&key);
        key_references_.push_back(refer(key.element));
      }
    }
    TLFS_CHECK(keys_.size() <= kMaxKeysPerBlock, "a block holds at most kMaxKeysPerBlock keys");
  }

  // ---- sections and columns

  void begin(std::uint64_t number) { sections_.begin(out_, number); }
  void end() { sections_.end(out_); }

  // `value(i)` is called once for each i from 0 to n-1, in order.
  template <class F>
  void column(std::size_t n, F value) {
    if (n == 0) return;
    if (n == 1) return put_varint(out_, value(std::size_t{0}));
    scratch_.clear();
    scratch_.reserve(n);
    for (std::size_t i = 0; i < n; ++i) scratch_.push_back(value(i));
    write_column(out_, scratch_);
  }

  void write_order() {
    if (pieces_.empty()) return;
    struct Run {
      std::uint64_t kind, operations, ids;  // ids: only of gaps; the kinds' own columns have the others
    };
    begin(kOrder);
    std::vector<Run> runs;
    const auto all = pieces_.view();
    if (all.size() == 1 && all[0].offset == 0) {
      put_varint(out_, 1);
      put_varint(out_, static_cast<std::uint64_t>(all[0].kind));
      put_varint(out_, 1);
      put_varint(out_, 0);
      return end();
    }
    std::uint32_t expected = 0;
    for (const Piece& p : all) {
      const auto kind = static_cast<std::uint64_t>(p.kind);
      if (p.offset != expected) runs.push_back({kGap, 0, p.offset - expected});
      if (!runs.empty() && runs.back().kind == kind) {
        ++runs.back().operations;
      } else {
        runs.push_back({kind, 1, 0});
      }
      expected = p.offset + p.count;
    }
    put_varint(out_, runs.size());
    column(runs.size(), [&](std::size_t i) { return runs[i].kind; });
    column(runs.size(), [&](std::size_t i) { return runs[i].operations; });
    column(runs.size(), [&](std::size_t i) { return runs[i].ids; });
    end();
  }

  void write_writers() {
    if (others_.empty()) return;
    begin(kWriters);
    put_varint(out_, others_.size());
    for (const Other& other : others_) {
      const WriterEntry entry = directory_.describe(other.agent, other.lv);
      out_.insert(out_.end(), entry.writer.device.begin(), entry.writer.device.end());
      put_varint(out_, entry.writer.incarnation);
      out_.push_back(entry.branch ? 1 : 0);
      if (entry.branch) out_.insert(out_.end(), entry.branch->begin(), entry.branch->end());
    }
    end();
  }

  // The number of a reference in a column: relative to `origin` for the author's own ids, else to the last one of its
  // writer.
  std::uint64_t relative(const Reference& r, std::uint64_t origin) {
    if (r.writer == kNowhere) return 0;
    if (r.writer == kOwn) return zigzag(static_cast<std::int64_t>(origin - r.counter));
    std::uint64_t& last = last_counter_[r.writer - kFirstOther];
    const std::uint64_t delta = r.counter - last;
    last = r.counter;
    return zigzag(static_cast<std::int64_t>(delta));
  }
  void forget_counters() { last_counter_.assign(others_.size(), 0); }

  void write_targets() {
    if (targets_.empty()) return;
    begin(kTargets);
    const std::size_t n = targets_.size();
    put_varint(out_, n);
    column(n, [&](std::size_t i) { return batch_.targets[targets_[i]].node; });
    column(n, [&](std::size_t i) { return batch_.targets[targets_[i]].key_count; });
    column(keys_.size(), [&](std::size_t i) { return key_references_[i].writer; });
    forget_counters();
    std::uint64_t own = first_counter_;
    column(keys_.size(), [&](std::size_t i) -> std::uint64_t {
      const Reference& r = key_references_[i];
      if (r.writer == kNowhere) return type_of(keys_[i]->table_key);
      const std::uint64_t v = relative(r, own);
      if (r.writer == kOwn) own = r.counter;
      return v;
    });
    std::vector<const Value*> table_keys;
    for (std::size_t i = 0; i < keys_.size(); ++i)
      if (key_references_[i].writer == kNowhere) table_keys.push_back(&keys_[i]->table_key);
    write_values(table_keys);
    end();
  }

  static std::uint64_t type_of(const Value& v) {
    if (const bool* b = std::get_if<bool>(&v)) return *b ? kTrue : kFalse;
    return v.index();
  }

  // Numbers and contents of values whose types were written. Ends a section.
  void write_values(const std::vector<const Value*>& values) {
    std::vector<std::uint64_t> numbers;
    for (const Value* v : values) {
      if (const auto* u = std::get_if<std::uint64_t>(v)) numbers.push_back(*u);
      if (const auto* i = std::get_if<std::int64_t>(v)) numbers.push_back(zigzag(*i));
      if (const auto* s = std::get_if<std::string>(v)) numbers.push_back(s->size());
      if (const auto* b = std::get_if<Bytes>(v)) numbers.push_back(b->size());
    }
    column(numbers.size(), [&](std::size_t i) { return numbers[i]; });
    for (const Value* v : values) {
      if (const auto* s = std::get_if<std::string>(v)) out_.insert(out_.end(), s->begin(), s->end());
      if (const auto* b = std::get_if<Bytes>(v)) out_.insert(out_.end(), b->begin(), b->end());
      if (const auto* d = std::get_if<double>(v)) {
        const auto bits = std::bit_cast<std::uint64_t>(*d);
        for (int i = 0; i < 8; ++i) out_.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
      }
    }
  }

  void write_transactions() {
    const auto& marks = batch_.transactions;
    metadata_in_order();
    if (marks.size() == 1 && marks[0].first == scope_.base && place_of_metadata(marks[0].metadata) == 0) return;
    begin(kTransactions);
    put_varint(out_, marks.size());
    std::uint64_t last = scope_.base;
    if (!marks.empty()) {
      TLFS_CHECK(marks.front().first >= scope_.base && marks.back().first - scope_.base < scope_.id_count,
                 "a transaction begins outside its block's scope");
      put_varint(out_, marks[0].first - last);
      last = marks[0].first;
      column(marks.size() - 1, [&](std::size_t i) {
        const Lv first = marks[i + 1].first;
        TLFS_CHECK(first >= last, "transactions of a block must ascend");
        return first - std::exchange(last, first);
      });
      std::int64_t previous = 0;
      column(marks.size(), [&](std::size_t i) {
        const std::int64_t place = place_of_metadata(marks[i].metadata);
        return zigzag(place - std::exchange(previous, place));
      });
    }
    end();
  }

  // Metadata is listed as transactions first use it; entry 0 is the empty one and not written.
  void metadata_in_order() {
    std::uint32_t last = 0;
    first_metadata_ = 0xffffffff;
    for (const TransactionMark& mark : batch_.transactions) {
      if (mark.metadata == 0) continue;
      first_metadata_ = std::min(first_metadata_, mark.metadata);
      last = std::max(last, mark.metadata);
    }
    if (last == 0) return;
    place_of_metadata_.assign(last - first_metadata_ + 1, kUnplaced);
    for (const TransactionMark& mark : batch_.transactions) {
      if (mark.metadata == 0) continue;
      std::uint32_t& place = place_of_metadata_[mark.metadata - first_metadata_];
      if (place != kUnplaced) continue;
      const TransactionMetadata& m = batch_.metadata[mark.metadata];
      if (m == TransactionMetadata{}) {
        place = 0;
        continue;
      }
      if (metadata_.empty() || !(*metadata_.back() == m)) metadata_.push_back(&m);
      place = static_cast<std::uint32_t>(metadata_.size());
    }
  }
  std::uint32_t place_of_metadata(std::uint32_t index) const {
    return index == 0 ? 0 : place_of_metadata_[index - first_metadata_];
  }

  void write_metadata() {
    if (metadata_.empty()) return;
    begin(kMetadata);
    const std::size_t n = metadata_.size();
    put_varint(out_, n);
    std::vector<std::uint64_t> flags;
    std::vector<std::uint64_t> times;
    std::vector<std::uint64_t> lengths;
    std::string strings;
    TransactionMetadata last;
    last.time_ms = 0;
    for (const TransactionMetadata* m : metadata_) {
      std::uint64_t f = 0;
      if (m->time_ms) {
        f |= kHasTime;
        times.push_back(zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(*m->time_ms) -
                                                         static_cast<std::uint64_t>(*last.time_ms))));
        last.time_ms = m->time_ms;
      }
      const auto put = [&](const std::string& now, std::string& before, std::uint64_t same) {
        if (now == before) {
          f |= same;
        } else {
          lengths.push_back(now.size());
          strings += now;
          before = now;
        }
      };
      put(m->origin, last.origin, kSameOrigin);
      put(m->label, last.label, kSameLabel);
      flags.push_back(f);
    }
    column(n, [&](std::size_t i) { return flags[i]; });
    column(times.size(), [&](std::size_t i) { return times[i]; });
    column(lengths.size(), [&](std::size_t i) { return lengths[i]; });
    out_.insert(out_.end(), strings.begin(), strings.end());
    end();
  }

  // ---- operations by kind

  void write_kinds() {
    const auto all = pieces_.view();
    if (all.size() == 1) {
      const std::uint32_t only = 0;
      return write_kind(all[0].kind, {&only, 1});
    }
    std::array<std::uint32_t, kLastKnownKind + 2> starts{};
    for (const Piece& p : all) ++starts[static_cast<std::size_t>(p.kind) + 1];
    for (std::size_t k = 1; k < starts.size(); ++k) starts[k] += starts[k - 1];
    std::vector<std::uint32_t> by_kind(all.size());
    auto next = starts;
    for (std::size_t i = 0; i < all.size(); ++i)
      by_kind[next[static_cast<std::size_t>(all[i].kind)]++] = static_cast<std::uint32_t>(i);
    for (std::size_t k = 1; k <= kLastKnownKind; ++k) {
      const std::span<const std::uint32_t> of_kind(by_kind.data() + starts[k], starts[k + 1] - starts[k]);
      if (!of_kind.empty()) write_kind(static_cast<OperationKind>(k), of_kind);
    }
  }

  void write_kind(OperationKind kind, std::span<const std::uint32_t> which) {
    const auto all = pieces_.view();
    const auto piece = [&](std::size_t i) -> const Piece& { return all[which[i]]; };
    const std::size_t n = which.size();
    begin(kFirstKind + static_cast<std::uint64_t>(kind));
    std::int64_t last_target = 0;
    column(n, [&](std::size_t i) {
      const std::int64_t target = piece(i).target;
      return zigzag(target - std::exchange(last_target, target));
    });
    if (kind == OperationKind::text_erase) {
      column(n, [&](std::size_t i) { return (std::uint64_t{piece(i).count - 1} << 1) | (piece(i).backwards ? 1 : 0); });
    } else if (!takes_one_id(kind)) {
      column(n, [&](std::size_t i) { return piece(i).count - 1; });
    }
    if (has_place(kind)) {
      column(n, [&](std::size_t i) {
        return (std::uint64_t{piece(i).parent.writer} << 1) | static_cast<std::uint64_t>(piece(i).side);
      });
      forget_counters();
      column(n, [&](std::size_t i) { return relative(piece(i).parent, piece(i).origin); });
    }
    if (has_subject(kind)) {
      column(n, [&](std::size_t i) { return piece(i).subject.writer; });
      forget_counters();
      column(n, [&](std::size_t i) {
        const Piece& p = piece(i);
        Reference first_gone = p.subject;
        if (p.backwards) first_gone.counter += p.count - 1;
        return relative(first_gone, p.origin);
      });
    }
    if (kind == OperationKind::increment) column(n, [&](std::size_t i) { return zigzag(piece(i).amount); });
    if (kind == OperationKind::assign) {
      std::vector<const Value*> values;
      column(n, [&](std::size_t i) {
        TLFS_CHECK(piece(i).length >= 1, "an assignment carries at least one value");
        return piece(i).length - 1;
      });
      for (std::size_t i = 0; i < n; ++i)
        for (std::uint32_t v = 0; v < piece(i).length; ++v) values.push_back(&batch_.values[piece(i).first + v]);
      TLFS_CHECK(values.size() <= kMaxValuesPerBlock, "a block holds at most kMaxValuesPerBlock values");
      column(values.size(), [&](std::size_t i) { return type_of(*values[i]); });
      write_values(values);
    }
    if (kind == OperationKind::text_insert) {
      for (std::size_t i = 0; i < n; ++i) {
        const char* at = batch_.text.data() + piece(i).first;
        out_.insert(out_.end(), at, at + piece(i).length);
      }
    }
    end();
  }

  struct Other {
    AgentIndex agent;
    Lv lv;  // the last of its ids that the block names
    std::uint64_t counter;
  };
  static constexpr std::uint32_t kUnplaced = 0xffffffff;

  const OperationBatch& batch_;
  const BlockScope& scope_;
  const IdSpace& ids_;
  const WriterDirectory& directory_;
  std::uint64_t first_counter_ = 0;

  Pieces pieces_;
  std::vector<std::uint32_t> writer_of_agent_;
  std::vector<Other> others_;
  std::vector<std::uint64_t> last_counter_;
  std::vector<std::uint32_t> targets_;  // indices into the batch's
  std::vector<std::uint32_t> place_of_target_;
  std::uint32_t first_target_ = 0;  // the least that an operation uses
  std::vector<const Key*> keys_;
  std::vector<Reference> key_references_;
  std::uint32_t first_metadata_ = 0;  // the least but 0 that a transaction uses
  std::vector<std::uint32_t> place_of_metadata_;
  std::vector<const TransactionMetadata*> metadata_;

  Bytes out_;
  SectionWriter sections_;
  std::vector<std::uint64_t> scratch_;
};

}  // namespace

Bytes encode_block(const OperationBatch& batch, const BlockScope& scope, const IdSpace& ids,
                   const WriterDirectory& writers, const BlockOptions& options) {
  return BlockEncoder(batch, scope, ids, writers, options).encode();
}

}  // namespace tlfs::document
