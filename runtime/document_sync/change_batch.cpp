#include "runtime/document_sync/change_batch.h"

#include <zstd.h>

#include <algorithm>
#include <map>

#include <tsl/robin_map.h>

#include "runtime/base/check.h"
#include "runtime/base/varint.h"

namespace tlfs::document_sync {

using document::Change;
using document::ChangeHash;
using document::Header;
using document::Leaf;
using document::WriterId;

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr int kLevel = 1;
constexpr std::size_t kWorthPacking = 64;
constexpr std::size_t kUsualBulk = 64;  // bytes of a change, for a first guess of how many there are

// Of a change. What is usual is 1, so that a run of usual changes is a run of equal bytes.
enum Flag : std::uint64_t {
  kSameWriter = 1,      // as the change before
  kGoesOn = 2,          // the writer's last change in the batch is its prev; number and counter follow from it
  kOnLastOnly = 4,      // no deps, where the change before is prev; otherwise: the change before is the only dep
  kLamportFollows = 8,  // all parents are in the batch
  kSameHeads = 16,      // authority heads of the change before
  kSamePackage = 32,
  kOneLeaf = 64,  // there, and of the place and epoch of the leaf before
  kSigned = 128,
};

Error malformed(std::string what) { return Error(Errc::malformed, "a batch of changes: " + std::move(what)); }

// What was written before, and may be referred to; the same on both sides.
struct Memory {
  struct Last {  // of a writer
    std::size_t at = 0;
    std::uint64_t seq = 0;
    std::uint64_t next_counter = 0;
  };
  std::vector<WriterId> writers;
  std::vector<std::optional<Last>> last;  // by writer
  std::vector<crypto::Digest> digests;    // written in full
  std::vector<std::pair<document::CompartmentId, std::uint64_t>> places;
  std::vector<std::uint64_t> lamports;  // by change
  std::size_t writer = 0;               // of the change before
  std::size_t place = 0;                // of the leaf before
  std::vector<crypto::Digest> heads;
  crypto::Digest package{};

  bool in_front(std::size_t writer_now) const {
    return last[writer_now] && last[writer_now]->at + 1 == lamports.size();
  }
};

class Encoder {
 public:
  Bytes encode(const std::vector<Change>& changes) {
    plan_.varint(changes.size());
    in_batch_.reserve(changes.size());
    for (const Change& c : changes) add(c);
    ByteWriter out;
    out.reserve(plan_.size() + bulk_.size() + 16);
    out.u8(kVersion);
    Bytes packed;
    if (plan_.size() >= kWorthPacking) {
      packed.resize(ZSTD_compressBound(plan_.size()));
      const std::size_t n = ZSTD_compress(packed.data(), packed.size(), plan_.view().data(), plan_.size(), kLevel);
      TLFS_CHECK(!ZSTD_isError(n), "compressing cannot fail");
      packed.resize(n);
    }
    const bool pays = !packed.empty() && packed.size() < plan_.size() && plan_.size() <= kMaxInflation * packed.size();
    out.u8(pays ? 1 : 0);
    out.bytes(pays ? ByteView(packed) : plan_.view());
    out.raw(bulk_.view());
    return out.take();
  }

 private:
  void digest(const crypto::Digest& d) {
    if (const auto in = in_batch_.find(d); in != in_batch_.end()) {
      plan_.varint(2 * (memory_.lamports.size() - in->second));  // how many changes ago; never 0
      return;
    }
    const auto [at, fresh] = in_table_.try_emplace(d, memory_.digests.size());
    plan_.varint(fresh ? 0 : 2 * (memory_.digests.size() - at->second) + 1);
    if (!fresh) return;
    memory_.digests.push_back(d);
    bulk_.raw(d);
  }

  std::size_t writer(const WriterId& id) {
    const auto found = std::find(memory_.writers.begin(), memory_.writers.end(), id);
    const auto at = static_cast<std::size_t>(found - memory_.writers.begin());
    if (found == memory_.writers.end()) {
      memory_.writers.push_back(id);
      memory_.last.emplace_back();
    }
    return at;
  }

  std::optional<std::uint64_t> expected_lamport(const Header& h) const {
    std::uint64_t highest = 0;
    const auto see = [&](const ChangeHash& parent) {
      const auto in = in_batch_.find(parent);
      if (in != in_batch_.end()) highest = std::max(highest, memory_.lamports[in->second]);
      return in != in_batch_.end();
    };
    if (h.prev && !see(*h.prev)) return std::nullopt;
    for (const ChangeHash& d : h.deps)
      if (!see(d)) return std::nullopt;
    return highest + 1;
  }

  void add(const Change& c) {
    const Header& h = c.header;
    const std::size_t known_writers = memory_.writers.size();
    const std::size_t w = writer(h.writer);
    const std::optional<Memory::Last>& last = memory_.last[w];
    std::uint64_t flags = 0;
    if (known_writers > 0 && w == memory_.writer) flags |= kSameWriter;
    if (last && h.prev == hashes_[last->at] && h.seq == last->seq + 1 && h.first_counter == last->next_counter)
      flags |= kGoesOn;
    const bool in_front = memory_.in_front(w);
    if (in_front ? h.deps.empty() : !hashes_.empty() && h.deps.size() == 1 && h.deps.front() == hashes_.back())
      flags |= kOnLastOnly;
    if (expected_lamport(h) == h.lamport) flags |= kLamportFollows;
    if (h.authority_heads == memory_.heads) flags |= kSameHeads;
    if (h.package == memory_.package) flags |= kSamePackage;
    if (c.leaves.size() == 1 && c.leaves.front() && !memory_.places.empty() &&
        memory_.places[memory_.place] == std::pair(c.leaves.front()->compartment, c.leaves.front()->epoch))
      flags |= kOneLeaf;
    if (c.signature) flags |= kSigned;

    plan_.varint(flags);
    if (!(flags & kSameWriter)) {
      plan_.varint(w);
      if (w == known_writers) {
        bulk_.raw(h.writer.device);
        plan_.varint(h.writer.incarnation);
      }
    }
    if (!(flags & kGoesOn)) {
      plan_.varint(h.seq);
      if (h.prev) digest(*h.prev);
      plan_.varint(h.first_counter);
    }
    if (!(flags & kOnLastOnly)) digests(h.deps);
    if (!(flags & kLamportFollows)) plan_.varint(h.lamport);
    plan_.varint(h.id_count);
    if (!(flags & kSameHeads)) digests(h.authority_heads);
    if (!(flags & kSamePackage)) digest(h.package);
    if (!(flags & kOneLeaf)) plan_.varint(c.leaves.size());
    for (std::size_t i = 0; i < c.leaves.size(); ++i) {
      if (c.leaves[i]) {
        leaf(*c.leaves[i], (flags & kOneLeaf) != 0);
      } else {
        plan_.varint(0);
        bulk_.raw(h.leaf_digests[i]);
      }
    }
    if (c.signature) bulk_.raw(*c.signature);

    memory_.writer = w;
    memory_.last[w] = Memory::Last{hashes_.size(), h.seq, h.first_counter + h.id_count};
    memory_.heads = h.authority_heads;
    memory_.package = h.package;
    in_batch_.try_emplace(c.hash, hashes_.size());
    hashes_.push_back(c.hash);
    memory_.lamports.push_back(h.lamport);
  }

  void digests(const std::vector<crypto::Digest>& all) {
    plan_.varint(all.size());
    for (const crypto::Digest& d : all) digest(d);
  }

  void leaf(const Leaf& l, bool known_place) {
    if (!known_place) {
      const std::pair place(l.compartment, l.epoch);
      const auto found = std::find(memory_.places.begin(), memory_.places.end(), place);
      memory_.place = static_cast<std::size_t>(found - memory_.places.begin());
      plan_.varint(1 + memory_.place);
      if (found == memory_.places.end()) {
        memory_.places.push_back(place);
        bulk_.raw(l.compartment);
        bulk_.fixed64(l.epoch);
      }
    }
    plan_.varint(l.salt.size());
    plan_.varint(l.payload.size());
    bulk_.raw(l.salt);
    bulk_.raw(l.payload);
  }

  Memory memory_;
  ByteWriter plan_, bulk_;
  std::vector<ChangeHash> hashes_;
  tsl::robin_map<ChangeHash, std::size_t, crypto::DigestHash> in_batch_;
  tsl::robin_map<crypto::Digest, std::size_t, crypto::DigestHash> in_table_;
};

class Decoder {
 public:
  Decoder(ByteView plan, ByteView bulk, const document::DocumentId& document)
      : plan_(plan), bulk_(bulk), document_(document) {}

  Result<std::vector<Change>> decode() {
    const std::uint64_t count = plan_.bounded(kMaxBatchChanges);
    out_.reserve(std::min<std::size_t>(count, bulk_.remaining() / kUsualBulk));
    for (std::uint64_t i = 0; i < count && !failed(); ++i)
      if (Status s = next(); !s) return s.error();
    if (failed() || !plan_.finished() || !bulk_.finished())
      return malformed("it is cut off, has bytes after its end, or refers to what was not before");
    return std::move(out_);
  }

 private:
  bool failed() const { return plan_.failed() || bulk_.failed(); }

  template <std::size_t N>
  std::array<std::uint8_t, N> fixed() {
    std::array<std::uint8_t, N> a{};
    const ByteView v = bulk_.raw(N);
    std::copy(v.begin(), v.end(), a.begin());
    return a;
  }

  crypto::Digest digest() {
    const std::uint64_t what = plan_.varint();
    if (what == 0) return outside(memory_.digests.emplace_back(fixed<32>()));
    const std::uint64_t back = what / 2;
    const bool in_table = what % 2 == 1;
    const std::size_t size = in_table ? memory_.digests.size() : out_.size();
    if (back == 0 || back > size) {
      plan_.fail();
      return {};
    }
    return in_table ? outside(memory_.digests[size - back]) : inside(size - back);
  }

  // Parents of the change that is being read, as far as its lamport time follows from them.
  const crypto::Digest& inside(std::size_t index) {
    highest_ = std::max(highest_, memory_.lamports[index]);
    return out_[index].hash;
  }
  const crypto::Digest& outside(const crypto::Digest& digest) {
    all_inside_ = false;
    return digest;
  }

  std::vector<crypto::Digest> digests(std::size_t limit) {
    std::vector<crypto::Digest> all;
    const std::uint64_t n = plan_.bounded(limit);
    for (std::uint64_t i = 0; i < n && !failed(); ++i) all.push_back(digest());
    return all;
  }

  std::size_t writer(bool same) {
    if (same) {
      if (memory_.writers.empty()) plan_.fail();
      return memory_.writer;
    }
    const std::uint64_t w = plan_.bounded(memory_.writers.size());
    if (w == memory_.writers.size()) {
      WriterId id;
      id.device = fixed<32>();
      id.incarnation = plan_.varint();
      memory_.writers.push_back(id);
      memory_.last.emplace_back();
    }
    return w;
  }

  Status next() {
    const std::uint64_t flags = plan_.bounded(255);
    const std::size_t w = writer((flags & kSameWriter) != 0);
    if (failed()) return {};
    Change c;
    Header& h = c.header;
    h.document = document_;
    h.writer = memory_.writers[w];
    highest_ = 0;
    all_inside_ = true;
    const std::optional<Memory::Last> last = memory_.last[w];
    if (flags & kGoesOn) {
      if (!last) return malformed("a change goes on from one that is not there");
      h.seq = last->seq + 1;
      h.prev = inside(last->at);
      h.first_counter = last->next_counter;
    } else {
      h.seq = plan_.varint();
      if (h.seq > 0) h.prev = digest();
      h.first_counter = plan_.varint();
    }
    if (!(flags & kOnLastOnly)) {
      h.deps = digests(document::kMaxDeps);
    } else if (!memory_.in_front(w)) {
      if (out_.empty()) return malformed("the first change rests on one before it");
      h.deps.push_back(inside(out_.size() - 1));
    }
    if (flags & kLamportFollows) {
      if (!all_inside_) return malformed("a time that follows from changes that are not there");
      h.lamport = highest_ + 1;
    } else {
      h.lamport = plan_.varint();
    }
    h.id_count = static_cast<std::uint32_t>(plan_.bounded(document::kMaxIdsPerChange));
    h.authority_heads = flags & kSameHeads ? memory_.heads : digests(document::kMaxAuthorityHeads);
    h.package = flags & kSamePackage ? memory_.package : digest();
    const std::uint64_t leaves = flags & kOneLeaf ? 1 : plan_.bounded(document::kMaxLeaves);
    for (std::uint64_t i = 0; i < leaves && !failed(); ++i)
      if (Status s = leaf(c, (flags & kOneLeaf) != 0); !s) return s;
    if (flags & kSigned) c.signature = fixed<64>();
    if (failed()) return {};
    return finish(std::move(c), w);
  }

  Status leaf(Change& c, bool known_place) {
    if (!known_place) {
      const std::uint64_t place = plan_.bounded(memory_.places.size() + 1);
      if (place == 0) {
        c.header.leaf_digests.push_back(fixed<32>());
        c.leaves.emplace_back();
        return {};
      }
      memory_.place = place - 1;
      if (memory_.place == memory_.places.size()) {
        const auto compartment = fixed<16>();
        memory_.places.emplace_back(compartment, bulk_.fixed64());
      }
    }
    if (memory_.place >= memory_.places.size()) return malformed("a leaf in a place that was not named");
    Leaf l;
    std::tie(l.compartment, l.epoch) = memory_.places[memory_.place];
    const std::uint64_t salt = plan_.bounded(document::kMaxSaltBytes);
    const std::uint64_t payload = plan_.bounded(document::kMaxLeafBytes);
    const ByteView salt_bytes = bulk_.raw(salt), payload_bytes = bulk_.raw(payload);
    l.salt.assign(salt_bytes.begin(), salt_bytes.end());
    l.payload.assign(payload_bytes.begin(), payload_bytes.end());
    c.header.leaf_digests.push_back(document::leaf_digest(l));
    c.leaves.emplace_back(std::move(l));
    return {};
  }

  Status finish(Change&& c, std::size_t w) {
    Header& h = c.header;
    // What decode_header() says of a header; encode_header() makes the same bytes of whatever passes this.
    if (h.seq > document::kMaxCounter || h.lamport > document::kMaxCounter || h.first_counter > document::kMaxCounter ||
        h.lamport == 0 || h.id_count == 0 || h.leaf_digests.empty())
      return malformed("a change with numbers that no change has");
    c.header_bytes = document::encode_header(h);
    if (c.header_bytes.size() > document::kMaxHeaderBytes) return malformed("a header that is too long");
    const auto ascending = [](const std::vector<crypto::Digest>& all) {
      return std::adjacent_find(all.begin(), all.end(), std::greater_equal<>()) == all.end();
    };
    if (!ascending(h.deps) || !ascending(h.authority_heads) ||
        (h.prev && std::binary_search(h.deps.begin(), h.deps.end(), *h.prev)))
      return malformed("a change whose digests are not in ascending order");
    c.hash = crypto::hash("tlfs change", {c.header_bytes});
    memory_.writer = w;
    memory_.last[w] = Memory::Last{out_.size(), h.seq, h.first_counter + h.id_count};
    memory_.heads = h.authority_heads;
    memory_.package = h.package;
    memory_.lamports.push_back(h.lamport);
    out_.push_back(std::move(c));
    return {};
  }

  ByteReader plan_, bulk_;
  document::DocumentId document_;
  Memory memory_;
  std::uint64_t highest_ = 0;
  bool all_inside_ = true;
  std::vector<Change> out_;
};

}  // namespace

Bytes encode_batch(std::vector<Change> changes, bool every_signature) {
  TLFS_CHECK(changes.size() <= kMaxBatchChanges, "more changes than a batch holds");
  if (!every_signature) document::drop_vouched_signatures(changes);
  return Encoder().encode(changes);
}

Result<std::vector<Change>> decode_batch(ByteView bytes, const document::DocumentId& document) {
  if (bytes.size() > kMaxBatchBytes)
    return Error(Errc::limit_exceeded, "a batch of more than " + std::to_string(kMaxBatchBytes) + " bytes");
  ByteReader in(bytes);
  if (const std::uint8_t version = in.u8(); version != kVersion)
    return malformed("version " + std::to_string(version) + ", expected " + std::to_string(kVersion));
  const std::uint8_t packed = in.u8();
  ByteView plan = in.bytes();
  if (in.failed() || packed > 1) return malformed("its head is cut off");
  const ByteView bulk = in.raw(in.remaining());
  Bytes unpacked;
  if (packed == 1) {
    const unsigned long long size = ZSTD_getFrameContentSize(plan.data(), plan.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return malformed("a plan of unknown size");
    if (size > kMaxPlanBytes || size > kMaxInflation * plan.size())
      return Error(Errc::limit_exceeded,
                   "a batch of changes: a plan that unpacks to " + std::to_string(size) + " bytes");
    unpacked.resize(size);
    if (ZSTD_decompress(unpacked.data(), unpacked.size(), plan.data(), plan.size()) != size)
      return malformed("a plan that does not unpack");
    plan = unpacked;
  }
  return Decoder(plan, bulk, document).decode();
}

std::size_t weight(const Change& change) {
  std::size_t n = 16 + 32 * change.header.deps.size();
  for (const auto& leaf : change.leaves) n += leaf ? leaf->salt.size() + leaf->payload.size() + 4 : 33;
  return n;
}

bool vouched(const std::vector<Change>& changes, const std::function<bool(const ChangeHash&)>& known) {
  tsl::robin_map<ChangeHash, WriterId, crypto::DigestHash> expected;
  for (auto c = changes.rbegin(); c != changes.rend(); ++c) {
    const auto by = expected.find(c->hash);
    const bool stood_for = by != expected.end() && by->second == c->header.writer;
    if (!c->signature && !stood_for && !(known && known(c->hash))) return false;
    if (by != expected.end()) expected.erase(by);
    if (c->header.prev) expected.insert_or_assign(*c->header.prev, c->header.writer);
  }
  return true;
}

}  // namespace tlfs::document_sync
