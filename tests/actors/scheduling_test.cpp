#include "actors/messaging/scheduling.h"

#include <array>
#include <atomic>
#include <caf/all.hpp>
#include <catch2/catch.hpp>
#include <thread>

#include "runtime/base/environment.h"

namespace tlfs::messaging {
namespace {

using namespace std::chrono_literals;

struct House {
  explicit House(std::size_t workers) {
    share_workers(config);
    config.set("scheduler.max-threads", workers);
    config.set("logger.verbosity", caf::atom("quiet"));
    system.emplace(config);
  }
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
};

caf::behavior echo(caf::event_based_actor*) {
  return {[](int x) { return x; }};
}

// Hands each number to the next of a ring, until it is used up.
caf::behavior hand_on(caf::stateful_actor<caf::actor>* self) {
  return {[self](caf::actor next) { self->state = std::move(next); },
          [self](int left, caf::actor tell) {
            if (left == 0)
              self->send(tell, 0);
            else
              self->send(self->state, left - 1, std::move(tell));
          }};
}

TEST_CASE("every message is handled, whether the workers are busy, looking for work or asleep") {
  const auto workers = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{4});
  House house(workers);
  std::vector<std::jthread> threads;
  std::atomic<int> answered = 0;
  constexpr int kThreads = 4, kAsked = 300;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      SeededRandom random(static_cast<std::uint64_t>(t) + 1);
      caf::scoped_actor self(*house.system);
      const caf::actor actor = house.system->spawn(echo);
      for (int i = 0; i < kAsked; ++i) {
        // Up to twice as long as a worker looks for work, so that all of its states are met.
        if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random.below(400)));
        self->request(actor, 10s, i).receive([&](int x) { answered += x == i ? 1 : 0; }, [](const caf::error&) {});
      }
    });
  threads.clear();
  CHECK(answered == kThreads * kAsked);
}

TEST_CASE("messages that go round among many actors all arrive") {
  House house(2);
  constexpr int kRing = 50, kMessages = 40, kRounds = 500;
  std::array<caf::actor, kRing> ring;
  for (caf::actor& one : ring) one = house.system->spawn(hand_on);
  for (int i = 0; i < kRing; ++i)
    caf::anon_send(ring[static_cast<std::size_t>(i)], ring[static_cast<std::size_t>((i + 1) % kRing)]);
  caf::scoped_actor self(*house.system);
  for (int i = 0; i < kMessages; ++i)
    caf::anon_send(ring[static_cast<std::size_t>(i % kRing)], kRounds, caf::actor_cast<caf::actor>(self));
  int arrived = 0;
  bool late = false;
  while (arrived < kMessages && !late) self->receive([&](int) { ++arrived; }, caf::after(10s) >> [&] { late = true; });
  CHECK(arrived == kMessages);
  for (const caf::actor& one : ring) caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
}

}  // namespace
}  // namespace tlfs::messaging
