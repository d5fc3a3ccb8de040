#include <algorithm>
#include <array>

#include "runtime/base/utf.h"
#include "runtime/document/archive.h"
#include "runtime/document/archive_format.h"
#include "runtime/document/column.h"
#include "runtime/document/sections.h"

namespace tlfs::document {

namespace {

using namespace archive;

Error malformed(std::string what) { return Error(Errc::malformed, "archive: " + std::move(what)); }
Error too_much(std::string what) { return Error(Errc::limit_exceeded, "archive: " + std::move(what)); }

template <std::size_t N>
std::array<std::uint8_t, N> take(ByteReader& in) {
  std::array<std::uint8_t, N> a{};
  const ByteView v = in.raw(N);
  std::copy(v.begin(), v.end(), a.begin());
  return a;
}

// A merged block, given out again change by change.
class Strand {
 public:
  explicit Strand(OperationBatch merged) : batch_(std::move(merged)) {
    operations_.swap(batch_.operations);
    marks_.swap(batch_.transactions);
  }

  // The operations of the ids of `scope`; valid until the next call. Scopes ascend.
  const OperationBatch& take(const BlockScope& scope) {
    batch_.operations.clear();
    batch_.transactions.clear();
    const Lv end = scope.base + scope.id_count;
    for (; at_ < operations_.size(); ++at_, done_ = 0, bytes_done_ = 0) {
      const Operation& op = operations_[at_];
      const Lv start = op.id + done_;
      if (start >= end) break;
      const std::uint32_t left = op.count - done_;
      const std::uint32_t n = std::min(left, end - start);
      if (start >= scope.base) batch_.operations.push_back(part(op, n));
      if (n < left) {
        bytes_done_ += op.kind == OperationKind::text_insert ? bytes_of(op, n) : 0;
        done_ += n;
        break;
      }
    }
    for (; mark_ < marks_.size() && marks_[mark_].first < end; ++mark_)
      if (marks_[mark_].first >= scope.base) batch_.transactions.push_back(marks_[mark_]);
    return batch_;
  }

  bool finished() const { return at_ == operations_.size() && mark_ == marks_.size(); }

 private:
  std::uint32_t bytes_of(const Operation& op, std::uint32_t n) const {
    const std::string_view rest = std::string_view(batch_.text).substr(op.first + bytes_done_, op.length - bytes_done_);
    return static_cast<std::uint32_t>(byte_offset_of_code_point(rest, n));
  }

  // `n` ids of an operation of which the first `done_` are given out.
  Operation part(const Operation& op, std::uint32_t n) const {
    Operation p = op;
    p.id += done_;
    p.count = n;
    if (done_ > 0) {
      p.parent = p.id - 1;
      p.side = Side::right;
    }
    if (op.kind == OperationKind::text_insert) {
      p.first += bytes_done_;
      p.length = n == op.count - done_ ? op.length - bytes_done_ : bytes_of(op, n);
    }
    if (op.subject != kNoLv) p.subject = op.subject + (op.backwards ? op.count - done_ - n : done_);
    p.backwards = op.backwards && n > 1;
    return p;
  }

  OperationBatch batch_;
  std::vector<Operation> operations_;
  std::vector<TransactionMark> marks_;
  std::size_t at_ = 0;
  std::uint32_t done_ = 0;        // ids of the operation at at_
  std::uint32_t bytes_done_ = 0;  // bytes of its text
  std::size_t mark_ = 0;
};

class ArchiveDecoder {
 public:
  ArchiveDecoder(ByteView bytes, const LeafCipher* cipher) : in_(bytes), cipher_(cipher) {}

  Result<std::vector<Change>> decode() {
    if (const std::uint8_t version = in_.u8(); version != kVersion)
      return malformed("version " + std::to_string(version) + ", expected " + std::to_string(kVersion));
    if (Status s = read_sections(in_, sections_, room_, kMaxArchiveBytes, "archive"); !s) return s.error();
    if (Status s = read_tables(); !s) return s.error();
    if (Status s = open_headers(); !s) return s.error();
    if (Status s = open_leaves(); !s) return s.error();
    if (Status s = open_signatures(); !s) return s.error();
    blocks_ = open(kBlocks);
    for (std::uint64_t g = 0; g < group_count_; ++g) {
      const std::uint64_t size = groups_.next();
      if (groups_.failed() || size == 0 || size > count_ - changes_.size())
        return malformed("groups do not fit the changes");
      if (Status s = read_group(size); !s) return s.error();
    }
    return finish();
  }

 private:
  ByteReader open(std::size_t number) const { return ByteReader(sections_[number].bytes); }

  // ---- tables and columns

  Status read_tables() {
    ByteReader in = open(kTables);
    check_ = take<32>(in);
    document_ = take<32>(in);
    const auto table = [&](auto& items, std::size_t least, auto read) {
      const std::uint64_t n = in.bounded(in.remaining() / least);
      items.reserve(n);
      for (std::uint64_t i = 0; i < n; ++i) items.push_back(read());
    };
    table(writers_, 33, [&] { return WriterId{document::take<32>(in), in.varint()}; });
    table(packages_, 32, [&] { return document::take<32>(in); });
    table(compartments_, 16, [&] { return document::take<16>(in); });
    if (!in.finished()) return malformed("tables have a wrong length");
    last_of_writer_.resize(writers_.size(), kNoChange);
    return {};
  }

  Status open_headers() {
    ByteReader in = open(kHeaders);
    count_ = in.varint();
    group_count_ = in.varint();
    if (count_ > kMaxChangesPerArchive)
      return too_much("more than " + std::to_string(kMaxChangesPerArchive) + " changes");
    if (group_count_ > count_) return malformed("more groups than changes");
    groups_ = ColumnReader(in, group_count_);
    for (ColumnReader* c : {&writer_, &prev_, &seq_, &dep_count_}) *c = ColumnReader(in, count_);
    std::uint64_t deps = 0;
    if (Status s = sum(dep_count_, count_, kMaxDeps, deps); !s) return s;
    dep_ = ColumnReader(in, deps);
    for (ColumnReader* c : {&lamport_, &counter_, &ids_, &heads_, &package_, &leaf_count_})
      *c = ColumnReader(in, count_);
    if (!in.finished()) return malformed("headers have a wrong length");
    return {};
  }

  Status open_leaves() {
    std::uint64_t leaves = 0;
    if (Status s = sum(leaf_count_, count_, kMaxLeaves, leaves); !s) return s;
    ByteReader in = open(kLeaves);
    form_ = ColumnReader(in, leaves);
    std::uint64_t present = 0;
    std::uint64_t kept = 0;
    std::uint64_t resealed = 0;
    ColumnReader forms = form_;
    for (std::uint64_t i = 0; i < leaves && !forms.failed(); ++i) {
      const std::uint64_t form = forms.next();
      present += form != kAbsent ? 1 : 0;
      kept += form == kKeptAsIs ? 1 : 0;
      resealed += form == kResealed ? 1 : 0;
    }
    if (!forms.finished()) return malformed("leaves are damaged");
    compartment_ = ColumnReader(in, present);
    epoch_ = ColumnReader(in, kept + resealed);
    for (ColumnReader* c : {&salt_, &payload_}) *c = ColumnReader(in, kept);
    if (!in.finished()) return malformed("leaves have a wrong length");
    kept_ = open(kKept);
    authority_ = open(kAuthority);
    absent_ = open(kAbsentLeaves);
    return {};
  }

  Status open_signatures() {
    if (!sections_[kSignatures].present) return {};
    signatures_ = open(kSignatures);
    signed_ = ColumnReader(signatures_, count_);
    return {};
  }

  // The sum of a column whose values are at most `limit`.
  Status sum(ColumnReader column, std::uint64_t n, std::uint64_t limit, std::uint64_t& total) const {
    for (std::uint64_t i = 0; i < n && !column.failed(); ++i) {
      const std::uint64_t v = column.next();
      if (v > limit) return too_much("a change with more deps or leaves than allowed");
      total += v;
    }
    if (!column.finished()) return malformed("a column of headers is damaged");
    return {};
  }

  bool columns_failed() const {
    for (const ColumnReader* c : all_columns())
      if (c->failed()) return true;
    return kept_.failed() || authority_.failed() || absent_.failed() || signatures_.failed();
  }
  std::array<const ColumnReader*, 18> all_columns() const {
    return {&groups_, &writer_,  &prev_,       &seq_,  &dep_count_,   &dep_,   &lamport_, &counter_, &ids_,
            &heads_,  &package_, &leaf_count_, &form_, &compartment_, &epoch_, &salt_,    &payload_, &signed_};
  }

  // ---- changes

  // A group's merged blocks cover the ids of all its changes, so its headers are read first.
  Status read_group(std::uint64_t size) {
    const std::uint64_t n = blocks_.bounded(compartments_.size());
    std::uint64_t ids = 0;
    ColumnReader ahead = ids_;
    for (std::uint64_t i = 0; i < size; ++i) {
      ids += ahead.next();
      if (ahead.failed() || ids > kMaxOperations - graph_.ids().size())
        return malformed("the changes have too many ids, or none");
    }
    if (ids == 0) return malformed("changes without ids");
    const BlockScope scope{0, graph_.ids().size(), static_cast<std::uint32_t>(ids)};
    flat_.append(flat_.agent_count() == 0 ? flat_.add_agent({}) : 0, scope.base, scope.id_count);
    std::vector<std::optional<Strand>> strands(compartments_.size());
    for (std::uint64_t b = 0; b < n; ++b) {
      const std::uint64_t compartment = blocks_.varint();
      const ByteView bytes = blocks_.bytes();
      if (blocks_.failed() || compartment >= compartments_.size() || strands[compartment])
        return malformed("a merged block is cut off, or of no compartment");
      Result<OperationBatch> merged = decode_block(bytes, scope, flat_, FlatWriters());
      if (!merged) return merged.error().within("archive");
      strands[compartment].emplace(std::move(*merged));
    }
    if (blocks_.failed()) return malformed("merged blocks are cut off");
    for (std::uint64_t i = 0; i < size; ++i)
      if (Status s = read_change(strands); !s) return s;
    for (const auto& strand : strands)
      if (strand && !strand->finished()) return malformed("a merged block has operations of no change");
    return {};
  }

  Status read_change(std::vector<std::optional<Strand>>& strands) {
    Change change;
    if (Status s = read_header(change.header); !s) return s;
    const std::uint64_t leaves = leaf_count_.next();
    if (leaves == 0) return malformed("a change without leaves");
    const Result<BlockScope> scope = graph_.announce(change.header);
    if (!scope) return scope.error();
    for (std::uint64_t l = 0; l < leaves; ++l)
      if (Status s = read_leaf(change, *scope, strands); !s) return s;
    if (sections_[kSignatures].present && signed_.next() == 1) change.signature = take<64>(signatures_);
    if (columns_failed()) return malformed("columns are damaged");
    change.header_bytes = encode_header(change.header);
    change.hash = crypto::hash("tlfs change", {change.header_bytes});
    if (graph_.find(change.hash) != kNoChange) return malformed("a change that is there twice");
    const auto added = graph_.add(change.hash, change.header);
    if (!added) return added.error();
    last_of_writer_[last_writer_] = *added;
    changes_.push_back(std::move(change));
    return {};
  }

  Status read_header(Header& h) {
    const std::uint64_t i = changes_.size();
    h.document = document_;
    last_writer_ = writer_.next();
    const std::uint64_t package = package_.next();
    if (last_writer_ >= writers_.size() || package >= packages_.size())
      return malformed("a writer or package that no table has");
    h.writer = writers_[last_writer_];
    h.package = packages_[package];

    std::uint64_t distance = prev_.next();
    const ChangeIndex last = last_of_writer_[last_writer_];
    if (distance == 0) distance = last == kNoChange ? i + 1 : i - last;
    if (distance > i + 1) return malformed("a change before the first");
    const Change* before = distance == i + 1 ? nullptr : &changes_[i - distance];
    if (before) h.prev = before->hash;
    h.seq = expected(before ? before->header.seq + 1 : 0, seq_);
    h.first_counter = expected(before ? before->header.first_counter + before->header.id_count : 0, counter_);
    std::uint64_t lamport = before ? before->header.lamport : 0;
    for (std::uint64_t n = dep_count_.next(); n > 0; --n) {
      const std::uint64_t d = dep_.next();
      if (d == 0 || d > i) return malformed("a dep that is not there");
      h.deps.push_back(changes_[i - d].hash);
      lamport = std::max(lamport, changes_[i - d].header.lamport);
    }
    if (h.deps.size() > 1) std::sort(h.deps.begin(), h.deps.end());
    h.lamport = expected(lamport + 1, lamport_);
    const std::uint64_t ids = ids_.next();
    if (const std::uint64_t heads = heads_.next(); heads != 0) {
      if (heads - 1 > kMaxAuthorityHeads) return too_much("authority heads");
      heads_now_.clear();
      for (std::uint64_t k = 1; k < heads; ++k) heads_now_.push_back(take<32>(authority_));
    }
    h.authority_heads = heads_now_;
    if (columns_failed()) return malformed("columns are damaged");
    if ((h.seq > 0) != h.prev.has_value()) return malformed("a number that does not fit the change's predecessor");
    if (ids == 0 || ids > kMaxIdsPerChange || h.seq > kMaxCounter || h.first_counter > kMaxCounter ||
        h.lamport > kMaxCounter)
      return too_much("a number beyond its limit");
    h.id_count = static_cast<std::uint32_t>(ids);
    return {};
  }

  static std::uint64_t expected(std::uint64_t value, ColumnReader& off) {
    return value + static_cast<std::uint64_t>(unzigzag(off.next()));
  }

  Status read_leaf(Change& change, const BlockScope& scope, std::vector<std::optional<Strand>>& strands) {
    const std::uint64_t form = form_.next();
    if (form == kAbsent) {
      change.header.leaf_digests.push_back(take<32>(absent_));
      change.leaves.emplace_back();
      return {};
    }
    const std::uint64_t compartment = compartment_.next();
    if (form > kResealed || compartment >= compartments_.size()) return malformed("a leaf of no form or compartment");
    Leaf leaf;
    leaf.compartment = compartments_[compartment];
    if (is_merged(form)) {
      if (!strands[compartment]) return malformed("a leaf whose merged block is not there");
      const OperationBatch& batch = strands[compartment]->take(scope);
      if (!refers_back(batch)) return malformed("an operation that refers to a later one");
      leaf.payload = encode_block(batch, scope, graph_.ids(), graph_, kUncompressed);
      if (form == kResealed) {
        const Header& h = change.header;
        auto sealed =
            cipher_ ? cipher_->seal_again({h.document, h.writer, h.seq}, leaf.compartment, epoch_.next(), leaf.payload)
                    : std::nullopt;
        if (!sealed)
          return Error(Errc::no_key, "archive: change " + std::to_string(h.seq) + " of writer " +
                                         to_hex(h.writer.device) + " has a leaf that cannot be sealed again here");
        leaf = std::move(*sealed);
      }
    } else {
      leaf.epoch = epoch_.next();
      const std::uint64_t salt = salt_.next();
      const std::uint64_t payload = payload_.next();
      if (salt > kMaxSaltBytes || payload > kMaxLeafBytes) return too_much("a leaf that is too large");
      const ByteView s = kept_.raw(salt);
      const ByteView p = kept_.raw(payload);
      leaf.salt.assign(s.begin(), s.end());
      leaf.payload.assign(p.begin(), p.end());
    }
    change.header.leaf_digests.push_back(leaf_digest(leaf));
    change.leaves.emplace_back(std::move(leaf));
    return {};
  }

  // A merged block knows the ids of its whole group, a change only those that are there so far.
  bool refers_back(const OperationBatch& batch) const {
    const std::uint64_t there = graph_.ids().size();
    for (const Operation& op : batch.operations) {
      if (op.parent != kNoLv && op.parent >= there) return false;
      if (op.subject != kNoLv && std::uint64_t{op.subject} + op.count > there) return false;
      const Target& t = batch.targets[op.target];
      for (std::uint32_t k = 0; k < t.key_count; ++k) {
        const Key& key = batch.keys[t.first_key + k];
        if (key.is_element() && key.element >= there) return false;
      }
    }
    return true;
  }

  Result<std::vector<Change>> finish() {
    for (const ColumnReader* c : all_columns())
      if (!c->finished()) return malformed("a column says more than there are changes");
    if (changes_.size() != count_ || !blocks_.finished() || !kept_.finished() || !authority_.finished() ||
        !absent_.finished() || !signatures_.finished())
      return malformed("bytes that belong to no change");
    std::vector<crypto::Digest> hashes;
    hashes.reserve(changes_.size());
    for (const Change& c : changes_) hashes.push_back(c.hash);
    if (check_of(hashes) != check_)
      return Error(Errc::bad_signature, "archive: its changes are not those that were put into it");
    return std::move(changes_);
  }

  ByteReader in_;
  const LeafCipher* cipher_;
  std::array<Section, kSectionCount> sections_{};
  std::vector<Bytes> room_;
  crypto::Digest check_{};
  DocumentId document_{};
  std::vector<WriterId> writers_;
  std::vector<crypto::Digest> packages_;
  std::vector<schema::NodeId> compartments_;
  std::uint64_t count_ = 0;
  std::uint64_t group_count_ = 0;
  ColumnReader groups_, writer_, prev_, seq_, dep_count_, dep_, lamport_, counter_, ids_, heads_, package_, leaf_count_;
  ColumnReader form_, compartment_, epoch_, salt_, payload_, signed_;
  ByteReader blocks_{ByteView{}}, kept_{ByteView{}}, authority_{ByteView{}}, absent_{ByteView{}},
      signatures_{ByteView{}};
  std::vector<ChangeIndex> last_of_writer_;
  std::uint64_t last_writer_ = 0;
  std::vector<crypto::Digest> heads_now_;
  IdSpace flat_;
  ChangeGraph graph_;
  std::vector<Change> changes_;
};

}  // namespace

Result<std::vector<Change>> decode_archive(ByteView bytes, const LeafCipher* cipher) {
  return ArchiveDecoder(bytes, cipher).decode();
}

}  // namespace tlfs::document
