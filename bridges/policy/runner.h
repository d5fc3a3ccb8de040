// Runs scenarios: every step on a World, again and again under other orders of delivery, and says what did not hold.
#pragma once

#include <functional>
#include <optional>

#include "bridges/policy/scenario.h"
#include "runtime/policy/world.h"

namespace tlfs::policy {

// The first thing that was not as the scenario says.
struct Failure {
  std::size_t step = 0;  // from 1 on; 0 when it is about the scenario as a whole
  std::string text;      // the step's JSON
  std::uint64_t seed = 0;
  std::string seen;         // what was seen, and what was expected
  std::string explanation;  // why; may be empty
};

// The scenario up to and including step `until` (from 1 on), in a fresh world; stops at the first failure.
struct Run {
  std::unique_ptr<World> world;
  std::optional<Failure> failure;
};
Run run_once(const Scenario& scenario, std::uint64_t seed, std::size_t until = kMaxSteps);

struct Orders {
  std::size_t count = 20;
  std::uint64_t first_seed = 1;  // the others count up from it
};
// Under every order, until the first failure. Whatever is seen after a delivery must be the same under all orders.
// `progress`, if given, is called after each run.
std::optional<Failure> run_in_orders(const Scenario& scenario, const Orders& orders,
                                     const std::function<void()>& progress = {});

}  // namespace tlfs::policy
