#include "runtime/policy/person.h"

#include <set>

#include "runtime/policy/blank.h"
#include "runtime/policy/inhabitant.h"

namespace tlfs::policy {

using access::Errc;
using access::Principal;
using access::ProtectedDocument;
using document::Address;
using document::Data;

Who Who::members(std::string document, Level level, std::string path) {
  Who who;
  who.kind = Kind::members;
  who.name = std::move(document);
  who.level = level;
  who.path = std::move(path);
  return who;
}

Person Person::in(std::string document) const {
  Person out = *this;
  out.document_ = std::move(document);
  return out;
}

std::string Person::document_name() const {
  if (!document_.empty()) return document_;
  if (world_->documents().empty()) throw Unmet("there is no document in this world yet");
  return world_->documents().front();
}

ProtectedDocument* Person::replica() const {
  const access::DocumentId* id = world_->document(document_name());
  return id ? world_->find(name_)->realm->find(*id) : nullptr;
}

Result<ProtectedDocument*> Person::here() const {
  if (ProtectedDocument* d = replica()) return d;
  return Error(Errc::no_such_document, name_ + " has no replica of " + document_name());
}

Result<Principal> Person::principal(const Who& who) const {
  if (who.kind == Who::Kind::anyone) return Principal::anyone();
  if (who.kind == Who::Kind::person) {
    const World::Inhabitant* p = world_->find(who.name);
    if (!p) return Error(Errc::no_such_document, "there is nobody called \"" + who.name + "\" in this world");
    return p->first_device ? Principal::user(p->user) : Principal::of_key(p->realm->device());
  }
  const access::DocumentId* id = world_->document(who.name);
  if (!id) return Error(Errc::no_such_document, "there is no document called \"" + who.name + "\"");
  Principal out = Principal::members(*id, {}, who.level);
  if (who.path != "." && !who.path.empty()) {
    const ProtectedDocument* d = world_->find(name_)->realm->find(*id);
    if (!d)
      return Error(Errc::no_such_document, name_ + " has no replica of " + who.name + " and cannot name a place in it");
    const Result<Address> at = d->address(who.path);
    if (!at) return at.error();
    Result<access::Scope> scope = d->scope_of(*at);
    if (!scope) return scope.error();
    out.at = std::move(*scope);
  }
  world_->names_.try_emplace(out, "whoever may " + std::string(level_name(who.level)) + " " + who.name +
                                      (who.path == "." || who.path.empty() ? "" : " at " + who.path));
  return out;
}

// ---- acting ----

Answer Person::create(const std::string& document) {
  if (world_->document(document) || document == kAnyone || document.empty())
    return {false, "\"" + document + "\" is the name of somebody or something else already"};
  const Result<ProtectedDocument*> made = world_->find(name_)->realm->create(world_->package());
  if (!made) return {false, made.error().message()};
  world_->record(document, name_, (*made)->id());
  return {true, {}};
}

Answer Person::set(std::string_view path, const Data& value) {
  const Result<ProtectedDocument*> d = here();
  if (!d) return {false, d.error().message()};
  const auto done = (*d)->content().transact({}, [&](document::Transaction& tx) { return tx.set(path, value); });
  if (!done) return {false, done.error().message()};
  (*d)->content().seal();
  return {true, {}};
}

Answer Person::set_json(std::string_view path, std::string_view json) {
  const Result<Data> data = document::parse_json(json);
  return data ? set(path, *data) : Answer{false, data.error().message()};
}

Answer Person::remove(std::string_view path) {
  const Result<ProtectedDocument*> d = here();
  if (!d) return {false, d.error().message()};
  const Result<document::Path> place = document::parse_path(path);
  if (!place) return {false, place.error().message()};
  const auto done = (*d)->content().transact({}, [&](document::Transaction& tx) { return tx.remove(*place); });
  if (!done) return {false, done.error().message()};
  (*d)->content().seal();
  return {true, {}};
}

Answer Person::grant(Level level, std::string_view path, const Who& to) {
  const Result<ProtectedDocument*> d = here();
  if (!d) return {false, d.error().message()};
  const Result<Address> at = (*d)->address(path);
  if (!at) return {false, at.error().message()};
  const Result<Principal> principal = this->principal(to);
  if (!principal) return {false, principal.error().message()};
  return Answer::of((*d)->grant(*at, level, *principal));
}

Answer Person::revoke(Level level, std::string_view path, const Who& from, Level keep) {
  const Result<ProtectedDocument*> d = here();
  if (!d) return {false, d.error().message()};
  const Result<Address> at = (*d)->address(path);
  if (!at) return {false, at.error().message()};
  const Result<Principal> principal = this->principal(from);
  if (!principal) return {false, principal.error().message()};
  Answer done = Answer::of((*d)->revoke(*at, level, *principal, keep));
  if (done) world_->find(name_)->realm->tend();  // where the document is a group, others learn of it by a cut
  return done;
}

Answer Person::admit_all(const Who& from) {
  const Result<ProtectedDocument*> d = here();
  if (!d) return {false, d.error().message()};
  const Result<Principal> principal = this->principal(from);
  if (!principal) return {false, principal.error().message()};
  return Answer::of((*d)->admit_all(*principal));
}

Answer Person::use(std::string_view version) {
  const Result<ProtectedDocument*> d = here();
  if (!d) return {false, d.error().message()};
  const auto view = world_->package()->view(version);
  if (!view) return {false, view.error().message()};
  return Answer::of((*d)->content().use(world_->package(), *view));
}

Answer Person::add_device(std::string_view device) {
  const World::Inhabitant* other = world_->find(device);
  if (!other) return {false, "there is no device \"" + std::string(device) + "\" in this world"};
  return Answer::of(world_->find(name_)->realm->add_device(other->realm->device()));
}

Answer Person::remove_device(std::string_view device) {
  const World::Inhabitant* other = world_->find(device);
  if (!other) return {false, "there is no device \"" + std::string(device) + "\" in this world"};
  return Answer::of(world_->find(name_)->realm->remove_device(other->realm->device()));
}

// ---- seeing ----

namespace {

struct Seen {
  Data data;
  bool nothing = true;
  bool single = false;  // a register, flag, counter or text: one value, which is seen wholly or not at all
};

// What stands at a path; an error when the schema has no such place.
Result<Seen> look(const ProtectedDocument& d, std::string_view path) {
  const Result<document::Path> parsed = document::parse_path(path);
  if (!parsed) return parsed.error();
  const document::Reader reader = d.content().reader();
  const Result<document::Reader::Place> place = reader.locate(*parsed);
  if (!place) {
    if (place.error().is(document::Errc::out_of_range)) return Seen{};  // an element that is not there
    return place.error();
  }
  if (!place->present) return Seen{};
  const document::BoundView& view = d.content().view();
  Seen out;
  out.data = reader.data_at(*place);
  out.nothing = is_blank(view, place->view_node, out.data);
  out.single = view.view->nodes()[place->view_node].children.empty() && !out.data.object() && !out.data.array();
  return out;
}

}  // namespace

Result<Data> Person::see(std::string_view path) const {
  const ProtectedDocument* d = replica();
  if (!d) return Data();
  Result<Seen> seen = look(*d, path);
  if (!seen) return seen.error();
  return std::move(seen->data);
}

Result<bool> Person::sees_nothing(std::string_view path) const {
  const ProtectedDocument* d = replica();
  if (!d) return true;
  const Result<Seen> seen = look(*d, path);
  if (!seen) return seen.error();
  return seen->nothing;
}

Answer Person::cannot_read(std::string_view path) const {
  const ProtectedDocument* d = replica();
  if (!d) return {true, name_ + " has no replica of " + document_name()};
  const Result<Seen> seen = look(*d, path);
  if (!seen) return {false, seen.error().message()};
  if (!seen->nothing) {
    // What was read stays read; what stands there now may be something else.
    const Answer may = can(Who(name_), Level::read, path);
    const std::string sees = name_ + " sees " + document::to_json(seen->data);
    const Result<Data> now = world_->creator_sees(document_name(), path);
    if (!seen->single || may || !now || *now == seen->data) return {false, sees};
    return {true, sees + ", and no longer what stands there now: " + may.why};
  }
  const Result<Address> at = d->address(path);
  if (!at) return {true, at.error().message()};
  if (!d->can_read(*at)) return {true, name_ + " has no key for " + std::string(path)};
  const access::Explanation e = *explain(Who(name_), Level::read, path);
  if (!e.allowed) return {true, e.sentence};
  if (d->unreadable() > 0) return {true, name_ + " has changes that no key here opens"};
  return {false, "nothing is written there, and " + name_ + " could read it: " + e.sentence};
}

std::size_t Person::withheld() const {
  std::set<access::ChangeHash> changes;
  if (const ProtectedDocument* d = replica())
    for (const access::Withheld& w : d->withheld_leaves()) changes.insert(w.leaf.change);
  return changes.size();
}

std::vector<std::string> Person::withheld_because() const {
  std::vector<std::string> out;
  if (const ProtectedDocument* d = replica())
    for (const access::Withheld& w : d->withheld_leaves()) out.push_back(w.why);
  return out;
}

Answer Person::sees(std::string_view path, const Data& expected) const {
  const Result<document::Path> parsed = document::parse_path(path);
  if (!parsed) return {false, parsed.error().message()};
  const ProtectedDocument* d = replica();
  const document::Document& content = d ? d->content() : world_->blank();
  Data seen;
  std::uint32_t node = schema::kNoOrdinal;
  if (const auto place = content.reader().locate(*parsed)) {
    node = place->view_node;
    if (place->present) seen = content.reader().data_at(*place);
  } else if (!place.error().is(document::Errc::out_of_range)) {
    return {false, place.error().message()};
  }
  const std::string what = name_ + " sees " + (d ? document::to_json(seen) : "nothing, having no replica");
  return {same_value(content.view(), node, expected, d ? seen : Data()), what};
}

// ---- rights ----

Result<access::Explanation> Person::explain(const Who& who, Level level, std::string_view path) const {
  const Result<ProtectedDocument*> d = here();
  if (!d) return d.error();
  const Result<Address> at = (*d)->address(path);
  if (!at) return at.error();
  const Result<Principal> principal = this->principal(who);
  if (!principal) return principal.error();
  return (*d)->explain(*principal, level, *at);
}

Answer Person::can(const Who& who, Level level, std::string_view path) const {
  const Result<access::Explanation> e = explain(who, level, path);
  if (!e) return {false, e.error().message()};
  return {e->allowed, e->sentence};
}

void Person::expect_allowed(Level level, std::string_view path) const {
  const Answer answer = allowed(level, path);
  if (!answer)
    throw Unmet("expected that " + name_ + " may " + std::string(level_name(level)) + " " + document_name() + " at " +
                std::string(path) + ", but: " + answer.why);
}

void Person::expect_denied(Level level, std::string_view path) const {
  const Answer answer = allowed(level, path);
  if (answer)
    throw Unmet("expected that " + name_ + " may not " + std::string(level_name(level)) + " " + document_name() +
                " at " + std::string(path) + ", but: " + answer.why);
}

}  // namespace tlfs::policy
