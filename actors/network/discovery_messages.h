// What the actor that looks around tells the hub. Stays inside the process.
#pragma once

#include <string>
#include <vector>

#include "actors/messaging/local_only.h"
#include "runtime/invitation/announcement.h"

namespace tlfs::network {

// A node that announces itself, as its announcement says.
struct Neighbour {
  std::string instance;
  std::vector<std::string> addresses;
  invitation::Presence presence;
};

// All that are seen now. Answered with Answer<std::vector<std::string>>: where this node listens.
struct Neighbours : messaging::LocalOnly {
  std::vector<Neighbour> all;
};

}  // namespace tlfs::network
