// A user interface and a node, over a real socket: opening, pulling, writing, restarts, and slow readers.
#include <chrono>
#include <thread>

#include <catch2/catch.hpp>

#include "actors/node/node_actors.h"
#include "schema/compiler/compile.h"
#include "tests/bridges/websocket/browser.h"

namespace tlfs {
namespace {

using namespace tlfs::testing;
using Message = messages::bridge::BridgeMessage;
using Request = messages::bridge::BridgeRequest;
constexpr std::uint64_t kNothing = ~std::uint64_t{0};
constexpr std::uint64_t kClient = 77;

// A node with one document and a bridge.
struct World {
  std::unique_ptr<Node> node = Node::start({.log_level = "off"}).value();
  document::DocumentId id =
      node->create_document(schema::compile("n { 0.1.0 { .: Struct .title: MVReg<String> .text: Text .count: Counter "
                                            ".items: Array .items.[]: Struct .items.[].name: MVReg<String> "
                                            ".years: Table<u64> .years.{}: MVReg<String> } }",
                                            "n.tlfs")
                                ->front()
                                .package)
          .get()
          .value();
  std::unique_ptr<websocket_bridge::WebsocketBridge> bridge;

  explicit World(websocket_bridge::WebsocketBridge::Settings settings = {})
      : bridge(websocket_bridge::WebsocketBridge::start(*node, std::move(settings)).value()) {}

  Headers bearer() const { return {{"Authorization", "Bearer " + bridge->token()}}; }
  Browser browser() const {
    Browser out(bridge->address(), bearer());
    REQUIRE(out.connected());
    REQUIRE(out.told(Message::HELLO).has_value());
    return out;
  }
  std::string name() const { return to_hex(id); }

  void open(Request::Builder& out, const std::string& path = "") const {
    auto open = out.initOpen();
    open.setDocument(name());
    open.setPath(path);
    open.setClient(kClient);
  }
  void write(Request::Builder& out, std::uint64_t number, const std::string& edits, std::uint64_t on = kNothing) const {
    auto write = out.initWrite();
    write.setDocument(name());
    write.setClient(kClient);
    write.setNumber(number);
    write.setOnRevision(on);
    write.setEdits(capnp::Data::Reader(reinterpret_cast<const kj::byte*>(edits.data()), edits.size()));
  }
  // The subscription's name.
  std::uint64_t opened(Browser& browser, const std::string& path = "") const {
    const auto reply = browser.ask([&](auto& out) { open(out, path); });
    REQUIRE(reply.read()->isOpened());
    return reply.read()->getOpened().getSubscription();
  }
  std::uint64_t written(Browser& browser, std::uint64_t number, const std::string& edits,
                        std::uint64_t on = kNothing) const {
    const auto reply = browser.ask([&](auto& out) { write(out, number, edits, on); });
    REQUIRE(reply.read()->isWritten());
    return reply.read()->getWritten().getRevision();
  }
  std::string json(const std::string& path = ".") const {
    return document::to_json(*node->snapshot(id, path).get()->snapshot);
  }
};

Browser::Fill pull(std::uint64_t subscription, std::uint64_t have = kNothing) {
  return [=](Request::Builder& out) {
    auto pull = out.initPull();
    pull.setSubscription(subscription);
    pull.setHave(have);
  };
}

TEST_CASE("a browser opens a document, pulls it, and is told once what others write until it has pulled that") {
  const World world;
  Browser browser = world.browser();
  const auto opened = browser.ask([&](auto& out) { world.open(out); });
  REQUIRE(opened.read()->isOpened());
  CHECK(std::string(opened.read()->getOpened().getLevel().cStr()) == "own");
  const std::uint64_t s = opened.read()->getOpened().getSubscription();
  const auto value = browser.ask(pull(s));
  REQUIRE(value.read()->isValue());
  CHECK(text_of(value.read()->getValue().getJson()) == R"({"title":null,"text":"","count":0,"items":[],"years":{}})");
  for (const char* text : {"a", "b", "c"})
    REQUIRE(world.node->transact(world.id, Edits().set(".title", Value(std::string(text)))).get().ok());
  const auto changed = browser.told(Message::CHANGED);
  REQUIRE(changed.has_value());
  CHECK(changed->read()->getChanged().getSubscription() == s);
  CHECK_FALSE(browser.told(Message::CHANGED, 1).has_value());
  const auto patches = browser.ask(pull(s, 0));
  REQUIRE(patches.read()->isPatches());
  CHECK(patches.read()->getPatches().getTo() == 3);
  CHECK(text_of(patches.read()->getPatches().getPatches()) == R"([["set",["title"],"c"]])");
  REQUIRE(world.node->transact(world.id, Edits().increment(".count", 2)).get().ok());
  CHECK(browser.told(Message::CHANGED).has_value());
}

TEST_CASE("a browser's writes are edits in JSON, are done once, and a pull says which it holds") {
  const World world;
  Browser browser = world.browser();
  const std::uint64_t s = world.opened(browser);
  CHECK(world.written(browser, 1,
                      R"([["set",["title"],"x"],["insert",["items"],0,[{"name":"a"},{"name":"b"},{"name":"c"}]],)"
                      R"(["move",["items"],2,0],["erase",["items"],1,1],["splice",["text"],0,0,"a😀b"],)"
                      R"(["splice",["text"],3,1,"!"],["increment",["count"],-3],["touch",["years",[1999]]],)"
                      R"(["set",["years",[2001]],"y"],["remove",["years",[1999]]]])") == 1);
  const std::string expected = R"({"title":"x","text":"a😀!","count":-3,"items":[{"name":"c"},{"name":"b"}],)"
                               R"("years":{"2001":"y"}})";
  CHECK(world.json() == expected);
  const auto value = browser.ask(pull(s));
  REQUIRE(value.read()->isValue());
  CHECK(text_of(value.read()->getValue().getJson()) == expected);
  CHECK(value.read()->getValue().getWritten() == 1);
  const auto again = browser.ask([&](auto& out) { world.write(out, 1, R"([["increment",["count"],100]])"); });
  REQUIRE(again.read()->isWritten());
  CHECK(again.read()->getWritten().getRepeated());
  CHECK(world.json(".count") == "-3");
  const auto undone = browser.ask([&](auto& out) {
    auto take = out.initTakeBack();
    take.setDocument(world.name());
    take.setOrigin("window");
  });
  CHECK(undone.read()->isFailed());
}

TEST_CASE("a write that was made on an earlier revision hits what it meant") {
  const World world;
  Browser browser = world.browser();
  const std::uint64_t base = world.written(browser, 1, R"([["splice",["text"],0,0,"world"]])");
  REQUIRE(world.node->transact(world.id, Edits().splice(".text", 0, 0, "hello ")).get().ok());
  world.written(browser, 2, R"([["splice",["text"],5,0,"!"]])", base);
  CHECK(world.json(".text") == R"("hello world!")");
}

TEST_CASE("a whole value comes with the conflicts in it, and a part with those of the part") {
  const World world;
  Browser browser = world.browser();
  const std::uint64_t s = world.opened(browser);
  const auto before = browser.ask(pull(s));
  CHECK(before.read()->getValue().getConflicts().size() == 0);
  CHECK_FALSE(before.read()->getValue().hasConflicts());
  world.written(
      browser, 1,
      R"([["set",["title"],"a"],["insert",["items"],0,[{"name":"x"},{"name":"z"}]],["set",["years",[7]],"u"]])");
  world.written(
      browser, 2,
      R"([["set",["title"],"b",[]],["set",["items",0,"name"],"y",["w"]],["set",["items",1,"name"],"Z",["z"]],)"
      R"(["set",["years",[7]],"v",[]]])");
  const auto conflicts = [&](const std::string& path) {
    return text_of(browser.ask(pull(world.opened(browser, path))).read()->getValue().getConflicts());
  };
  CHECK(conflicts("") == R"([["conflict",["title"],["b","a"]],["conflict",["items",0,"name"],["y","x"]],)"
                         R"(["conflict",["years",[7]],["v","u"]]])");
  CHECK(conflicts(".items") == R"([["conflict",[0,"name"],["y","x"]]])");
  CHECK(conflicts(".title") == R"([["conflict",[],["b","a"]]])");
  CHECK(conflicts(".years{7}") == R"([["conflict",[],["v","u"]]])");
  CHECK(conflicts(".text").empty());
  world.written(browser, 3, R"([["set",["title"],"b",["b","a"]]])");
  CHECK(conflicts(".title").empty());
}

TEST_CASE("a subscription to a part gets the patches of the part, rows with numbers for keys among them") {
  const World world;
  Browser browser = world.browser();
  world.written(browser, 1, R"([["set",["years",[7]],"a"],["insert",["items"],0,[{"name":"x"}]]])");
  const auto after = [&](const std::string& path, std::uint64_t number, const std::string& edits) {
    const std::uint64_t s = world.opened(browser, path);
    const std::uint64_t have = browser.ask(pull(s)).read()->getValue().getRevision();
    world.written(browser, number, edits);
    const auto reply = browser.ask(pull(s, have));
    return reply.read()->isPatches() ? text_of(reply.read()->getPatches().getPatches())
                                     : "value " + text_of(reply.read()->getValue().getJson());
  };
  CHECK(after(".years{7}", 2, R"([["set",["years",[7]],"b"],["set",["years",[8]],"c"]])") == R"([["set",[],"b"]])");
  CHECK(after(".items", 3, R"([["set",["items",0,"name"],"y"],["set",["title"],"t"]])") ==
        R"([["set",[0,"name"],"y"]])");
  CHECK(after(".items[0].name", 4, R"([["set",["items",0,"name"],"z"]])") == R"([["set",[],"z"]])");
  // The watched place itself has gone, and has come again.
  CHECK(after(".years{7}", 5, R"([["remove",["years",[7]]]])") == "value null");
  CHECK(after(".years{7}", 6, R"([["set",["years",[7]],"again"]])") == R"([["set",[],"again"]])");
}

TEST_CASE("edits that are none change nothing and say what is wrong with them") {
  const World world;
  Browser browser = world.browser();
  for (const char* edits :
       {"", "{}", "[1]", "[[]]", R"([["set",["title"]]])", R"([["set","title","x"]])", R"([["boil",["title"]]])",
        R"([["splice",["text"],-1,0,"x"]])", R"([["set",[[]],1]])", R"([["set",["title"],"ok"],["set",["no such"],1]])",
        R"([["increment",["count"],1.5]])", R"([["set",["title"],"x","seen"]])", R"([["set",["text"],"x",[]]])",
        R"([["set",["title"],"x",[],[]]])"}) {
    const auto reply = browser.ask([&](auto& out) { world.write(out, 0, edits); });
    CAPTURE(edits);
    REQUIRE(reply.read()->isFailed());
    CHECK(reply.read()->getFailed().getMessage().size() > 0);
  }
  CHECK(world.json(".title") == "null");
}

TEST_CASE("a browser that comes again with the revision it has gets patches, not everything") {
  const World world;
  std::uint64_t have = 0;
  {
    Browser browser = world.browser();
    const std::uint64_t s = world.opened(browser);
    have = world.written(browser, 1, R"([["set",["title"],"first"]])");
    REQUIRE(browser.ask(pull(s)).read()->isValue());
  }
  REQUIRE(world.node->transact(world.id, Edits().set(".title", Value(std::string("second")))).get().ok());
  Browser browser = world.browser();
  const std::uint64_t s = world.opened(browser);
  const auto patches = browser.ask(pull(s, have));
  REQUIRE(patches.read()->isPatches());
  CHECK(text_of(patches.read()->getPatches().getPatches()) == R"([["set",["title"],"second"]])");
  CHECK(patches.read()->getPatches().getWritten() == 1);
}

TEST_CASE("a document's actor that crashes costs a browser nothing but a changed and a pull") {
  const World world;
  Browser browser = world.browser();
  const std::uint64_t s = world.opened(browser);
  world.written(browser, 1, R"([["set",["title"],"kept"]])");
  REQUIRE(browser.ask(pull(s)).read()->isValue());
  while (browser.told(Message::CHANGED, 1)) {
  }
  REQUIRE(crash_document(*world.node, world.id));
  const auto changed = browser.told(Message::CHANGED);
  REQUIRE(changed.has_value());
  CHECK(changed->read()->getChanged().getSubscription() == s);
  const auto value = browser.ask(pull(s));
  REQUIRE(value.read()->isValue());
  CHECK(text_of(value.read()->getValue().getJson()).find("kept") != std::string::npos);
  world.written(browser, 2, R"([["set",["title"],"after"]])");
  CHECK(browser.told(Message::CHANGED).has_value());
}

TEST_CASE("a document that is forgotten here ends its subscriptions with a reason") {
  const World world;
  Browser browser = world.browser();
  const std::uint64_t s = world.opened(browser);
  REQUIRE(world.node->delete_document(world.id).get().ok());
  const auto ended = browser.told(Message::ENDED);
  REQUIRE(ended.has_value());
  CHECK(ended->read()->getEnded().getSubscription() == s);
  CHECK(ended->read()->getEnded().getWhy().getMessage().size() > 0);
}

TEST_CASE("a browser that reads nothing is sent little, and finds everything joined when it reads again") {
  const World world;
  Browser browser = world.browser();
  const std::uint64_t s = world.opened(browser);
  REQUIRE(browser.ask(pull(s)).read()->isValue());
  constexpr int kWrites = 2'000;
  for (int i = 1; i <= kWrites; ++i) {
    auto done = world.node->transact(world.id, Edits().set(".title", Value(std::to_string(i))));
    if (i == kWrites) REQUIRE(done.get().ok());
  }
  REQUIRE(browser.told(Message::CHANGED).has_value());
  CHECK_FALSE(browser.told(Message::CHANGED, 1).has_value());
  const auto last = browser.ask(pull(s, 0));
  const auto reading = last.read();
  REQUIRE((reading->isPatches() || reading->isValue()));
  const std::string seen =
      text_of(reading->isPatches() ? reading->getPatches().getPatches() : reading->getValue().getJson());
  CHECK(seen.find("\"2000\"") != std::string::npos);
  CHECK(seen.size() < 1'000);
}

TEST_CASE("pulls of a browser that does not read wait, so that what it costs is bounded") {
  websocket_bridge::WebsocketBridge::Settings settings;
  settings.limits.low_bytes = 1u << 20;
  const World world(settings);
  const std::string big(4u << 20, 'x');
  REQUIRE(world.node->transact(world.id, Edits().set(".title", Value(big))).get().ok());
  Browser browser = world.browser();
  const std::uint64_t s = world.opened(browser);
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 50; ++i) {
    browser.send(pull(s));
    numbers.push_back(browser.last_number());
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  CHECK(world.bridge->counts().http.most_waiting < 40u << 20);  // of 200 MiB
  for (const std::uint64_t number : numbers) {
    const auto reply = browser.answer_to(number);
    REQUIRE(reply.read()->isValue());
    CHECK(reply.read()->getValue().getJson().size() > big.size());
  }
}

TEST_CASE("verbs of the control protocol are done for a browser, but watching is for open") {
  const World world;
  Browser browser = world.browser();
  const auto listed = browser.ask([](auto& out) { out.initControl().setListDocuments(); });
  REQUIRE(listed.read()->isControl());
  REQUIRE(listed.read()->getControl().getDocuments().size() == 1);
  const auto no = browser.ask([&](auto& out) { out.initControl().initWatch().setDocument(world.name()); });
  CHECK(no.read()->isFailed());
  const auto failed = browser.ask([](auto& out) { out.initControl().setStatus("no such document"); });
  CHECK(failed.read()->isFailed());
}

TEST_CASE("one connection has so many subscriptions, and a closed one makes room") {
  const World world;
  Browser browser = world.browser();
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < websocket_bridge::kMaxSubscriptions; ++i) {
    const std::uint64_t s = world.opened(browser, ".title");
    if (i == 0) first = s;
  }
  CHECK(browser.ask([&](auto& out) { world.open(out); }).read()->isFailed());
  CHECK(browser.ask([&](auto& out) { out.setClose(first); }).read()->isDone());
  CHECK(browser.ask(pull(first)).read()->isFailed());
  world.opened(browser);
}

TEST_CASE("the subscriptions of a browser that has gone end") {
  const World world;
  {
    Browser browser = world.browser();
    const std::uint64_t s = world.opened(browser);
    REQUIRE(browser.ask(pull(s)).read()->isValue());
    CHECK(world.node->status(world.id).get()->subscriptions == 1);
  }
  std::uint64_t left = 1;
  for (int i = 0; i < 200 && left > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    left = world.node->status(world.id).get()->subscriptions;
  }
  CHECK(left == 0);
}

TEST_CASE("a browser learns what a document's schema looks like without knowing lenses") {
  const World world;
  Browser browser = world.browser();
  const auto schema = browser.ask([&](auto& out) { out.setSchema(world.name()); });
  REQUIRE(schema.read()->isSchema());
  const std::string shape = text_of(schema.read()->getSchema());
  CHECK(shape.rfind(R"({"package":"n","version":"0.1.0","root":{"kind":"struct","fields":{"title":)", 0) == 0);
  CHECK(browser.ask([](auto& out) { out.setSchema(std::string(64, 'a')); }).read()->isFailed());
}

TEST_CASE("a browser is told how a document stands with peers, and again only when that changes") {
  World alice, bob;
  alice.bridge = nullptr;
  bob.bridge = nullptr;
  const auto network = [] {
    return Node::start({.log_level = "off", .network = NetworkOptions{.listen = {"127.0.0.1:0"}}}).value();
  };
  bob.node = network();
  bob.id = bob.node
               ->create_document(
                   schema::compile("n { 0.1.0 { .: Struct .title: MVReg<String> } }", "n.tlfs")->front().package)
               .get()
               .value();
  alice.node = network();
  alice.bridge = websocket_bridge::WebsocketBridge::start(*alice.node, {}).value();
  const auto link = bob.node->invite(bob.id, {.level = access::Level::write}).get();
  REQUIRE(link.ok());
  const auto joined = alice.node->join(*link).get();
  REQUIRE(joined.ok());
  alice.id = *joined;
  Browser browser = alice.browser();
  alice.opened(browser);
  using State = messages::bridge::Sync::State;
  std::vector<State> seen;
  while (seen.empty() || seen.back() != State::SYNCED) {
    const auto sync = browser.told(Message::SYNC);
    REQUIRE(sync.has_value());
    CHECK(std::string(sync->read()->getSync().getDocument().cStr()) == alice.name());
    const State now = sync->read()->getSync().getState();
    CHECK((seen.empty() || seen.back() != now));
    seen.push_back(now);
  }
  CHECK_FALSE(browser.told(Message::SYNC, 3).has_value());
  bob.node = nullptr;
  const auto gone = browser.told(Message::SYNC);
  REQUIRE(gone.has_value());
  CHECK(gone->read()->getSync().getState() == State::OFFLINE);
}

TEST_CASE("a browser is told when somebody changes what this device may do in what it has open") {
  World alice;
  alice.bridge = nullptr;
  const auto network = [] {
    return Node::start({.log_level = "off", .network = NetworkOptions{.listen = {"127.0.0.1:0"}}}).value();
  };
  const auto bob = network();
  const document::DocumentId id =
      bob->create_document(
             schema::compile("n { 0.1.0 { .: Struct .title: MVReg<String> } }", "n.tlfs")->front().package)
          .get()
          .value();
  alice.node = network();
  alice.bridge = websocket_bridge::WebsocketBridge::start(*alice.node, {}).value();
  const auto link = bob->invite(id, {.level = access::Level::read}).get();
  REQUIRE(link.ok());
  alice.id = alice.node->join(*link).get().value();
  Browser browser = alice.browser();
  const auto opened = browser.ask([&](auto& out) { alice.open(out); });
  REQUIRE(opened.read()->isOpened());
  const std::uint64_t s = opened.read()->getOpened().getSubscription();
  std::string level = opened.read()->getOpened().getLevel().cStr();
  // What a browser does: it pulls when it is told that there is something.
  const auto becomes = [&](const std::string& wanted) {
    for (int i = 0; i < 20 && level != wanted; ++i) {
      (void)browser.ask(pull(s));
      const auto news = browser.told(Message::LEVEL, 1);
      if (!news) continue;
      CHECK(news->read()->getLevel().getSubscription() == s);
      level = news->read()->getLevel().getLevel().cStr();
    }
    return level == wanted;
  };
  (void)browser.ask(pull(s));
  CHECK(becomes("read"));
  const auto user = access::Principal::user(alice.node->user());
  REQUIRE(bob->grant(id, ".", access::Level::write, user).get().ok());
  REQUIRE(browser.told(Message::CHANGED).has_value());
  CHECK(becomes("write"));
  REQUIRE(bob->revoke(id, ".", access::Level::write, user, access::Level::read).get().ok());
  REQUIRE(browser.told(Message::CHANGED).has_value());
  CHECK(becomes("read"));
  // Edits are no reason to say it again.
  REQUIRE(bob->transact(id, Edits().set(".title", Value(std::string("x")))).get().ok());
  REQUIRE(browser.told(Message::CHANGED).has_value());
  (void)browser.ask(pull(s));
  CHECK_FALSE(browser.told(Message::LEVEL, 1).has_value());
}

TEST_CASE("sessions stand in the tree of actors below the supervisor of bridges") {
  const World world;
  Browser browser = world.browser();
  const auto tree = browser.ask([](auto& out) { out.initControl().setNodeTree(); });
  REQUIRE(tree.read()->isControl());
  CHECK(std::string(tree.read()->getControl().getTree().cStr()).find("/node/bridges/session/1") != std::string::npos);
}

TEST_CASE("a window that is closed takes its own presence with it, not that of the other window") {
  const World world;
  const auto show = [&](Browser& browser, const std::string& json) {
    const auto reply = browser.ask([&](Request::Builder& out) {
      auto presence = out.initSetPresence();
      presence.setDocument(world.name());
      presence.setJson(capnp::Data::Reader(reinterpret_cast<const kj::byte*>(json.data()), json.size()));
    });
    REQUIRE(reply.read()->isDone());
  };
  const auto shown = [&] {
    const auto all = world.node->presences(world.id).get();
    REQUIRE(all.ok());
    return all->empty() ? std::string() : all->front().json;
  };
  Browser one = world.browser();
  show(one, "1");
  {
    Browser two = world.browser();
    show(two, "2");
    CHECK(shown() == "2");
  }
  for (int i = 0; i < 100 && shown() == "2"; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(shown() == "1");
}

}  // namespace
}  // namespace tlfs
