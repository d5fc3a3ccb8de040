// Nodes that find each other by multicast DNS, in a network namespace of their own that has a loopback interface alone.
#include "actors/net/discovery.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>

using namespace tlfs;
using namespace tlfs::net;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 20s;

bool set_loopback(bool up) {
  const int s = ::socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::copy_n("lo", 3, request.ifr_name);
  request.ifr_flags = static_cast<short>(IFF_LOOPBACK | IFF_MULTICAST | (up ? IFF_UP : 0));
  bool done = ::ioctl(s, SIOCSIFFLAGS, &request) == 0;
  if (done && up) {
    rtentry route{};
    const auto set = [](sockaddr& to, const char* text) {
      auto& in = reinterpret_cast<sockaddr_in&>(to);
      in.sin_family = AF_INET;
      ::inet_pton(AF_INET, text, &in.sin_addr);
    };
    set(route.rt_dst, "224.0.0.0");
    set(route.rt_genmask, "240.0.0.0");
    char device[] = "lo";
    route.rt_dev = device;
    route.rt_flags = RTF_UP;
    done = ::ioctl(s, SIOCADDRT, &route) == 0 || errno == EEXIST;
  }
  ::close(s);
  return done;
}

// Moves this process into a namespace of its own, once. False: not permitted here.
bool in_own_network() {
  static const bool done = [] {
    // As an ordinary user through a user namespace, as the superuser without.
    return (::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWNET) == 0) && set_loopback(true);
  }();
  if (!done) WARN("skipped: network namespaces are not permitted here");
  return done && set_loopback(true);
}

// A node's eyes.
class Eyes {
 public:
  explicit Eyes(Discovery::Settings settings = {}) {
    settings.ipv6 = false;
    settings.found = [this](const FoundService& s) { note([&] { seen_[s.instance] = s; }); };
    settings.lost = [this](const std::string& name) { note([&] { seen_.erase(name); }); };
    settings.failed = [this](const Error& why) { note([&] { failure_ = why.message(); }); };
    auto started = Discovery::start(std::move(settings));
    INFO((started ? std::string() : started.error().message()));
    REQUIRE(started.ok());
    discovery_ = std::move(*started);
  }
  Discovery* operator->() { return discovery_.get(); }
  void end() { discovery_.reset(); }

  std::optional<FoundService> wait_for(const std::string& instance) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return seen_.count(instance) != 0; })) return std::nullopt;
    return seen_[instance];
  }
  bool wait_lost(const std::string& instance) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return seen_.count(instance) == 0; });
  }
  bool wait_number(std::size_t number) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return seen_.size() == number; });
  }
  std::size_t number() const {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }
  bool wait_port(const std::string& instance, std::uint16_t port) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience,
                             [&] { return seen_.count(instance) != 0 && seen_[instance].port == port; });
  }
  std::string failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  template <class F>
  void note(F f) {
    const std::lock_guard lock(mutex_);
    f();
    changed_.notify_all();
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, FoundService> seen_;
  std::string failure_;
  std::unique_ptr<Discovery> discovery_;  // goes first
};

Announcement announcement(const std::string& instance, std::uint16_t port) {
  Announcement out;
  out.instance = instance;
  out.host = "host-of-" + instance;
  out.port = port;
  out.txt = {"v=1", "id=of " + instance, std::string("raw=\0\xff", 6)};
  return out;
}

}  // namespace

TEST_CASE("What one node announces another finds, until it is taken back; nobody finds himself") {
  if (!in_own_network()) return;
  Eyes alice, bob;
  REQUIRE(alice->announce(announcement("alice", 4242)).ok());
  const auto found = bob.wait_for("alice");
  REQUIRE(found);
  CHECK(found->port == 4242);
  CHECK(found->txt == announcement("alice", 4242).txt);
  CHECK(found->addresses == std::vector<std::string>{"127.0.0.1:4242"});

  // Another name, another host, at once: what a blinded id needs.
  REQUIRE(alice->announce(announcement("somebody", 4243)).ok());
  CHECK(bob.wait_for("somebody"));
  CHECK(bob.wait_lost("alice"));
  REQUIRE(alice->announce(std::nullopt).ok());
  CHECK(bob.wait_lost("somebody"));
  CHECK(alice.number() == 0);
  CHECK(alice.failure().empty());
}

TEST_CASE("A node that stops says goodbye, and one that comes later finds who is there") {
  if (!in_own_network()) return;
  Eyes alice;
  REQUIRE(alice->announce(announcement("alice", 4242)).ok());
  Eyes bob;
  CHECK(bob.wait_for("alice"));
  alice.end();
  CHECK(bob.wait_lost("alice"));
}

TEST_CASE("Two nodes that want one name are both found") {
  if (!in_own_network()) return;
  Eyes alice, bob, carol;
  REQUIRE(alice->announce(announcement("phone", 1)).ok());
  REQUIRE(carol.wait_for("phone"));
  Announcement same = announcement("phone", 2);
  REQUIRE(bob->announce(same).ok());
  CHECK(carol.wait_number(2));
}

TEST_CASE("A network that goes and comes back takes those found along and brings them back") {
  if (!in_own_network()) return;
  Eyes alice, bob;
  REQUIRE(alice->announce(announcement("alice", 4242)).ok());
  REQUIRE(bob.wait_for("alice"));
  REQUIRE(set_loopback(false));
  CHECK(bob.wait_lost("alice"));
  REQUIRE(set_loopback(true));
  CHECK(bob.wait_for("alice"));
  CHECK(alice.failure().empty());
}

TEST_CASE("Without a network there is a clear error") {
  if (!in_own_network()) return;
  REQUIRE(set_loopback(false));
  const auto none = Discovery::start({});
  REQUIRE(!none);
  CHECK(none.error().is(Errc::no_interface));
  REQUIRE(set_loopback(true));
  Discovery::Settings other;
  other.interfaces = {"no-such-interface"};
  CHECK(Discovery::start(other).error().is(Errc::no_interface));
}

TEST_CASE("What cannot be announced is refused, and what was announced stays") {
  if (!in_own_network()) return;
  Eyes alice, bob;
  REQUIRE(alice->announce(announcement("alice", 4242)).ok());
  REQUIRE(bob.wait_for("alice"));
  const auto bad = [&](auto change) {
    Announcement a = announcement("other", 1);
    change(a);
    const Status s = alice->announce(a);
    return !s && s.error().is(Errc::bad_address);
  };
  CHECK(bad([](Announcement& a) { a.instance.clear(); }));
  CHECK(bad([](Announcement& a) { a.instance = std::string(64, 'x'); }));
  CHECK(bad([](Announcement& a) { a.instance = "\xff"; }));
  CHECK(bad([](Announcement& a) { a.host = "a.b"; }));
  CHECK(bad([](Announcement& a) { a.host = std::string(64, 'x'); }));
  CHECK(bad([](Announcement& a) { a.port = 0; }));
  CHECK(bad([](Announcement& a) { a.ipv4 = a.ipv6 = false; }));
  CHECK(bad([](Announcement& a) { a.txt.assign(9, "a=b"); }));
  CHECK(bad([](Announcement& a) { a.txt.assign(1, std::string(256, 'x')); }));
  CHECK(bad([](Announcement& a) { a.txt.assign(3, std::string(200, 'x')); }));
  REQUIRE(alice->announce(announcement("alice", 4243)).ok());
  CHECK(bob.wait_port("alice", 4243));
}
