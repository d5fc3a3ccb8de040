// Someone in a World, about to do or say something: as("alice"), or as("alice").in("todo").
//
// Without in() it is about the document that was made first. A handle: cheap to copy, valid as long as its world.
#pragma once

#include <string>
#include <string_view>

#include "runtime/access/protected_document.h"
#include "runtime/policy/answer.h"

namespace tlfs::policy {

using access::Level;

// Whom a grant is for, as tests call them.
struct Who {
  enum class Kind : std::uint8_t { person, anyone, members };
  Kind kind = Kind::person;
  std::string name;  // of the person, or of the document whose members are meant
  std::string path;
  Level level = Level::none;

  // A person of the world or, with "anyone", everybody.
  Who(const char* person) : Who(std::string(person)) {}
  Who(std::string person) : kind(person == "anyone" ? Kind::anyone : Kind::person), name(std::move(person)) {}
  Who() = default;
  // Whoever has `level` at `path` of `document`, which may be a person: their user document.
  static Who members(std::string document, Level level, std::string path = ".");
};

class World;

class Person {
 public:
  Person in(std::string document) const;
  const std::string& name() const { return name_; }

  // ---- what one does; the answer is no, with the reason, where the person's own node refuses ----
  Answer create(const std::string& document);
  // The whole value at the place, as Transaction::set does it. Each call is one change.
  Answer set(std::string_view path, const document::Data& value);
  Answer set(std::string_view path, Value value) { return set(path, document::Data(std::move(value))); }
  Answer set_json(std::string_view path, std::string_view json);
  Answer remove(std::string_view path);
  Answer grant(Level level, std::string_view path, const Who& to);
  // Every live grant of exactly this level, address and principal. With `keep` each gets that lower level instead.
  Answer revoke(Level level, std::string_view path, const Who& from, Level keep = Level::none);
  Answer admit_all(const Who& from);
  // Paths are those of this version of the schema from now on, for this person.
  Answer use(std::string_view version);
  Answer add_device(std::string_view device);
  Answer remove_device(std::string_view device);

  // ---- what one sees ----
  // Null where there is no replica, and where a table key or an element does not exist.
  Result<document::Data> see(std::string_view path) const;
  // Whether that is the value (blank.h says when two are the same); the answer says what is seen.
  Answer sees(std::string_view path, const document::Data& expected) const;
  Answer sees(std::string_view path, Value expected) const { return sees(path, document::Data(std::move(expected))); }
  // Whether the value there is nothing: no replica, nothing set, nothing that may be read.
  Result<bool> sees_nothing(std::string_view path) const;
  // Whether what stands there is closed to this person: nothing is seen, and a key or the right to it is missing; or
  // the right was lost, and the one value that was read before is not what the document's creator sees now. The reason
  // says which.
  Answer cannot_read(std::string_view path) const;
  // Changes of which a leaf is withheld.
  std::size_t withheld() const;
  // Why, one sentence each.
  std::vector<std::string> withheld_because() const;

  // ---- what one may, as this person's node knows it ----
  Answer allowed(Level level, std::string_view path) const { return can(Who(name_), level, path); }
  Answer can(const Who& who, Level level, std::string_view path) const;
  Result<access::Explanation> explain(const Who& who, Level level, std::string_view path) const;
  // Unmet, with the explanation.
  void expect_allowed(Level level, std::string_view path) const;
  void expect_denied(Level level, std::string_view path) const;

  // Null when it has no replica.
  access::ProtectedDocument* replica() const;

 private:
  friend class World;
  Person(World& world, std::string name) : world_(&world), name_(std::move(name)) {}

  Result<access::ProtectedDocument*> here() const;
  Result<access::Principal> principal(const Who& who) const;
  std::string document_name() const;

  World* world_;
  std::string name_;
  std::string document_;  // empty: the first
};

}  // namespace tlfs::policy
