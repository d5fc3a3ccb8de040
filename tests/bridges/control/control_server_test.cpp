// Requests over the socket, handled by sessions that stand for a node's.
#include "bridges/control/control_server.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

using namespace tlfs;
using namespace tlfs::control;
using namespace std::chrono_literals;
using messages::control::ControlReply;
using messages::control::ControlRequest;

namespace {

struct Counts {
  std::atomic<int> sessions{0};
  std::atomic<int> handling{0};   // `history` and `join`
  std::atomic<bool> hold{false};  // makes `history` wait
};

// `status` is answered with the document's name; `history` waits while it is told to; `join` waits until it is
// interrupted; `watch` gives an update per further request; `set` gives a value as long as the JSON says.
class Fake final : public Session {
 public:
  Fake(Counts& counts, Emit emit) : counts_(counts), emit_(std::move(emit)) { ++counts_.sessions; }
  ~Fake() override { --counts_.sessions; }

  void handle(const Request& request) override {
    const auto in = request.read();
    const std::uint64_t number = in->getNumber();
    if (in->isHistory()) ++counts_.handling;
    while (in->isHistory() && counts_.hold) std::this_thread::sleep_for(1ms);
    if (in->isJoin()) ++counts_.handling;
    while (in->isJoin() && !interrupted_) std::this_thread::sleep_for(1ms);
    if (in->isWatch()) watch_ = number;
    if (watch_ != 0) emit_(value(watch_, "update"));
    if (in->isStatus()) return emit_(value(number, std::string(in->getStatus().cStr())));
    if (in->isSet()) return emit_(value(number, std::string(std::stoul(in->getSet().getJson().cStr()), 'x')));
    emit_(done(number));
  }
  bool watching() const override { return watch_ != 0; }
  void interrupt() override { interrupted_ = true; }

 private:
  static Reply value(std::uint64_t number, const std::string& text) {
    messaging::MessageBuilder<ControlReply> builder;
    builder->setNumber(number);
    builder->setValue(text);
    return std::move(builder).seal();
  }
  Counts& counts_;
  Emit emit_;
  std::atomic<std::uint64_t> watch_{0};
  std::atomic<bool> interrupted_{false};
};

class World {
 public:
  explicit World(net::ServerLimits limits = {}) {
    std::string name = "/tmp/control_test.XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    ControlServer::Settings settings;
    settings.path = socket();
    settings.limits = limits;
    settings.session = [this](Emit emit) { return std::make_unique<Fake>(counts, std::move(emit)); };
    auto server = ControlServer::start(std::move(settings));
    REQUIRE(server.ok());
    server_ = std::move(*server);
  }
  ~World() {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::string socket() const { return folder_ + "/node.sock"; }
  std::unique_ptr<net::LocalClient> connect() { return std::move(net::LocalClient::connect(socket(), 2s)).value(); }
  void end() { server_.reset(); }
  Counts counts;

 private:
  std::string folder_;
  std::unique_ptr<ControlServer> server_;
};

template <class Fill>
void send(net::LocalClient& client, std::uint64_t number, Fill&& fill) {
  messaging::MessageBuilder<ControlRequest> builder;
  builder->setNumber(number);
  fill(builder.root());
  const Request request = std::move(builder).seal();
  REQUIRE(client.send(request.bytes(), 5s).ok());
}
void send_status(net::LocalClient& client, std::uint64_t number, const std::string& name) {
  send(client, number, [&](ControlRequest::Builder out) { out.setStatus(name); });
}
void send_history(net::LocalClient& client, std::uint64_t number) {
  send(client, number, [](ControlRequest::Builder out) { out.initHistory(); });
}

Reply receive(net::LocalClient& client) {
  const auto frame = client.receive(10s);
  INFO((frame ? std::string() : frame.error().message()));
  REQUIRE(frame.ok());
  auto reply = Reply::parse(*frame);
  REQUIRE(reply.ok());
  return std::move(*reply);
}

template <class F>
bool eventually(F&& f) {
  for (int i = 0; i < 1000; ++i) {
    if (f()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

}  // namespace

TEST_CASE("requests of one client are answered in the order in which they came") {
  World world;
  auto client = world.connect();
  for (std::uint64_t i = 1; i <= 20; ++i) send_status(*client, i, "doc " + std::to_string(i));
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const Reply reply = receive(*client);
    CHECK(reply.read()->getNumber() == i);
    CHECK(std::string(reply.read()->getValue().cStr()) == "doc " + std::to_string(i));
  }
}

TEST_CASE("what may take long is interrupted when its client goes, and when the server ends") {
  World world;
  auto client = world.connect();
  send(*client, 1, [](ControlRequest::Builder out) { out.setJoin("tlfs:"); });
  REQUIRE(eventually([&] { return world.counts.handling == 1; }));
  client.reset();
  CHECK(eventually([&] { return world.counts.sessions == 0; }));
  client = world.connect();
  send(*client, 1, [](ControlRequest::Builder out) { out.setJoin("tlfs:"); });
  REQUIRE(eventually([&] { return world.counts.handling == 2; }));
  world.end();
  CHECK(world.counts.sessions == 0);
}

TEST_CASE("a slow request keeps no other client waiting") {
  World world;
  world.counts.hold = true;
  auto slow = world.connect();
  auto quick = world.connect();
  send_history(*slow, 1);
  send_status(*quick, 1, "x");
  CHECK(receive(*quick).read()->isValue());
  world.counts.hold = false;
  CHECK(receive(*slow).read()->isDone());
}

TEST_CASE("a client that asks too much at once is told to wait, and what it asked before is still answered") {
  World world;
  world.counts.hold = true;
  auto client = world.connect();
  for (std::uint64_t i = 1; i <= kMaxUnderWay + 3; ++i) send_history(*client, i);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const Reply reply = receive(*client);
    CHECK(reply.read()->getNumber() == kMaxUnderWay + 1 + i);
    REQUIRE(reply.read()->isFailed());
    CHECK(reply.read()->getFailed().getKind() == FailureKind::UNAVAILABLE);
  }
  world.counts.hold = false;
  for (std::uint64_t i = 1; i <= kMaxUnderWay; ++i) {
    const Reply reply = receive(*client);
    CHECK(reply.read()->getNumber() == i);
    CHECK(reply.read()->isDone());
  }
  send_history(*client, 99);
  CHECK(receive(*client).read()->isDone());
}

TEST_CASE("bytes that are no request cost the connection, with the reason, and no other") {
  World world;
  auto good = world.connect();
  auto bad = world.connect();
  REQUIRE(bad->send(as_bytes("this is not a message"), 5s).ok());
  const Reply reason = receive(*bad);
  CHECK(reason.read()->getNumber() == 0);
  REQUIRE(reason.read()->isFailed());
  CHECK(std::string(reason.read()->getFailed().getMessage().cStr()).find("no request") != std::string::npos);
  CHECK(bad->receive(5s).error().is(net::Errc::closed));
  send_status(*good, 1, "x");
  CHECK(receive(*good).read()->isValue());
}

TEST_CASE("a client that only watches is not idle, and its session ends with its connection") {
  net::ServerLimits limits;
  limits.idle = 1s;
  World world(limits);
  auto client = world.connect();
  send(*client, 5, [](ControlRequest::Builder out) { out.initWatch(); });
  CHECK(receive(*client).read()->isValue());
  CHECK(receive(*client).read()->isDone());
  std::this_thread::sleep_for(3s);
  send_status(*client, 6, "x");
  CHECK(receive(*client).read()->getNumber() == 5);
  CHECK(receive(*client).read()->getNumber() == 6);
  CHECK(world.counts.sessions == 1);
  client.reset();
  CHECK(eventually([&] { return world.counts.sessions == 0; }));
}

TEST_CASE("connections whose requests are still being handled count until they are done") {
  net::ServerLimits limits;
  limits.connections = 2;
  World world(limits);
  world.counts.hold = true;
  for (int i = 1; i <= 2; ++i) {
    auto client = world.connect();
    send_history(*client, 1);
    CHECK(eventually([&] { return world.counts.handling == i; }));
  }
  auto third = world.connect();
  CHECK(receive(*third).read()->isFailed());
  world.counts.hold = false;
  CHECK(eventually([&] { return world.counts.sessions == 0; }));
  auto fourth = world.connect();
  send_status(*fourth, 1, "x");
  CHECK(receive(*fourth).read()->isValue());
}

TEST_CASE("an answer that is too large to be sent is replaced by a failure") {
  World world;
  auto client = world.connect();
  send(*client, 1, [](ControlRequest::Builder out) { out.initSet().setJson(std::to_string((64u << 20) + 1)); });
  const Reply reply = receive(*client);
  CHECK(reply.read()->getNumber() == 1);
  CHECK(reply.read()->isFailed());
}

TEST_CASE("a server ends while requests are handled, and waits for them") {
  World world;
  world.counts.hold = true;
  auto client = world.connect();
  send_history(*client, 1);
  CHECK(eventually([&] { return world.counts.sessions == 1; }));
  std::thread later([&] {
    std::this_thread::sleep_for(100ms);
    world.counts.hold = false;
  });
  world.end();
  CHECK(world.counts.sessions == 0);
  later.join();
  CHECK_FALSE(std::filesystem::exists(world.socket()));
}
