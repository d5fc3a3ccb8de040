// One scenario under many seeds: what is delivered arrives in another order each time, and all must end alike.
#pragma once

#include <functional>

#include "runtime/policy/world.h"

namespace tlfs::policy {

// What two runs saw differently after the same delivery, as a sentence; empty when they agree.
std::string first_difference(const World& one, const World& other);

// Runs the scenario in `orders` fresh worlds with the seeds settings.seed, settings.seed + 1, ... What the scenario
// throws passes through. No, with the seed and the first difference, when people saw something else than in the first
// run after the same delivery.
Answer in_many_orders(const World::Settings& settings, std::size_t orders, const std::function<void(World&)>& scenario);

}  // namespace tlfs::policy
