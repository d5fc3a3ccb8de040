#include "runtime/replica/records.h"

#include <zstd.h>

#include <algorithm>
#include <set>

#include "runtime/base/check.h"
#include "runtime/base/varint.h"
#include "runtime/crypto/aead.h"

namespace tlfs::replica {
namespace {

constexpr std::size_t kFingerprintBytes = 4;
constexpr std::string_view kDomain = "tlfs value at rest";
constexpr int kZstdLevel = 3;

crypto::Digest fingerprint(const crypto::Secret& at_rest) {
  return crypto::keyed_hash(at_rest, "tlfs at rest fingerprint", {});
}

Bytes place(ByteView key) {
  ByteWriter out;
  out.reserve(1 + kDomain.size() + key.size());
  out.text(kDomain);
  out.raw(key);
  return out.take();
}

Error damaged(std::string_view what) { return Error(Errc::damaged, std::string(what) + " is not as it was written"); }

crypto::Digest digest(ByteReader& in) {
  crypto::Digest out{};
  const ByteView bytes = in.raw(out.size());
  if (bytes.size() == out.size()) std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

void put(ByteWriter& out, const DoneEntry& e) {
  out.varint(e.write.client);
  out.varint(e.write.number);
  out.varint(e.revision);
  out.varint(e.serial);
}

}  // namespace

Bytes seal_value(const crypto::Secret& at_rest, ByteView key, ByteView content) {
  const crypto::Sealed sealed = crypto::seal(at_rest, place(key), content);
  ByteWriter out;
  out.reserve(1 + kFingerprintBytes + sealed.nonce.size() + sealed.bytes.size());
  out.u8(kValueFormat);
  out.raw(ByteView(fingerprint(at_rest)).first(kFingerprintBytes));
  out.raw(ByteView(sealed.nonce));
  out.raw(sealed.bytes);
  return out.take();
}

Result<Bytes> open_value(const crypto::Secret& at_rest, ByteView key, ByteView value) {
  ByteReader in(value);
  const std::uint8_t format = in.u8();
  const ByteView made_under = in.raw(kFingerprintBytes);
  const ByteView nonce_bytes = in.raw(crypto::kNonceBytes);
  if (in.failed()) return damaged("an encrypted record");
  if (format != kValueFormat)
    return Error(Errc::damaged,
                 "an encrypted record has format " + std::to_string(format) + ", which this version does not know");
  const crypto::Digest own = fingerprint(at_rest);
  if (!std::equal(made_under.begin(), made_under.end(), own.begin()))
    return Error(Errc::wrong_key, "an encrypted record was written under another key");
  crypto::Nonce nonce;
  std::copy(nonce_bytes.begin(), nonce_bytes.end(), nonce.begin());
  std::optional<Bytes> content = crypto::open(at_rest, place(key), nonce, in.raw(in.remaining()));
  if (!content) return damaged("an encrypted record");
  return std::move(*content);
}

// ---- local ----

Bytes LocalRecord::encode() const {
  ByteWriter out;
  out.varint(transaction.id_count);
  out.varint(revision);
  out.varint(write.client);
  out.varint(write.number);
  out.varint(serial);
  out.raw(transaction.record);
  return out.take();
}

Result<LocalRecord> LocalRecord::decode(ByteView bytes) {
  ByteReader in(bytes);
  LocalRecord out;
  out.transaction.id_count = static_cast<std::uint32_t>(in.bounded(document::kMaxIdsPerChange));
  out.revision = in.varint();
  out.write.client = in.varint();
  out.write.number = in.varint();
  out.serial = in.varint();
  const ByteView record = in.raw(in.remaining());
  if (!in.finished()) return damaged("a local record");
  out.transaction.record.assign(record.begin(), record.end());
  return out;
}

// ---- notes ----

Bytes Progress::encode() const {
  ByteWriter out;
  for (const std::uint64_t v : {incarnation, loss, revision, statements, changes, local_from, done_from, done_end,
                                snapshot, history_from, history_end, archive_bytes, group_bytes})
    out.varint(v);
  out.raw(ByteView(package));
  return out.take();
}

Result<Progress> Progress::decode(ByteView bytes) {
  ByteReader in(bytes);
  Progress out;
  for (std::uint64_t* v :
       {&out.incarnation, &out.loss, &out.revision, &out.statements, &out.changes, &out.local_from, &out.done_from,
        &out.done_end, &out.snapshot, &out.history_from, &out.history_end, &out.archive_bytes, &out.group_bytes})
    *v = in.varint();
  out.package = digest(in);
  if (!in.finished() || out.done_from > out.done_end || out.history_from > out.history_end)
    return damaged("the note of progress");
  return out;
}

Bytes DoneSegment::encode() const {
  ByteWriter out;
  out.varint(entries.size());
  for (const DoneEntry& e : entries) put(out, e);
  return out.take();
}

Result<DoneSegment> DoneSegment::decode(ByteView bytes) {
  ByteReader in(bytes);
  DoneSegment out;
  const std::uint64_t n = in.bounded(kDonePerSegment);
  for (std::uint64_t i = 0; i < n; ++i) {
    DoneEntry e;
    e.write.client = in.varint();
    e.write.number = in.varint();
    e.revision = in.varint();
    e.serial = in.varint();
    out.entries.push_back(e);
  }
  if (!in.finished()) return damaged("a note of writes done");
  return out;
}

std::string done_note(std::uint64_t segment) {
  std::string out = "done ";
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(segment >> shift) & 15];
  return out;
}

std::optional<std::uint64_t> done_segment_of(std::string_view note) {
  if (note.size() != 21 || !note.starts_with("done ")) return std::nullopt;
  const std::optional<Bytes> bytes = from_hex(note.substr(5));
  if (!bytes) return std::nullopt;
  std::uint64_t out = 0;
  for (const std::uint8_t b : *bytes) out = out << 8 | b;
  return out;
}

// ---- snapshots and history ----

Bytes SnapshotRoot::encode() const {
  ByteWriter out;
  for (const std::uint64_t v : {generation, next_block, stored_bytes, changes_below}) out.varint(v);
  out.varint(packages.size());
  for (const crypto::Digest& p : packages) out.raw(ByteView(p));
  out.varint(blocks.size());
  for (const Block& b : blocks) {
    out.varint(b.id);
    out.raw(ByteView(b.hash));
    out.varint(b.size);
  }
  return out.take();
}

Result<SnapshotRoot> SnapshotRoot::decode(ByteView bytes) {
  ByteReader in(bytes);
  SnapshotRoot out;
  for (std::uint64_t* v : {&out.generation, &out.next_block, &out.stored_bytes, &out.changes_below}) *v = in.varint();
  const std::uint64_t packages = in.bounded(kMaxPackages);
  for (std::uint64_t i = 0; i < packages; ++i) out.packages.push_back(digest(in));
  const std::uint64_t blocks = in.bounded(kMaxSnapshotBlocks);
  for (std::uint64_t i = 0; i < blocks && !in.failed(); ++i) {
    Block b;
    b.id = in.varint();
    b.hash = digest(in);
    b.size = static_cast<std::uint32_t>(in.bounded(UINT32_MAX));
    out.blocks.push_back(b);
  }
  if (!in.finished()) return damaged("the root of the snapshot");
  return out;
}

Bytes HistoryPart::encode() const {
  ByteWriter out;
  out.u8(static_cast<std::uint8_t>(kind));
  out.varint(part);
  out.varint(parts);
  out.raw(bytes);
  return out.take();
}

Result<HistoryPart> HistoryPart::decode(ByteView bytes) {
  ByteReader in(bytes);
  HistoryPart out;
  const std::uint8_t kind = in.u8();
  out.kind = static_cast<Kind>(kind);
  out.part = static_cast<std::uint32_t>(in.bounded(UINT32_MAX));
  out.parts = static_cast<std::uint32_t>(in.bounded(UINT32_MAX));
  const ByteView rest = in.raw(in.remaining());
  if (!in.finished() || kind < 1 || kind > 2 || out.part >= out.parts) return damaged("a record of the history");
  out.bytes.assign(rest.begin(), rest.end());
  return out;
}

// ---- listing ----

Bytes Listing::encode(const DocumentId& document, const crypto::Secret& at_rest) const {
  ByteWriter out;
  out.u8(forgotten ? 1 : 0);
  out.signed_varint(created_ms);
  out.raw(ByteView(package));
  out.text(version);
  out.text(name);
  return seal_value(at_rest, storage::listing_key(document), out.view());
}

Result<Listing> Listing::decode(ByteView bytes, const DocumentId& document, const crypto::Secret& at_rest) {
  const Result<Bytes> content = open_value(at_rest, storage::listing_key(document), bytes);
  if (!content) return content.error().within("the listing of document " + to_hex(document));
  ByteReader in(*content);
  Listing out;
  out.forgotten = in.bounded(1) != 0;
  out.created_ms = in.signed_varint();
  out.package = digest(in);
  out.version = in.text();
  out.name = in.text();
  if (!in.finished()) return damaged("the listing of document " + to_hex(document));
  return out;
}

// ---- standing ----

namespace {
// At the end, when there are any.
constexpr std::uint8_t kLacking = 1;
constexpr std::uint8_t kUnsealed = 2;
}  // namespace

crypto::Digest heads_digest(const access::ProtectedDocument& document) {
  const document::ChangeGraph& graph = document.content().graph();
  std::vector<crypto::Digest> changes, statements;
  for (const document::ChangeIndex i : graph.heads()) changes.push_back(graph.at(i).hash);
  const access::AuthorityLog& log = document.log();
  std::set<DocumentId> judged = log.mentioned();
  judged.insert(document.id());
  for (const DocumentId& d : judged)
    for (const access::StatementHash& h : log.heads(d)) statements.push_back(h);
  ByteWriter out;
  for (std::vector<crypto::Digest>* heads : {&changes, &statements}) {
    std::sort(heads->begin(), heads->end());
    out.varint(heads->size());
    for (const crypto::Digest& d : *heads) out.raw(ByteView(d));
  }
  return crypto::hash("tlfs standing heads", {out.view()});
}

Standing Standing::of(const access::ProtectedDocument& document) {
  Standing out;
  out.heads = heads_digest(document);
  out.syncers = document.syncers();
  if (out.syncers.size() > kMaxSyncers) out.syncers.resize(kMaxSyncers);
  const document::ChangeGraph& graph = document.content().graph();
  out.lacking = document.content().lacks_leaves().value_or(false);
  out.unsealed = graph.first_unsealed() < graph.ids().size();
  return out;
}

Bytes Standing::encode(const DocumentId& document, const crypto::Secret& at_rest) const {
  ByteWriter out;
  out.raw(ByteView(heads));
  out.varint(syncers.size());
  for (const access::Principal& p : syncers) {
    out.u8(static_cast<std::uint8_t>(p.kind));
    out.raw(ByteView(p.key));
    out.u8(static_cast<std::uint8_t>(p.level));
    out.varint(p.at.size());
    for (const access::Token& t : p.at) out.raw(ByteView(t));
  }
  if (lacking || unsealed) out.u8(static_cast<std::uint8_t>((lacking ? kLacking : 0) | (unsealed ? kUnsealed : 0)));
  return seal_value(at_rest, storage::standing_key(document), out.view());
}

Result<Standing> Standing::decode(ByteView bytes, const DocumentId& document, const crypto::Secret& at_rest) {
  const std::string what = "the standing of document " + to_hex(document);
  const Result<Bytes> content = open_value(at_rest, storage::standing_key(document), bytes);
  if (!content) return content.error().within(what);
  ByteReader in(*content);
  Standing out;
  out.heads = digest(in);
  const std::uint64_t count = in.bounded(kMaxSyncers);
  for (std::uint64_t i = 0; i < count && !in.failed(); ++i) {
    access::Principal p;
    const std::uint8_t kind = in.u8();
    if (kind < 1 || kind > 3) return damaged(what);
    p.kind = static_cast<access::Principal::Kind>(kind);
    p.key = digest(in);
    const std::uint8_t level = in.u8();
    if (level > static_cast<std::uint8_t>(access::Level::own)) return damaged(what);
    p.level = static_cast<access::Level>(level);
    const std::uint64_t steps = in.bounded(access::kMaxScopeSteps);
    for (std::uint64_t s = 0; s < steps && !in.failed(); ++s) {
      access::Token t{};
      const ByteView token = in.raw(t.size());
      std::copy(token.begin(), token.end(), t.begin());
      p.at.push_back(t);
    }
    out.syncers.push_back(std::move(p));
  }
  if (!in.failed() && in.remaining() > 0) {
    const std::uint8_t flags = in.u8();
    if (flags == 0 || flags > (kLacking | kUnsealed)) return damaged(what);
    out.lacking = (flags & kLacking) != 0;
    out.unsealed = (flags & kUnsealed) != 0;
  }
  if (!in.finished()) return damaged(what);
  return out;
}

// ---- compression ----

Bytes compress(ByteView bytes) {
  Bytes out(ZSTD_compressBound(bytes.size()));
  const std::size_t n = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kZstdLevel);
  TLFS_CHECK(ZSTD_isError(n) == 0, "compression into enough room");
  out.resize(n);
  return out;
}

Result<Bytes> decompress(ByteView bytes, std::size_t limit) {
  const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > limit)
    return damaged("a compressed record");
  Bytes out(static_cast<std::size_t>(size));
  const std::size_t n = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(n) != 0 || n != out.size()) return damaged("a compressed record");
  return out;
}

}  // namespace tlfs::replica
