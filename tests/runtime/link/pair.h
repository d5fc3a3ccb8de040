// Two links with a wire between them that a test can look at and change. Everything is determined by the seeds.
#pragma once

#include <memory>
#include <string>

#include "runtime/link/link.h"

namespace tlfs::link {

inline std::shared_ptr<const crypto::SigningKey> device(std::uint64_t seed) {
  SeededRandom random(seed);
  return std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(random));
}

// One end with what it has said so far.
struct End {
  End(Link::Settings settings, std::uint64_t seed) : random(seed), link(make(std::move(settings), random)) {}
  static Link make(Link::Settings settings, Random& random) {
    return std::move(Link::create(std::move(settings), random)).value();
  }
  void collect() {
    for (Event& event : link.take_events()) events.push_back(std::move(event));
  }
  template <class E>
  std::vector<const E*> all() const {
    std::vector<const E*> out;
    for (const Event& event : events)
      if (const E* e = std::get_if<E>(&event)) out.push_back(e);
    return out;
  }
  template <class E>
  const E* first() const {
    const auto found = all<E>();
    return found.empty() ? nullptr : found.front();
  }
  // The reason for which this end has closed; "" while it is open.
  std::string closed_as() const {
    const Closed* closed = first<Closed>();
    if (closed == nullptr) return "";
    return std::string(name_of(closed->reason.code)) + (closed->by_peer ? " by peer" : "");
  }

  SeededRandom random;
  Link link;
  std::vector<Event> events;
};

inline constexpr std::uint64_t kAlice = 1;
inline constexpr std::uint64_t kBob = 2;
inline constexpr std::uint64_t kMallory = 3;

inline Link::Settings caller_settings(std::uint64_t who = kAlice) {
  Link::Settings settings;
  settings.side = Link::Side::caller;
  settings.device = device(who);
  settings.capabilities = {"live", "a-thing"};
  return settings;
}
inline Link::Settings callee_settings(std::uint64_t who = kBob) {
  Link::Settings settings;
  settings.side = Link::Side::callee;
  settings.device = device(who);
  settings.capabilities = {"live", "other"};
  settings.payload = {7};
  return settings;
}

inline Invitation invitation(std::uint8_t id = 1, std::uint64_t seed = 77) {
  SeededRandom random(seed);
  return {{id}, crypto::Secret::generate(random)};
}

struct Pair {
  Pair(Link::Settings caller, Link::Settings callee, std::uint64_t seed = 1)
      : alice(std::move(caller), seed * 2), bob(std::move(callee), seed * 2 + 1) {}
  Pair() : Pair(caller_settings(), callee_settings()) {}

  void start() {
    alice.link.start(now);
    bob.link.start(now);
  }
  // What one end has to say goes to the other, as it is; how many bytes that were.
  std::size_t carry(End& from, End& to, std::size_t limit = kDefaultOutput) {
    std::size_t bytes = 0;
    for (const Bytes& message : from.link.take_output(now, limit)) {
      bytes += message.size();
      to.link.received(message, now);
      to.collect();
    }
    from.collect();
    return bytes;
  }
  // Until nobody has anything to say.
  void settle() {
    constexpr int kMostRounds = 10'000;
    for (int i = 0; i < kMostRounds; ++i)
      if (carry(alice, bob) + carry(bob, alice) == 0) return;
    TLFS_CHECK(false, "two links that never come to rest");
  }
  void open() {
    start();
    settle();
  }
  void tick() {
    alice.link.tick(now);
    bob.link.tick(now);
    settle();
  }

  Time now = std::chrono::hours(5);
  End alice;
  End bob;
};

}  // namespace tlfs::link
