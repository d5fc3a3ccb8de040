#include "runtime/policy/replay.h"

#include <algorithm>

namespace tlfs::policy {

std::string first_difference(const World& one, const World& other) {
  const auto& a = one.deliveries();
  const auto& b = other.deliveries();
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    for (std::size_t j = 0; j < std::min(a[i].size(), b[i].size()); ++j)
      if (!(a[i][j] == b[i][j]))
        return "after delivery " + std::to_string(i + 1) + " " + a[i][j].person + " saw " + a[i][j].json + " in " +
               a[i][j].document + " in one order and " + b[i][j].json + " in another";
  return a.size() == b.size() ? "" : "there were more deliveries in one order than in another";
}

Answer in_many_orders(const World::Settings& settings, std::size_t orders,
                      const std::function<void(World&)>& scenario) {
  std::unique_ptr<World> first;
  for (std::size_t i = 0; i < orders; ++i) {
    World::Settings s = settings;
    s.seed += i;
    auto world = std::make_unique<World>(s);
    scenario(*world);
    if (!first) {
      first = std::move(world);
    } else if (const std::string difference = first_difference(*first, *world); !difference.empty()) {
      return {false, "seed " + std::to_string(s.seed) + ": " + difference};
    }
  }
  return {true, {}};
}

}  // namespace tlfs::policy
