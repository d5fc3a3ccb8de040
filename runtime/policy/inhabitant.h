// What a World keeps of each person. Private to this folder.
#pragma once

#include <set>

#include "runtime/policy/world.h"

namespace tlfs::policy {

struct World::Inhabitant {
  std::string name;
  SeededRandom random;
  std::unique_ptr<access::Realm> realm;
  access::DocumentId user{};
  bool first_device = true;
  // What has come: changes, with which of their leaves.
  std::map<access::DocumentId, std::set<std::pair<access::ChangeHash, std::vector<bool>>>> had;
  Marks offered;  // by sender and document: how far the sender was when it last gave all it had

  Inhabitant(std::string n, std::uint64_t seed) : name(std::move(n)), random(seed) {}
};

// One statement or one change on its way.
struct World::Parcel {
  access::DocumentId document{};
  std::optional<access::SignedStatement> statement;
  std::optional<document::Change> change;
};

}  // namespace tlfs::policy
