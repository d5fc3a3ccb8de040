#include "actors/network/surroundings.h"

#include <algorithm>

#include "actors/net/interfaces.h"

namespace tlfs::network {
namespace {

class MulticastNeighbourhood final : public Neighbourhood {
 public:
  explicit MulticastNeighbourhood(std::unique_ptr<net::Discovery> discovery) : discovery_(std::move(discovery)) {}
  Status announce(std::optional<net::Announcement> announcement) override {
    return discovery_->announce(std::move(announcement));
  }

 private:
  std::unique_ptr<net::Discovery> discovery_;
};

}  // namespace

Surroundings machine_surroundings() {
  Surroundings out;
  out.look = [](net::Discovery::Settings settings) -> Result<std::unique_ptr<Neighbourhood>> {
    auto discovery = net::Discovery::start(std::move(settings));
    if (!discovery) return discovery.error();
    return std::unique_ptr<Neighbourhood>(std::make_unique<MulticastNeighbourhood>(std::move(*discovery)));
  };
  out.own_addresses = [] {
    std::vector<std::string> all = net::own_addresses(false), six = net::own_addresses(true);
    all.insert(all.end(), six.begin(), six.end());
    std::sort(all.begin(), all.end());
    return all;
  };
  return out;
}

}  // namespace tlfs::network
