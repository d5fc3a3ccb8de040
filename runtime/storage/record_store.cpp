#include "runtime/storage/record_store.h"

#include <algorithm>

#include "runtime/base/varint.h"
#include "runtime/storage/audit.h"
#include "runtime/storage/frame.h"
#include "runtime/storage/layout.h"
#include "runtime/storage/quarantine.h"

namespace tlfs::storage {
namespace {

constexpr auto kDocuments = static_cast<std::uint8_t>(Region::document);
constexpr std::size_t kMaxKnownAreas = 4096;  // beyond that all are forgotten and read again
constexpr std::size_t kMaxRounds = 1000;      // of setting aside in one area
constexpr std::size_t kProgressEvery = 1024;  // records
constexpr std::size_t kWorthScanning = 16;    // removals of one kind: looked up in one pass rather than one by one

using Writes = std::vector<Batch::Write>;

Bytes encode_number(std::uint64_t number) {
  ByteWriter out;
  out.varint(number);
  return out.take();
}

std::optional<std::uint64_t> decode_number(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint64_t number = in.varint();
  if (!in.finished()) return std::nullopt;
  return number;
}

void put_framed(Writes& writes, Bytes key, ByteView value) {
  Bytes framed = frame(key, value);
  writes.push_back({std::move(key), std::move(framed)});
}

// The store's own records, which no scan shows.
bool own_record(ByteView key) {
  if (key.empty()) return false;
  switch (static_cast<Region>(key[0])) {
    case Region::format:
    case Region::sequence:
    case Region::manifest:
      return true;
    case Region::document:
      return key.size() == 34 && key[33] == static_cast<std::uint8_t>(Kind::manifest);
    default:
      return false;
  }
}

bool in_region(ByteView key, Region region) { return !key.empty() && key[0] == static_cast<std::uint8_t>(region); }

bool is_damaged_record(const Finding& f) {
  return f.trouble == Finding::Trouble::corrupt_record || f.trouble == Finding::Trouble::bad_key;
}

// The document whose range holds the key, if it is long enough to say so.
std::optional<DocumentId> document_of(ByteView key) {
  if (!in_region(key, Region::document) || key.size() < 1 + DocumentId{}.size()) return std::nullopt;
  DocumentId id;
  std::copy_n(key.begin() + 1, id.size(), id.begin());
  return id;
}

class RecordStore final : public Store {
 public:
  explicit RecordStore(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  Status begin(Opening opening);

  Status write(const Batch& batch) override;
  Result<std::optional<Bytes>> read(ByteView key) override;
  Result<Scanned> scan(ByteView from, ByteView to, const Visitor& visit) override;
  Result<std::uint64_t> disk_bytes() override { return engine_->disk_bytes(); }
  Result<Stat> stat() override;
  Result<CheckReport> check(const Progress& progress) override;
  Result<CheckReport> settle(const std::optional<DocumentId>& document) override;
  Result<CheckReport> settle_all() override;

 private:
  // The last write for each key, ascending; of the batch, and valid as long as it.
  using Last = std::vector<const Batch::Write*>;
  struct Held {
    std::uint64_t bytes = 0;  // of key and value
    std::uint64_t checksum = 0;
  };
  // What was seen under a key before it was needed. Where nothing was seen, nothing is known.
  struct Seen {
    bool damaged = false;
    std::optional<Held> held;
  };
  // A key beyond which its kind has no records, and what is held under it.
  struct Tail {
    Bytes key;
    std::optional<Held> held;
  };
  // What is known of an area without reading.
  struct Known {
    Manifest manifest;
    bool stored = false;  // the engine has the manifest
    // Records are mostly numbered: what is put behind the last of its kind need not be looked for. A kind without a
    // tail is not in that order, and one that is not listed has not been written to yet.
    std::map<std::uint8_t, std::optional<Tail>> tails;
  };
  struct Plan {
    Writes writes;
    std::map<Area, Known*> touched;  // of `known_`
    Area to_settle;                  // only meaningful when `unsettled`
    bool unsettled = false;          // an area must be settled before this batch can be counted
  };

  Error error(Errc code, const std::string& message) const { return {code, engine_->name() + ": " + message}; }
  Status sound();
  Result<std::optional<std::uint64_t>> number_at(const Bytes& key);
  Result<Last> normalise(const Batch& batch) const;
  // These change what is known before it is so; whoever does not commit in the end forgets it all.
  Result<Plan> plan(const Last& last);
  Result<bool> count(Plan& plan, const Spot& spot, const Batch::Write& write, const Seen& seen);
  // For each write, in its order: many records of one kind that go together lie side by side.
  std::vector<Seen> look_ahead(const Last& last);
  Status commit(Plan plan);
  // The area's manifest as the engine has it; nothing when it is damaged.
  Result<std::optional<Known>> load(const Area& area);
  // The same from memory, if it is there. Null when it is damaged.
  Result<Known*> known(Plan& plan, const Area& area);
  // The end of the records of that kind, if `key` lies behind all of them.
  std::optional<Tail> tail_at(const Spot& spot, const Bytes& key);
  Result<Audit> audit(const Area& area);
  Status visit_documents(const std::function<Status(const DocumentId&)>& each);
  Status set_aside(const Area& area, const Audit& audit, const std::vector<Finding>& notes);

  std::unique_ptr<Engine> engine_;
  std::uint64_t sequence_ = 0;  // of the last batch that was acknowledged
  std::map<Area, Known> known_;
  std::optional<Error> lost_;  // acknowledged batches are gone: nothing is written any more
};

Result<std::optional<std::uint64_t>> RecordStore::number_at(const Bytes& key) {
  const auto raw = engine_->read(key);
  if (!raw) return raw.error();
  if (!*raw) return std::optional<std::uint64_t>();
  const auto framed = unframe(key, **raw);
  const auto number = framed ? decode_number(framed->value) : std::nullopt;
  if (!number)
    return error(Errc::corrupt, "the record `" + describe_key(key) + "` is damaged; `tlfs store repair` renews it");
  return number;
}

Status RecordStore::begin(Opening opening) {
  const bool repair = opening != Opening::normal;
  auto format = number_at(format_key());
  if (!format && !(repair && format.error().is(Errc::corrupt))) return format.error();
  if (format && *format && **format > kFormat)
    return error(Errc::too_new, "the store has format " + std::to_string(**format) + ", and this version knows " +
                                    std::to_string(kFormat) +
                                    " at most; use the version that wrote it, or a later one");
  auto sequence = number_at(sequence_key());
  if (!sequence && !(repair && sequence.error().is(Errc::corrupt))) return sequence.error();
  const bool known_format = format && *format, known_sequence = sequence && *sequence;
  if (known_sequence) sequence_ = **sequence;
  if (opening == Opening::salvage) {
    Writes note;
    const SetAside entry{sequence_key(), {}, salvage_note(sequence_)};
    put_framed(note, quarantine_key(sequence_, UINT32_MAX), entry.encode());
    if (Status s = engine_->write(note); !s) return s;
  }
  if (known_format && known_sequence) return {};

  bool empty = true;
  Status looked = engine_->visit({}, {}, [&](ByteView, ByteView) { return empty = false; });
  if (!looked) return looked;
  if (!empty && !repair)
    return error(Errc::corrupt, std::string("the record of the ") + (known_format ? "last batch" : "format") +
                                    " is gone; `tlfs store repair` renews it");
  Writes writes;
  put_framed(writes, format_key(), encode_number(kFormat));
  put_framed(writes, sequence_key(), encode_number(sequence_));
  return engine_->write(writes);
}

Status RecordStore::sound() {
  if (lost_) return *lost_;
  if (!engine_->must_recover()) return {};
  if (Status recovered = engine_->recover(); !recovered) return recovered;
  known_.clear();
  const auto sequence = number_at(sequence_key());
  if (!sequence) return sequence.error();
  const std::uint64_t there = sequence->value_or(0);
  if (there < sequence_) {
    lost_ =
        error(Errc::corrupt, "batches " + std::to_string(there + 1) + " to " + std::to_string(sequence_) +
                                 " were acknowledged and are gone after a failure of the disk; nothing is written any "
                                 "more, `tlfs store check` says what is missing");
    return *lost_;
  }
  sequence_ = there;
  return {};
}

Result<RecordStore::Last> RecordStore::normalise(const Batch& batch) const {
  if (batch.writes().size() > kMaxBatchRecords)
    return error(Errc::limit, "a batch of more than " + std::to_string(kMaxBatchRecords) + " records");
  std::size_t bytes = 0;
  Last last;
  last.reserve(batch.writes().size());
  for (const Batch::Write& w : batch.writes()) {
    const std::size_t size = w.value ? w.value->size() : 0;
    if (w.key.empty() || w.key.size() > kMaxKeyBytes)
      return error(Errc::limit, "a key of " + std::to_string(w.key.size()) + " bytes; 1 to " +
                                    std::to_string(kMaxKeyBytes) + " are allowed");
    if (size > kMaxValueBytes)
      return error(Errc::limit, describe_key(w.key) + " has " + std::to_string(size) + " bytes; at most " +
                                    std::to_string(kMaxValueBytes) + " are allowed");
    bytes += w.key.size() + size;
    if (bytes > kMaxBatchBytes)
      return error(Errc::limit, "a batch of more than " + std::to_string(kMaxBatchBytes) + " bytes");
    const auto spot = spot_of(w.key);
    if (!spot) return Error(Errc::bad_key, spot.error().message());
    if (!*spot && !(in_region(w.key, Region::quarantine) && !w.value))
      return error(Errc::bad_key, describe_key(w.key) + " is the store's own");
    last.push_back(&w);
  }
  std::stable_sort(last.begin(), last.end(),
                   [](const Batch::Write* a, const Batch::Write* b) { return a->key < b->key; });
  const auto later = std::unique(last.rbegin(), last.rend(),
                                 [](const Batch::Write* a, const Batch::Write* b) { return a->key == b->key; });
  last.erase(last.begin(), later.base());
  return last;
}

Result<std::optional<RecordStore::Known>> RecordStore::load(const Area& area) {
  const Bytes key = manifest_key_of(area);
  const auto raw = engine_->read(key);
  if (!raw) return raw.error();
  Known out;
  if (*raw) {
    const auto framed = unframe(key, **raw);
    auto decoded = framed ? Manifest::decode(framed->value) : Error(Errc::corrupt, "damaged");
    if (!decoded) return std::optional<Known>();
    out.manifest = std::move(*decoded);
    out.stored = true;
  }
  return std::optional(std::move(out));
}

Result<RecordStore::Known*> RecordStore::known(Plan& plan, const Area& area) {
  Known*& there = plan.touched[area];
  if (there) return there;
  auto at = known_.find(area);
  if (at == known_.end()) {
    auto loaded = load(area);
    if (!loaded) return loaded.error();
    if (!*loaded) return nullptr;
    at = known_.emplace(area, std::move(**loaded)).first;
  }
  return there = &at->second;
}

std::optional<RecordStore::Tail> RecordStore::tail_at(const Spot& spot, const Bytes& key) {
  const Range range =
      spot.area ? kind_range(*spot.area, static_cast<Kind>(spot.kind)) : region_range(static_cast<Region>(spot.kind));
  bool last = true;
  const Status looked = engine_->visit(key, range.to, [&](ByteView, ByteView) { return last = false; });
  if (!looked || !last) return std::nullopt;
  return Tail{key, std::nullopt};
}

std::vector<RecordStore::Seen> RecordStore::look_ahead(const Last& last) {
  std::vector<Seen> out(last.size());
  for (std::size_t from = 0, to = 0; from < last.size(); from = std::max(to, from + 1)) {
    const std::optional<Spot> spot = *spot_of(last[from]->key);
    for (to = from; spot && to < last.size() && !last[to]->value && *spot_of(last[to]->key) == spot;) ++to;
    if (to - from < kWorthScanning) continue;
    Bytes end = last[to - 1]->key;
    end.push_back(0);
    std::size_t next = from, others = 0;
    // What this cannot read is read one by one, and whoever does that says what is wrong.
    (void)engine_->visit(last[from]->key, end, [&](ByteView key, ByteView raw) {
      while (next < to && std::ranges::lexicographical_compare(last[next]->key, key)) ++next;
      if (next == to || !std::ranges::equal(last[next]->key, key)) return ++others < to - from;
      if (const auto framed = unframe(key, raw))
        out[next].held = Held{key.size() + framed->value.size(), framed->checksum};
      else
        out[next].damaged = true;
      return true;
    });
  }
  return out;
}

// False when the old record or the manifest is damaged.
Result<bool> RecordStore::count(Plan& plan, const Spot& spot, const Batch::Write& write, const Seen& seen) {
  const auto& [key, value] = write;
  const auto found = known(plan, spot.area);
  if (!found) return found.error();
  if (!*found) return false;
  Known& area = **found;
  const bool any = area.manifest.kinds().contains(spot.kind);
  if (seen.damaged) return false;
  auto at = area.tails.find(spot.kind);
  if (at == area.tails.end())
    at = area.tails.emplace(spot.kind, any ? tail_at(spot, key) : Tail{key, std::nullopt}).first;
  std::optional<Tail>& tail = at->second;
  const bool behind = tail && tail->key <= key;
  std::optional<Held> old;
  // Who removes a record may do so because it is damaged, and then it belongs in quarantine: it is looked at.
  if (behind && (value || tail->key != key)) {
    if (tail->key == key) old = tail->held;
  } else if (seen.held) {
    old = seen.held;
  } else if (any) {
    const auto raw = engine_->read(key);
    if (!raw) return raw.error();
    if (*raw) {
      const auto framed = unframe(key, **raw);
      if (!framed) return false;
      old = Held{key.size() + framed->value.size(), framed->checksum};
    }
  }
  if (old && !area.manifest.take(spot.kind, old->bytes, old->checksum)) return false;
  std::optional<Held> now;
  if (value) {
    now = Held{key.size() + value->size(), checksum_of(key, *value)};
    area.manifest.add(spot.kind, now->bytes, now->checksum);
  }
  if (behind) tail = Tail{key, now};
  return true;
}

Result<RecordStore::Plan> RecordStore::plan(const Last& last) {
  Plan plan;
  plan.writes.reserve(last.size() + 3);
  const std::vector<Seen> seen = look_ahead(last);
  for (std::size_t i = 0; i < last.size(); ++i) {
    const auto& [key, value] = *last[i];
    const auto spot = spot_of(key);
    if (*spot) {
      const auto counted = count(plan, **spot, *last[i], seen[i]);
      if (!counted) return counted.error();
      if (!*counted) {
        plan.to_settle = (*spot)->area;
        plan.unsettled = true;
        return plan;
      }
    }
    if (value)
      put_framed(plan.writes, key, *value);
    else
      plan.writes.push_back({key, std::nullopt});
  }
  // Documents that begin or end with this batch.
  std::vector<std::pair<DocumentId, bool>> turns;
  for (const auto& [area, known] : plan.touched)
    if (area && known->stored == known->manifest.empty()) turns.emplace_back(*area, !known->manifest.empty());
  for (const auto& [id, begins] : turns) {
    const auto node = known(plan, std::nullopt);
    if (!node) return node.error();
    bool counted = *node != nullptr;
    if (counted && begins) (*node)->manifest.add(kDocuments, 0, hash_of(id));
    if (counted && !begins) counted = (*node)->manifest.take(kDocuments, 0, hash_of(id));
    if (!counted) {
      plan.unsettled = true;
      plan.to_settle = std::nullopt;
      return plan;
    }
  }
  return plan;
}

Status RecordStore::commit(Plan plan) {
  for (const auto& [area, known] : plan.touched) {
    known->stored = !known->manifest.empty();
    if (known->stored)
      put_framed(plan.writes, manifest_key_of(area), known->manifest.encode());
    else
      plan.writes.push_back({manifest_key_of(area), std::nullopt});
  }
  put_framed(plan.writes, sequence_key(), encode_number(sequence_ + 1));
  if (Status written = engine_->write(plan.writes); !written) return written;
  ++sequence_;
  return {};
}

Status RecordStore::write(const Batch& batch) {
  const auto last = normalise(batch);
  if (!last) return last.error();
  if (Status s = sound(); !s) return s;
  if (last->empty()) return {};
  if (known_.size() > kMaxKnownAreas) known_.clear();
  // Each area is settled at most once.
  for (std::size_t attempts = 0; attempts <= last->size() + 1; ++attempts) {
    auto planned = plan(*last);
    if (planned && !planned->unsettled) {
      Status written = commit(std::move(*planned));
      if (!written) known_.clear();
      return written;
    }
    known_.clear();
    if (!planned) return planned.error();
    if (const auto settled = settle(planned->to_settle); !settled) return settled.error();
  }
  return error(Errc::corrupt, "records keep changing under the store; `tlfs store check` says which");
}

Result<std::optional<Bytes>> RecordStore::read(ByteView key) {
  auto raw = engine_->read(key);
  if (!raw || !*raw) return raw;
  const auto framed = unframe(key, **raw);
  if (!framed) return error(Errc::corrupt, describe_key(key) + ": the checksum does not fit");
  return std::optional<Bytes>(Bytes(framed->value.begin(), framed->value.end()));
}

Result<Scanned> RecordStore::scan(ByteView from, ByteView to, const Visitor& visit) {
  Scanned scanned;
  const Status status = engine_->visit(from, to, [&](ByteView key, ByteView raw) {
    if (own_record(key)) return true;
    const auto framed = unframe(key, raw);
    if (!framed) {
      if (scanned.corrupt.size() < kMaxFindings) scanned.corrupt.emplace_back(key.begin(), key.end());
      return true;
    }
    ++scanned.records;
    return visit(key, framed->value);
  });
  if (!status && !status.error().is(Errc::corrupt)) return status.error();
  scanned.unreadable = !status;
  return scanned;
}

Status RecordStore::visit_documents(const std::function<Status(const DocumentId&)>& each) {
  const Range all = region_range(Region::document);
  Bytes from = all.from;
  while (true) {
    Bytes next;
    Status looked = engine_->visit(from, all.to, [&](ByteView key, ByteView) {
      next.assign(key.begin(), key.end());
      return false;
    });
    if (!looked) return looked;
    if (next.empty()) return {};
    const auto id = document_of(next);
    if (!id) {  // a key cut short; the audit of the node names it
      from = next;
      from.push_back(0);
      continue;
    }
    if (Status s = each(*id); !s) return s;
    from = document_range(*id).to;
  }
}

Result<Stat> RecordStore::stat() {
  Stat stat;
  stat.format = kFormat;
  const auto counted = [&](const Area& area) -> Result<std::map<std::uint8_t, Count>> {
    const auto loaded = load(area);
    if (!loaded) return loaded.error();
    if (!*loaded)
      return error(Errc::corrupt, area_name(area) + ": the manifest is damaged; `tlfs store check` says what else is");
    std::map<std::uint8_t, Count> kinds;
    for (const auto& [kind, k] : (*loaded)->manifest.kinds())
      if (area || kind != kDocuments) kinds[kind] = k.count;
    return kinds;
  };
  auto node = counted(std::nullopt);
  if (!node) return node.error();
  stat.node = std::move(*node);
  Status status = visit_documents([&](const DocumentId& id) -> Status {
    auto kinds = counted(id);
    if (!kinds) return kinds.error();
    stat.documents.push_back({id, std::move(*kinds)});
    return {};
  });
  if (!status) return status.error();
  const Range quarantine = region_range(Region::quarantine);
  status = engine_->visit(quarantine.from, quarantine.to, [&](ByteView, ByteView) { return ++stat.quarantined > 0; });
  if (!status) return status.error();
  const auto bytes = disk_bytes();
  if (!bytes) return bytes.error();
  stat.disk_bytes = *bytes;
  stat.batches = sequence_;
  return stat;
}

Result<CheckReport> RecordStore::check(const Progress& progress) {
  CheckReport report_;
  Audit node(std::nullopt);
  std::optional<Audit> document;
  Area at;
  std::vector<DocumentId> listed;
  std::uint64_t seen = 0;
  const auto close = [&] {
    if (!document) return;
    node.see_document(*at);
    for (Finding& f : document->findings()) report(report_, std::move(f));
    report_.records += document->records();
    report_.bytes += document->bytes();
    document.reset();
  };
  const Status status = engine_->visit({}, {}, [&](ByteView key, ByteView raw) {
    if (progress && ++seen % kProgressEvery == 0) progress(seen);
    const auto id = document_of(key);
    if (id != at) {
      close();
      at = id;
      if (id) document.emplace(*id);
    }
    (id ? *document : node).see(key, raw);
    if (in_region(key, Region::quarantine)) {
      const auto framed = unframe(key, raw);
      const auto entry = framed ? SetAside::decode(framed->value) : Error(Errc::corrupt, "");
      if (entry)
        report(report_, {Finding::Trouble::set_aside, std::nullopt, Bytes(key.begin(), key.end()), entry->message});
    }
    return true;
  });
  close();
  if (!status && !status.error().is(Errc::corrupt)) return status.error();
  for (Finding& f : node.findings()) report(report_, std::move(f));
  report_.records += node.records();
  report_.bytes += node.bytes();
  if (!status) report(report_, {Finding::Trouble::unreadable, std::nullopt, {}, status.error().message()});
  if (progress) progress(seen);
  return report_;
}

Result<Audit> RecordStore::audit(const Area& area) {
  Audit audit(area);
  Status status;
  const auto see = [&](ByteView key, ByteView raw) { return audit.see(key, raw), true; };
  if (area) {
    const Range range = document_range(*area);
    status = engine_->visit(range.from, range.to, see);
  } else {
    const Range documents = region_range(Region::document);
    status = engine_->visit({}, documents.from, see);
    if (status) status = engine_->visit(documents.to, {}, see);
    if (status) status = visit_documents([&](const DocumentId& id) { return audit.see_document(id), Status(); });
  }
  if (!status) return status.error();
  return audit;
}

Status RecordStore::set_aside(const Area& area, const Audit& audit, const std::vector<Finding>& notes) {
  Plan plan;
  std::uint32_t index = 0;
  const auto keep = [&](const SetAside& entry) {
    put_framed(plan.writes, quarantine_key(sequence_ + 1, index++), entry.encode());
  };
  for (const Audit::Damaged& d : audit.damaged()) {
    keep({d.key, d.raw, d.message});
    plan.writes.push_back({d.key, std::nullopt});
    if (d.key == format_key()) put_framed(plan.writes, format_key(), encode_number(kFormat));
  }
  for (const Finding& f : notes) keep({manifest_key_of(area), {}, f.message});
  known_.clear();
  Known found;
  found.manifest = audit.found();
  plan.touched[area] = &known_.emplace(area, std::move(found)).first->second;
  Status written = commit(std::move(plan));
  known_.clear();
  return written;
}

Result<CheckReport> RecordStore::settle(const std::optional<DocumentId>& document) {
  if (const Status s = sound(); !s) return s.error();
  CheckReport report_;
  // Each round moves as much damage as an audit keeps. What is missing is only known in the first: the count is then
  // that of the whole records.
  for (std::size_t round = 0; round < kMaxRounds; ++round) {
    const auto audited = audit(document);
    if (!audited) return audited.error();
    report_.records = audited->records();
    report_.bytes = audited->bytes();
    std::vector<Finding> notes;
    if (round == 0) {
      notes = audited->findings();
      if (notes.empty()) return report_;
      for (const Finding& f : notes) report(report_, f);
      std::erase_if(notes, is_damaged_record);
    } else if (audited->damaged().empty()) {
      return report_;
    }
    if (const Status s = set_aside(document, *audited, notes); !s) return s.error();
  }
  return error(Errc::limit, area_name(document) + ": more damage than can be set aside in one go; settle it again");
}

Result<CheckReport> RecordStore::settle_all() {
  CheckReport all;
  const auto one = [&](const Area& area) -> Status {
    auto settled = settle(area);
    if (!settled) return settled.error();
    all.records += settled->records;
    all.bytes += settled->bytes;
    all.unlisted += settled->unlisted;
    for (Finding& f : settled->findings) report(all, std::move(f));
    return {};
  };
  Status status = visit_documents([&](const DocumentId& id) { return one(id); });
  if (status) status = one(std::nullopt);
  if (!status) return status.error();
  return all;
}

}  // namespace

std::string salvage_note(std::uint64_t last_batch) {
  return "saved from damaged files: the last batch that is there is " + std::to_string(last_batch) +
         ", and what was written last may be gone";
}

Result<std::unique_ptr<Store>> open_record_store(std::unique_ptr<Engine> engine, Opening opening) {
  auto store = std::make_unique<RecordStore>(std::move(engine));
  if (const Status begun = store->begin(opening); !begun) return begun.error();
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace tlfs::storage
