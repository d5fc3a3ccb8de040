// Decodes operation blocks, in one pass over all columns at once. Whatever the bytes, memory stays within the named
// limits.
#include <algorithm>
#include <array>
#include <bit>

#include "runtime/base/utf.h"
#include "runtime/document/block_format.h"
#include "runtime/document/column.h"
#include "runtime/document/operation_block.h"
#include "runtime/document/sections.h"

namespace tlfs::document {

namespace {

using namespace block;

Error malformed(std::string what) { return Error(Errc::malformed, "operation block: " + std::move(what)); }
Error too_much(std::string what) { return Error(Errc::limit_exceeded, "operation block: " + std::move(what)); }

class BlockDecoder {
 public:
  BlockDecoder(ByteView bytes, const BlockScope& scope, const IdSpace& ids, const WriterDirectory& writers)
      : in_(bytes), scope_(scope), ids_(ids), directory_(writers) {
    if (scope.id_count > 0) first_counter_ = ids.counter_of(scope.base);
  }

  Result<OperationBatch> decode() {
    if (Status s = read_sections(); !s) return s.error();
    if (Status s = read_writers(); !s) return s.error();
    if (Status s = read_order(); !s) return s.error();
    if (Status s = read_targets(); !s) return s.error();
    if (Status s = read_metadata(); !s) return s.error();
    if (Status s = read_transactions(); !s) return s.error();
    if (Status s = read_operations(); !s) return s.error();
    return std::move(batch_);
  }

 private:
  // ---- sections

  Status read_sections() {
    const std::uint8_t version = in_.u8();
    if (in_.failed()) return malformed("empty");
    if (version != kVersion)
      return malformed("version " + std::to_string(version) + ", expected " + std::to_string(kVersion));
    return document::read_sections(in_, sections_, unpacked_, kMaxBlockBytes, "operation block");
  }

  ByteReader open(std::size_t number) const { return ByteReader(sections_[number].bytes); }

  // ---- writers and references

  Status read_writers() {
    if (!sections_[kWriters].present) return {};
    ByteReader in = open(kWriters);
    const std::uint64_t n = in.varint();
    if (n == 0 || n > in.remaining() / 34) return malformed("writers table is cut off or empty");
    if (n > kMaxWritersPerBlock) return too_much("more than " + std::to_string(kMaxWritersPerBlock) + " writers");
    others_.reserve(n);
    for (std::uint64_t i = 0; i < n && !in.failed(); ++i) {
      WriterEntry entry;
      const ByteView device = in.raw(entry.writer.device.size());
      std::copy(device.begin(), device.end(), entry.writer.device.begin());
      entry.writer.incarnation = in.varint();
      if (in.bounded(1) == 1) {
        const ByteView hash = in.raw(32);
        std::copy(hash.begin(), hash.end(), entry.branch.emplace().begin());
      }
      if (!in.failed()) others_.push_back(directory_.find(entry));
    }
    if (!in.finished()) return malformed("writers table has a wrong length");
    return {};
  }

  struct Named {
    AgentIndex agent = kNoAgent;
    std::uint64_t counter = 0;
    bool own = false;
  };

  // False when the pair makes no sense. `counters` are the last ones of the other writers in this column.
  bool name(std::uint64_t writer, std::uint64_t number, std::uint64_t origin, std::vector<std::uint64_t>& counters,
            Named& out) {
    if (writer == kNowhere) {
      out.agent = kNoAgent;
      return number == 0;
    }
    const auto delta = static_cast<std::uint64_t>(unzigzag(number));
    if (writer == kOwn) {
      out = {scope_.agent, origin - delta, true};
      return true;
    }
    if (writer - kFirstOther >= others_.size()) return false;
    if (counters.empty()) counters.resize(others_.size(), 0);
    std::uint64_t& last = counters[writer - kFirstOther];
    last += delta;
    out = {others_[writer - kFirstOther], last, false};
    return true;
  }

  Lv find(const Named& n) const {
    if (n.agent == kNoAgent) return kNoLv;
    if (n.agent == scope_.agent && n.counter >= first_counter_ && n.counter - first_counter_ < scope_.id_count)
      return scope_.base + static_cast<Lv>(n.counter - first_counter_);
    return ids_.lv_of(n.agent, n.counter);
  }

  // ---- order

  static bool known(std::uint64_t kind) { return kind >= 1 && kind <= kLastKnownKind; }

  Status read_order() {
    std::uint64_t total_operations = 0;
    if (sections_[kOrder].present) {
      ByteReader in = open(kOrder);
      order_runs_ = in.varint();
      if (order_runs_ == 0 || order_runs_ > scope_.id_count)
        return malformed("order has no runs, or more than the change has ids");
      run_kind_ = ColumnReader(in, order_runs_);
      run_operations_ = ColumnReader(in, order_runs_);
      run_spare_ids_ = ColumnReader(in, order_runs_);
      if (!in.finished()) return malformed("order has a wrong length");
      ColumnReader kinds = run_kind_, operations = run_operations_, spare = run_spare_ids_;
      std::uint64_t total_ids = 0;
      std::uint64_t last = kGap + kLastKnownKind + 1;
      for (std::uint64_t r = 0; r < order_runs_; ++r) {
        const std::uint64_t kind = kinds.next();
        const std::uint64_t n = operations.next();
        const std::uint64_t more = spare.next();
        if (kinds.failed() || operations.failed() || spare.failed()) return malformed("order is damaged");
        if (n > scope_.id_count || more > scope_.id_count || n + more == 0 || total_ids + n + more > scope_.id_count)
          return malformed("operations take more ids than the change has");
        if ((kind == kGap) != (n == 0)) return malformed("a run without operations that is no gap");
        if (r > 0 && kind == last) return malformed("two runs of one kind where one would do");
        last = kind;
        total_ids += n + more;
        if (!known(kind)) continue;
        if (more != 0) return malformed("a run of a known kind that states its ids twice");
        operations_of_kind_[kind] += n;
        total_operations += n;
      }
      if (!kinds.finished() || !operations.finished() || !spare.finished())
        return malformed("order says more than it has runs");
      if (last == kGap) return malformed("a gap at the end");
    }
    for (std::size_t k = 1; k <= kLastKnownKind; ++k)
      if (sections_[kFirstKind + k].present != (operations_of_kind_[k] != 0))
        return malformed("section " + std::to_string(kFirstKind + k) +
                         " and the order disagree about whether it exists");
    if (total_operations > kMaxOperationsPerBlock)
      return too_much("more than " + std::to_string(kMaxOperationsPerBlock) + " operations");
    operation_total_ = total_operations;
    return {};
  }

  // ---- targets

  Status read_targets() {
    if (sections_[kTargets].present != (operation_total_ != 0))
      return malformed("targets without operations or the reverse");
    if (operation_total_ == 0) return {};
    ByteReader in = open(kTargets);
    const std::uint64_t n = in.varint();
    if (n == 0 || n > operation_total_) return malformed("no targets, or more than operations");
    ColumnReader nodes(in, n);
    ColumnReader key_counts(in, n);
    if (in.failed()) return malformed("targets are cut off");
    batch_.targets.reserve(n);
    std::uint64_t keys = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint64_t node = nodes.next();
      const std::uint64_t count = key_counts.next();
      if (nodes.failed() || key_counts.failed()) return malformed("targets are damaged");
      if (node >= schema::kNoOrdinal) return malformed("a schema node out of range");
      if (count > kMaxKeysPerTarget)
        return too_much("an address with more than " + std::to_string(kMaxKeysPerTarget) + " keys");
      batch_.targets.push_back(
          {static_cast<schema::Ordinal>(node), static_cast<std::uint32_t>(keys), static_cast<std::uint32_t>(count)});
      keys += count;
      if (keys > kMaxKeysPerBlock) return too_much("more than " + std::to_string(kMaxKeysPerBlock) + " keys");
    }
    if (!nodes.finished() || !key_counts.finished()) return malformed("targets say more than they count");
    ColumnReader writers(in, keys);
    ColumnReader numbers(in, keys);
    if (in.failed()) return malformed("keys are cut off");
    batch_.keys.resize(keys);
    std::vector<std::uint64_t> types;
    std::vector<std::uint32_t> table_keys;
    std::vector<std::uint64_t> counters;
    std::uint64_t own = first_counter_;
    for (std::uint64_t i = 0; i < keys; ++i) {
      const std::uint64_t writer = writers.next();
      const std::uint64_t number = numbers.next();
      if (writers.failed() || numbers.failed()) return malformed("keys are damaged");
      if (writer == kNowhere) {
        if (number == kF64 || number == kBytes) return malformed("a table key of a type that no table has");
        types.push_back(number);
        table_keys.push_back(static_cast<std::uint32_t>(i));
        continue;
      }
      Named element;
      if (!name(writer, number, own, counters, element))
        return malformed("a key names a writer that the table does not have");
      if (writer == kOwn) own = element.counter;
      batch_.keys[i].element = find(element);
    }
    if (!writers.finished() || !numbers.finished()) return malformed("keys say more than they count");
    return read_values(in, types, [&](std::size_t i) -> Value& { return batch_.keys[table_keys[i]].table_key; });
  }

  // The rest of a section: the values of these types.
  template <class F>
  Status read_values(ByteReader& in, const std::vector<std::uint64_t>& types, F slot) {
    std::uint64_t numbers_total = 0;
    for (std::uint64_t t : types) {
      if (t > kTrue) return malformed("a value of unknown type " + std::to_string(t));
      numbers_total += has_number(t) ? 1 : 0;
    }
    ColumnReader numbers(in, numbers_total);
    if (in.failed()) return malformed("values are cut off");
    for (std::size_t i = 0; i < types.size(); ++i) {
      Value& v = slot(i);
      const std::uint64_t number = has_number(types[i]) ? numbers.next() : 0;
      switch (types[i]) {
        case kFalse:
          v = false;
          break;
        case kTrue:
          v = true;
          break;
        case kU64:
          v = number;
          break;
        case kI64:
          v = unzigzag(number);
          break;
        case kF64:
          v = std::bit_cast<double>(in.fixed64());
          break;
        case kString: {
          const std::string_view s = as_text(in.raw(number));
          if (!is_valid_utf8(s)) return malformed("a string that is not UTF-8");
          v = std::string(s);
          break;
        }
        case kBytes: {
          const ByteView b = in.raw(number);
          v = Bytes(b.begin(), b.end());
          break;
        }
        default:
          v = std::monostate{};
      }
      if (in.failed() || numbers.failed()) return malformed("values are damaged");
    }
    if (!numbers.finished() || !in.finished()) return malformed("bytes after the last value");
    return {};
  }

  // ---- transactions

  Status read_metadata() {
    batch_.metadata.emplace_back();
    if (!sections_[kMetadata].present) return {};
    ByteReader in = open(kMetadata);
    const std::uint64_t n = in.varint();
    if (n == 0 || n > scope_.id_count || n > kMaxOperationsPerBlock)
      return malformed("metadata of no transaction, or of too many");
    ColumnReader flags(in, n);
    std::uint64_t times = 0;
    std::uint64_t strings = 0;
    ColumnReader count = flags;
    for (std::uint64_t i = 0; i < n && !count.failed(); ++i) {
      const std::uint64_t f = count.next();
      if (f > (kHasTime | kSameOrigin | kSameLabel)) return malformed("metadata with unknown flags");
      times += f & kHasTime;
      strings += ((f & kSameOrigin) == 0 ? 1u : 0u) + ((f & kSameLabel) == 0 ? 1u : 0u);
    }
    if (!count.finished()) return malformed("metadata is damaged");
    ColumnReader time(in, times);
    ColumnReader length(in, strings);
    if (in.failed()) return malformed("metadata is cut off");
    TransactionMetadata last;
    std::uint64_t last_time = 0;
    std::uint64_t copied = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint64_t f = flags.next();
      if (f & kHasTime) last_time += static_cast<std::uint64_t>(unzigzag(time.next()));
      if ((f & kSameOrigin) == 0) last.origin = std::string(as_text(in.raw(length.next())));
      if ((f & kSameLabel) == 0) last.label = std::string(as_text(in.raw(length.next())));
      if (in.failed() || time.failed() || length.failed()) return malformed("metadata is damaged");
      if (((f & kSameOrigin) == 0 && !is_valid_utf8(last.origin)) ||
          ((f & kSameLabel) == 0 && !is_valid_utf8(last.label)))
        return malformed("metadata that is not UTF-8");
      copied += last.origin.size() + last.label.size();
      if (copied > kMaxBlockBytes)
        return too_much("more than " + std::to_string(kMaxBlockBytes) + " bytes of metadata");
      TransactionMetadata m = last;
      if (f & kHasTime) m.time_ms = static_cast<std::int64_t>(last_time);
      batch_.metadata.push_back(std::move(m));
    }
    if (!time.finished() || !length.finished() || !in.finished()) return malformed("bytes after the metadata");
    return {};
  }

  Status read_transactions() {
    if (!sections_[kTransactions].present) {
      batch_.transactions.push_back({scope_.base, 0});
      return {};
    }
    ByteReader in = open(kTransactions);
    const std::uint64_t n = in.varint();
    if (n > scope_.id_count || n > kMaxOperationsPerBlock) return malformed("more transactions than ids");
    if (n == 0) return in.finished() ? Status{} : malformed("bytes after no transactions");
    std::uint64_t first = in.varint();
    ColumnReader lengths(in, n - 1);
    ColumnReader metadata(in, n);
    if (!in.finished()) return malformed("transactions have a wrong length");
    batch_.transactions.reserve(n);
    std::uint64_t place = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      if (i > 0) first += lengths.next();
      place += static_cast<std::uint64_t>(unzigzag(metadata.next()));
      if (lengths.failed() || metadata.failed()) return malformed("transactions are damaged");
      if (first >= scope_.id_count) return malformed("a transaction begins after the change's last id");
      if (place >= batch_.metadata.size()) return malformed("a transaction names metadata that is not there");
      batch_.transactions.push_back({scope_.base + static_cast<Lv>(first), static_cast<std::uint32_t>(place)});
    }
    if (!lengths.finished() || !metadata.finished()) return malformed("transactions say more than they count");
    return {};
  }

  // ---- operations

  struct KindReader {
    ByteReader rest{ByteView{}};  // what follows the columns
    ColumnReader target, count, writer, number, subject_writer, subject_number, other;
    std::vector<std::uint64_t> counters, subject_counters;
    std::uint64_t last_target = 0;
    std::uint64_t values = 0;  // assign: values handed out
    bool failed() const {
      return target.failed() || count.failed() || writer.failed() || number.failed() || subject_writer.failed() ||
             subject_number.failed() || other.failed();
    }
    bool finished() const {
      return target.finished() && count.finished() && writer.finished() && number.finished() &&
             subject_writer.finished() && subject_number.finished() && other.finished() && rest.finished();
    }
  };

  Status open_kind(OperationKind kind, KindReader& k) {
    const std::uint64_t n = operations_of_kind_[static_cast<std::size_t>(kind)];
    ByteReader in = open(kFirstKind + static_cast<std::size_t>(kind));
    k.target = ColumnReader(in, n);
    if (!takes_one_id(kind)) k.count = ColumnReader(in, n);
    if (has_place(kind)) {
      k.writer = ColumnReader(in, n);
      k.number = ColumnReader(in, n);
    }
    if (has_subject(kind)) {
      k.subject_writer = ColumnReader(in, n);
      k.subject_number = ColumnReader(in, n);
    }
    if (kind == OperationKind::increment || kind == OperationKind::assign) k.other = ColumnReader(in, n);
    if (in.failed()) return malformed("operations of kind " + std::to_string(static_cast<int>(kind)) + " are cut off");
    if (kind == OperationKind::assign) {
      if (Status s = read_assigned(in, k.other, n); !s) return s;
    }
    if (kind == OperationKind::text_insert) {
      const std::string_view text = as_text(in.raw(in.remaining()));
      if (!is_valid_utf8(text)) return malformed("inserted text is not UTF-8");
      std::uint64_t code_points = n;
      ColumnReader counts = k.count;
      for (std::uint64_t i = 0; i < n && !counts.failed() && code_points <= text.size(); ++i)
        code_points += counts.next();
      if (measure(text).code_points != code_points) return malformed("more or less text than was inserted");
      ascii_ = text.size() == code_points;
      batch_.text = text;
    }
    k.rest = in;
    return {};
  }

  Status read_assigned(ByteReader& in, ColumnReader counts, std::uint64_t n) {
    std::uint64_t total = 0;
    for (std::uint64_t i = 0; i < n && !counts.failed(); ++i) {
      const std::uint64_t more = counts.next();
      if (more >= kMaxValuesPerBlock || total + more + 1 > kMaxValuesPerBlock)
        return too_much("more than " + std::to_string(kMaxValuesPerBlock) + " values");
      total += more + 1;
    }
    if (!counts.finished()) return malformed("assignments are damaged");
    ColumnReader type(in, total);
    std::vector<std::uint64_t> types(total);
    for (std::uint64_t& t : types) {
      t = type.next();
      if (type.failed()) return malformed("assignments are damaged");
    }
    if (!type.finished()) return malformed("assignments say more than they count");
    batch_.values.resize(total);
    return read_values(in, types, [&](std::size_t i) -> Value& { return batch_.values[i]; });
  }

  Status read_operations() {
    if (operation_total_ == 0) return {};
    std::array<KindReader*, kLastKnownKind + 1> readers{};
    std::size_t kinds = 0;
    for (std::size_t k = 1; k <= kLastKnownKind; ++k) kinds += operations_of_kind_[k] != 0 ? 1 : 0;
    std::vector<KindReader> room(kinds);
    kinds = 0;
    for (std::size_t k = 1; k <= kLastKnownKind; ++k) {
      if (operations_of_kind_[k] == 0) continue;
      readers[k] = &room[kinds++];
      if (Status s = open_kind(static_cast<OperationKind>(k), *readers[k]); !s) return s;
    }
    batch_.operations.reserve(operation_total_);
    cursor_ = first_counter_ - 1;
    std::uint64_t offset = 0;
    for (std::uint64_t r = 0; r < order_runs_; ++r) {
      const std::uint64_t kind = run_kind_.next();
      const std::uint64_t n = run_operations_.next();
      const std::uint64_t more = run_spare_ids_.next();
      if (!known(kind)) {
        offset += n + more;
        if (offset > scope_.id_count) return malformed("operations take more ids than the change has");
        continue;
      }
      for (std::uint64_t i = 0; i < n; ++i)
        if (Status s = read_operation(static_cast<OperationKind>(kind), *readers[kind], offset); !s) return s;
    }
    for (const KindReader& k : room)
      if (!k.finished()) return malformed("a kind's columns say more than they count");
    return {};
  }

  Status read_operation(OperationKind kind, KindReader& k, std::uint64_t& offset) {
    Operation op;
    op.kind = kind;
    op.id = scope_.base + static_cast<Lv>(offset);
    k.last_target += static_cast<std::uint64_t>(unzigzag(k.target.next()));
    if (k.last_target >= batch_.targets.size()) return malformed("an operation on a target that is not listed");
    op.target = static_cast<std::uint32_t>(k.last_target);
    std::uint64_t more = 0;
    if (!takes_one_id(kind)) {
      more = k.count.next();
      if (kind == OperationKind::text_erase) {
        op.backwards = (more & 1) != 0;
        more >>= 1;
        if (op.backwards && more == 0) return malformed("one character erased backwards");
      }
    }
    if (offset >= scope_.id_count || more >= scope_.id_count - offset)
      return malformed("operations take more ids than the change has");
    op.count = static_cast<std::uint32_t>(more + 1);
    offset += op.count;
    const std::uint64_t origin = cursor_;
    if (has_place(kind)) {
      const std::uint64_t place = k.writer.next();
      op.side = (place & 1) != 0 ? Side::left : Side::right;
      Named parent;
      if (!name(place >> 1, k.number.next(), origin, k.counters, parent))
        return malformed("a place that makes no sense");
      op.parent = find(parent);
    }
    Named subject;
    if (has_subject(kind)) {
      if (!name(k.subject_writer.next(), k.subject_number.next(), origin, k.subject_counters, subject))
        return malformed("a subject that makes no sense");
      if (op.backwards) subject.counter -= op.count - 1;
    }
    if (!takes_one_id(kind)) {
      if (has_place(kind))
        cursor_ = first_counter_ + offset - 1;
      else if (subject.own)
        cursor_ = op.backwards ? subject.counter : subject.counter + op.count - 1;
    }
    switch (kind) {
      case OperationKind::increment:
        op.amount = unzigzag(k.other.next());
        break;
      case OperationKind::assign:
        op.first = static_cast<std::uint32_t>(k.values);
        op.length = static_cast<std::uint32_t>(k.other.next() + 1);
        k.values += op.length;
        break;
      case OperationKind::text_insert: {
        op.first = static_cast<std::uint32_t>(text_used_);
        const std::string_view left = std::string_view(batch_.text).substr(text_used_);
        const std::size_t bytes = ascii_ ? op.count : byte_offset_of_code_point(left, op.count);
        op.length = static_cast<std::uint32_t>(bytes);
        text_used_ += bytes;
        break;
      }
      default:
        break;
    }
    if (k.failed()) return malformed("operations of kind " + std::to_string(static_cast<int>(kind)) + " are damaged");
    if (!has_subject(kind)) {
      batch_.operations.push_back(op);
    } else if (op.count == 1 || subject.agent == kNoAgent) {
      op.subject = find(subject);
      if (op.count == 1) op.backwards = false;
      batch_.operations.push_back(op);
    } else {
      split_subjects(op, subject);
    }
    if (batch_.operations.size() > kMaxOperationsPerBlock)
      return too_much("more than " + std::to_string(kMaxOperationsPerBlock) + " operations");
    return {};
  }

  // Ids that follow each other for their writer need not do so as Lvs: one operation per stretch that does. What this
  // replica does not have makes one stretch without a subject.
  void split_subjects(Operation op, const Named& subject) {
    const std::uint32_t total = op.count;
    const Lv id = op.id;
    const bool backwards = op.backwards;
    const std::size_t first_piece = batch_.operations.size();
    for (std::uint32_t done = 0; done < total;) {
      const std::uint64_t counter = subject.counter + done;
      op.subject = find({subject.agent, counter, false});
      op.count = total - done;
      if (op.subject != kNoLv) op.count = ids_.contiguous(op.subject, total - done);
      op.backwards = backwards && op.count > 1;
      op.id = backwards ? id + (total - done - op.count) : id + done;
      done += op.count;
      batch_.operations.push_back(op);
    }
    if (backwards)
      std::reverse(batch_.operations.begin() + static_cast<std::ptrdiff_t>(first_piece), batch_.operations.end());
  }

  ByteReader in_;
  const BlockScope& scope_;
  const IdSpace& ids_;
  const WriterDirectory& directory_;
  std::uint64_t first_counter_ = 0;

  std::array<Section, kKnownSections> sections_{};
  std::vector<Bytes> unpacked_;
  std::vector<AgentIndex> others_;  // of the writers table
  std::uint64_t order_runs_ = 0;
  ColumnReader run_kind_, run_operations_, run_spare_ids_;
  std::array<std::uint64_t, kLastKnownKind + 1> operations_of_kind_{};
  std::uint64_t operation_total_ = 0;
  std::uint64_t cursor_ = 0;
  bool ascii_ = false;
  std::size_t text_used_ = 0;
  OperationBatch batch_;
};

}  // namespace

Result<OperationBatch> decode_block(ByteView bytes, const BlockScope& scope, const IdSpace& ids,
                                    const WriterDirectory& writers) {
  return BlockDecoder(bytes, scope, ids, writers).decode();
}

}  // namespace tlfs::document
