#include "runtime/access/protected_document.h"

#include <algorithm>

#include "runtime/access/explain.h"
#include "runtime/base/check.h"
#include "runtime/document/archive.h"

namespace tlfs::access {

using document::ChangeIndex;
using document::kNoChange;

namespace {

const Scope kRoot;

// What a leaf is bound to: document, device, incarnation, number of the change, compartment, epoch.
using LeafData = std::array<std::uint8_t, 32 + 32 + 8 + 8 + 16 + 8>;

LeafData leaf_data(const document::LeafPlace& place, const document::CompartmentId& compartment, std::uint64_t epoch) {
  LeafData out;
  auto at = out.begin();
  const auto raw = [&](ByteView bytes) { at = std::copy(bytes.begin(), bytes.end(), at); };
  const auto number = [&](std::uint64_t n) {
    for (int i = 0; i < 8; ++i) *at++ = static_cast<std::uint8_t>(n >> (8 * i));
  };
  raw(place.document);
  raw(place.writer.device);
  number(place.writer.incarnation);
  number(place.seq);
  raw(compartment);
  number(epoch);
  return out;
}

Bytes archive_data(const DocumentId& document) {
  ByteWriter out;
  out.text("tlfs archive at rest");
  out.raw(ByteView(document));
  return out.take();
}

}  // namespace

ProtectedDocument::ProtectedDocument(Settings settings)
    : settings_(std::move(settings)),
      log_(settings_.id, *this, [this](const ChangeHash& h) { return number_of(h); }),
      keyring_(*settings_.device, settings_.secrets) {
  TLFS_CHECK(settings_.device && settings_.package && settings_.secrets && settings_.random,
             "a protected document needs a device, a package, secrets and randomness");
  if (!settings_.name_of) settings_.name_of = short_name;
  document_ = std::make_unique<document::Document>(inner_settings());
  naming_.attach(document_->nodes(), document_->graph().ids());
}

document::Document::Settings ProtectedDocument::inner_settings() {
  document::Document::Settings inner;
  inner.id = settings_.id;
  inner.device = settings_.device;
  inner.package = settings_.package;
  inner.view = settings_.view;
  inner.incarnation = settings_.incarnation;
  inner.guard = this;
  return inner;
}

ProtectedDocument::~ProtectedDocument() = default;

std::unique_ptr<ProtectedDocument> ProtectedDocument::create(Settings settings, const crypto::SigningKey& document_key,
                                                             const Principal& root, DocumentKind kind,
                                                             std::vector<SignedStatement> known) {
  settings.id = document_key.public_key();
  auto out = std::make_unique<ProtectedDocument>(std::move(settings));
  ProtectedDocument& d = *out;
  std::set<DocumentId> relies_on;
  if (root.kind == Principal::Kind::members) {
    d.log_.expect(root.document());
    d.note(d.log_.take(std::move(known)).added);
    relies_on = d.log_.mentioned();
  }
  Statement s;
  s.document = s.author = d.settings_.id;
  s.says = Genesis{root, kind};
  s.pins = d.heads_with(relies_on);
  const crypto::Secret secret = crypto::Secret::generate(*d.settings_.random);
  const EpochContent content = EpochContent::make(secret, crypto::derive(secret, "tlfs naming root"), {});
  s.rotations.push_back(Keyring::rotation(content, s.document, {}, {}, root.kind == Principal::Kind::anyone));
  for (const Opener& opener : d.openers_of(root)) s.boxes.push_back(d.keyring_.box(content, s.document, opener));
  SignedStatement genesis = sign_statement(std::move(s), document_key);
  d.outgoing_.push_back(genesis);
  std::vector<SignedStatement> one;
  one.push_back(std::move(genesis));
  const AuthorityLog::Taken taken = d.log_.take(std::move(one));
  TLFS_CHECK(taken.refused.empty() && !taken.added.empty(), "a fresh genesis fits");
  d.note(taken.added);
  return out;
}

std::uint32_t ProtectedDocument::number_of(const ChangeHash& hash) {
  if (document_)  // which the log is older than
    if (const ChangeIndex index = document_->graph().find(hash); index < arrivals_.size() && arrivals_[index].known)
      return arrivals_[index].number;
  const auto [at, fresh] =
      named_early_.try_emplace(hash, kNamedEarly + static_cast<std::uint32_t>(index_of_early_.size()));
  if (fresh) index_of_early_.push_back(kNoChange);
  return at->second;
}

std::uint32_t ProtectedDocument::number_arriving(ChangeIndex index, const ChangeHash& hash) {
  if (named_early_.empty()) return index;
  const auto early = named_early_.find(hash);
  if (early == named_early_.end()) return index;
  index_of_early_[early->second - kNamedEarly] = index;
  return early->second;
}

ChangeIndex ProtectedDocument::index_of(std::uint32_t number) const {
  return number < kNamedEarly ? number : index_of_early_[number - kNamedEarly];
}

// ---- the document's questions ----

Result<Scope> ProtectedDocument::scope_of(const Address& at) const {
  if (at.node == 0) return Scope{};
  std::optional<Scope> scope = naming_.scope_of(at);
  if (!scope) return Error(Errc::no_key, "this device cannot read the compartment that " + path_of(at) + " lies in");
  return std::move(*scope);
}

Result<std::uint64_t> ProtectedDocument::basis(const std::vector<Address>& places) {
  const crypto::PublicKey& device = settings_.device->public_key();
  ByteWriter grants;
  std::set<std::pair<Index, std::vector<Index>>> rests_on;
  for (const Address& at : places) {
    const Result<Scope> scope = scope_of(at);
    if (!scope) return scope.error();
    const std::optional<Rules::Support> support = log_.rules().support(device, Level::write, *scope);
    if (!support) return denied(Level::write, at, "write");
    rely_on(*support, relied_on_);
    rests_on.insert({support->grant, support->membership});
    const Address boundary = document::compartment_of(document_->nodes(), at);
    const Result<Scope> compartment = scope_of(boundary);
    if (!compartment) return compartment.error();
    if (latest(*compartment).empty() && (boundary.node == 0 || !keyring_.epochs(settings_.id, *compartment).empty()))
      return Error(Errc::no_key, "this device has no key for " + path_of(boundary) + " yet");
  }
  for (const auto& [grant, membership] : rests_on) {
    grants.varint(grant);
    for (const Index m : membership) grants.varint(m);
    grants.varint(kNone);
  }
  const crypto::Digest digest = crypto::hash("tlfs basis", {grants.view()});
  return ByteReader(digest).fixed64() | 1;
}

void ProtectedDocument::rely_on(const Rules::Support& support, std::set<DocumentId>& out) const {
  for (const Index m : support.membership) out.insert(log_.rules().at(m).document);
}

std::vector<crypto::Digest> ProtectedDocument::heads_with(const std::set<DocumentId>& relies_on) const {
  std::vector<crypto::Digest> out = log_.heads(settings_.id);
  const std::size_t own = out.size();
  for (const DocumentId& d : relies_on) {
    if (d == settings_.id) continue;
    for (const StatementHash& head : log_.heads(d)) {
      bool reached = false;
      for (std::size_t i = 0; i < own && !reached; ++i)
        reached = log_.rules().reaches(log_.index_of(out[i]), log_.index_of(head));
      if (!reached && out.size() < kMaxParents) out.push_back(head);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

// New epochs that were made on the way to sealing, many of them in one statement.
void ProtectedDocument::say_gathered() {
  if (gathered_.rotations.empty()) return;
  Statement s = blank();
  s.rotations = std::move(gathered_.rotations);
  s.boxes = std::move(gathered_.boxes);
  gathered_ = {};
  const Status said = say(std::move(s));
  TLFS_CHECK(said.ok(), "new keys do not fit the log: " + (said ? std::string() : said.error().message()));
}

std::vector<crypto::Digest> ProtectedDocument::prepare(const std::vector<Address>& compartments) {
  sealing_ = true;
  tend_cuts(true);
  for (const Address& c : compartments) {
    (void)epoch_for_writing(c);
    if (gathered_.rotations.size() + kMaxNesting > kMaxRotations || gathered_.boxes.size() > kMaxBoxesMade / 2)
      say_gathered();
  }
  say_gathered();
  sealing_ = false;
  std::vector<crypto::Digest> heads = heads_with(relied_on_);
  relied_on_.clear();
  ++revision_;  // the next transaction names its groups again
  return heads;
}

document::Leaf ProtectedDocument::sealed(const EpochContent& content, const document::LeafPlace& place,
                                         const document::CompartmentId& compartment, ByteView block) {
  document::Leaf leaf;
  leaf.compartment = compartment;
  leaf.epoch = epoch_number(content.id());
  crypto::Sealed made = crypto::seal(content.leaf_key, leaf_data(place, compartment, leaf.epoch), block);
  leaf.salt.assign(made.nonce.begin(), made.nonce.end());
  leaf.payload = std::move(made.bytes);
  return leaf;
}

std::optional<document::Leaf> ProtectedDocument::seal_again(const document::LeafPlace& place,
                                                            const document::CompartmentId& compartment,
                                                            std::uint64_t epoch, ByteView block) const {
  for (const Keyring::Epoch* e : keyring_.named(compartment, epoch))
    if (const EpochContent* content = e->document == settings_.id ? keyring_.content(e->id) : nullptr)
      return sealed(*content, place, compartment, block);
  return std::nullopt;
}

document::Leaf ProtectedDocument::seal(const document::LeafPlace& place, const Address& compartment, ByteView block) {
  sealing_ = true;
  const EpochContent* content = epoch_for_writing(compartment);
  sealing_ = false;
  const Result<Scope> scope = scope_of(compartment);
  TLFS_CHECK(content && scope.ok(), "what was written had a key when it was written");
  return sealed(*content, place, last_token(*scope), block);
}

// Whoever can name a compartment has a key for it or can make the next one.
bool ProtectedDocument::can_seal(const Address& compartment) const { return naming_.name(compartment).has_value(); }

std::optional<Bytes> ProtectedDocument::open(const document::LeafPlace& place, const document::Leaf& leaf) const {
  crypto::Nonce nonce;
  if (leaf.salt.size() != nonce.size()) return std::nullopt;
  std::copy(leaf.salt.begin(), leaf.salt.end(), nonce.begin());
  for (const Keyring::Epoch* epoch : keyring_.named(leaf.compartment, leaf.epoch)) {
    const EpochContent* content = epoch->document == settings_.id ? keyring_.content(epoch->id) : nullptr;
    if (!content) continue;
    auto block = crypto::open(content->leaf_key, leaf_data(place, leaf.compartment, leaf.epoch), nonce, leaf.payload);
    if (block) return block;
  }
  unread_.insert({leaf.compartment, leaf.epoch});
  return std::nullopt;
}

std::optional<document::CompartmentId> ProtectedDocument::compartment_id(const Address& boundary) const {
  const Result<Scope> scope = scope_of(boundary);
  if (!scope) return std::nullopt;
  return last_token(*scope);
}

Rules::Context ProtectedDocument::context_of(const std::vector<StatementHash>& named) const {
  // Most changes name what the one before named.
  if (named_last_.statements == log_.size() && named_last_.heads == named) return named_last_.context;
  std::vector<Index> heads;
  for (const StatementHash& h : named)
    if (const Index i = log_.index_of(h); i != kNone) heads.push_back(i);
  named_last_ = {named, log_.size(), log_.rules().context(std::move(heads))};
  return named_last_.context;
}

// Rule 8, as far as one who cannot read can check it.
Status ProtectedDocument::accepts(const document::Change& change) const {
  const crypto::PublicKey& author = change.header.writer.device;
  const Rules& rules = log_.rules();
  const Rules::Context context = context_of(change.header.authority_heads);
  const auto could = [&](const std::optional<document::Leaf>& leaf) {
    return rules.could_write_near(author, context, leaf ? scope_of_leaf(*leaf) : kRoot);
  };
  if (std::none_of(change.leaves.begin(), change.leaves.end(), could))
    return Error(Errc::useless, "change " + std::to_string(change.header.seq) + " of " +
                                    settings_.name_of(Principal::of_key(author)) +
                                    ": its author held no right to write when it was made");
  const auto kept = kept_.find(author);
  if (kept != kept_.end() && kept->second > settings_.quota)
    return Error(Errc::limit_exceeded, settings_.name_of(Principal::of_key(author)) + " has used up the " +
                                           std::to_string(settings_.quota) + " bytes that one author may take here");
  return {};
}

void ProtectedDocument::arrived(ChangeIndex index, const document::Change& change) {
  const document::Header& header = change.header;
  if (arrivals_.size() <= index) arrivals_.resize(index + 1);
  const ChangeHash& hash = document_->graph().at(index).hash;
  const std::uint32_t number = number_arriving(index, hash);
  std::uint64_t& kept = kept_[header.writer.device];
  kept += change.header_bytes.size();
  for (const auto& leaf : change.leaves) kept += leaf ? leaf->payload.size() : 0;
  const Rules::Context context = context_of(header.authority_heads);
  heads_of_.try_emplace(context, header.authority_heads);
  arrivals_[index] = {context, header.writer.device, number, true};
  if (const auto awaited = awaited_.find(hash); awaited != awaited_.end()) {
    for (const Index r : awaited->second) seen_.erase(r);
    moved_.insert(awaited->second.begin(), awaited->second.end());
    awaited_.erase(awaited);
  }
}

const ProtectedDocument::Arrival& ProtectedDocument::arrival(ChangeIndex index) const {
  TLFS_CHECK(index < arrivals_.size() && arrivals_[index].known, "a change that never arrived is judged");
  return arrivals_[index];
}

bool ProtectedDocument::saw(Index revocation, std::uint32_t change) const {
  auto seen = seen_.find(revocation);
  if (seen == seen_.end()) {
    const Statement& s = log_.statement_of(revocation).statement;
    const std::vector<ChangeHash>* frontier = nullptr;
    if (const auto* r = std::get_if<Revoke>(&s.says)) frontier = &r->frontier;
    if (const auto* c = std::get_if<Cut>(&s.says)) frontier = &c->frontier;
    std::vector<ChangeIndex> tips;
    if (frontier)
      for (const ChangeHash& h : *frontier) {
        const ChangeIndex i = document_->graph().find(h);
        if (i == kNoChange) {
          awaited_[h].insert(revocation);
        } else {
          tips.push_back(i);
        }
      }
    seen = seen_.emplace(revocation, document_->graph().past(tips)).first;
  }
  const ChangeIndex index = index_of(change);
  return index != kNoChange && index < seen->second.size() && seen->second[index];
}

bool ProtectedDocument::counts(ChangeIndex index, std::uint32_t leaf, const std::vector<Address>& places) const {
  const Arrival& a = arrival(index);
  std::vector<Scope> scopes;
  for (const Address& at : places) {
    Result<Scope> scope = scope_of(at);
    if (!scope) return false;
    scopes.push_back(std::move(*scope));
  }
  const bool counted = log_.rules().counts(a.author, a.context, {a.number, leaf}, scopes);
  const LeafId id{document_->graph().at(index).hash, leaf};
  const auto before = withheld_.find(id);
  const bool was_withheld = before != withheld_.end();
  if (counted == !was_withheld) return counted;
  Withheld what{id, a.author, {}};
  if (counted) {
    withheld_.erase(before);
  } else {
    withheld_.insert(id);
    Scope first;
    for (const Scope& s : scopes)
      if (log_.rules().explain_leaf(a.author, a.context, {a.number, leaf}, s).why != Rules::Explanation::Why::allowed) {
        first = s;
        break;
      }
    what.why = sentence(log_, log_.rules().explain_leaf(a.author, a.context, {a.number, leaf}, first),
                        Principal::of_key(a.author), Level::write, "there", settings_.name_of);
  }
  events_.push_back({counted ? AccessEvent::Kind::shown_again : AccessEvent::Kind::withheld, std::move(what)});
  return counted;
}

// ---- exchange ----

// Statements that are in the log now: their keys, and what they cut.
void ProtectedDocument::note(const std::vector<StatementHash>& added) {
  for (const StatementHash& h : added) {
    const SignedStatement& s = log_.at(h);
    keyring_.add(s, log_.index_of(h));
    // Keys that this device has made change nothing for itself.
    if (!std::holds_alternative<Keys>(s.statement.says) || s.statement.author != settings_.device->public_key())
      ++policy_revision_;
    if (const auto* cut = std::get_if<Cut>(&s.statement.says); cut && s.statement.document == settings_.id)
      cut_.insert(cut->revocation);
    if (std::holds_alternative<Revoke>(s.statement.says) && s.statement.document != settings_.id)
      uncut_.push_back(log_.index_of(h));
  }
  if (added.empty()) return;
  ++revision_;
  learn_keys();
}

void ProtectedDocument::learn_keys() {
  for (const EpochId& id : keyring_.open()) {
    const Keyring::Epoch& e = *keyring_.find(id);
    if (e.document != settings_.id) continue;
    reread_ = reread_ || unread_.erase({last_token(e.compartment), epoch_number(id)}) > 0;
    // The root's names are those of genesis, whoever says otherwise.
    const EpochContent& content = *keyring_.content(id);
    if (content.place.empty() == e.compartment.empty() && (!e.compartment.empty() || e.author == settings_.id))
      naming_.learn(content.place, e.compartment, content.naming);
  }
}

bool ProtectedDocument::verdict_changed(ChangeIndex index) const {
  const std::vector<std::vector<Address>> places = document_->places(index);
  const Arrival& a = arrival(index);
  for (std::uint32_t leaf = 0; leaf < places.size(); ++leaf) {
    if (places[leaf].empty()) continue;
    std::vector<Scope> scopes;
    for (const Address& at : places[leaf])
      if (const Result<Scope> scope = scope_of(at); scope.ok()) scopes.push_back(*scope);
    const bool counted = log_.rules().counts(a.author, a.context, {a.number, leaf}, scopes);
    if (counted == withheld_.contains({document_->graph().at(index).hash, leaf})) return true;
  }
  return false;
}

// Reckons with the statements and keys that have come: judges anew what they may concern, and lets changes in that
// waited for them.
void ProtectedDocument::settle(Taken& report) {
  if (sealing_) return;
  std::vector<Index> changed = log_.rules().take_changed();
  changed.insert(changed.end(), moved_.begin(), moved_.end());
  moved_.clear();
  bool again = reread_;
  reread_ = false;
  if (!changed.empty() && !again) {
    std::set<ChangeHash> withheld;
    for (const LeafId& leaf : withheld_) withheld.insert(leaf.change);
    const auto concerned = [&](ChangeIndex i) {
      if (withheld.contains(document_->graph().at(i).hash)) return true;
      return std::any_of(changed.begin(), changed.end(), [&](Index r) {
        const Item::Kind kind = log_.rules().at(r).kind;
        return (kind == Item::Kind::revoke || kind == Item::Kind::cut) && !saw(r, arrival(i).number);
      });
    };
    for (ChangeIndex i = 0; i < document_->graph().size() && !again; ++i) again = concerned(i) && verdict_changed(i);
  }
  if (again) {
    std::vector<document::Patch> patches = document_->refresh();
    std::move(patches.begin(), patches.end(), std::back_inserter(report.patches));
  }
}

ProtectedDocument::Taken ProtectedDocument::take(std::vector<SignedStatement> statements,
                                                 std::vector<document::Change> changes) {
  Taken report;
  document_->seal();
  const auto imported = [&](document::Import done) {
    report.changes += done.applied;
    std::move(done.refused.begin(), done.refused.end(), std::back_inserter(report.refused));
    std::move(done.patches.begin(), done.patches.end(), std::back_inserter(report.patches));
  };
  if (!statements.empty()) {
    AuthorityLog::Taken taken = log_.take(std::move(statements));
    report.statements = taken.added.size();
    std::move(taken.refused.begin(), taken.refused.end(), std::back_inserter(report.refused));
    note(taken.added);
    settle(report);
    imported(document_->statements_arrived(taken.added));
  }
  if (!changes.empty()) imported(document_->import(std::move(changes)));
  settle(report);
  return report;
}

std::vector<SignedStatement> ProtectedDocument::statements() const {
  std::vector<SignedStatement> out;
  out.reserve(log_.size());
  for (std::size_t i = 0; i < log_.size(); ++i) out.push_back(log_.at(i));
  return out;
}

Result<Bytes> ProtectedDocument::archive(const crypto::Secret& key) {
  std::vector<document::Change> changes = document_->all_changes();
  if (changes.size() != document_->graph().size())
    return Error(document::Errc::unknown_version, "an archive holds every change, and some of document " +
                                                      to_hex(settings_.id) + " cannot be read here");
  document::drop_vouched_signatures(changes);
  const Result<Bytes> plain = document::encode_archive(changes, this);
  if (!plain) return plain.error();
  crypto::Sealed sealed = crypto::seal(key, archive_data(settings_.id), *plain);
  Bytes out(sealed.nonce.begin(), sealed.nonce.end());
  out.insert(out.end(), sealed.bytes.begin(), sealed.bytes.end());
  return out;
}

Result<std::vector<document::Change>> ProtectedDocument::unarchive(ByteView bytes, const crypto::Secret& key) const {
  crypto::Nonce nonce;
  std::optional<Bytes> plain;
  if (bytes.size() >= nonce.size()) {
    std::copy_n(bytes.begin(), nonce.size(), nonce.begin());
    plain = crypto::open(key, archive_data(settings_.id), nonce, bytes.subspan(nonce.size()));
  }
  if (!plain)
    return Error(Errc::bad_signature,
                 "the archive of document " + to_hex(settings_.id) + " is damaged, or was made under another key");
  return document::decode_archive(*plain, this);
}

std::vector<SignedStatement> ProtectedDocument::take_outgoing() { return std::exchange(outgoing_, {}); }

const Scope& ProtectedDocument::scope_of_leaf(const document::Leaf& leaf) const {
  if (leaf.compartment == Token{}) return kRoot;
  for (const Keyring::Epoch* e : keyring_.named(leaf.compartment, leaf.epoch))
    if (e->document == settings_.id) return e->compartment;
  return kRoot;
}

// Every place at which the document ever granted something.
std::set<Scope> ProtectedDocument::granted_scopes() const {
  const Rules& rules = log_.rules();
  std::set<Scope> out;
  for (Index i = 0; i < rules.size(); ++i)
    if (const Item& item = rules.at(i); item.gives() && item.document == settings_.id) out.insert(item.at);
  return out;
}

bool ProtectedDocument::may_sync(const crypto::PublicKey& peer) const {
  const Rules& rules = log_.rules();
  const std::set<Scope> granted = granted_scopes();
  return std::any_of(granted.begin(), granted.end(),
                     [&](const Scope& at) { return rules.level(Principal::of_key(peer), at) >= Level::sync; });
}

std::vector<Principal> ProtectedDocument::syncers() const {
  std::set<Principal> out;
  for (const Scope& at : granted_scopes())
    for (Principal& p : log_.rules().holders(Level::sync, at)) out.insert(std::move(p));
  return {out.begin(), out.end()};
}

std::vector<SignedStatement> ProtectedDocument::statements_for(const crypto::PublicKey& peer) const {
  if (may_sync(peer)) return statements();
  const Rules& rules = log_.rules();
  std::vector<Index> ends;
  for (const Scope& at : granted_scopes()) {
    const Rules::Explanation e = rules.explain(Principal::of_key(peer), Level::sync, at);
    using Why = Rules::Explanation::Why;
    if ((e.why == Why::ended || e.why == Why::cut_off) && e.ended_by != kNone) ends.push_back(e.ended_by);
  }
  std::vector<SignedStatement> out;
  for (std::size_t i = 0; i < log_.size() && !ends.empty(); ++i) {
    const Index item = log_.index_of(log_.at(i).hash);
    if (std::any_of(ends.begin(), ends.end(), [&](Index end) { return end == item || rules.reaches(end, item); }))
      out.push_back(log_.at(i));
  }
  return out;
}

void ProtectedDocument::redact(document::Change& change, const crypto::PublicKey& peer) const {
  for (auto& leaf : change.leaves) {
    if (!leaf) continue;
    if (log_.rules().level(Principal::of_key(peer), scope_of_leaf(*leaf)) < Level::sync) leaf.reset();
  }
}

// ---- questions ----

Result<Address> ProtectedDocument::address(std::string_view path) const {
  const Result<document::Path> parsed = document::parse_path(path);
  if (!parsed) return parsed.error();
  const Result<document::Reader::Place> place = document_->reader().locate(*parsed);
  if (!place) return Error(Errc::no_such_place, place.error().message());
  return place->address;
}

Level ProtectedDocument::level(const Principal& who, const Address& at) const {
  const Result<Scope> scope = scope_of(at);
  return scope ? log_.rules().level(who, *scope) : Level::none;
}

Result<std::map<Principal, Level>> ProtectedDocument::holders(const Address& at) const {
  const Result<Scope> scope = scope_of(at);
  if (!scope) return scope.error();
  std::map<Principal, Level> out;
  for (const Level l : {Level::own, Level::control, Level::write, Level::read, Level::sync})
    for (const Principal& p : log_.rules().holders(l, *scope)) out.emplace(p, l);
  return out;
}

Explanation ProtectedDocument::explain(const Principal& who, Level level, const Address& at) const {
  Explanation out;
  const Result<Scope> scope = scope_of(at);
  if (!scope) {
    out.sentence = scope.error().message() + ", so it cannot tell";
    return out;
  }
  const Rules::Explanation e = log_.rules().explain(who, level, *scope);
  out.allowed = e.why == Rules::Explanation::Why::allowed;
  out.why = e.why;
  out.level = e.level;
  for (const Index i : e.chain) out.chain.push_back(log_.name_of(i));
  for (const Index i : e.membership) out.membership.push_back(log_.name_of(i));
  if (e.ended_by != kNone) out.ended_by = log_.statement_of(e.ended_by).hash;
  out.sentence = sentence(log_, e, who, level, path_of(at), settings_.name_of);
  return out;
}

std::vector<Withheld> ProtectedDocument::withheld_leaves() const {
  std::vector<Withheld> out;
  for (const LeafId& id : withheld_) {
    const ChangeIndex index = document_->graph().find(id.change);
    const Arrival& a = arrival(index);
    const auto places = document_->places(index);
    Withheld w{id, a.author, {}};
    for (const Address& at : places[id.leaf]) {
      const Result<Scope> scope = scope_of(at);
      if (!scope) continue;
      const Rules::Explanation e = log_.rules().explain_leaf(a.author, a.context, {a.number, id.leaf}, *scope);
      if (e.why == Rules::Explanation::Why::allowed && !w.why.empty()) continue;
      w.why = sentence(log_, e, Principal::of_key(a.author), Level::write, path_of(at), settings_.name_of);
      if (e.why != Rules::Explanation::Why::allowed) break;
    }
    out.push_back(std::move(w));
  }
  return out;
}

std::vector<AccessEvent> ProtectedDocument::take_events() { return std::exchange(events_, {}); }

bool ProtectedDocument::can_read(const Address& at) const {
  const Result<Scope> scope = scope_of(document::compartment_of(document_->nodes(), at));
  if (!scope) return false;
  for (const Keyring::Epoch* e : keyring_.epochs(settings_.id, *scope))
    if (keyring_.content(e->id)) return true;
  const std::optional<Scope> above = enclosing(*scope);
  return keyring_.epochs(settings_.id, *scope).empty() && above && !latest(*above).empty();
}

std::string ProtectedDocument::path_of(const Address& at) const {
  const document::BoundView& view = document_->view();
  const std::uint32_t place = view.shown(at.node);
  std::string out = place == schema::kNoOrdinal ? "(a place that this version does not show)" : view.view->path(place);
  if (!at.keys.empty()) {
    out += " of ";
    for (std::size_t i = 0; i < at.keys.size(); ++i)
      out += (i ? ", " : "") + (at.keys[i].is_element() ? std::string("an element")
                                                        : "\"" + document::key_text(at.keys[i].table_key) + "\"");
  }
  return out;
}

}  // namespace tlfs::access
