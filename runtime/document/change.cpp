#include "runtime/document/change.h"

#include <tsl/robin_set.h>

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/varint.h"
#include "schema/framing/fields.h"
#include "schema/framing/framing.h"
#include "schema/messages/change.capnp.h"

namespace tlfs::document {

namespace {

using framing::to_blob;
using framing::view_blob;

constexpr std::uint8_t kHeaderVersion = 1;
constexpr int kNestingLimit = 16;

Error malformed(std::string what) { return Error(Errc::malformed, "change: " + std::move(what)); }
Error too_much(std::string what) { return Error(Errc::limit_exceeded, "change: " + std::move(what)); }

void put_digests(ByteWriter& out, const std::vector<crypto::Digest>& digests) {
  out.varint(digests.size());
  for (const auto& d : digests) out.raw(d);
}

template <std::size_t N>
std::array<std::uint8_t, N> take(ByteReader& in) {
  std::array<std::uint8_t, N> a{};
  const ByteView v = in.raw(N);
  std::copy(v.begin(), v.end(), a.begin());
  return a;
}

// At most `limit`; strictly ascending where `sorted`.
Status take_digests(ByteReader& in, std::size_t limit, bool sorted, const char* what,
                    std::vector<crypto::Digest>& out) {
  const std::uint64_t n = in.varint();
  if (n > limit) return too_much("more than " + std::to_string(limit) + " " + what);
  if (n > in.remaining() / 32) return malformed(std::string(what) + " are cut off");
  out.reserve(n);
  for (std::uint64_t i = 0; i < n; ++i) out.push_back(take<32>(in));
  if (sorted && std::adjacent_find(out.begin(), out.end(), std::greater_equal<>()) != out.end())
    return malformed(std::string(what) + " are not in ascending order");
  return {};
}

crypto::Digest hash_header(ByteView header) { return crypto::hash("tlfs change", {header}); }

template <std::size_t N>
bool copy_exactly(capnp::Data::Reader from, std::array<std::uint8_t, N>& to) {
  if (from.size() != N) return false;
  std::copy(from.begin(), from.end(), to.begin());
  return true;
}

Result<Change> read_change(messages::Change::Reader message) {
  const ByteView header = view_blob(message.getHeader());
  Result<Header> decoded = decode_header(header);
  if (!decoded) return decoded.error();
  Change change;
  change.header = std::move(*decoded);
  change.header_bytes.assign(header.begin(), header.end());
  change.hash = hash_header(header);

  const auto slots = message.getLeaves();
  if (slots.size() != change.header.leaf_digests.size())
    return malformed("it brings " + std::to_string(slots.size()) + " leaves, the header names " +
                     std::to_string(change.header.leaf_digests.size()));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const auto slot = slots[static_cast<unsigned>(i)];
    if (!slot.isLeaf()) {
      change.leaves.emplace_back();
      continue;
    }
    const auto source = slot.getLeaf();
    Leaf leaf;
    if (!copy_exactly(source.getCompartment(), leaf.compartment))
      return malformed("a compartment's id has a wrong length");
    leaf.epoch = source.getEpoch();
    const ByteView salt = view_blob(source.getSalt());
    const ByteView payload = view_blob(source.getPayload());
    if (salt.size() > kMaxSaltBytes) return too_much("a salt of more than " + std::to_string(kMaxSaltBytes) + " bytes");
    if (payload.size() > kMaxLeafBytes)
      return too_much("a leaf of more than " + std::to_string(kMaxLeafBytes) + " bytes");
    leaf.salt.assign(salt.begin(), salt.end());
    leaf.payload.assign(payload.begin(), payload.end());
    if (leaf_digest(leaf) != change.header.leaf_digests[i])
      return Error(Errc::bad_signature, "change " + to_hex(change.hash) + ": leaf " + std::to_string(i) +
                                            " does not fit the digest in the header");
    change.leaves.push_back(std::move(leaf));
  }

  const auto signature = message.getSignature();
  if (signature.size() != 0 && !copy_exactly(signature, change.signature.emplace()))
    return malformed("a signature has a wrong length");
  return change;
}

}  // namespace

Bytes encode_header(const Header& h) {
  ByteWriter out;
  out.reserve(224 + 32 * (h.deps.size() + h.authority_heads.size() + h.leaf_digests.size()));
  out.u8(kHeaderVersion);
  out.raw(h.document);
  out.raw(h.writer.device);
  out.varint(h.writer.incarnation);
  out.varint(h.seq);
  TLFS_CHECK(h.prev.has_value() == (h.seq > 0), "a change names its predecessor exactly when there is one");
  if (h.prev) out.raw(*h.prev);
  put_digests(out, h.deps);
  out.varint(h.lamport);
  out.varint(h.first_counter);
  out.varint(h.id_count);
  put_digests(out, h.authority_heads);
  out.raw(h.package);
  put_digests(out, h.leaf_digests);
  return out.take();
}

Result<Header> decode_header(ByteView bytes) {
  if (bytes.size() > kMaxHeaderBytes)
    return too_much("a header of more than " + std::to_string(kMaxHeaderBytes) + " bytes");
  ByteReader in(bytes);
  if (const std::uint8_t version = in.u8(); version != kHeaderVersion)
    return malformed("header version " + std::to_string(version) + ", expected " + std::to_string(kHeaderVersion));
  Header h;
  h.document = take<32>(in);
  h.writer.device = take<32>(in);
  h.writer.incarnation = in.varint();
  h.seq = in.varint();
  if (h.seq > 0) h.prev = take<32>(in);
  if (Status s = take_digests(in, kMaxDeps, true, "deps", h.deps); !s) return s.error();
  h.lamport = in.varint();
  h.first_counter = in.varint();
  const std::uint64_t id_count = in.varint();
  if (Status s = take_digests(in, kMaxAuthorityHeads, true, "authority heads", h.authority_heads); !s) return s.error();
  h.package = take<32>(in);
  if (Status s = take_digests(in, kMaxLeaves, false, "leaves", h.leaf_digests); !s) return s.error();
  if (!in.finished()) return malformed("the header is cut off, or has bytes after its end");
  if (id_count == 0 || id_count > kMaxIdsPerChange)
    return too_much("it takes " + std::to_string(id_count) + " ids, expected 1 to " + std::to_string(kMaxIdsPerChange));
  h.id_count = static_cast<std::uint32_t>(id_count);
  if (h.first_counter > kMaxCounter || h.lamport > kMaxCounter || h.seq > kMaxCounter)
    return too_much("a counter beyond " + std::to_string(kMaxCounter));
  if (h.lamport == 0) return malformed("lamport 0, expected at least 1");
  if (h.leaf_digests.empty()) return malformed("no leaf");
  if (h.prev && std::binary_search(h.deps.begin(), h.deps.end(), *h.prev))
    return malformed("the writer's own last change is among the deps");
  return h;
}

crypto::Digest leaf_digest(const Leaf& leaf) {
  return crypto::hash("tlfs leaf", {leaf.compartment, Varint(leaf.epoch).view(), Varint(leaf.salt.size()).view(),
                                    leaf.salt, leaf.payload});
}

Change make_change(Header header, std::vector<Leaf> leaves) {
  TLFS_CHECK(!leaves.empty() && leaves.size() <= kMaxLeaves, "a change has 1 to kMaxLeaves leaves");
  TLFS_CHECK(header.deps.size() <= kMaxDeps, "a change has at most kMaxDeps deps");
  TLFS_CHECK(header.authority_heads.size() <= kMaxAuthorityHeads,
             "a change has at most kMaxAuthorityHeads authority heads");
  Change change;
  header.leaf_digests.clear();
  for (Leaf& leaf : leaves) {
    header.leaf_digests.push_back(leaf_digest(leaf));
    change.leaves.emplace_back(std::move(leaf));
  }
  change.header_bytes = encode_header(header);
  change.header = std::move(header);
  change.hash = hash_header(change.header_bytes);
  return change;
}

crypto::Signature sign_change(const ChangeHash& hash, const crypto::SigningKey& key) { return key.sign(hash); }

void drop_vouched_signatures(std::vector<Change>& changes) {
  tsl::robin_set<ChangeHash, crypto::DigestHash> vouched;
  for (auto c = changes.rbegin(); c != changes.rend(); ++c) {
    const bool is_vouched = vouched.erase(c->hash) > 0;
    if (is_vouched) c->signature.reset();
    if ((is_vouched || c->signature) && c->header.prev) vouched.insert(*c->header.prev);
  }
}

bool verify_signature(const Change& change) {
  return change.signature && crypto::verify(change.header.writer.device, change.hash, *change.signature);
}

Bytes encode_change(const Change& change) {
  // One segment of the right size: nothing is allocated twice.
  std::size_t words = 32 + change.header_bytes.size() / 8;
  for (const auto& leaf : change.leaves) words += 16 + (leaf ? (leaf->payload.size() + leaf->salt.size()) / 8 : 0);
  capnp::MallocMessageBuilder builder(static_cast<unsigned>(words));
  auto message = builder.initRoot<messages::Change>();
  message.setHeader(to_blob(change.header_bytes));
  auto slots = message.initLeaves(static_cast<unsigned>(change.leaves.size()));
  for (std::size_t i = 0; i < change.leaves.size(); ++i) {
    auto slot = slots[static_cast<unsigned>(i)];
    const auto& leaf = change.leaves[i];
    if (!leaf) {
      slot.setAbsent();
      continue;
    }
    auto target = slot.initLeaf();
    target.setCompartment(to_blob(leaf->compartment));
    target.setEpoch(leaf->epoch);
    target.setSalt(to_blob(leaf->salt));
    target.setPayload(to_blob(leaf->payload));
  }
  if (change.signature) message.setSignature(to_blob(*change.signature));
  return framing::to_bytes(builder);
}

Result<Change> decode_change(ByteView bytes) {
  if (bytes.size() > kMaxChangeBytes) return too_much("more than " + std::to_string(kMaxChangeBytes) + " bytes");
  return framing::read<messages::Change>(bytes, kNestingLimit, read_change, malformed);
}

}  // namespace tlfs::document
