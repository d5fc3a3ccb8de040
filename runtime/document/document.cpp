#include "runtime/document/document.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/varint.h"
#include "runtime/document/patch_builder.h"
#include "runtime/document/snapshot.h"
#include "runtime/document/state_export.h"

namespace tlfs::document {
namespace {

struct Part {
  Address compartment;
  OperationBatch batch;  // empty: the only part, so everything
};

Address address_of(const OperationBatch& batch, const Target& target, const std::vector<NodeIndex>& nodes) {
  const auto first = batch.keys.begin() + target.first_key;
  return {nodes[target.node], {first, first + target.key_count}};
}

// Whether these are the places that the batch writes to, in its order. Asked at every transaction: allocates nothing.
bool writes_to(const OperationBatch& batch, const std::vector<NodeIndex>& nodes, const std::vector<Address>& places) {
  return std::equal(batch.targets.begin(), batch.targets.end(), places.begin(), places.end(),
                    [&](const Target& target, const Address& place) {
                      const auto first = batch.keys.begin() + target.first_key;
                      return nodes[target.node] == place.node &&
                             std::equal(first, first + target.key_count, place.keys.begin(), place.keys.end());
                    });
}

// Separates a batch by the compartments of its targets; nearly always one.
std::vector<Part> by_compartment(const OperationBatch& batch, const std::vector<NodeIndex>& nodes,
                                 const NodeTable& table) {
  std::vector<Part> out;
  ByteWriter name;
  std::map<Bytes, std::size_t> by_name;
  std::vector<std::size_t> part_of;
  const IdSpace no_ids;
  for (const Target& target : batch.targets) {
    Address compartment = compartment_of(table, address_of(batch, target, nodes));
    name.clear();
    name.varint(compartment.node);
    for (const Key& key : compartment.keys) {
      name.varint(key.element);
      put_key(name, key, no_ids);
    }
    const auto [at, fresh] = by_name.try_emplace(Bytes(name.view().begin(), name.view().end()), out.size());
    if (fresh) out.push_back({std::move(compartment), {}});
    part_of.push_back(at->second);
  }
  if (out.size() == 1) return out;
  for (const Operation& op : batch.operations) {
    const Target& target = batch.targets[op.target];
    OperationBatch& part = out[part_of[op.target]].batch;
    if (part.metadata.empty()) {
      part.metadata = batch.metadata;
      part.transactions = batch.transactions;
    }
    Operation copy = op;
    copy.target = part.add_target(target.node, batch.keys.data() + target.first_key, target.key_count);
    if (op.kind == OperationKind::assign) {
      copy.first = static_cast<std::uint32_t>(part.values.size());
      part.values.insert(part.values.end(), batch.values.begin() + op.first,
                         batch.values.begin() + op.first + op.length);
    } else if (op.kind == OperationKind::text_insert) {
      copy.first = static_cast<std::uint32_t>(part.text.size());
      part.text.append(batch.text, op.first, op.length);
    }
    part.operations.push_back(copy);
  }
  std::erase_if(out, [](const Part& part) { return part.batch.empty(); });
  return out;
}

}  // namespace

DocumentId new_document_id(Random& random) { return crypto::SigningKey::generate(random).public_key(); }

Document::Document(Settings settings)
    : settings_(std::move(settings)), history_(graph_), inbox_(settings_.id, settings_.inbox) {
  TLFS_CHECK(settings_.device && settings_.package, "a document needs a device key and a package");
  TLFS_CHECK(nodes_.add(settings_.package), "the first package always fits");
  history_.set_pending(&pending_);
  if (settings_.guard)
    history_.set_opener(
        [this](ChangeIndex index, const Leaf& leaf) { return settings_.guard->open(place_of(index), leaf); });
  bind_own();
  state_ = std::make_unique<State>(nodes_, graph_, history_);
}

WriterId Document::writer() const { return {settings_.device->public_key(), settings_.incarnation}; }

void Document::bind_own() {
  if (!settings_.view) settings_.view = settings_.package->latest();
  view_ = bind_view(nodes_, settings_.package, settings_.view);
  ordinals_.assign(nodes_.size(), schema::kNoOrdinal);
  const auto& nodes = nodes_.nodes_of(settings_.package->hash());
  for (schema::Ordinal o = 0; o < nodes.size(); ++o) ordinals_[nodes[o]] = o;
}

// ---- editing ----

EditContext Document::begin(const TransactionOptions& options) {
  TLFS_CHECK(!in_transaction_, "transactions do not nest");
  in_transaction_ = true;
  if (agent_ == kNoAgent) {
    agent_ = graph_.ensure_agent(writer());
    next_counter_ = 0;
    pending_first_ = graph_.ids().size();
  }
  scratch_.clear();
  state_->begin_notes(graph_.ids().size());
  return {*state_,
          graph_,
          *view_,
          nodes_.nodes_of(settings_.package->hash()),
          ordinals_,
          agent_,
          next_counter_,
          settings_.guard ? guarded_epoch_++ : static_cast<std::uint32_t>(graph_.size() + 1),
          !options.origin.empty(),
          scratch_};
}

std::vector<Address> Document::places_of(const OperationBatch& batch, const std::vector<NodeIndex>& nodes) const {
  std::vector<Address> out;
  out.reserve(batch.targets.size());
  for (const Target& t : batch.targets) out.push_back(address_of(batch, t, nodes));
  return out;
}

// Whether this device may do what the transaction has done. What rests on other rights than the transactions that are
// pending is not sealed together with them.
Status Document::authorise(const Transaction& tx) {
  if (!settings_.guard || tx.id_count() == 0) return {};
  const std::vector<NodeIndex>& nodes = nodes_.nodes_of(settings_.package->hash());
  const std::uint64_t now = settings_.guard->revision();
  if (now != last_guard_revision_ || !writes_to(scratch_, nodes, last_places_)) {
    std::vector<Address> places = places_of(scratch_, nodes);
    const Result<std::uint64_t> basis = settings_.guard->basis(places);
    if (!basis) return basis.error();
    last_places_ = std::move(places);
    last_guard_revision_ = now;
    last_basis_ = *basis;
  }
  if (last_basis_ != pending_basis_ && seal_before(tx.first())) {
    // What was sealed took along what the guard had gathered for this one too.
    const Result<std::uint64_t> basis = settings_.guard->basis(last_places_);
    if (!basis) return basis.error();
    last_guard_revision_ = settings_.guard->revision();
    last_basis_ = *basis;
  }
  pending_basis_ = last_basis_;
  return {};
}

Commit Document::finish(Transaction& tx, const TransactionOptions& options) {
  in_transaction_ = false;
  state_->end_notes();
  Commit done;
  if (tx.id_count() > 0) {
    scratch_.metadata.emplace_back();  // number 0 is the empty one
    TransactionMark mark{tx.first(), 0};
    if (options.time_ms || !options.origin.empty() || !options.label.empty()) {
      mark.metadata = 1;
      scratch_.metadata.push_back({options.time_ms, options.origin, options.label});
    }
    scratch_.transactions.push_back(mark);
    done.record = encode_block(scratch_, {agent_, tx.first(), tx.id_count()}, graph_.ids(), graph_, kUncompressed);
    next_counter_ += tx.id_count();
    pending_.append(scratch_);
    scratch_.clear();
    next_revision();
    done.patches = build_patches(*state_, *view_);
    if (graph_.ids().size() - pending_first_ >= settings_.seal_after_ids) seal();
  }
  done.revision = revision_;
  return done;
}

Result<Commit> Document::commit(Transaction& tx, const TransactionOptions& options) {
  if (Status s = authorise(tx); !s) return abort(tx, s.error());
  Commit done = finish(tx, options);
  if (tx.id_count() > 0 && !options.origin.empty()) undo_.did(options.origin, tx.take_undo());
  undo_.rename(tx.revived());
  undo_.lost(tx.lost());
  return done;
}

Result<Commit> Document::abort(Transaction& tx, const Error& why) {
  in_transaction_ = false;
  state_->end_notes();
  if (tx.id_count() > 0) {
    graph_.ids().truncate(tx.first());
    state_ = replay(nullptr, true);
  }
  return why;
}

Result<Commit> Document::undo(const std::string& origin) { return take_back(origin, false); }
Result<Commit> Document::redo(const std::string& origin) { return take_back(origin, true); }

Result<Commit> Document::take_back(const std::string& origin, bool redo) {
  if (origin.empty() || !(redo ? undo_.can_redo(origin) : undo_.can_undo(origin)))
    return Error(Errc::nothing_to_undo,
                 "nothing to " + std::string(redo ? "redo" : "undo") + " for \"" + origin + "\"");
  const UndoEntry entry = redo ? undo_.take_redo(origin) : undo_.take_undo(origin);
  const TransactionOptions options{origin, redo ? "redo" : "undo", std::nullopt};
  Transaction tx(begin(options));
  Status done_back = tx.take_back(entry);
  if (done_back.ok()) done_back = authorise(tx);
  if (!done_back) {  // nothing was done, so it can be tried again
    redo ? undo_.undid(origin, entry) : undo_.redid(origin, entry);
    return abort(tx, done_back.error());
  }
  Commit done = finish(tx, options);
  if (redo) {
    undo_.redid(origin, tx.take_undo());
  } else {
    undo_.undid(origin, tx.take_undo());
  }
  undo_.rename(tx.revived());
  undo_.lost(tx.lost());
  return done;
}

// ---- reading ----

Result<Data> Document::get(std::string_view path) const {
  Result<Path> parsed = parse_path(path);
  if (!parsed) return parsed.error();
  const Reader r = reader();
  Result<Reader::Place> place = r.locate(*parsed);
  if (!place) return place.error();
  if (!place->present) return Data();
  return r.data_at(*place);
}

Result<std::vector<Value>> Document::conflicts(std::string_view path) const {
  Result<Path> parsed = parse_path(path);
  if (!parsed) return parsed.error();
  Result<Reader::Place> place = reader().locate(*parsed);
  if (!place) return place.error();
  if (nodes_.at(place->address.node).kind != schema::Kind::reg)
    return Error(Errc::wrong_kind, std::string(path) + " is not a register; only registers have conflicts");
  std::vector<Value> out;
  if (place->cell)
    for (const auto& a : static_cast<const RegisterCell*>(place->cell)->values) out.push_back(a.value);
  return out;
}

Result<std::string> Document::text(std::string_view path) const {
  Result<Data> data = get(path);
  if (!data) return data.error();
  const auto* text = data->value() ? std::get_if<std::string>(data->value()) : nullptr;
  if (!text) return Error(Errc::wrong_kind, std::string(path) + " is not a text");
  return *text;
}

// ---- views ----

Status Document::learn(const std::shared_ptr<const schema::Package>& package) {
  if (!nodes_.add(package))
    return Error(Errc::unknown_package, "package " + package->name() + " " + to_hex(package->hash()) +
                                            " starts with another root than this document's schema");
  bind_own();
  return {};
}

Result<Import> Document::add_package(const std::shared_ptr<const schema::Package>& package) {
  if (Status s = learn(package); !s) return s.error();
  Import report;
  apply_ready(inbox_.package_arrived(package->hash(), *this), report);
  return report;
}

Result<std::shared_ptr<const BoundView>> Document::bind(const crypto::Digest& package,
                                                        std::shared_ptr<const schema::View> view) const {
  auto known = nodes_.package(package);
  if (!known) return Error(Errc::no_such_place, "package " + to_hex(package) + " is not known to this document");
  return bind_view(nodes_, known, std::move(view));
}

Status Document::use(std::shared_ptr<const schema::Package> package, std::shared_ptr<const schema::View> view) {
  if (Status s = learn(package); !s) return s;
  seal();  // what is pending was written under the old package
  settings_.package = std::move(package);
  settings_.view = std::move(view);
  bind_own();
  return {};
}

std::vector<Patch> Document::last_patches(const BoundView& view) const { return build_patches(*state_, view); }

// ---- changes ----

bool Document::seal() {
  TLFS_CHECK(!in_transaction_ || pending_first_ == graph_.ids().size(), "a transaction is open");
  return seal_before(graph_.ids().size());
}

CompartmentId Document::name_of(const Address& boundary) const {
  return plain_compartment_id(nodes_, graph_.ids(), boundary);
}

LeafPlace Document::place_of(ChangeIndex index) const {
  const ChangeRecord& record = graph_.at(index);
  return {settings_.id, graph_.ids().writer(record.agent), record.seq};
}

// What is pending below `end`, where a transaction that is being committed may begin.
bool Document::seal_before(Lv end) {
  if (agent_ == kNoAgent || pending_first_ == end) return false;
  const auto& nodes = nodes_.nodes_of(settings_.package->hash());
  std::vector<Part> parts = by_compartment(pending_, nodes, nodes_);
  Header header;
  if (settings_.guard) {
    std::vector<Address> compartments;
    for (const Part& part : parts) compartments.push_back(part.compartment);
    header.authority_heads = settings_.guard->prepare(compartments);
  }
  header.document = settings_.id;
  header.writer = writer();
  std::vector<ChangeIndex> parents(graph_.heads().begin(), graph_.heads().end());
  const ChangeIndex last = graph_.last_of(agent_);
  if (last != kNoChange) {
    header.seq = graph_.at(last).seq + 1;
    header.prev = graph_.at(last).hash;
    if (std::find(parents.begin(), parents.end(), last) == parents.end()) parents.push_back(last);
  }
  header.lamport = 1 + graph_.max_lamport(parents);
  for (ChangeIndex p : parents)
    if (p != last) header.deps.push_back(graph_.at(p).hash);
  std::sort(header.deps.begin(), header.deps.end());
  header.first_counter = graph_.ids().counter_of(pending_first_);
  header.id_count = end - pending_first_;
  header.package = settings_.package->hash();

  const BlockScope scope{agent_, pending_first_, header.id_count};
  std::vector<Leaf> leaves;
  for (const Part& part : parts) {
    Bytes block = encode_block(part.batch.empty() ? pending_ : part.batch, scope, graph_.ids(), graph_, kUncompressed);
    if (settings_.guard) {
      leaves.push_back(settings_.guard->seal({settings_.id, header.writer, header.seq}, part.compartment, block));
    } else {
      leaves.push_back({name_of(part.compartment), 0, {}, std::move(block)});
    }
  }
  Change change = make_change(std::move(header), std::move(leaves));
  const Result<ChangeIndex> added = graph_.add(change.hash, change.header);
  TLFS_CHECK(added.ok(), "the own change does not fit the graph");
  if (settings_.guard) settings_.guard->arrived(*added, change);
  history_.add(std::move(change));
  pending_.clear();
  pending_first_ = end;
  return true;
}

void Document::sign() {
  seal();
  const ChangeIndex last = agent_ == kNoAgent ? kNoChange : graph_.last_of(agent_);
  if (last == kNoChange || history_.is_signed(last)) return;
  history_.sign(last, sign_change(graph_.at(last).hash, *settings_.device));
}

std::optional<crypto::Signature> Document::signature_of(ChangeIndex index) {
  if (!history_.is_signed(index)) {
    if (graph_.ids().writer(graph_.at(index).agent).device != settings_.device->public_key()) {
      // One whose bytes are elsewhere may be signed there.
      const Result<Change> c = history_.change(index);
      return c ? c->signature : std::nullopt;
    }
    history_.sign(index, sign_change(graph_.at(index).hash, *settings_.device));
  }
  return history_.signature(index);
}

std::vector<ChangeHash> Document::lacking_leaves() const {
  std::vector<ChangeHash> out;
  std::set<ChangeIndex> lacking;
  for (const ChangeIndex index : unread_) {
    bool whole = true;
    for (std::size_t i = 0; i < history_.leaf_count(index) && whole; ++i) whole = history_.sealed_leaf(index, i);
    if (!whole) out.push_back(graph_.at(index).hash);
    if (!whole) lacking.insert(index);
  }
  lacking_ = std::move(lacking);
  lacking_known_ = true;
  return out;
}

void Document::note_lost(const std::vector<ChangeHash>& changes) {
  for (const ChangeHash& hash : changes)
    if (const ChangeIndex index = graph_.find(hash); index != kNoChange) lost_.insert(index);
}

std::vector<ChangeHash> Document::lost_changes() const {
  std::vector<ChangeHash> out;
  for (const ChangeIndex index : lost_) out.push_back(graph_.at(index).hash);
  return out;
}

std::optional<bool> Document::lacks_leaves() const {
  if (!lost_.empty()) return true;
  if (unread_.empty()) return false;
  if (!lacking_.empty()) return true;
  return lacking_known_ ? std::optional(false) : std::nullopt;
}

Version Document::version() {
  seal();
  return graph_.head_hashes();
}

std::vector<Change> Document::changes_since(const Version& have) {
  sign();
  std::vector<ChangeIndex> tips;
  for (const ChangeHash& h : have)
    if (const ChangeIndex i = graph_.find(h); i != kNoChange) tips.push_back(i);
  const std::vector<bool> past = graph_.past(tips);
  std::vector<Change> out;
  for (ChangeIndex i = 0; i < graph_.size(); ++i) {
    if (past[i]) continue;
    Result<Change> c = history_.change(i);
    if (c) out.push_back(std::move(*c));
  }
  return out;
}

// Whether everything the leaf writes to lies in the compartment that it names.
bool Document::is_lawful(const History::ReadLeaf& leaf, const std::vector<NodeIndex>& nodes) const {
  std::optional<Address> checked;
  for (const Target& t : leaf.batch.targets) {
    if (t.node >= nodes.size()) return false;
    if (checked && checked->node == nodes_.at(nodes[t.node]).compartment && checked->keys.empty()) continue;
    Address boundary = compartment_of(nodes_, address_of(leaf.batch, t, nodes));
    if (boundary.keys.size() != nodes_.at(boundary.node).key_count) return false;
    if (checked == boundary) continue;
    const std::optional<CompartmentId> name =
        settings_.guard ? settings_.guard->compartment_id(boundary) : name_of(boundary);
    if (name != leaf.compartment) return false;
    checked = std::move(boundary);
  }
  return true;
}

std::vector<std::vector<Address>> Document::places(ChangeIndex index) const {
  std::vector<std::vector<Address>> out(history_.leaf_count(index));
  const auto& nodes = nodes_.nodes_of(history_.package(index));
  for (std::size_t i = 0; i < out.size(); ++i)
    if (const auto leaf = history_.leaf(index, i); leaf && is_lawful(*leaf, nodes))
      out[i] = places_of(leaf->batch, nodes);
  return out;
}

void Document::apply_change(State& state, ChangeIndex index) const {
  const ChangeRecord& record = graph_.at(index);
  const LvSet concurrent = graph_.not_before(record.parents, index);
  const auto& nodes = nodes_.nodes_of(history_.package(index));
  State::Context context;
  context.past = Past(&concurrent);
  context.epoch = index + 1;
  context.nodes = &nodes;
  bool unread = false;
  for (std::size_t i = 0; i < history_.leaf_count(index); ++i) {
    const std::optional<History::ReadLeaf> leaf = history_.leaf(index, i);
    if (!leaf) {
      unread = true;
      continue;
    }
    context.voided =
        !record.lawful || is_voided({record.hash, static_cast<std::uint32_t>(i)}) || !is_lawful(*leaf, nodes);
    if (settings_.guard && !context.voided)
      context.voided = !settings_.guard->counts(index, static_cast<std::uint32_t>(i), places_of(leaf->batch, nodes));
    for (std::size_t k = 0; k < leaf->batch.operations.size(); ++k) state.apply(leaf->batch, k, context);
  }
  if (unread) {
    unread_.insert(index);
  } else if (!unread_.empty()) {
    unread_.erase(index);
  }
}

void Document::start_incarnation() {
  sign();  // what the old incarnation wrote; nothing later vouches for it
  const crypto::Digest fresh = crypto::hash(
      "tlfs incarnation",
      {settings_.device->public_key(), settings_.id,
       graph_.size() ? ByteView(graph_.at(static_cast<ChangeIndex>(graph_.size() - 1)).hash) : ByteView()});
  ByteReader r(fresh);
  settings_.incarnation = r.fixed64() | 1;
  agent_ = kNoAgent;
}

// Whether every change is signed, or reached through prev from a signed one further back. Signatures of changes that
// others vouch for are not looked at and go, so that nothing unchecked is passed on.
bool Document::all_vouched(std::vector<Change>& changes) const {
  tsl::robin_map<crypto::PublicKey, std::vector<ChangeHash>, crypto::DigestHash>
      vouched;  // by device; nearly always one
  for (auto c = changes.rbegin(); c != changes.rend(); ++c) {
    if (c->header.document != settings_.id) return false;
    std::vector<ChangeHash>& expected = vouched[c->header.writer.device];
    const auto at = std::find(expected.begin(), expected.end(), c->hash);
    if (at != expected.end()) {
      c->signature.reset();
      if (c->header.prev) {
        *at = *c->header.prev;
      } else {
        expected.erase(at);
      }
    } else {
      if (!c->signature || !verify_signature(*c)) return false;
      if (c->header.prev) expected.push_back(*c->header.prev);
    }
  }
  return true;
}

bool Document::may_apply(const Change& c) const {
  if (!nodes_.has(c.header.package) || (c.header.prev && !has_change(*c.header.prev))) return false;
  return std::all_of(c.header.deps.begin(), c.header.deps.end(),
                     [this](const ChangeHash& d) { return has_change(d); }) &&
         std::all_of(c.header.authority_heads.begin(), c.header.authority_heads.end(),
                     [this](const crypto::Digest& s) { return has_statement(s); });
}

// Of several copies of a change the first one gets the leaves that another brings.
static void complete_copies(std::vector<Change>& changes) {
  const auto lacks_leaves = [](const Change& c) {
    return std::any_of(c.leaves.begin(), c.leaves.end(), [](const auto& leaf) { return !leaf; });
  };
  if (std::none_of(changes.begin(), changes.end(), lacks_leaves)) return;
  tsl::robin_map<ChangeHash, std::size_t, crypto::DigestHash> first;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto [at, fresh] = first.try_emplace(changes[i].hash, i);
    if (fresh) continue;
    auto& leaves = changes[at->second].leaves;
    for (std::size_t l = 0; l < std::min(leaves.size(), changes[i].leaves.size()); ++l)
      if (!leaves[l]) leaves[l] = changes[i].leaves[l];
  }
}

Import Document::import(std::vector<Change> changes) {
  TLFS_CHECK(!in_transaction_, "a transaction is open");
  seal();
  Import report;
  report.revision = revision_;
  complete_copies(changes);
  for (Change& c : changes)
    if (has_change(c.hash)) merge_leaves(c);
  if (more_leaves_) report.patches = refresh();
  // The usual case: a peer sends what is missing, in causal order, and nothing has to wait.
  if (inbox_.waiting() == 0 && all_vouched(changes)) {
    begin_applying();
    std::size_t taken = 0;
    for (; taken < changes.size() && may_apply(changes[taken]); ++taken)
      if (!has_change(changes[taken].hash)) apply_one(std::move(changes[taken]), report);
    end_applying(report);
    changes.erase(changes.begin(), changes.begin() + static_cast<std::ptrdiff_t>(taken));
    if (changes.empty()) return report;
  }
  Result<std::vector<Change>> ready = inbox_.offer(std::move(changes), *this);
  if (ready) {
    apply_ready(std::move(*ready), report);
    return report;
  }
  // One bad change does not keep the others out; a refused offer leaves the changes as they were.
  for (Change& c : changes) {  // NOLINT(bugprone-use-after-move)
    std::vector<Change> one;
    one.push_back(std::move(c));
    Result<std::vector<Change>> freed = inbox_.offer(std::move(one), *this);
    if (freed) {
      apply_ready(std::move(*freed), report);
    } else {
      report.refused.push_back(freed.error());
    }
  }
  return report;
}

// Leaves that a change which is here came without: their reader may have them now. Or all of a change that was lost.
void Document::merge_leaves(const Change& change) {
  const ChangeIndex index = graph_.find(change.hash);
  const bool whole = std::all_of(change.leaves.begin(), change.leaves.end(), [](const auto& leaf) { return !!leaf; });
  if (whole && lost_.erase(index) > 0) history_.restore(index, change);
  if (!unread_.contains(index)) return;  // there is nothing to add
  const std::size_t added = history_.add_leaves(index, change);
  leaves_added_ += added;
  more_leaves_ = added > 0 || more_leaves_;
  if (added == 0 || !lacking_.contains(index)) return;
  for (std::size_t i = 0; i < history_.leaf_count(index); ++i)
    if (!history_.sealed_leaf(index, i)) return;
  lacking_.erase(index);
}

Import Document::statements_arrived(const std::vector<crypto::Digest>& statements) {
  Import report;
  report.revision = revision_;
  for (const crypto::Digest& s : statements) apply_ready(inbox_.statement_arrived(s, *this), report);
  return report;
}

void Document::apply_ready(std::vector<Change> ready, Import& report) {
  if (ready.empty()) return;
  seal();
  begin_applying();
  for (Change& c : ready) {
    if (settings_.guard && !may_apply(c)) {
      report.refused.emplace_back(Errc::missing_dependency, "a change rests on one that was refused");
    } else {
      apply_one(std::move(c), report);
    }
  }
  end_applying(report);
}

void Document::begin_applying() { state_->begin_notes(graph_.ids().size()); }

void Document::apply_one(Change change, Import& report) {
  if (settings_.guard) {
    const Status accepted = settings_.guard->accepts(change);
    if (!accepted) {
      report.refused.push_back(accepted.error());
      return;
    }
  }
  // Someone else writes as us: a copy of this device's store lives on elsewhere.
  if (change.header.writer == writer()) start_incarnation();
  const Result<ChangeIndex> index = graph_.add(change.hash, change.header);
  if (!index) {
    report.refused.push_back(index.error());
    return;
  }
  pending_first_ = graph_.ids().size();  // nothing of ours is pending
  if (settings_.guard) settings_.guard->arrived(*index, change);
  if (std::any_of(change.leaves.begin(), change.leaves.end(), [](const auto& leaf) { return !leaf; })) {
    came_lacking_.push_back(*index);
    lacking_.insert(*index);
  }
  history_.add(std::move(change));
  apply_change(*state_, *index);
  ++report.applied;
}

void Document::end_applying(Import& report) {
  std::vector<Patch> patches = build_patches(*state_, *view_);
  state_->end_notes();
  std::move(patches.begin(), patches.end(), std::back_inserter(report.patches));
  if (report.applied > 0) next_revision();
  report.revision = revision_;
}

// ---- recovery ----

Status Document::recover(std::vector<Change> changes, const std::vector<Logged>& unsealed, std::uint64_t revision) {
  TLFS_CHECK(graph_.first_unsealed() == graph_.ids().size() && revision_ == 0,
             "only a document that nothing was done with can be recovered");
  for (Change& c : changes) {
    if (has_change(c.hash)) continue;
    if (c.header.document != settings_.id)
      return Error(Errc::wrong_document, "a change of another document in the log of " + to_hex(settings_.id));
    if (!nodes_.has(c.header.package))
      return Error(Errc::unknown_package,
                   "a change in the log names package " + to_hex(c.header.package) + ", which is not known");
    if (!may_apply(c))
      return Error(Errc::missing_dependency, "a change in the log comes before one that it depends on");
    const Result<ChangeIndex> index = graph_.add(c.hash, c.header);
    if (!index) return index.error();
    if (settings_.guard) settings_.guard->arrived(*index, c);
    history_.add(std::move(c));
    apply_change(*state_, *index);
  }
  pending_first_ = graph_.ids().size();
  if (!unsealed.empty()) agent_ = agent_ == kNoAgent ? graph_.ensure_agent(writer()) : agent_;
  go_on(agent_);
  State::Context context;
  context.epoch = static_cast<std::uint32_t>(graph_.size() + 1);
  context.nodes = &nodes_.nodes_of(settings_.package->hash());
  for (const Logged& logged : unsealed) {
    if (logged.id_count == 0 || logged.id_count > kMaxIdsPerChange)
      return Error(Errc::malformed, "a record in the log takes " + std::to_string(logged.id_count) + " ids");
    const Lv base = graph_.ids().append(agent_, next_counter_, logged.id_count);
    const Result<OperationBatch> batch =
        decode_block(logged.record, {agent_, base, logged.id_count}, graph_.ids(), graph_);
    if (!batch) return batch.error().within("a record in the log");
    next_counter_ += logged.id_count;
    if (settings_.guard) context.epoch = guarded_epoch_++;
    for (std::size_t k = 0; k < batch->operations.size(); ++k) state_->apply(*batch, k, context);
    pending_.append(*batch);
  }
  if (settings_.guard && !pending_.empty()) {
    // What the pending rests on; the guard wants to know it again before it is sealed.
    const Result<std::uint64_t> basis = settings_.guard->basis(places_of(pending_, *context.nodes));
    if (basis) pending_basis_ = *basis;
    for (const Part& part : by_compartment(pending_, *context.nodes, nodes_))
      if (!settings_.guard->can_seal(part.compartment))
        return Error(Errc::no_key, "the keys of what a record in the log writes to are not here");
  }
  revision_ = revision;
  return {};
}

// ---- voiding and history ----

std::unique_ptr<State> Document::replay(const std::vector<bool>* among, bool pending) const {
  auto state = std::make_unique<State>(nodes_, graph_, history_);
  ChangeIndex first = 0;
  if (!among && !base_.empty()) {  // what was opened is still there; only what came later has to be applied
    const Result<std::unique_ptr<SnapshotReader>> reader = SnapshotReader::read(base_);
    TLFS_CHECK(reader.ok() && (*reader)->fill_state(nodes_, graph_, *state).ok(),
               "a snapshot that opened once opens again");
    first = base_size_;
  }
  for (ChangeIndex i = first; i < graph_.size(); ++i) {
    if (among && !(*among)[i]) continue;
    apply_change(*state, i);
  }
  if (pending) {
    State::Context context;
    context.epoch = static_cast<std::uint32_t>(graph_.size() + 1);
    context.nodes = &nodes_.nodes_of(settings_.package->hash());
    for (std::size_t k = 0; k < pending_.operations.size(); ++k) state->apply(pending_, k, context);
  }
  return state;
}

bool Document::is_voided(const LeafId& leaf) const {
  auto at = voided_.find(leaf);
  return at != voided_.end() && at->second;
}

Result<std::vector<Patch>> Document::set_voided(const std::vector<LeafId>& leaves, bool voided) {
  seal();
  for (const LeafId& leaf : leaves)
    if (graph_.find(leaf.change) == kNoChange)
      return Error(Errc::unknown_version, "change " + to_hex(leaf.change) + " is not held here");
  for (const LeafId& leaf : leaves) {
    if (voided) {
      voided_[leaf] = true;
    } else {
      voided_.erase(leaf);
    }
  }
  return refresh();
}

std::vector<Patch> Document::refresh() {
  seal();
  more_leaves_ = false;
  Bytes().swap(base_);  // was made with other leaves voided or readable
  std::unique_ptr<State> next = replay(nullptr, false);
  std::vector<Patch> patches = diff_states(*state_, *next, *view_);
  state_ = std::move(next);
  next_revision();
  return patches;
}

Result<std::unique_ptr<State>> Document::state_at(const Version& version) {
  seal();
  std::vector<ChangeIndex> tips;
  for (const ChangeHash& h : version) {
    const ChangeIndex i = graph_.find(h);
    if (i == kNoChange) return Error(Errc::unknown_version, "change " + to_hex(h) + " is not held here");
    tips.push_back(i);
  }
  const std::vector<bool> past = graph_.past(tips);
  try {
    return replay(&past, false);
  } catch (const HistoryLost& lost) {  // the document itself has not been touched
    return Error(Errc::unknown_version, lost.what());
  }
}

Result<std::string> Document::json_at(const Version& version, bool pretty) {
  Result<std::unique_ptr<State>> state = state_at(version);
  if (!state) return state.error();
  return Reader(**state, *view_).json(pretty);
}

Result<Data> Document::data_at(const Version& version) {
  Result<std::unique_ptr<State>> state = state_at(version);
  if (!state) return state.error();
  return Reader(**state, *view_).data();
}

Result<std::vector<Patch>> Document::diff(const Version& from, const Version& to) {
  Result<std::unique_ptr<State>> before = state_at(from);
  if (!before) return before.error();
  Result<std::unique_ptr<State>> after = state_at(to);
  if (!after) return after.error();
  return diff_states(**before, **after, *view_);
}

// ---- snapshots ----

Bytes Document::snapshot(SnapshotPacking packing) {
  seal();
  Unshown unshown;
  for (const auto& [leaf, is] : voided_)
    if (is && leaf.leaf < kMaxLeaves) unshown.voided.emplace_back(graph_.find(leaf.change), leaf.leaf);
  std::sort(unshown.voided.begin(), unshown.voided.end());
  unshown.unread.assign(unread_.begin(), unread_.end());
  return encode_snapshot({settings_.id, writer(), agent_, nodes_.packages()}, nodes_, graph_, unshown, *state_,
                         packing);
}

Result<std::unique_ptr<Document>> Document::open(ByteView snapshot, Settings settings,
                                                 const std::vector<std::shared_ptr<const schema::Package>>& packages,
                                                 std::function<Result<Change>(const ChangeHash&)> load) {
  Result<std::unique_ptr<SnapshotReader>> reader = SnapshotReader::read(snapshot);
  if (!reader) return reader.error();
  const SnapshotHead& head = (*reader)->head();
  if (head.document != settings.id)
    return Error(Errc::wrong_document,
                 "a snapshot of document " + to_hex(head.document) + " was opened as " + to_hex(settings.id));
  if (settings.incarnation == 0 && settings.device && head.own.device == settings.device->public_key())
    settings.incarnation = head.own.incarnation;
  auto document = std::make_unique<Document>(std::move(settings));
  Document& d = *document;
  for (const auto& package : packages)
    if (Result<Import> s = d.add_package(package); !s) return s.error();
  for (const crypto::Digest& hash : head.packages)
    if (!d.nodes_.has(hash)) return Error(Errc::unknown_package, "the snapshot needs package " + to_hex(hash));
  Unshown unshown;
  if (Status s = (*reader)->fill_graph(d.graph_, unshown); !s) return s.error();
  if (Status s = (*reader)->fill_state(d.nodes_, d.graph_, *d.state_); !s) return s.error();
  d.unread_.insert(unshown.unread.begin(), unshown.unread.end());
  for (const auto& [change, leaf] : unshown.voided) d.voided_[{d.graph_.at(change).hash, leaf}] = true;
  d.history_.add_absent(d.graph_.size());
  d.history_.set_loader(std::move(load));
  d.base_.assign(snapshot.begin(), snapshot.end());
  d.base_size_ = static_cast<ChangeIndex>(d.graph_.size());
  d.pending_first_ = d.graph_.ids().size();
  d.go_on(head.agent);
  return document;
}

// Continues the own chain, if there is one; `agent` is where the snapshot's document wrote.
void Document::go_on(AgentIndex agent) {
  if (agent == kNoAgent || graph_.ids().writer(agent) != writer()) {
    if (graph_.has_forked(writer())) return start_incarnation();
    agent = graph_.agent_of_writer(writer());
    if (agent == kNoAgent) return;
  }
  agent_ = agent;
  const ChangeIndex last = graph_.last_of(agent);
  next_counter_ =
      last == kNoChange ? graph_.ids().fork_counter(agent) : graph_.at(last).first_counter + graph_.at(last).id_count;
}

Bytes Document::state_digest_input() {
  seal();
  return export_state(*state_, graph_);
}

}  // namespace tlfs::document
