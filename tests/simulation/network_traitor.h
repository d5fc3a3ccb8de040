// A member who lies: an honest node of one who has rights, and somebody who changes what its documents say to others
// before the link encrypts it, or who turns its disk back, so that its writer goes on twice.
#pragma once

#include <deque>
#include <set>
#include <string_view>
#include <vector>

#include "actors/document/sync_messages.h"
#include "actors/testing/world.h"

namespace tlfs::simulation {

class Traitor {
 public:
  explicit Traitor(std::uint64_t seed) : random_(seed) {}

  // These of the node's actors are documents; what they are told of conversations is noted.
  void knows(const caf::actor& document) { documents_.insert(document.address()); }
  void opens(const caf::actor_addr& receiver, const document_actor::OpenSync& open) {
    if (documents_.contains(receiver)) conversations_.insert(open.number);
  }
  // Withholds changes, turns bits, claims what is not so, says again what it said before; or leaves it as it is.
  void twist(document_actor::SyncSay& say);

  SeededRandom& random() { return random_; }
  std::uint64_t lies() const { return lies_; }

 private:
  SeededRandom random_;
  std::set<caf::actor_addr> documents_;
  std::set<document_actor::SyncNumber> conversations_;
  std::deque<Bytes> said_;
  std::uint64_t lies_ = 0;
};

}  // namespace tlfs::simulation
