// When a peer is dialled, and which link is kept.
#include "runtime/link/connection.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace tlfs;
using namespace tlfs::link;
using State = Connection::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr crypto::PublicKey kSmall = {1};
constexpr crypto::PublicKey kLarge = {2};

// A connection and everything it has asked for.
struct Desk {
  explicit Desk(bool smaller = true, std::uint64_t seed = 1)
      : random(seed), connection(smaller ? kSmall : kLarge, smaller ? kLarge : kSmall, 0) {}
  template <class A>
  std::vector<A> take() {
    for (Action& action : connection.take_actions()) actions.push_back(std::move(action));
    std::vector<A> out;
    for (const Action& action : actions)
      if (const A* a = std::get_if<A>(&action)) out.push_back(*a);
    std::erase_if(actions, [](const Action& action) { return std::holds_alternative<A>(action); });
    return out;
  }
  // The only dial that is asked for now.
  Dial dial() {
    const std::vector<Dial> dials = take<Dial>();
    REQUIRE(dials.size() == 1);
    return dials[0];
  }
  LinkNumber link() {
    const Dial d = dial();
    connection.dialled(d.link, now);
    connection.established(d.link, 0, 0, now);
    return d.link;
  }
  void wait() {
    REQUIRE(connection.wait_until().has_value());
    now = std::max(now, *connection.wait_until());
    connection.tick(random, now);
  }

  SeededRandom random;
  Connection connection;
  Time now = seconds(1'000);
  std::vector<Action> actions;
};

}  // namespace

TEST_CASE("A wanted peer goes from disconnected to live") {
  Desk desk;
  CHECK(desk.connection.state() == State::disconnected);
  desk.connection.set_wanted(true, desk.now);
  CHECK(desk.connection.state() == State::disconnected);  // no address yet
  desk.connection.set_addresses({"a"}, desk.now);
  CHECK(desk.connection.state() == State::connecting);
  const Dial dial = desk.dial();
  CHECK(dial.address == "a");
  desk.connection.dialled(dial.link, desk.now);
  CHECK(desk.connection.state() == State::handshaking);
  desk.connection.established(dial.link, 0, 0, desk.now);
  CHECK(desk.connection.state() == State::syncing);
  CHECK(desk.connection.link() == dial.link);
  CHECK(desk.take<Use>().size() == 1);
  desk.connection.synced(dial.link, desk.now);
  CHECK(desk.connection.state() == State::live);
  CHECK_FALSE(desk.connection.wait_until());
  desk.connection.set_wanted(false, desk.now);
  CHECK(desk.connection.state() == State::disconnected);
  REQUIRE(desk.take<Drop>().size() == 1);
}

TEST_CASE("All addresses are tried before the wait, and the last success comes first the next time") {
  Desk desk;
  desk.connection.set_addresses({"a", "b", "c"}, desk.now);
  desk.connection.set_wanted(true, desk.now);
  for (const char* expected : {"a", "b", "c"}) {
    const Dial dial = desk.dial();
    CHECK(dial.address == expected);
    desk.connection.dial_failed(dial.link, desk.random, desk.now);
  }
  CHECK(desk.connection.state() == State::backing_off);
  CHECK(desk.take<Dial>().empty());
  desk.wait();
  desk.connection.dial_failed(desk.dial().link, desk.random, desk.now);
  const LinkNumber link = desk.link();  // b
  CHECK(desk.connection.addresses() == std::vector<std::string>{"b", "a", "c"});
  desk.now += kSettled;
  desk.connection.closed(link, desk.random, desk.now);
  CHECK(desk.connection.state() == State::backing_off);
  desk.wait();
  CHECK(desk.dial().address == "b");
}

TEST_CASE("An attempt that takes too long is dropped, before and within the handshake") {
  for (const bool handshaking : {false, true}) {
    Desk desk;
    desk.connection.set_addresses({"a", "b"}, desk.now);
    desk.connection.set_wanted(true, desk.now);
    const Dial dial = desk.dial();
    if (handshaking) desk.connection.dialled(dial.link, desk.now);
    const Time limit = handshaking ? kHandshakeTimeout : kDialTimeout;
    CHECK(desk.connection.wait_until() == desk.now + limit);
    desk.wait();
    const std::vector<Drop> drops = desk.take<Drop>();
    REQUIRE(drops.size() == 1);
    CHECK(drops[0].link == dial.link);
    CHECK(drops[0].why == Drop::Why::too_slow);
    CHECK(desk.dial().address == "b");
    // What comes too late changes nothing.
    desk.connection.established(dial.link, 0, 0, desk.now);
    CHECK(desk.connection.state() == State::connecting);
  }
}

TEST_CASE("The wait doubles up to its bound, and differs from peer to peer between nothing and that") {
  std::vector<Time> longest(20);
  std::vector<Time> shortest(20, kLongestBackoff);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Desk desk(true, seed);
    desk.connection.set_addresses({"a"}, desk.now);
    desk.connection.set_wanted(true, desk.now);
    for (std::size_t round = 0; round < longest.size(); ++round) {
      desk.connection.dial_failed(desk.dial().link, desk.random, desk.now);
      const Time wait = *desk.connection.wait_until() - desk.now;
      longest[round] = std::max(longest[round], wait);
      shortest[round] = std::min(shortest[round], wait);
      desk.wait();
    }
  }
  Time bound = kFirstBackoff;
  for (std::size_t round = 0; round < longest.size(); ++round) {
    INFO("round " << round);
    CHECK(longest[round] <= bound);
    CHECK(longest[round] > bound / 10 * 8);
    CHECK(shortest[round] < bound / 10 * 2);
    bound = std::min(2 * bound, kLongestBackoff);
  }
}

TEST_CASE("A link that lasted starts the waits anew; one that broke at once does not") {
  for (const bool lasted : {true, false}) {
    Desk desk;
    desk.connection.set_addresses({"a"}, desk.now);
    desk.connection.set_wanted(true, desk.now);
    for (int i = 0; i < 5; ++i) {
      desk.connection.dial_failed(desk.dial().link, desk.random, desk.now);
      desk.wait();
    }
    const LinkNumber link = desk.link();
    desk.now += lasted ? kSettled : kSettled - Time(1);
    desk.connection.closed(link, desk.random, desk.now);
    CHECK(desk.connection.failed_rounds() == (lasted ? 1 : 6));
  }
}

TEST_CASE("A network that returns is used at once, and without one nobody dials") {
  Desk desk;
  desk.connection.set_addresses({"a"}, desk.now);
  desk.connection.set_wanted(true, desk.now);
  for (int i = 0; i < 8; ++i) {
    desk.connection.dial_failed(desk.dial().link, desk.random, desk.now);
    if (i < 7) desk.wait();
  }
  CHECK(desk.connection.state() == State::backing_off);
  desk.connection.network_changed(false, desk.now);
  CHECK(desk.connection.state() == State::disconnected);
  CHECK_FALSE(desk.connection.wait_until());
  desk.connection.network_changed(true, desk.now);
  CHECK(desk.connection.state() == State::connecting);
  CHECK(desk.connection.failed_rounds() == 0);
  const LinkNumber link = desk.link();
  // Over an open link the peer is asked whether it is still there.
  desk.connection.network_changed(true, desk.now);
  REQUIRE(desk.take<Probe>().size() == 1);
  CHECK(desk.connection.link() == link);
}

TEST_CASE("A new address ends the wait, a known one does not") {
  Desk desk;
  desk.connection.set_addresses({"a"}, desk.now);
  desk.connection.set_wanted(true, desk.now);
  desk.connection.dial_failed(desk.dial().link, desk.random, desk.now);
  desk.connection.set_addresses({"a"}, desk.now);
  CHECK(desk.connection.state() == State::backing_off);
  desk.connection.set_addresses({"b"}, desk.now);
  CHECK(desk.dial().address == "b");
  std::vector<std::string> many;
  for (std::size_t i = 0; i < 2 * kMaxAddresses; ++i) many.push_back("x" + std::to_string(i));
  many.emplace_back(kMaxAddressBytes + 1, 'y');
  many.emplace_back();
  desk.connection.set_addresses(many, desk.now);
  CHECK(desk.connection.addresses().size() == kMaxAddresses);
}

TEST_CASE("Two that dial each other at once end with the link that the smaller key has dialled") {
  // Every order in which the two ends of the two links may become established.
  struct Step {
    bool at_small;
    bool dialled_by_small;
  };
  std::vector<Step> order = {{true, true}, {true, false}, {false, true}, {false, false}};
  std::vector<std::size_t> permutation = {0, 1, 2, 3};
  int both_established = 0;
  do {
    Desk small(true);
    Desk large(false);
    Dial dials[2];
    for (Desk* desk : {&small, &large}) {
      desk->connection.set_addresses({"other"}, desk->now);
      desk->connection.set_wanted(true, desk->now);
      dials[desk == &small ? 0 : 1] = desk->dial();
      desk->connection.dialled(dials[desk == &small ? 0 : 1].link, desk->now);
    }
    // What each desk calls the two links; nothing when it has dropped that one or never had it.
    std::optional<LinkNumber> named[2][2];
    named[0][0] = dials[0].link;
    named[1][1] = dials[1].link;
    bool alive[2] = {true, true};
    const auto drop = [&](Desk& desk, int at) {
      for (const Drop& d : desk.take<Drop>())
        for (int link : {0, 1})
          if (named[at][link] == d.link) alive[link] = false;
    };
    for (const std::size_t i : permutation) {
      const Step step = order[i];
      Desk& desk = step.at_small ? small : large;
      const int at = step.at_small ? 0 : 1;
      const int link = step.dialled_by_small ? 0 : 1;
      if (!alive[link]) continue;
      if (step.at_small == step.dialled_by_small) {
        desk.connection.established(*named[at][link], 0, 0, desk.now);
      } else {
        named[at][link] = desk.connection.joined({false, dials[link].moment}, desk.now);
      }
      drop(desk, at);
    }
    // The ends of links that were dropped hear of it.
    for (int link : {0, 1}) {
      if (alive[link]) continue;
      if (named[0][link]) small.connection.closed(*named[0][link], small.random, small.now);
      if (named[1][link]) large.connection.closed(*named[1][link], large.random, large.now);
    }
    INFO("order " << permutation[0] << permutation[1] << permutation[2] << permutation[3]);
    CHECK(alive[0]);
    CHECK_FALSE(alive[1]);
    CHECK(small.connection.link() == named[0][0]);
    CHECK(large.connection.link() == named[1][0]);
    ++both_established;
  } while (std::next_permutation(permutation.begin(), permutation.end()));
  CHECK(both_established == 24);
}

TEST_CASE("A peer that comes back while its old link is not yet given up is taken over on the new one") {
  for (const bool smaller : {true, false}) {
    Desk desk(smaller);
    desk.connection.set_addresses({"a"}, desk.now);
    desk.connection.set_wanted(true, desk.now);
    const Dial first = desk.dial();
    desk.connection.dialled(first.link, desk.now);
    desk.connection.established(first.link, 0, 0, desk.now);
    const LinkNumber again = desk.connection.joined({false, first.moment + 1}, desk.now);
    CHECK(desk.connection.link() == again);
    const std::vector<Drop> drops = desk.take<Drop>();
    REQUIRE(drops.size() == 1);
    CHECK(drops[0].link == first.link);
    CHECK(drops[0].why == Drop::Why::duplicate);
    // The end of the old one is no loss.
    desk.connection.closed(first.link, desk.random, desk.now);
    CHECK(desk.connection.state() == State::syncing);
    // What it dials from now on lies after both.
    CHECK(desk.connection.next_moment() > first.moment + 1);
  }
}

TEST_CASE("A peer that has begun anew is taken over on its new link, whatever moments its clock gives") {
  Desk desk;
  const LinkNumber first = desk.connection.joined({false, 1'000, 0, 7}, desk.now);
  const LinkNumber older = desk.connection.joined({false, 900, 0, 7}, desk.now);
  CHECK(desk.connection.link() == first);
  REQUIRE(desk.take<Drop>().size() == 1);
  const LinkNumber reborn = desk.connection.joined({false, 900, 0, 8}, desk.now);
  CHECK(older != reborn);
  CHECK(desk.connection.link() == reborn);
}

TEST_CASE("Both ends keep the same one of many links, in whatever order and for whatever purpose they were dialled") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    SeededRandom dice(seed);
    struct Made {
      Origin origin[2];  // at the smaller, at the larger
      LinkNumber name[2] = {0, 0};
    };
    std::vector<Made> links(2 + dice.below(4));
    for (Made& made : links) {
      const bool by_smaller = dice.chance(0.5);
      const Moment moment = 10 + dice.below(3);
      const std::uint64_t tie = dice.next_u64();
      made.origin[0] = {by_smaller, moment, tie};
      made.origin[1] = {!by_smaller, moment, tie};
    }
    std::optional<std::size_t> kept[2];
    for (const int at : {0, 1}) {
      Desk desk(at == 0);
      std::vector<std::size_t> order(links.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[dice.below(i)]);
      for (const std::size_t i : order) {
        desk.now += milliseconds(dice.below(60'000));
        links[i].name[at] = desk.connection.joined(links[i].origin[at], desk.now);
      }
      for (std::size_t i = 0; i < links.size(); ++i)
        if (desk.connection.link() == links[i].name[at]) kept[at] = i;
      CHECK(desk.take<Drop>().size() == links.size() - 1);
    }
    REQUIRE(kept[0].has_value());
    CHECK(kept[0] == kept[1]);
  }
}

TEST_CASE("A peer may come although it was not wanted, and is not dialled after it goes") {
  Desk desk;
  desk.connection.set_addresses({"a"}, desk.now);
  const LinkNumber link = desk.connection.joined({false, desk.connection.next_moment()}, desk.now);
  CHECK(desk.connection.state() == State::syncing);
  desk.connection.closed(link, desk.random, desk.now);
  CHECK(desk.connection.state() == State::disconnected);
  CHECK(desk.take<Dial>().empty());
}

TEST_CASE(
    "Whatever happens in whatever order, there is one attempt and one link at most, and a wanted peer is tried again") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    SeededRandom dice(seed);
    Desk desk(dice.chance(0.5), seed);
    std::vector<LinkNumber> attempts;  // asked for and not ended
    std::vector<LinkNumber> links;     // established and not dropped
    const auto forget = [](std::vector<LinkNumber>& list, LinkNumber n) { std::erase(list, n); };
    const auto obey = [&] {
      for (const Drop& d : desk.take<Drop>()) {
        forget(attempts, d.link);
        forget(links, d.link);
      }
      for (const Dial& d : desk.take<Dial>()) attempts.push_back(d.link);
      desk.actions.clear();
      CHECK(attempts.size() <= 1);
      CHECK(links.size() <= 1);
      CHECK(desk.connection.link().has_value() == !links.empty());
    };
    desk.connection.set_addresses({"a", "b"}, desk.now);
    bool wanted = false;
    bool network = true;
    for (int step = 0; step < 200; ++step) {
      desk.now += milliseconds(dice.below(5'000));
      switch (dice.below(8)) {
        case 0:
          desk.connection.set_wanted(wanted = dice.chance(0.8), desk.now);
          break;
        case 1:
          if (!attempts.empty()) desk.connection.dialled(attempts[0], desk.now);
          break;
        case 2:
          if (!attempts.empty()) {
            const LinkNumber n = attempts[0];
            attempts.clear();
            desk.connection.dial_failed(n, desk.random, desk.now);
          }
          break;
        case 3:
          if (!attempts.empty()) {
            links.push_back(attempts[0]);
            attempts.clear();
            desk.connection.established(links.back(), 0, 0, desk.now);
          }
          break;
        case 4:
          if (dice.chance(0.3))
            links.push_back(desk.connection.joined({false, desk.connection.next_moment()}, desk.now));
          break;
        case 5:
          if (!links.empty()) {
            const LinkNumber n = links[0];
            links.erase(links.begin());
            desk.connection.closed(n, desk.random, desk.now);
          }
          break;
        case 6:
          if (dice.chance(0.3)) desk.connection.network_changed(network = dice.chance(0.7), desk.now);
          break;
        default:
          desk.connection.tick(desk.random, desk.now);
      }
      obey();
      if (wanted && network && links.empty()) CHECK(desk.connection.wait_until().has_value());
    }
  }
}
