#include "runtime/replica/replica.h"

#include "runtime/base/check.h"
#include "runtime/replica/parts.h"

namespace tlfs::replica {

using document::Change;
using document::Commit;

Replica::Replica(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Replica::~Replica() = default;

namespace {

// The incarnation that a document begins here in.
void begin_in(Replica::Settings& settings) {
  if (settings.document.incarnation == 0) settings.document.incarnation = settings.new_incarnation;
}

}  // namespace

std::unique_ptr<Replica> Replica::create(Settings settings, const crypto::SigningKey& document_key,
                                         const access::Principal& root, access::DocumentKind kind,
                                         std::vector<access::SignedStatement> known) {
  begin_in(settings);
  settings.document.id = document_key.public_key();
  auto parts = std::make_unique<Parts>(std::move(settings));
  parts->past = std::make_unique<Past>(std::map<std::uint64_t, HistoryPart>{});
  parts->document =
      access::ProtectedDocument::create(parts->settings.document, document_key, root, kind, std::move(known));
  parts->progress.loss = parts->settings.new_incarnation;
  parts->collect();
  return std::unique_ptr<Replica>(new Replica(std::move(parts)));
}

std::unique_ptr<Replica> Replica::join(Settings settings) {
  begin_in(settings);
  auto parts = std::make_unique<Parts>(std::move(settings));
  parts->past = std::make_unique<Past>(std::map<std::uint64_t, HistoryPart>{});
  parts->document = std::make_unique<access::ProtectedDocument>(parts->settings.document);
  parts->progress.loss = parts->settings.new_incarnation;
  parts->collect();
  return std::unique_ptr<Replica>(new Replica(std::move(parts)));
}

access::ProtectedDocument& Replica::document() { return *parts_->document; }
const access::ProtectedDocument& Replica::document() const { return *parts_->document; }
const std::vector<std::string>& Replica::lost() const { return parts_->lost; }
bool Replica::incomplete() const { return parts_->incomplete; }

std::optional<std::uint64_t> Replica::done(const WriteId& write) const {
  const DoneEntry* entry = write.named() ? parts_->done.find(write) : nullptr;
  return entry ? std::optional(entry->revision) : std::nullopt;
}

std::uint64_t Replica::last_done(std::uint64_t client) const { return parts_->done.last(client); }

Result<Commit> Replica::run(const WriteId& write, const std::function<Result<Commit>(document::Document&)>& edit) {
  Parts& p = *parts_;
  if (const auto known = done(write)) {
    Commit before;
    before.revision = *known;
    return before;
  }
  document::Document& d = p.content();
  const document::Lv first = d.graph().ids().size();
  const std::uint64_t revision = d.revision();
  Result<Commit> commit = edit(d);
  if (!commit) {
    p.collect();
    return commit;
  }
  const document::Lv end = d.graph().ids().size();
  std::optional<DoneEntry> finished;
  if (write.named()) finished = p.done.remember(write, commit->revision);
  if (end == first || d.graph().first_unsealed() >= end) {  // it did nothing, or is in a change already
    p.collect(finished ? std::vector<DoneEntry>{*finished} : std::vector<DoneEntry>());
    return commit;
  }
  p.collect({}, revision);
  LocalRecord record{{commit->record, end - first}, commit->revision, write, finished ? finished->serial : 0};
  storage::Batch unit;
  Parts::Local local{p.next_local++, end, 0, finished};
  const Bytes key = storage::numbered_key(p.id, storage::Kind::local, local.number);
  Bytes value = seal_value(p.at_rest(), key, record.encode());
  local.bytes = value.size();
  p.tail_bytes += local.bytes;
  p.locals.push_back(local);
  unit.put(key, std::move(value));
  TLFS_CHECK(p.add(std::move(unit)), "one transaction fits a batch");
  p.progress.revision = commit->revision;  // the record says so
  return commit;
}

access::ProtectedDocument::Taken Replica::take(std::vector<access::SignedStatement> statements,
                                               std::vector<Change> changes) {
  Parts& p = *parts_;
  std::vector<std::pair<ChangeIndex, std::size_t>> known;  // with the leaves that are here
  for (const Change& c : changes) {
    const ChangeIndex i = p.content().graph().find(c.hash);
    if (i == document::kNoChange) continue;
    if (p.content().is_lost(i))
      known.emplace_back(i, 0);
    else if (p.tail_of(i) || (p.past->here() && p.content().history().change(i)))
      known.emplace_back(i, p.leaves_here(i));
  }
  auto taken = p.document->take(std::move(statements), std::move(changes));
  p.collect();
  for (const auto& [index, leaves] : known)
    if (!p.content().is_lost(index) && p.leaves_here(index) > leaves) p.put_again(index);
  return taken;
}

void Replica::observe() { parts_->collect(); }

storage::Batch Replica::take_writes() {
  if (parts_->writes.empty()) return {};
  storage::Batch out = std::move(parts_->writes.front());
  parts_->writes.pop_front();
  return out;
}

}  // namespace tlfs::replica
