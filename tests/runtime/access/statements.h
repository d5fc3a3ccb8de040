// A tiny language for tests of access: people by name, addresses as strings of one-letter steps, and statements that
// say what their author had seen.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/access/rules.h"

namespace tlfs::access::testing {

inline crypto::PublicKey key(std::string_view name) {
  crypto::PublicKey out{};
  std::copy_n(name.begin(), std::min(name.size(), out.size()), out.begin());
  return out;
}
inline Principal person(std::string_view name) { return Principal::of_key(key(name)); }
inline Scope scope(std::string_view steps) {
  Scope out;
  for (const char step : steps) out.push_back(Token{static_cast<std::uint8_t>(step)});
  return out;
}
inline Principal members(std::string_view document, Level level = Level::read, std::string_view at = "") {
  return Principal::members(key(document), scope(at), level);
}

// Who says something, having seen what, because of which grant, as a member through which links.
struct By {
  std::string_view author;
  std::vector<Index> seen;
  Index proof = kNone;
  std::vector<Index> membership = {};
};

class Statements : private Sightings {
 public:
  explicit Statements(std::string_view document = "document")
      : name_(document), rules_(key(document), static_cast<const Sightings&>(*this)) {}

  Rules& rules() { return rules_; }

  // In the judged document, unless `in` was called with another's name; it holds for the next statement.
  Statements& in(std::string_view document) {
    next_ = document;
    return *this;
  }
  Index genesis(const Principal& root, std::vector<Index> seen = {}) {
    Item item = start(Item::Kind::genesis, {"", std::move(seen)});
    item.author = item.document;
    item.to = root;
    item.level = Level::own;
    return rules_.add(std::move(item));
  }
  Index grant(const By& by, const Principal& to, Level level, std::string_view at = "") {
    Item item = start(Item::Kind::grant, by);
    item.to = to;
    item.level = level;
    item.at = scope(at);
    return rules_.add(std::move(item));
  }
  // `saw`: the changes in the frontier.
  Index revoke(const By& by, std::vector<Index> names, std::set<std::uint32_t> saw = {}, Level keep = Level::none) {
    Item item = start(Item::Kind::revoke, by);
    item.names = std::move(names);
    item.level = keep;
    saw_[static_cast<Index>(rules_.size())] = std::move(saw);
    return rules_.add(std::move(item));
  }
  Index cut(const By& by, Index revocation, std::set<std::uint32_t> saw = {}) {
    Item item = start(Item::Kind::cut, by);
    item.names = {revocation};
    saw_[static_cast<Index>(rules_.size())] = std::move(saw);
    return rules_.add(std::move(item));
  }
  Index admit(const By& by, std::vector<std::uint32_t> changes) {
    Item item = start(Item::Kind::admit, by);
    for (const std::uint32_t change : changes) item.leaves.push_back({change, 0});
    return rules_.add(std::move(item));
  }
  Index other(const By& by) { return rules_.add(start(Item::Kind::other, by)); }

  // Whether a write of `author`, who had seen `heads`, counts. Changes have numbers.
  bool counts(std::string_view author, std::vector<Index> heads, std::uint32_t change, std::string_view at = "") {
    return rules_.counts(key(author), rules_.context(std::move(heads)), {change, 0}, {scope(at)});
  }
  Level level(std::string_view who, std::string_view at = "") { return rules_.level(person(who), scope(at)); }

 private:
  bool saw(Index revocation, std::uint32_t change) const override { return saw_.at(revocation).contains(change); }

  Item start(Item::Kind kind, const By& by) {
    Item item;
    item.kind = kind;
    item.document = key(next_.empty() ? name_ : next_);
    next_ = {};
    item.author = key(by.author);
    item.parents = by.seen;
    item.proof = by.proof;
    item.membership = by.membership;
    return item;
  }

  std::string_view name_, next_;
  std::map<Index, std::set<std::uint32_t>> saw_;
  Rules rules_;
};

}  // namespace tlfs::access::testing
