// The live tree as one message, and as a metrics page.
#include <catch2/catch.hpp>

#include "actors/supervision/prometheus.h"
#include "actors/supervision/supervisor.h"
#include "actors/supervision/tree_reader.h"
#include "actors/testing/world.h"
#include "tests/actors/workers.h"

namespace tlfs::supervision {
namespace {

using namespace std::chrono_literals;
using testing::Diary;
using testing::worker_spec;
using testing::World;

struct Node {
  World world;
  std::shared_ptr<Diary> diary = std::make_shared<Diary>();
  caf::actor root;

  Node() {
    auto config = world.supervisor_config(
        {worker_spec("store", diary),
         supervisor_spec("documents",
                         [this] {
                           SupervisorConfig inner;
                           inner.children = {worker_spec("document/1", diary), worker_spec("document/2", diary)};
                           return inner;
                         }),
         worker_spec("auth", diary)});
    config.backoff.initial = 0ns;
    root = world.spawn_supervisor(std::move(config));
    world.run();
  }
  caf::actor child(const caf::actor& supervisor, const std::string& id) {
    WatchChild watch;
    watch.id = id;
    return world.ask<ChildPhase>(supervisor, watch).handle;
  }
  TreeMessage tree(TreeOptions options = {}) {
    std::optional<TreeMessage> out;
    World::let(world.spawn_client(), [&, options](caf::event_based_actor& self) {
      read_tree(self, root, "/node", world.registry(), options, [&](TreeMessage message) { out = message; });
    });
    world.run();
    for (int i = 0; i < 100 && !out; ++i) world.pass(100ms, 100ms);
    REQUIRE(out);
    return *out;
  }
};

std::vector<std::string> outline(const TreeMessage& message) {
  std::vector<std::string> lines;
  const auto reading = message.read();
  for (const auto node : reading->getNodes())
    lines.push_back(std::string(node.getDepth() * 2u, ' ') + node.getPath().cStr());
  return lines;
}

TEST_CASE("the tree shows every actor below its supervisor, in the order of start, with what it has done") {
  Node node;
  const auto store = node.child(node.root, "store");
  caf::anon_send(store, 1);
  caf::anon_send(store, 2);
  caf::anon_send(node.child(node.root, "auth"), std::string("throw"));
  node.world.run();
  const auto tree = node.tree();
  CHECK(outline(tree) == std::vector<std::string>{"/node", "  /node/store", "  /node/documents",
                                                  "    /node/documents/document/1", "    /node/documents/document/2",
                                                  "  /node/auth"});
  const auto reading = tree.read();
  const auto nodes = reading->getNodes();
  CHECK(nodes[0].getKind() == messages::TreeNode::Kind::SUPERVISOR);
  CHECK(nodes[0].getState() == messages::TreeNode::State::RUNNING);
  CHECK(nodes[0].getMessages() > 0);
  CHECK(nodes[0].getCrashes() == 1);
  CHECK(nodes[1].getMessages() == 2);
  CHECK(nodes[1].getMailboxHighWater() >= 1);
  CHECK(nodes[1].getMailboxLimit() == kDefaultMailboxLimit);
  CHECK(nodes[2].getKind() == messages::TreeNode::Kind::SUPERVISOR);
  CHECK(nodes[3].getFamily() == "/node/documents/document");
  CHECK(nodes[5].getRestarts() == 1);
  CHECK(nodes[5].getLastError() == "spilled the milk");
  CHECK(nodes[5].getIncarnation() > nodes[1].getIncarnation());
}

TEST_CASE("a supervisor that does not answer is shown as silent, and the tree comes all the same") {
  Node node;
  ChildSpec deaf;
  deaf.id = "deaf";
  deaf.kind = ChildKind::supervisor;
  deaf.start = [](ChildContext& context) {
    return context.spawn([](caf::event_based_actor* self) -> caf::behavior {
      self->set_default_handler([](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
        return caf::delegated<caf::message>();
      });
      return {[](int) {}};
    });
  };
  StartChild start;
  start.spec = std::make_shared<const ChildSpec>(deaf);
  node.world.ask<ChildPhase>(node.root, start);
  const auto before = node.world.now();
  const auto tree = node.tree({.patience = 500ms});
  CHECK(node.world.now() - before <= 1s);
  const auto reading = tree.read();
  const auto nodes = reading->getNodes();
  REQUIRE(nodes.size() == 7);
  CHECK(nodes[6].getPath() == "/node/deaf");
  CHECK(nodes[6].getSilent());
  CHECK_FALSE(nodes[2].getSilent());
}

TEST_CASE("a root that is gone is a silent tree of one") {
  Node node;
  caf::anon_send_exit(node.root, caf::exit_reason::kill);
  node.world.run();
  const auto tree = node.tree();
  REQUIRE(tree.read()->getNodes().size() == 1);
  CHECK(tree.read()->getNodes()[0].getSilent());
}

TEST_CASE("a tree too large for one message says that it is cut") {
  Node node;
  const auto tree = node.tree({.max_nodes = 3});
  CHECK(tree.read()->getTruncated());
  CHECK(tree.read()->getNodes().size() == 3);
  CHECK_FALSE(node.tree().read()->getTruncated());
}

TEST_CASE("dead letters are in the tree") {
  Node node;
  const auto gone = node.child(node.root, "store");
  caf::anon_send_exit(gone, caf::exit_reason::kill);
  node.world.run();
  caf::anon_send(gone, 5);
  const auto tree = node.tree();
  const auto reading = tree.read();
  CHECK(reading->getDeadLetterCount() == 1);
  REQUIRE(reading->getDeadLetters().size() == 1);
  CHECK(reading->getDeadLetters()[0].getTo() == "/node/store");
  CHECK(reading->getDeadLetters()[0].getWhy() == "ended");
}

TEST_CASE("what an actor had done before it ended stays in its family's totals") {
  Node node;
  const auto store = node.child(node.root, "store");
  for (int i = 0; i < 3; ++i) caf::anon_send(store, i);
  caf::anon_send(store, std::string("throw"));
  node.world.run();
  caf::anon_send(node.child(node.root, "store"), 7);
  node.world.run();
  const auto tree = node.tree();
  const auto reading = tree.read();
  const std::string page = prometheus_text(*reading);
  CHECK(page.find("tlfs_actor_messages_total{actor=\"/node/store\"} 5\n") != std::string::npos);
}

TEST_CASE("the metrics page is in the text exposition format, one series per family, labels escaped") {
  messaging::MessageBuilder<messages::NodeTree> tree;
  tree->setDeadLetterCount(3);
  tree->setStuckCount(1);
  auto nodes = tree->initNodes(3);
  nodes[0].setPath("/n");
  nodes[0].setFamily("/n");
  nodes[0].setKind(messages::TreeNode::Kind::SUPERVISOR);
  nodes[0].setCrashes(2);
  for (unsigned i = 1; i < 3; ++i) {
    nodes[i].setPath("/n/d/" + std::to_string(i));
    nodes[i].setFamily("/n/\"d\\\n");
    nodes[i].setMessages(10 * i);
    nodes[i].setBusyNanoseconds(1'000'000'005);
    nodes[i].setMailboxHighWater(i);
    nodes[i].setRestarts(1);
  }
  nodes[2].setState(messages::TreeNode::State::QUARANTINED);
  nodes[1].setStuckNanoseconds(1);
  auto retired = tree->initRetired(1);
  retired[0].setFamily("/n/\"d\\\n");
  retired[0].setMessages(100);
  const auto message = std::move(tree).seal();
  CHECK(prometheus_text(*message.read()) == R"(# HELP tlfs_actors Actors in the supervision tree, by family and state.
# TYPE tlfs_actors gauge
tlfs_actors{actor="/n",state="running"} 1
tlfs_actors{actor="/n/\"d\\\n",state="running"} 1
tlfs_actors{actor="/n/\"d\\\n",state="quarantined"} 1
# HELP tlfs_actor_messages_total Messages handled.
# TYPE tlfs_actor_messages_total counter
tlfs_actor_messages_total{actor="/n"} 0
tlfs_actor_messages_total{actor="/n/\"d\\\n"} 130
# HELP tlfs_actor_busy_seconds_total Time spent in handlers.
# TYPE tlfs_actor_busy_seconds_total counter
tlfs_actor_busy_seconds_total{actor="/n"} 0.000000000
tlfs_actor_busy_seconds_total{actor="/n/\"d\\\n"} 2.000000010
# HELP tlfs_actor_restarts_total Restarts by a supervisor.
# TYPE tlfs_actor_restarts_total counter
tlfs_actor_restarts_total{actor="/n"} 0
tlfs_actor_restarts_total{actor="/n/\"d\\\n"} 2
# HELP tlfs_actor_mailbox_depth Messages that wait.
# TYPE tlfs_actor_mailbox_depth gauge
tlfs_actor_mailbox_depth{actor="/n"} 0
tlfs_actor_mailbox_depth{actor="/n/\"d\\\n"} 0
# HELP tlfs_actor_mailbox_high_water The most messages that ever waited for one living actor.
# TYPE tlfs_actor_mailbox_high_water gauge
tlfs_actor_mailbox_high_water{actor="/n"} 0
tlfs_actor_mailbox_high_water{actor="/n/\"d\\\n"} 2
# HELP tlfs_actor_rejected_total Messages refused by a full mailbox.
# TYPE tlfs_actor_rejected_total counter
tlfs_actor_rejected_total{actor="/n"} 0
tlfs_actor_rejected_total{actor="/n/\"d\\\n"} 0
# HELP tlfs_actor_dropped_total Messages that made room for later ones.
# TYPE tlfs_actor_dropped_total counter
tlfs_actor_dropped_total{actor="/n"} 0
tlfs_actor_dropped_total{actor="/n/\"d\\\n"} 0
# HELP tlfs_actor_coalesced_total Messages replaced by later ones with the same key.
# TYPE tlfs_actor_coalesced_total counter
tlfs_actor_coalesced_total{actor="/n"} 0
tlfs_actor_coalesced_total{actor="/n/\"d\\\n"} 0
# HELP tlfs_actor_stuck Actors that sit in one handler for too long.
# TYPE tlfs_actor_stuck gauge
tlfs_actor_stuck{actor="/n"} 0
tlfs_actor_stuck{actor="/n/\"d\\\n"} 1
# HELP tlfs_supervisor_crashes_total Children that ended by themselves with an error.
# TYPE tlfs_supervisor_crashes_total counter
tlfs_supervisor_crashes_total{actor="/n"} 2
# HELP tlfs_supervisor_silent Supervisors that did not answer in time.
# TYPE tlfs_supervisor_silent gauge
tlfs_supervisor_silent{actor="/n"} 0
# HELP tlfs_dead_letters_total Messages that reached nobody.
# TYPE tlfs_dead_letters_total counter
tlfs_dead_letters_total 3
# HELP tlfs_stuck_handlers_total Handlers that ran too long.
# TYPE tlfs_stuck_handlers_total counter
tlfs_stuck_handlers_total 1
)");
}

}  // namespace
}  // namespace tlfs::supervision
