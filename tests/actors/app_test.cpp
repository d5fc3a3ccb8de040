// Applications' logic under everything that can happen to it and to what it uses.
#include "actors/app/app.h"

#include <catch2/catch.hpp>

#include "actors/testing/test_node.h"
#include "schema/compiler/compile.h"

namespace tlfs::app {
namespace {

using document_actor::DocumentStatus;
using testing::TestNode;
using namespace std::chrono_literals;

std::shared_ptr<const schema::Package> package() {
  static const auto compiled = schema::compile("board { 0.1.0 { .: Struct .n: Counter } }", "board.tlfs");
  return compiled->front().package;
}

struct Fail {};
struct Order {
  std::function<void(Context&)> what;
};

// Does what a test says, in every incarnation.
class Puppet final : public App {
 public:
  explicit Puppet(std::function<void(Context&)> begin) : begin_(std::move(begin)) {}
  void start(Context& node) override {
    node.on<Fail>([](const Fail&) { throw std::runtime_error("an app fails"); });
    node.on<Order>([&node](const Order& order) { order.what(node); });
    begin_(node);
  }

 private:
  std::function<void(Context&)> begin_;
};

AppSpec spec(std::function<void(Context&)> begin, supervision::Restart restart = supervision::Restart::permanent) {
  return {.id = "puppet", .make = [begin] { return std::make_unique<Puppet>(begin); }, .restart = restart};
}

std::size_t subscriptions(TestNode& node, const DocumentId& id) {
  std::size_t out = 1000;
  node.ask<DocumentStatus>(id, messaging::MessageBuilder<messages::GetStatus>().seal(),
                           [&](const Result<DocumentStatus>& status) {
                             if (status) out = status->subscriptions;
                           });
  node.run();
  return out;
}

void count(TestNode& node, const DocumentId& id) { REQUIRE(node.transact(id, Edits().increment(".n", 1)).ok()); }

TEST_CASE("a timer runs once, one with an interval until it is cancelled") {
  TestNode node({.seed = 3});
  std::vector<std::string> calls;
  std::uint64_t often = 0, never = 0;
  node.start_app(spec([&](Context& context) {
    (void)context.after(10s, [&] { calls.push_back("once"); });
    often = context.every(4s, [&] { calls.push_back("often"); });
    never = context.after(3s, [&] { calls.push_back("never"); });
    context.cancel(never);
  }));
  node.pass(13s, 100ms);
  CHECK(calls == std::vector<std::string>{"often", "often", "once", "often"});
  node.post("puppet", Order{[&](Context& context) { context.cancel(often); }});
  node.pass(60s, 100ms);
  CHECK(calls.size() == 4);
}

TEST_CASE("a timer may cancel itself and others while it runs") {
  TestNode node({.seed = 4});
  std::size_t calls = 0;
  std::uint64_t self = 0, other = 0;
  node.start_app(spec([&](Context& context) {
    other = context.every(1s, [&] { calls += 100; });
    self = context.every(900ms, [&] {
      ++calls;
      context.cancel(self);
      context.cancel(other);
    });
  }));
  node.pass(10s, 100ms);
  CHECK(calls == 1);
}

TEST_CASE("timers of an app that failed do not run in the next incarnation") {
  TestNode node({.seed = 5});
  std::size_t starts = 0, calls = 0;
  node.start_app(spec([&](Context& context) {
    ++starts;
    if (starts == 1) (void)context.every(5s, [&] { ++calls; });
  }));
  node.post("puppet", Fail());
  node.pass(60s, 100ms);
  CHECK(starts == 2);
  CHECK(calls == 0);
}

TEST_CASE("a watch goes on without a gap when its document crashes") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    TestNode node({.seed = seed});
    const DocumentId id = node.create_document(package());
    document::Data value;
    std::uint64_t revision = 0;
    bool gap = false;
    node.start_app(spec([&](Context& context) {
      (void)context.watch(id, ".", [&](const Update& update) {
        if (update.snapshot)
          value = *update.snapshot;
        else
          gap = gap || update.from != revision || !document::apply_patches(value, update.patches).ok();
        revision = update.to;
      });
    }));
    for (int n = 0; n < 5; ++n) {
      count(node, id);
      node.crash_document(id);
      count(node, id);
      node.pass(1s);
    }
    CHECK_FALSE(gap);
    CHECK(document::to_json(value) == "{\"n\":10}");
    CHECK(subscriptions(node, id) == 1);
  }
}

TEST_CASE("after unwatch no call follows, also of what was on its way") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    TestNode node({.seed = seed});
    const DocumentId id = node.create_document(package());
    bool watching = true;
    std::size_t late = 0, calls = 0;
    std::uint64_t watch = 0;
    node.start_app(spec([&](Context& context) {
      const auto made = context.watch(id, ".", [&](const Update&) {
        ++calls;
        if (!watching) ++late;
      });
      REQUIRE(made.ok());
      watch = *made;
    }));
    node.run();
    CHECK(calls == 1);
    for (int n = 0; n < 3; ++n)
      node.ask<Committed>(id, node.transact_message(Edits().increment(".n", 1)), [](const Result<Committed>&) {});
    for (std::uint64_t step = 0; step < seed; ++step) node.world().step();
    node.post("puppet", Order{[&](Context& context) {
                context.unwatch(watch);
                watching = false;
              }});
    count(node, id);
    node.pass(1s);
    CHECK_FALSE(watching);
    CHECK(late == 0);
    CHECK(subscriptions(node, id) == 0);
  }
}

TEST_CASE("an app that fails leaves no watch behind") {
  TestNode node({.seed = 6});
  const DocumentId id = node.create_document(package());
  const auto begin = [&](Context& context) { (void)context.watch(id, ".", [](const Update&) {}); };
  SECTION("and the next incarnation has its own") {
    node.start_app(spec(begin));
    node.run();
    for (int n = 0; n < 3; ++n) {
      node.post("puppet", Fail());
      node.pass(20s, 100ms);
      count(node, id);
      CHECK(subscriptions(node, id) == 1);
    }
  }
  SECTION("and one that is not started again has none") {
    node.start_app(spec(begin, supervision::Restart::temporary));
    node.run();
    CHECK(subscriptions(node, id) == 1);
    node.post("puppet", Fail());
    node.pass(20s, 100ms);
    CHECK(subscriptions(node, id) == 0);
  }
}

TEST_CASE("the outcome of what a failed incarnation asked for does not reach the next one") {
  TestNode node({.seed = 7});
  const DocumentId id = node.create_document(package());
  std::size_t starts = 0;
  std::vector<std::size_t> answered;
  node.start_app(spec([&](Context& context) {
    const std::size_t incarnation = ++starts;
    context.transact(id, Edits().increment(".n", 1),
                     [&answered, incarnation](const Result<Committed>&) { answered.push_back(incarnation); });
    if (incarnation == 1) throw std::runtime_error("an app fails");
  }));
  node.pass(20s, 100ms);
  CHECK(starts == 2);
  CHECK(answered == std::vector<std::size_t>{2});
  CHECK(node.json(id, ".n") == "2");
}

TEST_CASE("requests beyond what an app may have under way are refused at once, and later ones are served") {
  TestNode node({.seed = 8});
  const DocumentId id = node.create_document(package());
  std::size_t served = 0, refused = 0;
  const auto counted = [&](const Result<Update>& got) {
    if (got)
      ++served;
    else if (got.error().is(document_actor::Errc::busy))
      ++refused;
  };
  node.start_app(spec([&](Context& context) {
    for (std::size_t i = 0; i < kMaxRequestsUnderWay + 3; ++i) context.get(id, ".", counted);
    CHECK(served == 0);
    CHECK(refused == 3);
  }));
  node.pass(1s);
  CHECK(served == kMaxRequestsUnderWay);
  node.post("puppet", Order{[&](Context& context) { context.get(id, ".", counted); }});
  node.pass(1s);
  CHECK(served == kMaxRequestsUnderWay + 1);
  CHECK(refused == 3);
}

TEST_CASE("what cannot be watched or read is said to the app, and it goes on") {
  TestNode node({.seed = 9});
  const DocumentId id = node.create_document(package());
  std::vector<std::string> said;
  std::size_t calls = 0;
  node.start_app(spec([&](Context& context) {
    CHECK_FALSE(context.watch(id, "[[", [&](const Update&) { ++calls; }).ok());
    const auto failed = [&](const Error& error) { said.push_back(error.message()); };
    REQUIRE(context.watch(id, ".nowhere", [&](const Update&) { ++calls; }, {.failed = failed}).ok());
    REQUIRE(context.watch(DocumentId{1}, ".", [&](const Update&) { ++calls; }, {.failed = failed}).ok());
    context.get(id, "[[", [&](const Result<Update>& got) { CHECK_FALSE(got.ok()); });
  }));
  node.pass(1s);
  CHECK(calls == 0);
  REQUIRE(said.size() == 2);
  CHECK(said[0] != said[1]);
  CHECK(subscriptions(node, id) == 0);
}

TEST_CASE("an app that stops itself is over, and what is sent to it then or what it does not know harms nobody") {
  TestNode node({.seed = 10});
  const DocumentId id = node.create_document(package());
  std::size_t starts = 0, orders = 0;
  node.start_app(spec(
      [&](Context& context) {
        ++starts;
        (void)context.watch(id, ".", [](const Update&) {});
      },
      supervision::Restart::transient));
  node.run();
  node.post("puppet", std::string("what is this"));
  node.post("puppet", Order{[&](Context&) { ++orders; }});
  node.pass(1s);
  CHECK(orders == 1);
  CHECK(subscriptions(node, id) == 1);
  node.post("puppet", Order{[](Context& context) { context.stop(); }});
  node.post("puppet", Order{[&](Context&) { ++orders; }});
  node.pass(20s, 100ms);
  CHECK(starts == 1);
  CHECK(orders == 1);
  CHECK(subscriptions(node, id) == 0);
}

}  // namespace
}  // namespace tlfs::app
