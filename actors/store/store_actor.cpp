#include "actors/store/store_actor.h"

#include <stdexcept>

#include "runtime/storage/layout.h"

namespace tlfs::store {
namespace {

Done outcome(const Status& status) {
  Done out;
  if (!status) out.error = status.error();
  return out;
}

// A batch that the store refuses as it is, whatever the disk does.
bool is_refused(const Error& error) { return error.is(storage::Errc::limit) || error.is(storage::Errc::bad_key); }

}  // namespace

StoreActor::StoreActor(caf::actor_config& config, OpenStore open,
                       std::shared_ptr<const supervision::ChildIdentity> identity)
    : caf::event_based_actor(config), open_(std::move(open)), identity_(std::move(identity)) {}

caf::behavior StoreActor::make_behavior() {
  Result<std::unique_ptr<storage::Store>> opened = open_();
  if (!opened) throw std::runtime_error(opened.error().message());
  store_ = std::move(*opened);
  return {
      [this](const Write& request) { return write(request); },
      [this](const ReadDocument& request) { return read(request); },
      [this](const ReadKind& request) { return read(request); },
      [this](const RemoveDocument& request) { return outcome(remove(request)); },
      [this](const ReadListings&) {
        commit_all();
        ++counters_.reads;
        Listings out;
        const storage::Range range = storage::region_range(storage::Region::listing);
        const auto scanned = store_->scan(range.from, range.to, [&](ByteView key, ByteView value) {
          if (const auto place = storage::parse_key(key); place && place->document)
            out.listings.emplace_back(*place->document, Bytes(value.begin(), value.end()));
          return true;
        });
        if (!scanned) out.error = scanned.error();
        return out;
      },
      [this](const ReadRegion& request) { return read(request); },
      [this](const SettleDocument& request) {
        commit_all();
        const auto report = store_->settle(request.document);
        return outcome(report ? Status() : Status(report.error()));
      },
      [this](const GetStoreStatus&) {
        StoreStatus out;
        out.counters = counters_;
        out.failing = failing_;
        if (const auto bytes = store_->disk_bytes()) out.disk_bytes = *bytes;
        return out;
      },
      [this](CommitNow) {
        noted_ = false;
        commit_all();
      },
  };
}

// The database is closed before anybody learns that this incarnation has ended, so that the next one can open it.
void StoreActor::on_exit() {
  waiting_.clear();
  store_ = nullptr;
}

// ---- writing ----

caf::result<Done> StoreActor::write(const Write& request) {
  ++counters_.requests;
  auto promise = make_response_promise<Done>();
  waiting_.push_back({request.batch, promise});
  if (!noted_) {
    noted_ = true;
    send(this, CommitNow());
  }
  return promise;
}

void StoreActor::commit_all() {
  while (!waiting_.empty()) {
    std::size_t count = 0, bytes = 0, records = 0;
    for (const Waiting& w : waiting_) {
      bytes += w.batch->bytes();
      records += w.batch->writes().size();
      if (count > 0 && (bytes > kMaxCommitBytes || records > kMaxCommitRecords)) break;
      ++count;
    }
    commit(count);
  }
}

// The first `count` that wait, as one batch. One that the store refuses as it is must not take the others with it.
void StoreActor::commit(std::size_t count) {
  std::vector<Waiting> group(std::make_move_iterator(waiting_.begin()),
                             std::make_move_iterator(waiting_.begin() + static_cast<std::ptrdiff_t>(count)));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  counters_.greatest_group = std::max<std::uint64_t>(counters_.greatest_group, count);
  Status status;
  if (count == 1) {
    status = put(*group.front().batch);
  } else {
    storage::Batch joined;
    for (const Waiting& w : group) joined.append(*w.batch);
    status = put(joined);
    if (!status && is_refused(status.error())) {
      for (Waiting& w : group) w.promise.deliver(outcome(put(*w.batch)));
      return;
    }
  }
  for (Waiting& w : group) w.promise.deliver(outcome(status));
}

Status StoreActor::put(const storage::Batch& batch) {
  Status status = store_->write(batch);
  if (status) {
    ++counters_.commits;
    counters_.bytes += batch.bytes();
    if (failing_) identity_->logger->info("commit_recovered path={}", identity_->path.text());
    failing_.reset();
  } else {
    ++counters_.failures;
    if (!failing_ || failing_->code() != status.error().code())
      identity_->logger->error("commit_failed path={} error=\"{}\"", identity_->path.text(), status.error().message());
    if (!is_refused(status.error())) failing_ = status.error();
  }
  return status;
}

// ---- reading ----

Status StoreActor::scan(const storage::Range& range, replica::Records& out) {
  const auto scanned = store_->scan(range.from, range.to, [&](ByteView key, ByteView value) {
    out.records.push_back({Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())});
    return true;
  });
  if (!scanned) return scanned.error();
  out.corrupt = scanned->corrupt;
  out.unreadable = scanned->unreadable;
  return {};
}

DocumentRecords StoreActor::read(const ReadDocument& request) {
  commit_all();
  ++counters_.reads;
  DocumentRecords out;
  out.records = std::make_shared<replica::Records>();
  out.records->with_history = request.with_history;
  Status status =
      scan(request.with_history ? storage::document_range(request.document) : storage::opening_range(request.document),
           *out.records);
  if (status) status = add_packages(out);
  if (status) {
    Result<std::optional<Bytes>> listing = store_->read(storage::listing_key(request.document));
    if (listing)
      out.listing = std::move(*listing);
    else if (!listing.error().is(storage::Errc::corrupt))
      status = listing.error();
    Result<std::optional<Bytes>> standing = store_->read(storage::standing_key(request.document));
    if (standing)
      out.standing = std::move(*standing);
    else if (!standing.error().is(storage::Errc::corrupt))
      status = standing.error();
  }
  if (!status) out.error = status.error();
  return out;
}

DocumentRecords StoreActor::read(const ReadKind& request) {
  commit_all();
  ++counters_.reads;
  DocumentRecords out;
  out.records = std::make_shared<replica::Records>();
  const Status status =
      scan(storage::kind_range(request.document, static_cast<storage::Kind>(request.kind)), *out.records);
  if (!status) out.error = status.error();
  return out;
}

RegionRecords StoreActor::read(const ReadRegion& request) {
  commit_all();
  ++counters_.reads;
  RegionRecords out;
  const auto region = static_cast<storage::Region>(request.region);
  if (region == storage::Region::document) {
    out.error = Error(storage::Errc::bad_key, "documents are read one by one");
    return out;
  }
  const storage::Range range = storage::region_range(region);
  const auto scanned = store_->scan(range.from, range.to, [&](ByteView key, ByteView value) {
    out.records.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
    return true;
  });
  if (!scanned) out.error = scanned.error();
  return out;
}

Status StoreActor::add_packages(DocumentRecords& out) {
  for (const auto& record : out.records->records) {
    const auto place = storage::parse_key(record.key);
    if (!place || place->kind != static_cast<std::uint8_t>(storage::Kind::package)) continue;
    storage::PackageHash hash;
    if (place->rest.size() != hash.size()) continue;
    std::copy(place->rest.begin(), place->rest.end(), hash.begin());
    Result<std::optional<Bytes>> package = store_->read(storage::package_key(hash));
    if (!package && !package.error().is(storage::Errc::corrupt)) return package.error();
    if (package && *package) out.packages.push_back(std::move(**package));
  }
  return {};
}

// ---- removing ----

Status StoreActor::remove(const RemoveDocument& request) {
  commit_all();
  storage::Batch listed;
  listed.put(storage::listing_key(request.document), request.listing);
  listed.remove(storage::standing_key(request.document));
  if (Status s = put(listed); !s) return s;
  const storage::Range range = storage::document_range(request.document);
  for (;;) {
    storage::Batch batch;
    const auto scanned = store_->scan(range.from, range.to, [&](ByteView key, ByteView) {
      batch.remove(Bytes(key.begin(), key.end()));
      return batch.writes().size() < kMaxRemovedAtOnce;
    });
    if (!scanned) return scanned.error();
    for (const Bytes& key : scanned->corrupt) batch.remove(key);
    if (batch.empty()) return {};
    if (Status s = put(batch); !s) return s;
  }
}

supervision::ChildSpec store_spec(OpenStore open) {
  supervision::ChildSpec spec;
  spec.id = kStoreId;
  spec.restart = supervision::Restart::permanent;
  spec.start = [open = std::move(open)](supervision::ChildContext& context) {
    return context.spawn_detached<StoreActor>(open, context.identity());
  };
  return spec;
}

}  // namespace tlfs::store
