// A protected document in one piece: the document's snapshot, and before it what the guard remembers of its changes and
// neither the log nor the graph can tell.
//
//   version     1
//   log         how many statements there were, and a digest of their hashes in order
//   judge       1 when something was still to be judged anew, whatever it was
//   contexts    count; each: count of statement hashes, the hashes
//   changes     count, column of their contexts
//   kept        count; each: author, bytes
//   withheld    count; each: change, leaf
//   unread      count; each: compartment, epoch that a leaf was met in and that was not open
//   moved       count; each: a revocation whose frontier reaches more than when it was last reckoned with
//   document    length, bytes
//
// When the log that comes with it is another, everything is judged anew.
#include <algorithm>
#include <array>

#include "runtime/access/protected_document.h"
#include "runtime/base/check.h"
#include "runtime/document/column.h"

namespace tlfs::access {

using document::ChangeIndex;
using document::kNoChange;

namespace {

constexpr std::uint8_t kVersion = 1;

template <class Array>
Array array(ByteReader& in) {
  Array out{};
  const ByteView bytes = in.raw(out.size());
  if (bytes.size() == out.size()) std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

// How many things follow, each of at least `size` bytes.
std::uint64_t count_of(ByteReader& in, std::size_t size) {
  const std::uint64_t n = in.varint();
  if (n > in.remaining() / size) in.fail();
  return in.failed() ? 0 : n;
}

}  // namespace

struct ProtectedDocument::Memory {
  std::uint64_t statements = 0;
  crypto::Digest log{};
  bool judge = false;
  std::vector<std::vector<StatementHash>> contexts;
  std::vector<std::uint32_t> context_of_change;
  std::map<crypto::PublicKey, std::uint64_t> kept;
  std::set<LeafId> withheld;
  std::set<std::pair<document::CompartmentId, std::uint64_t>> unread;
  std::vector<StatementHash> moved;
  ByteView document;

  void encode(ByteWriter& out) const;
  static Result<Memory> decode(ByteView bytes);
};

void ProtectedDocument::Memory::encode(ByteWriter& out) const {
  out.u8(kVersion);
  out.varint(statements);
  out.raw(ByteView(log));
  out.u8(judge ? 1 : 0);
  out.varint(contexts.size());
  for (const std::vector<StatementHash>& heads : contexts) {
    out.varint(heads.size());
    for (const StatementHash& h : heads) out.raw(ByteView(h));
  }
  out.varint(context_of_change.size());
  if (!context_of_change.empty()) {
    const std::vector<std::uint64_t> values(context_of_change.begin(), context_of_change.end());
    Bytes column;
    document::write_column(column, values);
    out.raw(ByteView(column));
  }
  out.varint(kept.size());
  for (const auto& [author, bytes] : kept) {
    out.raw(ByteView(author));
    out.varint(bytes);
  }
  out.varint(withheld.size());
  for (const LeafId& leaf : withheld) {
    out.raw(ByteView(leaf.change));
    out.varint(leaf.leaf);
  }
  out.varint(unread.size());
  for (const auto& [compartment, epoch] : unread) {
    out.raw(ByteView(compartment));
    out.fixed64(epoch);
  }
  out.varint(moved.size());
  for (const StatementHash& h : moved) out.raw(ByteView(h));
  out.bytes(document);
}

Result<ProtectedDocument::Memory> ProtectedDocument::Memory::decode(ByteView bytes) {
  const auto malformed = [](const std::string& what) {
    return Error(Errc::malformed, "the snapshot of a document with access " + what);
  };
  ByteReader in(bytes);
  Memory out;
  if (in.u8() != kVersion) return malformed("is of a version that is not known here");
  out.statements = in.varint();
  out.log = array<crypto::Digest>(in);
  out.judge = in.u8() != 0;
  const std::uint64_t contexts = count_of(in, 1);
  for (std::uint64_t i = 0; i < contexts && !in.failed(); ++i) {
    std::vector<StatementHash>& heads = out.contexts.emplace_back();
    const std::uint64_t n = count_of(in, sizeof(StatementHash));
    for (std::uint64_t k = 0; k < n; ++k) heads.push_back(array<StatementHash>(in));
  }
  // A column may say much in few bytes, so the count is not bounded by them.
  const std::uint64_t changes = in.bounded(document::kMaxSnapshotBytes / sizeof(ChangeHash));
  document::ColumnReader column(in, changes);
  for (std::uint64_t i = 0; i < changes; ++i) {
    const std::uint64_t context = column.next();
    if (column.failed() || context >= out.contexts.size()) return malformed("names a context that it does not have");
    out.context_of_change.push_back(static_cast<std::uint32_t>(context));
  }
  for (std::uint64_t n = count_of(in, sizeof(crypto::PublicKey) + 1); n > 0; --n) {
    const auto author = array<crypto::PublicKey>(in);
    out.kept[author] = in.varint();
  }
  for (std::uint64_t n = count_of(in, sizeof(ChangeHash) + 1); n > 0; --n) {
    const auto change = array<ChangeHash>(in);
    out.withheld.insert({change, static_cast<std::uint32_t>(in.bounded(document::kMaxLeaves))});
  }
  for (std::uint64_t n = count_of(in, sizeof(document::CompartmentId) + 8); n > 0; --n) {
    const auto compartment = array<document::CompartmentId>(in);
    out.unread.emplace(compartment, in.fixed64());
  }
  for (std::uint64_t n = count_of(in, sizeof(StatementHash)); n > 0; --n) out.moved.push_back(array<StatementHash>(in));
  out.document = in.bytes();
  if (!in.finished()) return malformed("is cut off or damaged");
  return out;
}

crypto::Digest ProtectedDocument::log_digest(std::size_t count) const {
  ByteWriter hashes;
  for (std::size_t i = 0; i < count; ++i) hashes.raw(ByteView(log_.at(i).hash));
  return crypto::hash("tlfs log order", {hashes.view()});
}

Bytes ProtectedDocument::snapshot(document::SnapshotPacking packing) {
  document_->seal();
  // What is still to be reckoned with stays so.
  const std::vector<Index> changed = log_.rules().take_changed();
  moved_.insert(changed.begin(), changed.end());
  const Bytes inner = document_->snapshot(packing);
  Memory memory;
  memory.statements = log_.size();
  memory.log = log_digest(log_.size());
  memory.judge = reread_;
  std::map<Rules::Context, std::uint32_t> place;
  for (const Arrival& a : arrivals_) {
    const auto [at, fresh] = place.try_emplace(a.context, static_cast<std::uint32_t>(memory.contexts.size()));
    if (fresh) memory.contexts.push_back(heads_of_.at(a.context));
    memory.context_of_change.push_back(at->second);
  }
  memory.kept = kept_;
  memory.withheld = withheld_;
  memory.unread = unread_;
  for (const Index i : moved_) memory.moved.push_back(log_.statement_of(i).hash);
  memory.document = inner;
  ByteWriter out;
  memory.encode(out);
  return out.take();
}

// What the snapshot's statements and graph did not tell.
void ProtectedDocument::remember(Memory memory) {
  const bool same_log = memory.statements == log_.size() && memory.log == log_digest(log_.size());
  std::vector<Rules::Context> contexts;
  for (const std::vector<StatementHash>& heads : memory.contexts) {
    contexts.push_back(context_of(heads));
    heads_of_.try_emplace(contexts.back(), heads);
  }
  const document::ChangeGraph& graph = document_->graph();
  arrivals_.reserve(graph.size());
  for (ChangeIndex i = 0; i < graph.size(); ++i) {
    const document::ChangeRecord& record = graph.at(i);
    const std::uint32_t number = number_arriving(i, record.hash);
    arrivals_.push_back({contexts[memory.context_of_change[i]], graph.ids().writer(record.agent).device, number, true});
  }
  kept_ = std::move(memory.kept);
  for (const LeafId& leaf : memory.withheld)
    if (graph.find(leaf.change) != kNoChange) withheld_.insert(leaf);
  // A secret may have come by another document while this one was closed.
  bool opened = false;
  for (const auto& unread : memory.unread) {
    const std::span<const Keyring::Epoch* const> named = keyring_.named(unread.first, unread.second);
    const bool open = std::any_of(named.begin(), named.end(), [this](const Keyring::Epoch* e) {
      return e->document == settings_.id && keyring_.content(e->id);
    });
    if (!open) unread_.insert(unread);
    opened = opened || open;
  }
  moved_.clear();
  for (const StatementHash& h : memory.moved)
    if (const Index i = log_.index_of(h); i != kNone) moved_.insert(i);
  // Frontiers that name what is not here yet.
  for (std::size_t i = 0; i < log_.size(); ++i) await(log_.at(i));
  (void)log_.rules().take_changed();  // was reckoned with
  reread_ = memory.judge || !same_log || opened;
}

void ProtectedDocument::await(const SignedStatement& s) const {
  const std::vector<ChangeHash>* frontier = nullptr;
  if (s.statement.document != settings_.id) return;  // speaks of other changes
  if (const auto* r = std::get_if<Revoke>(&s.statement.says)) frontier = &r->frontier;
  if (const auto* c = std::get_if<Cut>(&s.statement.says)) frontier = &c->frontier;
  if (!frontier) return;
  for (const ChangeHash& h : *frontier)
    if (document_->graph().find(h) == kNoChange) awaited_[h].insert(log_.index_of(s.hash));
}

Status ProtectedDocument::restore(std::vector<SignedStatement> statements) {
  const AuthorityLog::Taken taken = log_.restore(std::move(statements));
  note(taken.added);
  if (!taken.refused.empty()) return taken.refused.front();
  return {};
}

Result<std::unique_ptr<ProtectedDocument>> ProtectedDocument::open(
    ByteView snapshot, Settings settings, std::vector<SignedStatement> statements,
    const std::vector<std::shared_ptr<const schema::Package>>& packages,
    std::function<Result<document::Change>(const ChangeHash&)> load) {
  auto out = std::make_unique<ProtectedDocument>(std::move(settings));
  ProtectedDocument& d = *out;
  if (snapshot.empty()) {
    for (const auto& package : packages)
      if (Result<document::Import> added = d.document_->add_package(package); !added) return added.error();
    if (Status s = d.restore(std::move(statements)); !s) return s.error();
    return out;
  }
  Result<Memory> memory = Memory::decode(snapshot);
  if (!memory) return memory.error();
  auto inner = document::Document::open(memory->document, d.inner_settings(), packages, std::move(load));
  if (!inner) return inner.error();
  if ((*inner)->graph().size() != memory->context_of_change.size())
    return Error(Errc::malformed, "the snapshot of a document with access is of other changes than it says");
  d.document_ = std::move(*inner);
  d.naming_.attach(d.document_->nodes(), d.document_->graph().ids());
  const auto later =
      statements.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(memory->statements, statements.size()));
  std::vector<SignedStatement> after(std::make_move_iterator(later), std::make_move_iterator(statements.end()));
  statements.erase(later, statements.end());
  if (Status s = d.restore(std::move(statements)); !s) return s.error();
  d.remember(std::move(*memory));
  const std::size_t known = d.log_.size();
  if (Status s = d.restore(std::move(after)); !s) return s.error();
  for (std::size_t i = known; i < d.log_.size(); ++i) d.await(d.log_.at(i));
  return out;
}

Status ProtectedDocument::recover(std::vector<document::Change> tail,
                                  const std::vector<document::Document::Logged>& unsealed, std::uint64_t revision) {
  if (Status s = document_->recover(std::move(tail), unsealed, revision); !s) return s;
  Taken report;
  settle(report);
  events_.clear();
  return {};
}

}  // namespace tlfs::access
