// From records to a document.
#include <algorithm>
#include <unordered_map>

#include "runtime/base/check.h"
#include "runtime/replica/parts.h"

namespace tlfs::replica {

using access::ProtectedDocument;
using access::SignedStatement;
using document::Change;
using document::ChangeHash;
using document::Document;
using storage::Kind;

namespace {

std::string count_of(std::size_t n, const std::string& one, const std::string& many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

// Changes in an order in which each comes after what it depends on, those that came earlier first; the others wait.
struct Ordered {
  std::vector<Change> ready;
  std::vector<Change> waiting;
};

template <class HasChange, class HasRest>
Ordered in_causal_order(std::vector<Change> changes, HasChange&& has_change, HasRest&& has_rest) {
  Ordered out;
  std::set<ChangeHash> placed;
  std::unordered_map<ChangeHash, std::vector<std::size_t>, crypto::DigestHash> wait_for;
  std::vector<bool> done(changes.size(), false);
  const auto missing = [&](const Change& c) -> const ChangeHash* {
    const auto here = [&](const ChangeHash& h) { return placed.contains(h) || has_change(h); };
    if (c.header.prev && !here(*c.header.prev)) return &*c.header.prev;
    for (const ChangeHash& d : c.header.deps)
      if (!here(d)) return &d;
    return nullptr;
  };
  std::vector<std::size_t> next;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    next.push_back(i);
    while (!next.empty()) {  // each change is looked at once for each of its parents at most
      const std::size_t at = next.back();
      next.pop_back();
      const Change& c = changes[at];
      if (done[at] || placed.contains(c.hash) || has_change(c.hash)) {
        done[at] = true;
        continue;
      }
      if (!has_rest(c)) continue;
      if (const ChangeHash* parent = missing(c)) {
        wait_for[*parent].push_back(at);
        continue;
      }
      placed.insert(c.hash);
      done[at] = true;
      const ChangeHash hash = c.hash;
      out.ready.push_back(changes[at]);
      if (const auto freed = wait_for.find(hash); freed != wait_for.end()) {
        next.insert(next.end(), freed->second.rbegin(), freed->second.rend());
        wait_for.erase(freed);
      }
    }
  }
  for (std::size_t i = 0; i < changes.size(); ++i)
    if (!done[i]) out.waiting.push_back(std::move(changes[i]));
  return out;
}

class Opening {
 public:
  Opening(Replica::Parts& parts, Found found, const Records& records)
      : p_(parts), found_(std::move(found)), with_history_(records.with_history), unreadable_(records.unreadable) {}

  Status run();

 private:
  struct Built {
    std::unique_ptr<ProtectedDocument> document;
    std::vector<Change> waiting;
    std::vector<Change> again;  // with leaves that the snapshot did not have
    std::size_t in_past = 0;    // changes that snapshot or history gave
    std::size_t counted = 0;    // change records, without those that the snapshot made superfluous
  };

  void look_for_gaps();
  Status find_packages();
  void recall_writes();
  Result<Built> build(std::uint64_t incarnation);
  Result<Built> build_right();
  Result<Built> build_of_what_is_left();
  void end_incarnation(ProtectedDocument& before);
  void drop_locals();
  bool can_seal(const ProtectedDocument& document) const;
  void settle(Built built);
  Result<std::unique_ptr<ProtectedDocument>> document_of(std::uint64_t incarnation);
  ProtectedDocument::Settings settings_in(std::uint64_t incarnation) const;
  std::vector<SignedStatement> statements() const;
  void read_snapshot();
  void drop_snapshot();
  void find_past();
  void read_past();
  std::vector<Document::Logged> unsealed();
  std::uint64_t revision() const;
  void vouch(std::vector<Change>& changes) const;
  void say(std::string sentence) { p_.lost.push_back(std::move(sentence)); }
  bool own_work_lost() const {
    return found_.locals_lost || found_.changes_lost || unreadable_ || !found_.progress || past_lost_;
  }

  Replica::Parts& p_;
  Found found_;
  bool with_history_;
  bool unreadable_;
  bool past_lost_ = false;  // changes of the history that the document was to be made of
  std::map<crypto::Digest, std::shared_ptr<const schema::Package>> packages_;
  std::vector<SignedStatement> more_statements_;  // made while opening
  std::vector<Change> more_changes_;
  std::vector<DoneEntry> sealed_now_;
  std::vector<Change> past_changes_;  // when there is no snapshot
  Bytes snapshot_;                    // empty: there is none
  std::uint64_t next_local_ = 0;
};

void Opening::look_for_gaps() {
  const DocumentId& id = p_.id;
  if (unreadable_)
    say("A part of the store that records of document " + to_hex(id) +
        " may lie in cannot be read: own work goes on as a new incarnation");
  if (!found_.progress) {
    say("The note of document " + to_hex(id) +
        " that says where everything stands is gone: own work goes on as a new incarnation");
    found_.statements_lost = found_.changes_lost = true;
    return;
  }
  const Progress& progress = *found_.progress;
  if (found_.statements.size() < progress.statements && !found_.statements_lost) {
    say(count_of(progress.statements - found_.statements.size(), "statement", "statements") + " of document " +
        to_hex(id) + " are missing: they must be fetched again from others");
    found_.statements_lost = true;
  }
  std::uint64_t expected = progress.local_from;
  for (auto at = found_.locals.begin(); at != found_.locals.end();) {
    if (at->first < progress.local_from) {
      p_.doomed.push_back(storage::numbered_key(id, Kind::local, at->first));
      at = found_.locals.erase(at);
      continue;
    }
    if (at->first != expected) {
      if (!found_.locals_lost)
        say("Own transaction " + std::to_string(expected) + " of document " + to_hex(id) +
            " is missing: it and the later ones that were in no change yet are lost");
      found_.locals_lost = true;
      break;
    }
    ++expected;
    ++at;
  }
  // What comes after a gap builds on what is gone.
  for (auto at = found_.locals.lower_bound(expected); at != found_.locals.end(); at = found_.locals.erase(at))
    p_.doomed.push_back(storage::numbered_key(id, Kind::local, at->first));
  if (progress.done_end - progress.done_from != found_.done.size() && !found_.done_lost)
    say("A note of document " + to_hex(id) + " about writes done is missing: writes that it noted may take effect " +
        "once more when they are asked for again");
}

Status Opening::find_packages() {
  std::set<crypto::Digest> wanted = found_.packages;
  const auto& own = p_.settings.document.package;
  if (own) packages_[own->hash()] = own;
  if (found_.progress) wanted.insert(found_.progress->package);
  if (p_.blocks.root()) wanted.insert(p_.blocks.root()->packages.begin(), p_.blocks.root()->packages.end());
  for (const auto& [number, stored] : found_.changes) wanted.insert(stored.change.header.package);
  for (const crypto::Digest& hash : wanted) {
    auto& package = packages_[hash];
    if (!package && p_.settings.package) package = p_.settings.package(hash);
    if (!package)
      return Error(Errc::unknown_package, "document " + to_hex(p_.id) + " was written under package " + to_hex(hash) +
                                              ", which is not in the store");
  }
  p_.packages = found_.packages;
  if (packages_.empty())
    return Error(Errc::unknown_package,
                 "no record of document " + to_hex(p_.id) + " says which package it was written under");
  return {};
}

void Opening::recall_writes() {
  std::uint64_t end = found_.progress ? found_.progress->done_end : 0;
  for (const Bytes& key : found_.bad_keys)
    if (const auto place = storage::parse_key(key); place && place->kind == static_cast<std::uint8_t>(Kind::note))
      if (const auto segment = done_segment_of(as_text(place->rest))) end = std::max(end, *segment + 1);
  const std::uint64_t from = found_.progress ? found_.progress->done_from : 0;
  for (auto& [segment, content] : found_.done) {
    if (segment < from) continue;
    end = std::max(end, segment + 1);
    p_.done.recall(segment, std::move(content));
  }
  for (const auto& [number, local] : found_.locals)
    if (local.write.named()) p_.done.recall({local.write, local.revision, local.serial});
  for (const DoneEntry& e : sealed_now_) p_.done.recall(e);
  p_.done.settle(end);
}

std::vector<Document::Logged> Opening::unsealed() {
  std::vector<Document::Logged> out;
  for (const auto& [number, local] : found_.locals) out.push_back(local.transaction);
  return out;
}

std::uint64_t Opening::revision() const {
  std::uint64_t out = found_.progress ? found_.progress->revision : 0;
  for (const auto& [number, local] : found_.locals) out = std::max(out, local.revision);
  return out;
}

// The last change of an own incarnation that is over: nobody else will sign it.
void Opening::vouch(std::vector<Change>& changes) const {
  const crypto::SigningKey& device = *p_.settings.document.device;
  std::set<ChangeHash> vouched;
  for (auto c = changes.rbegin(); c != changes.rend(); ++c) {
    if (c->header.writer.device != device.public_key()) continue;
    if (!vouched.contains(c->hash) && !c->signature) c->signature = document::sign_change(c->hash, device);
    if (c->header.prev) vouched.insert(*c->header.prev);
  }
}

ProtectedDocument::Settings Opening::settings_in(std::uint64_t incarnation) const {
  ProtectedDocument::Settings s = p_.settings.document;
  s.incarnation = incarnation;
  const crypto::Digest hash = found_.progress ? found_.progress->package
                              : s.package     ? s.package->hash()
                                              : packages_.begin()->first;
  if (!s.package || s.package->hash() != hash) {
    s.package = packages_.at(hash);
    s.view = nullptr;
  }
  return s;
}

std::vector<SignedStatement> Opening::statements() const {
  std::vector<SignedStatement> out;
  for (const auto& [number, statement] : found_.statements) out.push_back(statement);
  out.insert(out.end(), more_statements_.begin(), more_statements_.end());
  return out;
}

// A document that has taken its statements, or has them from its snapshot, and no change after that.
Result<std::unique_ptr<ProtectedDocument>> Opening::document_of(std::uint64_t incarnation) {
  ProtectedDocument::Settings s = settings_in(incarnation);
  std::vector<std::shared_ptr<const schema::Package>> packages;
  for (const auto& [hash, package] : packages_) packages.push_back(package);
  if (!found_.statements_lost)
    return ProtectedDocument::open(snapshot_, std::move(s), statements(), packages,
                                   [past = p_.past.get()](const ChangeHash& hash) { return past->find(hash); });
  // Without some of its statements the log has to find out which of the others it can use.
  auto document = std::make_unique<ProtectedDocument>(std::move(s));
  for (const auto& package : packages)
    if (const auto added = document->content().add_package(package); !added) return added.error();
  (void)document->take(statements(), {});
  (void)document->learn_news();  // those of users and groups may be known elsewhere on this device
  return document;
}

// What the history holds, for a document that has no snapshot.
void Opening::read_past() {
  if (!snapshot_.empty() || !p_.past->has_any()) return;
  ProtectedDocument reader(settings_in(0));  // its keys open the archive
  (void)reader.take(statements(), {});
  if (found_.statements_lost) (void)reader.learn_news();
  p_.past->set_unarchive([&](ByteView bytes) { return reader.unarchive(bytes, p_.at_rest()); });
  past_changes_ = p_.past->all(p_.lost);
  p_.past->set_unarchive(nullptr);
  past_lost_ = past_lost_ || p_.past->damaged() || found_.history_lost;
}

Result<Opening::Built> Opening::build(std::uint64_t incarnation) {
  Result<std::unique_ptr<ProtectedDocument>> made = document_of(incarnation);
  if (!made) return made.error();
  Built out;
  out.document = std::move(*made);
  ProtectedDocument& document = *out.document;
  p_.past->set_unarchive([&p = p_, &document](ByteView bytes) { return document.unarchive(bytes, p.at_rest()); });
  const document::ChangeGraph& graph = document.content().graph();
  out.in_past = graph.size();
  std::vector<Change> changes = past_changes_;
  for (const auto& [number, stored] : found_.changes) {
    ++out.counted;
    if (graph.find(stored.change.hash) == document::kNoChange) {
      changes.push_back(stored.change);
    } else if (!p_.blocks.root() || number >= p_.blocks.root()->changes_below) {
      out.again.push_back(stored.change);
    } else {
      --out.counted;
    }
  }
  changes.insert(changes.end(), more_changes_.begin(), more_changes_.end());
  vouch(changes);
  Ordered ordered = in_causal_order(
      std::move(changes), [&](const ChangeHash& h) { return graph.find(h) != document::kNoChange; },
      [&](const Change& c) {
        return std::all_of(c.header.authority_heads.begin(), c.header.authority_heads.end(),
                           [&](const crypto::Digest& h) { return document.log().has(h); });
      });
  if (Status s = document.recover(std::move(ordered.ready), unsealed(), revision()); !s) return s.error();
  if (snapshot_.empty()) {
    std::set<ChangeHash> past;
    for (const Change& c : past_changes_) past.insert(c.hash);
    while (out.in_past < graph.size() && past.contains(graph.at(static_cast<ChangeIndex>(out.in_past)).hash))
      ++out.in_past;
  }
  out.waiting = std::move(ordered.waiting);
  return out;
}

// What was in no change yet goes into one of the old incarnation, which ends with it.
void Opening::end_incarnation(ProtectedDocument& before) {
  const std::size_t changes = before.content().graph().size();
  const std::size_t statements = before.log().size();
  before.content().seal();
  for (std::size_t i = statements; i < before.log().size(); ++i) more_statements_.push_back(before.log().at(i));
  for (std::size_t i = changes; i < before.content().graph().size(); ++i)
    more_changes_.push_back(before.content().history().change(static_cast<ChangeIndex>(i)).value());
  for (const auto& [number, local] : found_.locals)
    if (local.write.named()) sealed_now_.push_back({local.write, local.revision, local.serial});
  drop_locals();
}

void Opening::drop_locals() {
  for (const auto& [number, local] : found_.locals)
    p_.doomed.push_back(storage::numbered_key(p_.id, Kind::local, number));
  next_local_ = std::max(next_local_, found_.locals.empty() ? 0 : found_.locals.rbegin()->first + 1);
  found_.locals.clear();
}

bool Opening::can_seal(const ProtectedDocument& document) const {
  const auto self = access::Principal::of_key(p_.settings.document.device->public_key());
  return document.level(self, {}) >= access::Level::write && document.can_read({});
}

Result<Opening::Built> Opening::build_right() {
  const std::uint64_t recorded = found_.progress ? found_.progress->incarnation : 0;
  const std::uint64_t obeyed = found_.progress ? found_.progress->loss : 0;
  const std::uint64_t asked = p_.settings.new_incarnation;
  p_.progress.loss = asked != 0 ? asked : obeyed;
  if (found_.statements_lost && !found_.locals.empty()) {
    // Without its rights and keys the document could not even be sealed.
    std::map<std::uint64_t, LocalRecord> locals = std::exchange(found_.locals, {});
    const Result<Built> without = build(recorded);
    const bool sealable = without.ok() && can_seal(*without->document);
    found_.locals = std::move(locals);
    if (!sealable) {
      say(count_of(found_.locals.size(), "own transaction", "own transactions") + " of document " + to_hex(p_.id) +
          " cannot be sealed without statements that are gone, and are lost");
      drop_locals();
    }
  }
  Result<Built> built = build(recorded);
  if (!built && !found_.locals.empty()) {
    say(count_of(found_.locals.size(), "own transaction", "own transactions") + " of document " + to_hex(p_.id) +
        " cannot be read without changes that are gone, and are lost: " + built.error().message());
    drop_locals();
    found_.locals_lost = true;
    built = build(recorded);
  }
  if (!built) return built;
  if (found_.progress && built->counted < found_.progress->changes && !found_.changes_lost) {
    say(count_of(found_.progress->changes - built->counted, "change", "changes") + " of document " + to_hex(p_.id) +
        " are missing: they, and what rests on them, must be fetched again from others");
    found_.changes_lost = true;
  }
  const bool asked_anew = asked != 0 && asked != obeyed;
  if (!asked_anew && !own_work_lost()) return built;
  if (!found_.locals.empty()) end_incarnation(*built->document);
  return build(asked_anew ? asked : p_.settings.document.random->next_u64() | 1);
}

// A snapshot whose changes have to be computed with again needs all of them. When some are gone, it says what cannot be
// told from right any more, and the document is made of the changes that are left.
Result<Opening::Built> Opening::build_of_what_is_left() {
  if (snapshot_.empty()) return build_right();
  try {
    return build_right();
  } catch (const document::HistoryLost& lost) {
    say("Document " + to_hex(p_.id) + ": what its snapshot holds has to be judged anew, and " + lost.what() +
        ": it is made of the changes that are left, and the others must be fetched again from others");
  }
  drop_snapshot();
  past_lost_ = true;
  read_past();
  return build_right();
}

// Which records hold what is in the document now.
void Opening::settle(Built built) {
  p_.document = std::move(built.document);
  for (const Bytes& key : found_.bad_keys)
    if (key != storage::note_key(p_.id, kProgressNote)) p_.doomed.push_back(key);
  for (const Bytes& key : found_.keys)
    if (const auto place = storage::parse_key(key); place && place->number) {
      std::uint64_t* next = nullptr;
      if (place->kind == static_cast<std::uint8_t>(Kind::statement)) next = &p_.next_statement;
      if (place->kind == static_cast<std::uint8_t>(Kind::change)) next = &p_.next_change;
      if (place->kind == static_cast<std::uint8_t>(Kind::local)) next = &next_local_;
      if (next) *next = std::max(*next, *place->number + 1);
    }

  const access::AuthorityLog& log = p_.document->log();
  std::size_t in_order = 0;
  std::size_t refused = 0;  // the next time they would be taken for good ones
  for (const auto& [number, s] : found_.statements) {
    if (log.waits(s.hash)) {
      p_.waiting_statements.emplace(s.hash, number);
    } else if (!log.has(s.hash)) {
      p_.doomed.push_back(storage::numbered_key(p_.id, Kind::statement, number));
      ++refused;
    }
    if (in_order < log.size() && log.at(in_order).hash == s.hash) ++in_order;
  }
  if (refused > 0) {
    say(count_of(refused, "statement", "statements") + " of document " + to_hex(p_.id) +
        " cannot be what was written: they must be fetched again from others");
    p_.incomplete = true;
  }
  if (in_order + p_.waiting_statements.size() + refused == found_.statements.size()) {
    p_.statements_seen = in_order;
  } else {  // they came in another order than they are in now
    for (const auto& [number, s] : found_.statements)
      if (log.has(s.hash)) p_.doomed.push_back(storage::numbered_key(p_.id, Kind::statement, number));
  }

  const document::ChangeGraph& graph = p_.content().graph();
  bool ascending = true;
  for (const auto& [number, stored] : found_.changes) {
    const ChangeIndex index = graph.find(stored.change.hash);
    if (index == document::kNoChange) {
      p_.waiting_changes.emplace(stored.change.hash, number);
    } else if (std::any_of(built.again.begin(), built.again.end(),
                           [&](const Change& c) { return c.hash == stored.change.hash; })) {
      p_.extras.push_back({index, number, stored.bytes});
    } else if (index < built.in_past || p_.tail_of(index)) {
      p_.doomed.push_back(storage::numbered_key(p_.id, Kind::change, number));
    } else {
      ascending = ascending && (p_.tail.empty() ? index == built.in_past : index == p_.tail.back().index + 1);
      p_.tail.push_back({index, number, stored.bytes});
    }
  }
  if (!ascending) {
    for (const Replica::Parts::Tail& t : p_.tail)
      p_.doomed.push_back(storage::numbered_key(p_.id, Kind::change, t.number));
    p_.tail.clear();
  }
  p_.changes_seen = built.in_past + p_.tail.size();
  for (const Replica::Parts::Tail& t : p_.tail) p_.tail_bytes += t.bytes;
  for (const Replica::Parts::Tail& t : p_.extras) p_.tail_bytes += t.bytes;
  if (p_.blocks.root()) p_.next_change = std::max(p_.next_change, p_.blocks.root()->changes_below);
  p_.past->set_unarchive([&p = p_](ByteView bytes) { return p.document->unarchive(bytes, p.at_rest()); });

  document::Lv end = graph.first_unsealed();
  for (const auto& [number, local] : found_.locals) {
    end += local.transaction.id_count;
    std::optional<DoneEntry> done;
    if (local.write.named()) done = DoneEntry{local.write, local.revision, local.serial};
    p_.locals.push_back({number, end, local.transaction.record.size(), done});
    p_.tail_bytes += local.transaction.record.size();
  }
  p_.next_local = std::max(next_local_, found_.progress ? found_.progress->local_from : 0);
  recall_writes();

  p_.progress.revision = std::max(p_.progress.revision, revision());  // a local record says so
  if (!snapshot_.empty() && p_.past->here() && p_.past->damaged()) {
    std::vector<ChangeHash> past;
    for (ChangeIndex i = 0; i < built.in_past; ++i) past.push_back(graph.at(i).hash);
    p_.content().note_lost(p_.past->lacking(std::move(past)));
  }
  if (!built.again.empty()) (void)p_.document->take({}, std::move(built.again));
  if (!built.waiting.empty() || !p_.waiting_statements.empty()) {
    p_.incomplete = true;
    say(count_of(built.waiting.size(), "change", "changes") + " and " +
        count_of(p_.waiting_statements.size(), "statement", "statements") + " of document " + to_hex(p_.id) +
        " wait for others that are not here");
    (void)p_.document->take({}, std::move(built.waiting));
  }
  p_.incomplete = p_.incomplete || found_.statements_lost || found_.changes_lost || past_lost_ || unreadable_;
  p_.collect(sealed_now_);
}

void Opening::read_snapshot() {
  const std::uint64_t generation = found_.progress ? found_.progress->snapshot : 0;
  if (found_.blocks.empty() && generation == 0 && !found_.snapshot_lost) return;
  Result<Bytes> snapshot = p_.blocks.load(found_.blocks);
  if (snapshot && found_.progress && p_.blocks.generation() != generation)
    snapshot = Error(Errc::damaged, "the root of the snapshot is not the one that was written last");
  if (snapshot && !found_.statements_lost) {
    snapshot_ = std::move(*snapshot);
    return;
  }
  if (!snapshot && !found_.snapshot_lost)
    say("Document " + to_hex(p_.id) + ": " + snapshot.error().message() + ": it is made of its history again");
  drop_snapshot();
}

void Opening::drop_snapshot() {
  snapshot_.clear();
  found_.snapshot_lost = true;
  p_.blocks.forget();
  for (const Bytes& key : found_.keys)
    if (const auto place = storage::parse_key(key); place && place->kind == static_cast<std::uint8_t>(Kind::snapshot))
      p_.doomed.push_back(key);
}

void Opening::find_past() {
  const Progress progress = found_.progress.value_or(Progress{});
  const bool any = !found_.progress || progress.history_end > progress.history_from;
  if (any && !with_history_) {
    if (snapshot_.empty()) throw HistoryNeeded();
    p_.past = std::make_unique<Past>();
    return;
  }
  std::map<std::uint64_t, HistoryPart> parts;
  for (auto& [number, part] : found_.history) {
    if (found_.progress && (number < progress.history_from || number >= progress.history_end)) {
      p_.doomed.push_back(storage::numbered_key(p_.id, Kind::history, number));
      continue;
    }
    parts.emplace(number, std::move(part));
  }
  const std::size_t expected = progress.history_end - progress.history_from;
  if (found_.progress && parts.size() < expected && !found_.history_lost) {
    say(count_of(expected - parts.size(), "record", "records") + " of the history of document " + to_hex(p_.id) +
        " are missing: old changes cannot be read here any more");
    found_.history_lost = true;
  }
  std::vector<std::string> lost;
  std::set<std::uint64_t> damaged;
  for (const Bytes& key : found_.bad_keys)
    if (const auto place = storage::parse_key(key); place && place->kind == static_cast<std::uint8_t>(Kind::history)) {
      damaged.insert(place->number.value_or(0));
      lost.push_back(storage::describe_key(key) + " is damaged");
    }
  if (found_.progress && parts.size() < expected)
    for (std::uint64_t n = progress.history_from; n < progress.history_end && lost.size() <= kMaxNamedLost; ++n)
      if (!parts.contains(n) && !damaged.contains(n))
        lost.push_back(storage::describe_key(storage::numbered_key(p_.id, Kind::history, n)) + " is missing");
  if (!found_.progress && !parts.empty()) {
    p_.progress.history_from = parts.begin()->first;
    p_.progress.history_end = parts.rbegin()->first + 1;
  }
  p_.past = std::make_unique<Past>(parts, std::move(lost));
}

Status Opening::run() {
  p_.lost = found_.lost;
  look_for_gaps();
  if (found_.progress) p_.progress = *found_.progress;
  read_snapshot();
  find_past();
  if (Status s = find_packages(); !s) return s;
  read_past();
  Result<Built> built = build_of_what_is_left();
  if (!built) return Error(Errc::damaged, "document " + to_hex(p_.id) + ": " + built.error().message());
  settle(std::move(*built));
  return {};
}

}  // namespace

Result<std::unique_ptr<Replica>> Replica::open(Settings settings, Records records) {
  auto parts = std::make_unique<Parts>(std::move(settings));
  Result<Found> found = Found::sort(parts->id, parts->at_rest(), records);
  if (!found) return found.error();
  if (Status s = Opening(*parts, std::move(*found), records).run(); !s) return s.error();
  return std::unique_ptr<Replica>(new Replica(std::move(parts)));
}

}  // namespace tlfs::replica
