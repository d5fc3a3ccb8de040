#include <algorithm>
#include <map>

#include "runtime/base/check.h"
#include "runtime/document/archive.h"
#include "runtime/document/archive_format.h"
#include "runtime/document/column.h"
#include "runtime/document/sections.h"

namespace tlfs::document {

namespace {

using namespace archive;

constexpr BlockOptions kSmallest{19, 64};
// Numbers things in the order in which they first come.
template <class T>
class Table {
 public:
  std::uint64_t index(const T& item) {
    const auto [at, fresh] = numbers_.try_emplace(item, items_.size());
    if (fresh) items_.push_back(item);
    return at->second;
  }
  const std::vector<T>& items() const { return items_; }

 private:
  std::map<T, std::uint64_t> numbers_;
  std::vector<T> items_;
};

template <class Container>
void put(Bytes& out, const Container& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

using Column = std::vector<std::uint64_t>;

void put_column(Bytes& out, const Column& column) {
  if (!column.empty()) write_column(out, column);
}

std::uint64_t difference(std::uint64_t is, std::uint64_t expected) {
  return zigzag(static_cast<std::int64_t>(is - expected));
}

class ArchiveEncoder {
 public:
  ArchiveEncoder(std::span<const Change> changes, const LeafCipher* cipher)
      : changes_(changes), cipher_(cipher), forms_(changes.size()) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      forms_[i].resize(changes[i].leaves.size(), kKeptAsIs);
      for (std::size_t l = 0; l < forms_[i].size(); ++l)
        if (!changes[i].leaves[l]) forms_[i][l] = kAbsent;
    }
  }

  Result<Bytes> encode() {
    if (Status s = link(); !s) return s.error();
    Bytes bytes = write();
    if (comes_back(bytes)) return bytes;
    for (auto& forms : forms_)
      for (LeafForm& form : forms)
        if (is_merged(form)) form = kKeptAsIs;
    bytes = write();
    TLFS_CHECK(comes_back(bytes), "an archive of changes that are kept as they are does not come back");
    return bytes;
  }

 private:
  // Checks the changes, builds the graph and finds the leaves that can be merged.
  Status link() {
    if (changes_.size() > kMaxChangesPerArchive)
      return Error(Errc::limit_exceeded, "archive: more than " + std::to_string(kMaxChangesPerArchive) + " changes");
    batches_.resize(changes_.size());
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Change& c = changes_[i];
      const std::string name = "archive: change " + to_hex(c.hash);
      if (c.header.document != changes_[0].header.document)
        return Error(Errc::wrong_document, name + " is of another document than the first");
      if (graph_.find(c.hash) != kNoChange) return Error(Errc::malformed, name + " is there twice");
      const auto known = [&](const ChangeHash& h) { return graph_.find(h) != kNoChange; };
      if ((c.header.prev && !known(*c.header.prev)) || !std::all_of(c.header.deps.begin(), c.header.deps.end(), known))
        return Error(Errc::missing_dependency, name + " comes before one that it depends on");
      const Result<BlockScope> scope = graph_.announce(c.header);
      if (!scope) return scope.error();
      for (std::size_t l = 0; l < c.leaves.size(); ++l) consider(i, l, *scope);
      if (const auto added = graph_.add(c.hash, c.header); !added) return added.error();
    }
    return {};
  }

  void consider(std::size_t i, std::size_t l, const BlockScope& scope) {
    const auto& leaf = changes_[i].leaves[l];
    if (!leaf || (leaf->epoch == 0 ? !leaf->salt.empty() : !cipher_)) return;
    for (std::size_t before = 0; before < l; ++before)  // a second leaf of one compartment has no place in its block
      if (is_merged(forms_[i][before]) && changes_[i].leaves[before]->compartment == leaf->compartment) return;
    std::optional<Bytes> opened;
    if (leaf->epoch != 0) {
      const Header& h = changes_[i].header;
      const LeafPlace place{h.document, h.writer, h.seq};
      opened = cipher_->open(place, *leaf);
      if (!opened || cipher_->seal_again(place, leaf->compartment, leaf->epoch, *opened) != leaf) return;
    }
    const Bytes& block = opened ? *opened : leaf->payload;
    Result<OperationBatch> batch = decode_block(block, scope, graph_.ids(), graph_);
    if (!batch || encode_block(*batch, scope, graph_.ids(), graph_, kUncompressed) != block) return;
    forms_[i][l] = opened ? kResealed : kMerged;
    batches_[i].resize(changes_[i].leaves.size());
    batches_[i][l] = std::move(*batch);
  }

  bool comes_back(const Bytes& bytes) const {
    const Result<std::vector<Change>> back = decode_archive(bytes, cipher_);
    return back.ok() && std::equal(back->begin(), back->end(), changes_.begin(), changes_.end(),
                                   [](const Change& a, const Change& b) {
                                     return a.hash == b.hash && a.leaves == b.leaves && a.signature == b.signature;
                                   });
  }

  Bytes write() {
    make_groups();
    collect_headers();
    collect_leaves();
    Bytes out = {kVersion};
    SectionWriter sections(kSmallest);
    const auto section = [&](std::uint64_t number, const Bytes& content) {
      if (content.empty()) return;
      sections.begin(out, number);
      put(out, content);
      sections.end(out);
    };
    section(kTables, tables());
    section(kHeaders, headers_);
    section(kLeaves, leaves_);
    section(kBlocks, blocks());
    section(kKept, kept_);
    section(kAuthority, authority_);
    section(kAbsentLeaves, absent_);
    section(kSignatures, signatures());
    return out;
  }

  void make_groups() {
    groups_.clear();
    std::uint64_t ids = 0;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (groups_.empty() || ids >= kIdsPerGroup || bytes >= kBytesPerGroup) {
        groups_.push_back(0);
        ids = bytes = 0;
      }
      ++groups_.back();
      ids += changes_[i].header.id_count;
      for (const auto& leaf : changes_[i].leaves) bytes += leaf ? leaf->payload.size() : 0;
    }
  }

  void collect_headers() {
    writers_ = {};
    packages_ = {};
    authority_.clear();
    headers_.clear();
    Column writer, prev, seq, dep_count, dep, lamport, counter, ids, heads, package, leaf_count;
    std::map<WriterId, std::size_t> last_of_writer;
    std::vector<crypto::Digest> last_heads;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Header& h = changes_[i].header;
      const auto index_of = [&](const ChangeHash& hash) { return std::uint64_t{graph_.find(hash)}; };
      writer.push_back(writers_.index(h.writer));
      // 0: the writer's last change so far, or none where there is none; i+1: none although there is one; else the
      // distance.
      const auto last = last_of_writer.find(h.writer);
      const std::uint64_t implied = last == last_of_writer.end() ? i + 1 : i - last->second;
      const std::uint64_t distance = h.prev ? i - index_of(*h.prev) : i + 1;
      prev.push_back(distance == implied ? 0 : distance);
      const Header* before = h.prev ? &changes_[index_of(*h.prev)].header : nullptr;
      seq.push_back(difference(h.seq, before ? before->seq + 1 : 0));
      counter.push_back(difference(h.first_counter, before ? before->first_counter + before->id_count : 0));
      std::uint64_t max_lamport = before ? before->lamport : 0;
      Column distances;
      for (const ChangeHash& d : h.deps) {
        distances.push_back(i - index_of(d));
        max_lamport = std::max(max_lamport, changes_[index_of(d)].header.lamport);
      }
      std::sort(distances.begin(), distances.end());
      dep_count.push_back(distances.size());
      dep.insert(dep.end(), distances.begin(), distances.end());
      lamport.push_back(difference(h.lamport, max_lamport + 1));
      ids.push_back(h.id_count);
      heads.push_back(h.authority_heads == last_heads ? 0 : h.authority_heads.size() + 1);
      if (heads.back() != 0) {
        for (const auto& d : h.authority_heads) put(authority_, d);
        last_heads = h.authority_heads;
      }
      package.push_back(packages_.index(h.package));
      leaf_count.push_back(h.leaf_digests.size());
      last_of_writer[h.writer] = i;
    }
    put_varint(headers_, changes_.size());
    put_varint(headers_, groups_.size());
    for (const Column* c :
         {&groups_, &writer, &prev, &seq, &dep_count, &dep, &lamport, &counter, &ids, &heads, &package, &leaf_count})
      put_column(headers_, *c);
  }

  void collect_leaves() {
    compartments_ = {};
    kept_.clear();
    absent_.clear();
    leaves_.clear();
    Column form, compartment, epoch, salt, payload;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      for (std::size_t l = 0; l < forms_[i].size(); ++l) {
        form.push_back(forms_[i][l]);
        if (forms_[i][l] == kAbsent) {
          put(absent_, changes_[i].header.leaf_digests[l]);
          continue;
        }
        const Leaf& leaf = *changes_[i].leaves[l];
        compartment.push_back(compartments_.index(leaf.compartment));
        if (forms_[i][l] == kMerged) continue;
        epoch.push_back(leaf.epoch);
        if (forms_[i][l] == kResealed) continue;
        salt.push_back(leaf.salt.size());
        payload.push_back(leaf.payload.size());
        put(kept_, leaf.salt);
        put(kept_, leaf.payload);
      }
    }
    for (const Column* c : {&form, &compartment, &epoch, &salt, &payload}) put_column(leaves_, *c);
  }

  Bytes tables() const {
    Bytes out;
    std::vector<crypto::Digest> hashes;
    for (const Change& c : changes_) hashes.push_back(c.hash);
    put(out, check_of(hashes));
    put(out, changes_.empty() ? DocumentId{} : changes_[0].header.document);
    put_varint(out, writers_.items().size());
    for (const WriterId& w : writers_.items()) {
      put(out, w.device);
      put_varint(out, w.incarnation);
    }
    put_varint(out, packages_.items().size());
    for (const auto& p : packages_.items()) put(out, p);
    put_varint(out, compartments_.items().size());
    for (const auto& c : compartments_.items()) put(out, c);
    return out;
  }

  // For each group: how many blocks, and each as the number of its compartment, its length and its bytes.
  Bytes blocks() {
    Bytes out;
    IdSpace flat;
    flat.add_agent({});
    flat.append(0, 0, graph_.ids().size());
    std::size_t i = 0;
    for (std::uint64_t size : groups_) {
      std::map<std::uint64_t, OperationBatch> merged;
      const std::size_t end = i + size;
      const Lv base = graph_.at(static_cast<ChangeIndex>(i)).base;
      for (; i < end; ++i)
        for (std::size_t l = 0; l < forms_[i].size(); ++l)
          if (is_merged(forms_[i][l]))
            merged[compartments_.index(changes_[i].leaves[l]->compartment)].append(batches_[i][l]);
      const ChangeRecord& last = graph_.at(static_cast<ChangeIndex>(end - 1));
      const BlockScope scope{0, base, last.base + last.id_count - base};
      put_varint(out, merged.size());
      for (const auto& [compartment, batch] : merged) {
        const Bytes block = encode_block(batch, scope, flat, FlatWriters(), kSmallest);
        put_varint(out, compartment);
        put_varint(out, block.size());
        put(out, block);
      }
    }
    return out;
  }

  Bytes signatures() const {
    Column there;
    Bytes all;
    for (const Change& c : changes_) {
      there.push_back(c.signature ? 1 : 0);
      if (c.signature) put(all, *c.signature);
    }
    if (all.empty()) return {};
    Bytes out;
    put_column(out, there);
    put(out, all);
    return out;
  }

  std::span<const Change> changes_;
  const LeafCipher* cipher_;
  std::vector<std::vector<LeafForm>> forms_;          // by change and leaf
  std::vector<std::vector<OperationBatch>> batches_;  // of the leaves that are merged
  ChangeGraph graph_;
  Column groups_;
  Table<WriterId> writers_;
  Table<crypto::Digest> packages_;
  Table<schema::NodeId> compartments_;
  Bytes headers_, leaves_, kept_, authority_, absent_;
};

}  // namespace

Result<Bytes> encode_archive(std::span<const Change> changes, const LeafCipher* cipher) {
  return ArchiveEncoder(changes, cipher).encode();
}

}  // namespace tlfs::document
