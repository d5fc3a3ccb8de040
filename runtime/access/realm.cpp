#include "runtime/access/realm.h"

#include "runtime/base/check.h"

namespace tlfs::access {

inline constexpr std::size_t kMaxTendRounds = 32;

Realm::Realm(Settings settings) : settings_(std::move(settings)) {
  if (!settings_.secrets) settings_.secrets = std::make_shared<EpochSecrets>();
  TLFS_CHECK(settings_.device && settings_.random, "a realm needs a device and randomness");
}

ProtectedDocument::Settings Realm::settings_for(const DocumentId& id,
                                                const std::shared_ptr<const schema::Package>& package) {
  ProtectedDocument::Settings s;
  s.id = id;
  s.device = settings_.device;
  s.package = package;
  s.secrets = settings_.secrets;
  s.random = settings_.random;
  s.neighbours = this;
  s.name_of = settings_.name_of;
  return s;
}

void Realm::record(const SignedStatement& s) {
  if (recorded_.insert(s.hash).second) known_[s.statement.document].push_back(s);
}

void Realm::collect(const ProtectedDocument& d) {
  std::size_t& at = collected_[d.id()];
  for (; at < d.log().size(); ++at) record(d.log().at(at));
}

void Realm::collect_all() {
  for (const auto& [id, d] : documents_) collect(*d);
}

std::vector<SignedStatement> Realm::news_of(const DocumentId& document, const AuthorityLog& log) const {
  std::vector<SignedStatement> out;
  if (const ProtectedDocument* here = find(document); here && here->log().count(document) > 0) {
    const AuthorityLog& theirs = here->log();
    if (theirs.count(document) <= log.count(document)) return out;
    for (std::size_t i = 0; i < theirs.size(); ++i)
      if (theirs.at(i).statement.document == document && !log.has(theirs.at(i).hash)) out.push_back(theirs.at(i));
    return out;
  }
  const auto known = known_.find(document);
  if (known == known_.end() || known->second.size() <= log.count(document)) return out;
  for (const SignedStatement& s : known->second)
    if (!log.has(s.hash)) out.push_back(s);
  return out;
}

void Realm::learn(std::vector<SignedStatement> statements) {
  collect_all();
  // Of a document that is here, its log decides; of others, whoever refers to them checks them.
  for (SignedStatement& s : statements) {
    if (const auto at = documents_.find(s.statement.document); at != documents_.end()) {
      std::vector<SignedStatement> one;
      one.push_back(std::move(s));
      (void)at->second->take(std::move(one), {});
    } else if (verify_signature(s)) {
      record(s);
    }
  }
}

const std::vector<SignedStatement>& Realm::known(const DocumentId& document) const {
  static const std::vector<SignedStatement> none;
  const auto at = known_.find(document);
  return at == known_.end() ? none : at->second;
}

ProtectedDocument& Realm::create_user(const crypto::SigningKey& recovery,
                                      const std::shared_ptr<const schema::Package>& package) {
  const DocumentId id = recovery.public_key();
  auto made =
      ProtectedDocument::create(settings_for(id, package), recovery, Principal::of_key(id), DocumentKind::user, {});
  // The recovery key says one more thing before it is put away: this device is the user's.
  Realm once({std::make_shared<const crypto::SigningKey>(crypto::SigningKey::from_seed(recovery.seed().expose())),
              settings_.random,
              settings_.name_of,
              {}});
  ProtectedDocument& replica = once.open(id, package);
  (void)replica.take(made->statements(), {});
  const Status granted = replica.grant({}, Level::own, Principal::of_key(device()));
  TLFS_CHECK(granted.ok(), "the root of a user document may let a device in");
  (void)made->take(replica.take_outgoing(), {});
  user_ = id;
  return *(documents_[id] = std::move(made));
}

Status Realm::add_device(const crypto::PublicKey& device) {
  ProtectedDocument* user = user_ ? find(*user_) : nullptr;
  if (!user) return Error(Errc::no_such_document, "this device belongs to no user whose document is here");
  return user->grant({}, Level::own, Principal::of_key(device));
}

Status Realm::remove_device(const crypto::PublicKey& device) {
  ProtectedDocument* user = user_ ? find(*user_) : nullptr;
  if (!user) return Error(Errc::no_such_document, "this device belongs to no user whose document is here");
  Status done = user->revoke({}, Level::own, Principal::of_key(device));
  if (done.ok()) tend();
  return done;
}

Result<ProtectedDocument*> Realm::create(const std::shared_ptr<const schema::Package>& package) {
  if (!user_)
    return Error(Errc::no_such_document, "this device belongs to no user yet, so nobody would own the document");
  collect_all();
  auto made = ProtectedDocument::create(settings_for({}, package), crypto::SigningKey::generate(*settings_.random),
                                        Principal::user(*user_), DocumentKind::ordinary, known(*user_));
  const DocumentId id = made->id();
  ProtectedDocument* out = made.get();
  documents_[id] = std::move(made);
  return out;
}

ProtectedDocument& Realm::open(const DocumentId& id, const std::shared_ptr<const schema::Package>& package) {
  std::unique_ptr<ProtectedDocument>& at = documents_[id];
  if (!at) at = std::make_unique<ProtectedDocument>(settings_for(id, package));
  return *at;
}

ProtectedDocument* Realm::find(const DocumentId& id) {
  const auto at = documents_.find(id);
  return at == documents_.end() ? nullptr : at->second.get();
}

const ProtectedDocument* Realm::find(const DocumentId& id) const {
  const auto at = documents_.find(id);
  return at == documents_.end() ? nullptr : at->second.get();
}

std::vector<DocumentId> Realm::documents() const {
  std::vector<DocumentId> out;
  for (const auto& [id, d] : documents_) out.push_back(id);
  return out;
}

ProtectedDocument::Taken Realm::take(const DocumentId& document, std::vector<SignedStatement> statements,
                                     std::vector<document::Change> changes) {
  ProtectedDocument* d = find(document);
  if (!d) {
    ProtectedDocument::Taken none;
    none.refused.push_back(Error(Errc::no_such_document, "document " + to_hex(document) + " is not here"));
    return none;
  }
  ProtectedDocument::Taken taken = d->take(std::move(statements), std::move(changes));
  collect(*d);
  return taken;
}

Realm::Share Realm::share(const DocumentId& document, const crypto::PublicKey& peer) {
  Share out;
  ProtectedDocument* d = find(document);
  if (!d) return out;
  if (d->may_sync(peer))
    for (document::Change& c : d->content().all_changes()) {
      d->redact(c, peer);
      out.changes.push_back(std::move(c));
    }
  out.statements = d->statements_for(peer);  // sealing may have said something
  return out;
}

bool Realm::tend() {
  bool any = false;
  for (std::size_t round = 0; round < kMaxTendRounds; ++round) {
    collect_all();
    bool said = false;
    for (const auto& [id, d] : documents_) said = d->tend() || said;
    any = any || said;
    if (!said) break;
  }
  collect_all();
  return any;
}

}  // namespace tlfs::access
