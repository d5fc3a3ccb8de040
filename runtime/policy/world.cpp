#include "runtime/policy/world.h"

#include <algorithm>

#include "runtime/access/explain.h"
#include "runtime/base/check.h"
#include "runtime/base/varint.h"
#include "runtime/policy/inhabitant.h"

namespace tlfs::policy {

using access::DocumentId;
using access::Principal;
using access::Realm;

namespace {

// The same person has the same keys in every run.
std::uint64_t seed_of(std::string_view name) {
  const crypto::Digest digest = crypto::hash("tlfs policy person", {as_bytes(name)});
  return ByteReader(digest).fixed64();
}

}  // namespace

World::World(Settings settings) : settings_(std::move(settings)), order_(settings_.seed) {
  TLFS_CHECK(settings_.package, "a world's documents have a schema");
  TLFS_CHECK(settings_.people.size() <= kMaxPeople, "a world has at most 32 people");
  for (const std::string& name : settings_.people) {
    TLFS_CHECK(name != kAnyone && !find(name), "the people of a world have names of their own");
    auto p = std::make_unique<Inhabitant>(name, seed_of(name));
    auto device = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(p->random));
    names_[Principal::of_key(device->public_key())] = name;
    p->realm = std::make_unique<Realm>(
        Realm::Settings{std::move(device), &p->random, [this](const Principal& who) { return name_of(who); }});
    if (const std::size_t slash = name.find('/'); slash != std::string::npos) {
      const Inhabitant* owner = find(name.substr(0, slash));
      TLFS_CHECK(owner, "a device belongs to a person who comes before it");
      p->user = owner->user;
      p->first_device = false;
      p->realm->join_user(p->user);
      p->realm->open(p->user, settings_.package);
    } else {
      p->user = p->realm->create_user(crypto::SigningKey::generate(p->random), settings_.package).id();
      names_[Principal::user(p->user)] = name;
      names_[Principal::of_key(p->user)] = name + "'s recovery key";
    }
    people_.push_back(std::move(p));
  }
  document::Document::Settings empty;
  SeededRandom nobody(0);
  empty.device = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(nobody));
  empty.package = settings_.package;
  blank_ = std::make_unique<document::Document>(std::move(empty));
  std::vector<Inhabitant*> all;
  for (const auto& p : people_) {
    p->realm->tend();
    all.push_back(p.get());
  }
  learn_users(all);
}

World::~World() = default;

World::Inhabitant* World::find(std::string_view person) {
  const auto at = std::ranges::find_if(people_, [&](const auto& p) { return p->name == person; });
  return at == people_.end() ? nullptr : at->get();
}
const World::Inhabitant* World::find(std::string_view person) const { return const_cast<World*>(this)->find(person); }

Person World::as(std::string_view person) {
  if (!find(person)) throw Unmet("there is nobody called \"" + std::string(person) + "\" in this world");
  return Person(*this, std::string(person));
}

const DocumentId* World::document(std::string_view name) const {
  if (const auto at = ids_.find(name); at != ids_.end()) return &at->second;
  const Inhabitant* person = find(name);
  return person ? &person->user : nullptr;
}

bool World::is_user(const DocumentId& id) const {
  return std::ranges::any_of(people_, [&](const auto& p) { return p->user == id; });
}

void World::record(const std::string& name, const std::string& creator, const DocumentId& id) {
  documents_.push_back(name);
  creators_[name] = creator;
  ids_[name] = id;
}

std::string World::name_of(const Principal& principal) const {
  if (const auto at = names_.find(principal); at != names_.end()) return at->second;
  if (principal.kind == Principal::Kind::members) {
    for (const auto& [name, id] : ids_)
      if (id == principal.document())
        return "whoever may " + std::string(level_name(principal.level)) +
               (principal.at.empty() ? " " : " a part of ") + name;
  }
  return access::short_name(principal);
}

Result<document::Data> World::creator_sees(const std::string& document, std::string_view path) {
  const auto creator = creators_.find(document);
  if (creator == creators_.end())
    return Error(access::Errc::no_such_document, "nobody here made a document \"" + document + "\"");
  return as(creator->second).in(document).see(path);
}

void World::deliver_everyone() {
  std::vector<std::string> all;
  for (const auto& p : people_) all.push_back(p->name);
  sync(all);
  std::vector<Sight> seen;
  for (const auto& p : people_)
    for (const std::string& name : documents_) {
      const access::ProtectedDocument* d = p->realm->find(ids_.at(name));
      seen.push_back({p->name, name, d ? d->content().json() : "nothing"});
    }
  deliveries_.push_back(std::move(seen));
}

}  // namespace tlfs::policy
