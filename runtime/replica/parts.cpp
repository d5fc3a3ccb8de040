#include "runtime/replica/parts.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace tlfs::replica {

using document::Change;
using storage::Batch;
using storage::Kind;

namespace {

std::size_t bytes_of(const Batch& batch) {
  std::size_t out = 0;
  for (const Batch::Write& w : batch.writes()) out += w.key.size() + (w.value ? w.value->size() : 0);
  return out;
}

void append(Batch& to, const Batch& from) {
  for (const Batch::Write& w : from.writes()) {
    if (w.value) {
      to.put(w.key, *w.value);
    } else {
      to.remove(w.key);
    }
  }
}

}  // namespace

Replica::Parts::Parts(Settings s) : settings(std::move(s)), id(settings.document.id) {
  TLFS_CHECK(settings.at_rest && settings.document.device && settings.document.random && settings.document.secrets,
             "a replica needs a key for its disk, a device, secrets and randomness");
}

bool Replica::Parts::fits(const Batch& unit) {
  // The store adds a few records of its own to each batch.
  constexpr std::size_t kRoomRecords = 16;
  constexpr std::size_t kRoomBytes = 1u << 20;
  return unit.writes().size() + kRoomRecords <= storage::kMaxBatchRecords &&
         bytes_of(unit) + kRoomBytes <= storage::kMaxBatchBytes;
}

bool Replica::Parts::add(Batch unit) {
  if (!fits(unit)) return false;
  const std::size_t bytes = bytes_of(unit);
  if (unit.empty()) return true;
  if (!writes.empty() && writes.back().writes().size() + unit.writes().size() <= kUnitRecords &&
      bytes_of(writes.back()) + bytes <= kUnitBytes) {
    append(writes.back(), unit);
  } else {
    writes.push_back(std::move(unit));
  }
  return true;
}

Progress Replica::Parts::current(std::optional<std::uint64_t> revision) const {
  Progress p = progress;
  p.incarnation = document->content().writer().incarnation;
  p.revision = revision.value_or(document->content().revision());
  p.package = document->content().view().package->hash();
  p.statements = statements_seen + waiting_statements.size();
  p.changes = tail.size() + extras.size() + waiting_changes.size();
  p.local_from = locals.empty() ? next_local : locals.front().number;
  p.done_from = done.first_segment();
  p.done_end = done.next_segment();
  p.snapshot = blocks.generation();
  return p;
}

void Replica::Parts::put_progress(Batch& out, std::optional<std::uint64_t> revision) {
  progress = current(revision);
  const Bytes key = storage::note_key(id, kProgressNote);
  out.put(key, seal_value(at_rest(), key, progress.encode()));
}

void Replica::Parts::put_change(ChangeIndex index, std::uint64_t number, Batch& out, std::size_t& bytes) {
  const Result<Change> change = content().history().change(index);
  TLFS_CHECK(change.ok(), "a change that has come here has its bytes");
  Bytes encoded = document::encode_change(*change);
  bytes = encoded.size();
  out.put(storage::numbered_key(id, Kind::change, number), std::move(encoded));
}

Replica::Parts::Tail* Replica::Parts::tail_of(ChangeIndex index) {
  const auto at = std::lower_bound(tail.begin(), tail.end(), index,
                                   [](const Tail& t, ChangeIndex wanted) { return t.index < wanted; });
  return at != tail.end() && at->index == index ? &*at : nullptr;
}

std::size_t Replica::Parts::leaves_here(ChangeIndex index) const {
  const document::History& history = document->content().history();
  std::size_t out = 0;
  for (std::size_t leaf = 0; leaf < history.leaf_count(index); ++leaf) out += history.sealed_leaf(index, leaf) ? 1 : 0;
  return out;
}

void Replica::Parts::put_again(ChangeIndex index, Batch& out) {
  Tail* t = tail_of(index);
  for (Tail& extra : extras)
    if (extra.index == index) t = &extra;
  if (!t) t = &extras.emplace_back(Tail{index, next_change++, 0});
  tail_bytes -= t->bytes;
  put_change(index, t->number, out, t->bytes);
  tail_bytes += t->bytes;
}

void Replica::Parts::put_again(ChangeIndex index) {
  Batch unit;
  put_again(index, unit);
  put_progress(unit);
  TLFS_CHECK(add(std::move(unit)), "one change fits a batch");
}

void Replica::Parts::collect(const std::vector<DoneEntry>& finished, std::optional<std::uint64_t> revision) {
  Batch unit;
  std::size_t unit_bytes = 0;
  const auto room = [&](std::size_t bytes) {
    unit_bytes += bytes;
    if (unit.writes().size() < kUnitRecords && unit_bytes < kUnitBytes) return;
    put_progress(unit, revision);
    TLFS_CHECK(add(std::exchange(unit, {})), "a unit is far below the limits of a batch");
    unit_bytes = 0;
  };

  const document::Document& d = content();
  for (const crypto::Digest& hash : d.nodes().packages()) {
    if (!packages.insert(hash).second) continue;
    const ByteView encoded = d.nodes().package(hash)->encoded();
    unit.put(storage::package_key(hash), Bytes(encoded.begin(), encoded.end()));
    unit.put(storage::document_package_key(id, hash), {});
    room(encoded.size());
  }

  const access::AuthorityLog& log = document->log();
  while (statements_seen < log.size()) {
    const access::SignedStatement& s = log.at(statements_seen++);
    if (const auto waited = waiting_statements.find(s.hash); waited != waiting_statements.end()) {
      unit.remove(storage::numbered_key(id, Kind::statement, waited->second));
      waiting_statements.erase(waited);
    }
    Bytes encoded = access::encode_statement(s);
    const std::size_t size = encoded.size();
    unit.put(storage::numbered_key(id, Kind::statement, next_statement++), std::move(encoded));
    room(size);
  }

  const crypto::PublicKey& device = settings.document.device->public_key();
  while (changes_seen < d.graph().size()) {
    const auto index = static_cast<ChangeIndex>(changes_seen++);
    const document::ChangeRecord& record = d.graph().at(index);
    if (const auto waited = waiting_changes.find(record.hash); waited != waiting_changes.end()) {
      unit.remove(storage::numbered_key(id, Kind::change, waited->second));
      waiting_changes.erase(waited);
    }
    Tail t{index, next_change++, 0};
    put_change(index, t.number, unit, t.bytes);
    tail.push_back(t);
    tail_bytes += t.bytes;
    if (d.graph().ids().writer(record.agent).device == device) {
      unsigned_own.erase(record.agent);
      if (!d.history().is_signed(index)) unsigned_own[record.agent] = index;
    }
    // What was sealed into it goes in the same batch.
    const document::Lv sealed = record.base + record.id_count;
    std::vector<DoneEntry> done_in_it;
    while (!locals.empty() && locals.front().end <= sealed) {
      unit.remove(storage::numbered_key(id, Kind::local, locals.front().number));
      if (locals.front().done) done_in_it.push_back(*locals.front().done);
      tail_bytes -= locals.front().bytes;
      locals.pop_front();
    }
    done.store(done_in_it, id, at_rest(), unit);
    room(t.bytes);
  }

  // The signature under the end of a chain came after the change.
  for (auto at = unsigned_own.begin(); at != unsigned_own.end();) {
    if (!d.history().is_signed(at->second)) {
      ++at;
      continue;
    }
    if (tail_of(at->second)) put_again(at->second, unit);
    at = unsigned_own.erase(at);
  }

  done.store(finished, id, at_rest(), unit);
  for (const Bytes& key : doomed) unit.remove(key);
  doomed.clear();
  if (!unit.empty() || current(revision) != progress) put_progress(unit, revision);
  TLFS_CHECK(add(std::move(unit)), "a unit is far below the limits of a batch");
}

}  // namespace tlfs::replica
