// Nodes that talk to each other over real sockets on this machine.
#include <leveldb/db.h>
#include <leveldb/write_batch.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "actors/document/errors.h"
#include "actors/node/identity.h"
#include "actors/node/node.h"
#include "actors/testing/test_node.h"
#include "runtime/invitation/invitation.h"
#include "runtime/storage/layout.h"
#include "schema/compiler/compile.h"
#include "tests/actors/patience.h"

namespace tlfs {
namespace {

using document::Data;

using testing::comes_true;
using testing::kPatience;

std::shared_ptr<const schema::Package> package() {
  return schema::compile("n { 0.1.0 { .: Struct .text: Text .count: Counter } }", "n.tlfs")->front().package;
}

struct TemporaryDirectory {
  TemporaryDirectory() {
    char name[] = "/tmp/tlfs_network_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

std::unique_ptr<Node> node_in(const std::string& directory = {}, const std::string& listen = "127.0.0.1:0") {
  Node::Settings settings;
  settings.directory = directory;
  settings.log_level = ::getenv("TLFS_TEST_LOG") ? ::getenv("TLFS_TEST_LOG") : "off";
  settings.network.emplace().listen = {listen};
  auto node = Node::start(std::move(settings));
  REQUIRE(node.ok());
  return std::move(*node);
}

template <class T>
Result<T> settled(std::future<Result<T>> future) {
  if (future.wait_for(kPatience * 2) != std::future_status::ready) return Error(network::Errc::timeout, "no answer");
  return future.get();
}

std::string value_of(Node& node, const document::DocumentId& id) {
  const auto read = node.snapshot(id).get();
  return read ? document::to_json(*read->snapshot) : read.error().message();
}

bool converges(Node& a, Node& b, const document::DocumentId& id, const std::string& to) {
  const bool same = comes_true([&] { return value_of(a, id) == to && value_of(b, id) == to; });
  if (!same) UNSCOPED_INFO(value_of(a, id) << " and " << value_of(b, id) << " instead of " << to);
  return same;
}

std::string link_to(Node& node, const document::DocumentId& id, access::Level level = access::Level::write) {
  network::InviteOptions options;
  options.level = level;
  const auto link = settled(node.invite(id, options));
  INFO((link ? std::string() : link.error().message()));
  REQUIRE(link.ok());
  return *link;
}

document::DocumentId join(Node& node, const std::string& link) {
  const auto id = settled(node.join(link));
  INFO((id ? std::string() : id.error().message()));
  REQUIRE(id.ok());
  return *id;
}

TEST_CASE("who brings an invitation gets the document, and both see what the other writes") {
  const auto ada = node_in(), bob = node_in();
  const auto id = ada->create_document(package(), {.name = "list"}).get().value();
  REQUIRE(ada->transact(id, Edits().splice(".text", 0, 0, "hello")).get().ok());
  const document::DocumentId joined = join(*bob, link_to(*ada, id));
  CHECK(joined == id);
  CHECK(bob->documents().get()->front().name == "list");
  REQUIRE(converges(*ada, *bob, id, R"({"text":"hello","count":0})"));
  REQUIRE(bob->transact(id, Edits().increment(".count", 3)).get().ok());
  REQUIRE(ada->transact(id, Edits().splice(".text", 5, 0, " world")).get().ok());
  CHECK(converges(*ada, *bob, id, R"({"text":"hello world","count":3})"));
  const auto peers = settled(ada->peers());
  REQUIRE(peers.ok());
  REQUIRE(peers->size() == 1);
  CHECK(peers->front().device == bob->device());
  CHECK(peers->front().user == bob->user());
  CHECK(comes_true([&] { return settled(ada->peers())->front().state == "live"; }));
}

TEST_CASE("an invitation works once, and not when it was taken back or comes from elsewhere") {
  const auto ada = node_in(), bob = node_in(), eve = node_in();
  const auto id = ada->create_document(package()).get().value();
  const std::string link = link_to(*ada, id);
  join(*bob, link);
  const auto again = settled(eve->join(link));
  REQUIRE(!again.ok());
  CHECK(again.error().is(network::Errc::refused));
  CHECK_THAT(again.error().message(), Catch::Contains("used"));

  const std::string second = link_to(*ada, id);
  const auto given = settled(ada->invitations());
  REQUIRE(given.ok());
  for (const network::GivenInvitation& g : given->given) REQUIRE(settled(ada->revoke_invitation(g.id)).ok());
  const auto revoked = settled(eve->join(second));
  REQUIRE(!revoked.ok());
  CHECK(revoked.error().is(network::Errc::refused));
  CHECK(!settled(eve->join("tlfs:1.AAAA")).ok());
  CHECK(eve->documents().get()->empty());
}

TEST_CASE("several invitations brought at once are all granted, each with its own document") {
  const auto ada = node_in(), bob = node_in();
  std::vector<document::DocumentId> ids;
  std::vector<std::future<Result<document::DocumentId>>> joins;
  std::vector<std::string> links;
  for (int i = 0; i < 6; ++i) {
    ids.push_back(ada->create_document(package()).get().value());
    links.push_back(link_to(*ada, ids.back()));
  }
  for (const std::string& link : links) joins.push_back(bob->join(link));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto joined = settled(std::move(joins[i]));
    INFO(i << (joined ? std::string() : ": " + joined.error().message()));
    REQUIRE(joined.ok());
    CHECK(*joined == ids[i]);
  }
}

TEST_CASE("nodes that were restarted find each other again and converge") {
  const TemporaryDirectory a, b;
  document::DocumentId id{};
  std::string address;
  {
    const auto ada = node_in(a.path), bob = node_in(b.path);
    address = ada->addresses().front();
    id = ada->create_document(package()).get().value();
    join(*bob, link_to(*ada, id));
    REQUIRE(ada->transact(id, Edits().splice(".text", 0, 0, "one")).get().ok());
    REQUIRE(converges(*ada, *bob, id, R"({"text":"one","count":0})"));
  }
  {
    const auto bob = node_in(b.path);
    REQUIRE(bob->transact(id, Edits().increment(".count", 1)).get().ok());
  }
  const auto ada = node_in(a.path, address);
  REQUIRE(ada->transact(id, Edits().splice(".text", 3, 0, " two")).get().ok());
  const auto bob = node_in(b.path);
  CHECK(converges(*ada, *bob, id, R"({"text":"one two","count":1})"));
}

// The records of the history of a closed node's document.
std::size_t damage_history(const std::string& directory, const document::DocumentId& id) {
  leveldb::DB* opened = nullptr;
  REQUIRE(leveldb::DB::Open({}, directory + "/" + node::kStoreFolder, &opened).ok());
  const std::unique_ptr<leveldb::DB> db(opened);
  const std::unique_ptr<leveldb::Iterator> at(db->NewIterator({}));
  leveldb::WriteBatch batch;
  std::size_t damaged = 0;
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const auto place = storage::parse_key(as_bytes(std::string_view(at->key().data(), at->key().size())));
    if (!place || place->document != id || place->kind != static_cast<std::uint8_t>(storage::Kind::history)) continue;
    std::string value = at->value().ToString();
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 0x10);
    batch.Put(at->key(), value);
    ++damaged;
  }
  REQUIRE(db->Write({}, &batch).ok());
  return damaged;
}

TEST_CASE("a node whose disk lost history gets it again from another that has the same") {
  const TemporaryDirectory a, b;
  SeededRandom random(1);
  document::DocumentId id{};
  document::Version old;
  std::string address, before, now;
  {
    const auto ada = node_in(a.path), bob = node_in(b.path);
    address = ada->addresses().front();
    id = ada->create_document(package()).get().value();
    join(*bob, link_to(*ada, id));
    for (int i = 0; i < 60; ++i) {
      std::string text(4000, ' ');
      for (char& c : text) c = static_cast<char>('0' + random.below(64));
      REQUIRE(ada->transact(id, Edits().splice(".text", 0, 0, std::move(text))).get().ok());
      if (i != 5) continue;
      REQUIRE(comes_true([&] { return value_of(*bob, id) == value_of(*ada, id); }));
      old = {ada->history(id).get()->front().hash};
      before = document::to_json(*ada->snapshot_at(id, old).get()->snapshot);
    }
    now = value_of(*ada, id);
    REQUIRE(comes_true([&] { return value_of(*bob, id) == now; }));
    std::this_thread::sleep_for(std::chrono::seconds(4));  // the history is written when there is time
  }
  REQUIRE(damage_history(a.path, id) > 0);
  const auto ada = node_in(a.path, address);
  const auto lost = ada->snapshot_at(id, old).get();
  REQUIRE_FALSE(lost.ok());
  CHECK(lost.error().message().find("is damaged") != std::string::npos);
  const auto bob = node_in(b.path);
  CHECK(comes_true([&] {
    const auto then = ada->snapshot_at(id, old).get();
    return then.ok() && document::to_json(*then->snapshot) == before;
  }));
  CHECK(value_of(*ada, id) == now);
}

TEST_CASE("two that are never there at once meet through a third that may only sync") {
  const TemporaryDirectory a, b, c;
  document::DocumentId id{};
  const auto relay = node_in(c.path);
  {
    const auto ada = node_in(a.path);
    id = ada->create_document(package()).get().value();
    REQUIRE(ada->transact(id, Edits().splice(".text", 0, 0, "from ada")).get().ok());
    join(*relay, link_to(*ada, id, access::Level::sync));
    {
      const auto bob = node_in(b.path);
      join(*bob, link_to(*ada, id));
      REQUIRE(settled(bob->connect(relay->addresses().front())).ok());
    }
    REQUIRE(ada->transact(id, Edits().increment(".count", 7)).get().ok());
    REQUIRE(comes_true([&] {
      const auto lines = settled(ada->sync_status());
      return lines.ok() && std::any_of(lines->begin(), lines->end(), [&](const network::SyncLine& l) {
               return l.document == id && l.peer == relay->device() && l.state == "synced";
             });
    }));
  }
  CHECK(value_of(*relay, id) != R"({"text":"from ada","count":7})");  // it cannot read it
  const auto bob = node_in(b.path);
  CHECK(comes_true([&] { return value_of(*bob, id) == R"({"text":"from ada","count":7})"; }));
}

TEST_CASE("what somebody is granted without a link waits until it is accepted, and declined it stays away") {
  const auto ada = node_in(), bob = node_in();
  const auto first = ada->create_document(package(), {.name = "first"}).get().value();
  join(*bob, link_to(*ada, first));
  const auto second = ada->create_document(package(), {.name = "second"}).get().value();
  const auto third = ada->create_document(package(), {.name = "third"}).get().value();
  REQUIRE(ada->transact(second, Edits().splice(".text", 0, 0, "hi")).get().ok());
  for (const auto& id : {second, third})
    REQUIRE(ada->grant(id, ".", access::Level::write, access::Principal::user(bob->user())).get().ok());
  REQUIRE(comes_true([&] { return settled(bob->invitations())->pending.size() == 2; }));
  CHECK(bob->documents().get()->size() == 1);
  REQUIRE(settled(bob->accept(second)).ok());
  REQUIRE(settled(bob->decline(third)).ok());
  CHECK(converges(*ada, *bob, second, R"({"text":"hi","count":0})"));
  CHECK(settled(bob->invitations())->pending.empty());
  CHECK(!settled(bob->accept(third)).ok());
}

TEST_CASE("a stranger who connects learns nothing") {
  const auto ada = node_in(), eve = node_in();
  const auto id = ada->create_document(package(), {.name = "secret"}).get().value();
  REQUIRE(ada->transact(id, Edits().splice(".text", 0, 0, "secret")).get().ok());
  const auto device = settled(eve->connect(ada->addresses().front()));
  REQUIRE(device.ok());
  CHECK(*device == ada->device());
  // Knowing its id does not help.
  REQUIRE(eve->join_document(id, package()).get().ok());
  std::this_thread::sleep_for(std::chrono::seconds(1));
  CHECK(value_of(*eve, id) == R"({"text":"","count":0})");
  CHECK(settled(eve->invitations())->pending.empty());
}

class NoWires final : public network::Transport {
 public:
  std::shared_ptr<net::MessageSocket> dial(const std::string&, net::MessageHandlers) override { return nullptr; }
  const std::vector<std::string>& addresses() const override { return addresses_; }

 private:
  std::vector<std::string> addresses_{"192.0.2.1:1"};
};

TEST_CASE("a hub that cannot listen says so once, and tries again ever more rarely without crashing") {
  testing::World world;
  testing::TestNode::Settings settings;
  settings.world = &world;
  int tries = 0;
  settings.transport = [&](const network::Transport::Accept&) -> Result<std::unique_ptr<network::Transport>> {
    if (++tries <= 12) return Error(net::Errc::nobody, "the address is taken");
    return std::unique_ptr<network::Transport>(std::make_unique<NoWires>());
  };
  testing::TestNode node(std::move(settings));
  const auto count = [&](const std::string& what) {
    std::size_t found = 0;
    const std::string log = world.log();
    for (std::size_t at = 0; (at = log.find(what, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  world.pass(std::chrono::seconds(5), std::chrono::milliseconds(50));
  CHECK(tries == 5);
  world.pass(std::chrono::minutes(5), std::chrono::milliseconds(500));
  CHECK(tries == 13);
  CHECK(count("not_listening") == 1);
  CHECK(count("listening_after_all") == 1);
  CHECK(count("child_ended") == 0);
  CHECK(count("threw") == 0);
}

TEST_CASE("addresses that lead nowhere are said to") {
  const auto ada = node_in();
  const auto nobody = settled(ada->connect("127.0.0.1:1"));
  REQUIRE(!nobody.ok());
  CHECK(nobody.error().is(network::Errc::unreachable));
  CHECK(settled(ada->connect("no address at all")).error().is(network::Errc::bad_address));
  CHECK(!settled(ada->connect(ada->addresses().front())).ok());
  const auto alone = Node::start({.log_level = "off"}).value();
  CHECK(settled(alone->peers()).error().is(network::Errc::off));
}

}  // namespace
}  // namespace tlfs
