// What a network learns from the machine that it runs on: which addresses that has, and which services are announced
// around it. A test puts a world of its own in its place.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/net/discovery.h"

namespace tlfs::network {

// As net::Discovery. Calls nobody once it is destroyed.
class Neighbourhood {
 public:
  virtual ~Neighbourhood() = default;
  virtual Status announce(std::optional<net::Announcement> announcement) = 0;
};

struct Surroundings {
  // As net::Discovery::start.
  std::function<Result<std::unique_ptr<Neighbourhood>>(net::Discovery::Settings)> look;
  // By which others may reach this machine, and which change when its network does. Any thread; returns at once.
  std::function<std::vector<std::string>()> own_addresses;
};

// Those of this machine, with multicast DNS.
Surroundings machine_surroundings();

}  // namespace tlfs::network
