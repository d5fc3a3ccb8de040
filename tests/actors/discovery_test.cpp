// Nodes that see each other on a local network that the test makes up, and talk over real sockets on this machine.
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

#include "actors/network/discovery_actor.h"
#include "actors/network/hub_actor.h"
#include "actors/node/node.h"
#include "runtime/invitation/announcement.h"
#include "schema/compiler/compile.h"
#include "tests/actors/patience.h"

namespace tlfs {
namespace {

using testing::comes_true;
using testing::kPatience;

// What its nodes announce, all others see. Its services stand at 127.0.0.1.
class Street : public std::enable_shared_from_this<Street> {
 public:
  // Somebody who looks, and perhaps shows itself.
  class House final : public network::Neighbourhood {
   public:
    House(std::shared_ptr<Street> street, net::Discovery::Settings settings)
        : street_(std::move(street)), settings_(std::move(settings)) {}
    ~House() override {
      (void)announce({});
      const std::lock_guard lock(street_->mutex_);
      std::erase(street_->houses_, this);
    }
    Status announce(std::optional<net::Announcement> announcement) override {
      const std::lock_guard lock(street_->mutex_);
      if (!instance_.empty()) {
        street_->services_.erase(instance_);
        for (House* other : street_->houses_)
          if (other != this) other->settings_.lost(instance_);
      }
      instance_ = announcement ? announcement->instance : std::string();
      if (announcement) street_->show(this, of(*announcement));
      return {};
    }
    const net::Discovery::Settings& settings() const { return settings_; }

   private:
    std::shared_ptr<Street> street_;
    net::Discovery::Settings settings_;
    std::string instance_;
  };

  std::shared_ptr<const network::Surroundings> seen_from_a_house() {
    auto out = std::make_shared<network::Surroundings>();
    out->look = [street = shared_from_this()](
                    net::Discovery::Settings settings) -> Result<std::unique_ptr<network::Neighbourhood>> {
      const std::lock_guard lock(street->mutex_);
      ++street->looked_;
      if (!street->up_) return Error(net::Errc::no_interface, "the street is closed");
      auto house = std::make_unique<House>(street, std::move(settings));
      street->houses_.push_back(house.get());
      for (const auto& [instance, service] : street->services_) house->settings().found(service);
      return std::unique_ptr<network::Neighbourhood>(std::move(house));
    };
    out->own_addresses = [street = shared_from_this()] {
      const std::lock_guard lock(street->mutex_);
      return street->own_;
    };
    return out;
  }

  // Announced by somebody who is no node of this test.
  void announce(net::FoundService service) {
    const std::lock_guard lock(mutex_);
    show(nullptr, std::move(service));
  }
  void set_up(bool up) {
    const std::lock_guard lock(mutex_);
    up_ = up;
  }
  void fail(const std::string& why) {
    const std::lock_guard lock(mutex_);
    for (House* house : houses_) house->settings().failed(Error(net::Errc::failed, why));
  }
  void move(std::vector<std::string> own) {
    const std::lock_guard lock(mutex_);
    own_ = std::move(own);
  }
  std::map<std::string, net::FoundService> services() const {
    const std::lock_guard lock(mutex_);
    return services_;
  }
  int looked() const {
    const std::lock_guard lock(mutex_);
    return looked_;
  }

 private:
  static net::FoundService of(const net::Announcement& a) {
    return {a.instance, {"127.0.0.1:" + std::to_string(a.port)}, a.port, a.txt};
  }
  void show(const House* from, net::FoundService service) {
    services_[service.instance] = service;
    for (House* other : houses_)
      if (other != from) other->settings().found(service);
  }

  mutable std::mutex mutex_;
  bool up_ = true;
  int looked_ = 0;
  std::vector<std::string> own_{"192.0.2.1"};
  std::vector<House*> houses_;
  std::map<std::string, net::FoundService> services_;
};

struct Resident {
  std::string listen = "0.0.0.0:0";
  std::optional<std::string> visible_as = {};
  bool discover = true;
};

struct TemporaryDirectory {
  TemporaryDirectory() {
    char name[] = "/tmp/tlfs_discovery_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

std::unique_ptr<Node> node_on(Street& street, const Resident& who = {}, const std::string& directory = {}) {
  Node::Settings settings;
  settings.directory = directory;
  settings.log_level = ::getenv("TLFS_TEST_LOG") ? ::getenv("TLFS_TEST_LOG") : "off";
  auto& network = settings.network.emplace();
  if (!who.listen.empty()) network.listen = {who.listen};
  network.discover = who.discover;
  network.visible_as = who.visible_as;
  network.surroundings = street.seen_from_a_house();
  auto node = Node::start(std::move(settings));
  REQUIRE(node.ok());
  return std::move(*node);
}

std::optional<network::PeerInfo> shown(Node& node, const crypto::PublicKey& device) {
  const auto peers = node.peers().get();
  REQUIRE(peers.ok());
  for (const network::PeerInfo& peer : *peers)
    if (peer.device == device) return peer;
  return std::nullopt;
}

std::string state_of(Node& node, const crypto::PublicKey& device) {
  const auto peer = shown(node, device);
  return peer ? peer->state : std::string();
}

// Remember each other from now on.
void meet(Node& a, const Node& b) {
  const auto device = a.connect("127.0.0.1" + b.addresses().front().substr(b.addresses().front().rfind(':'))).get();
  REQUIRE(device.ok());
}

TEST_CASE("a peer that is known and listens elsewhere since is found by its hidden id") {
  const auto street = std::make_shared<Street>();
  const TemporaryDirectory a, b;
  crypto::PublicKey known{};
  {
    const auto ada = node_on(*street, {}, a.path), bob = node_on(*street, {}, b.path);
    known = bob->device();
    meet(*ada, *bob);
    REQUIRE(comes_true([&] { return state_of(*ada, known) == "live"; }));
  }
  // At another port, and bob knows no address of ada: she has dialled.
  const auto ada = node_on(*street, {}, a.path), bob = node_on(*street, {}, b.path);
  CHECK(comes_true([&] { return state_of(*ada, known) == "live"; }));
  for (const auto& [instance, service] : street->services())
    for (const std::string& text : service.txt) {
      CHECK(text.find("key=") == std::string::npos);
      CHECK(text.find("name=") == std::string::npos);
    }
}

TEST_CASE("who hides from strangers is not listed by them") {
  const auto street = std::make_shared<Street>();
  const auto ada = node_on(*street), eve = node_on(*street);
  REQUIRE(comes_true([&] { return street->services().size() == 2; }));
  std::this_thread::sleep_for(std::chrono::seconds(3));
  CHECK(eve->peers().get()->empty());
  CHECK(ada->peers().get()->empty());
}

TEST_CASE("a stranger who shows itself is listed with its name, and dialled when its key is named") {
  const auto street = std::make_shared<Street>();
  const auto ada = node_on(*street, {.visible_as = "Ada's desk", .discover = false}), bob = node_on(*street);
  REQUIRE(comes_true([&] { return state_of(*bob, ada->device()) == "nearby"; }));
  CHECK(shown(*bob, ada->device())->name == "Ada's desk");
  std::this_thread::sleep_for(std::chrono::seconds(2));
  CHECK(state_of(*bob, ada->device()) == "nearby");
  CHECK(ada->peers().get()->empty());
  const auto device = bob->connect(to_hex(ada->device())).get();
  INFO((device ? std::string() : device.error().message()));
  REQUIRE(device.ok());
  CHECK(*device == ada->device());
  CHECK(comes_true([&] { return state_of(*bob, ada->device()) == "live"; }));
  const crypto::PublicKey nobody{7};
  CHECK(bob->connect(to_hex(nobody)).get().error().is(network::Errc::no_such_peer));
}

TEST_CASE("who shows another's key at its own address gets no link in that one's name") {
  const auto street = std::make_shared<Street>();
  const auto eve = node_on(*street, {.discover = false}), bob = node_on(*street);
  const auto someone = node_on(*street, {.listen = "", .discover = false});
  const auto txt = invitation::write_txt(invitation::Visible{someone->device(), "Ada"});
  REQUIRE(txt.ok());
  street->announce({"false", {"127.0.0.1" + eve->addresses().front().substr(7)}, 1, *txt});
  REQUIRE(comes_true([&] { return state_of(*bob, someone->device()) == "nearby"; }));
  CHECK(!bob->connect(to_hex(someone->device())).get().ok());
  CHECK(state_of(*bob, eve->device()).empty());
}

TEST_CASE("announcements of others, however many and however odd, are borne") {
  const auto street = std::make_shared<Street>();
  const auto bob = node_on(*street);
  for (int i = 0; i < 1000; ++i) {
    crypto::PublicKey key{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8), 9};
    auto txt = invitation::write_txt(invitation::Visible{key, "x"}).value();
    if (i % 3 == 0) txt = {"v=1", "id=!!", std::string(300, 'x')};
    street->announce({"n" + std::to_string(i), {"no address", "127.0.0.1:0", "127.0.0.1:1"}, 1, txt});
  }
  CHECK(comes_true([&] { return bob->peers().get()->size() > 100; }));
  CHECK(bob->peers().get()->size() <= network::kMaxNearby);
}

TEST_CASE("a node that only its own machine can reach, or nobody, announces nothing and finds others all the same") {
  const auto street = std::make_shared<Street>();
  const auto near = node_on(*street, {.listen = "127.0.0.1:0"}), mute = node_on(*street, {.listen = ""});
  const auto ada = node_on(*street, {.visible_as = "Ada"});
  CHECK(comes_true([&] { return state_of(*near, ada->device()) == "nearby"; }));
  CHECK(comes_true([&] { return state_of(*mute, ada->device()) == "nearby"; }));
  CHECK(street->services().size() == 1);
}

TEST_CASE("discovery goes on when there is a network again, and when it has failed") {
  const auto street = std::make_shared<Street>();
  street->set_up(false);
  const auto ada = node_on(*street, {.visible_as = "Ada"}), bob = node_on(*street);
  REQUIRE(comes_true([&] { return street->looked() >= 2; }));
  street->set_up(true);
  REQUIRE(comes_true([&] { return state_of(*bob, ada->device()) == "nearby"; }));
  street->fail("the mail is late");
  REQUIRE(comes_true([&] { return state_of(*bob, ada->device()).empty(); }));
  CHECK(comes_true([&] { return state_of(*bob, ada->device()) == "nearby"; }));
}

TEST_CASE("when this machine's addresses change, who could not be reached is dialled at once") {
  const auto street = std::make_shared<Street>();
  const TemporaryDirectory b;
  const auto ada = node_on(*street, {.discover = false});
  std::string address;
  crypto::PublicKey device{};
  {
    const auto bob = node_on(*street, {.discover = false}, b.path);
    meet(*ada, *bob);
    address = bob->addresses().front();
    device = bob->device();
  }
  // By now it waits for many seconds before each further attempt.
  std::this_thread::sleep_for(std::chrono::seconds(12));
  const auto bob = node_on(*street, {.listen = address, .discover = false}, b.path);
  const auto begun = std::chrono::steady_clock::now();
  street->move({"198.51.100.1"});
  CHECK(comes_true([&] { return state_of(*ada, device) == "live"; }));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(3500));
}

TEST_CASE("the port that is announced is one that others can reach") {
  CHECK(!network::door_to_announce({}));
  CHECK(!network::door_to_announce({"127.0.0.1:4242", "[::1]:4242", "localhost:1"}));
  CHECK(network::door_to_announce({"127.0.0.1:1", "0.0.0.0:4242", "[::]:4243"}) == network::Door{4242, true, false});
  CHECK(network::door_to_announce({"0.0.0.0:4242", "[::]:4242"}) == network::Door{4242, true, true});
  CHECK(network::door_to_announce({"[2001:db8::1]:77"}) == network::Door{77, false, true});
  CHECK(!network::door_to_announce({"0.0.0.0:99999", "nothing", "0.0.0.0:"}));
}

}  // namespace
}  // namespace tlfs
