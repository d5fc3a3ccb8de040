// Strangers at the bridge's door.
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/actors/patience.h"
#include "tests/bridges/websocket/browser.h"

namespace tlfs {
namespace {

namespace fs = std::filesystem;
using namespace tlfs::testing;
using websocket_bridge::WebsocketBridge;

// A directory with an app, and a secret beside it.
struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "bridge.XXXXXX").string();
    root = mkdtemp(pattern.data());
    fs::create_directories(root / "app/assets");
    fs::create_directories(root / "app/.git");
    put("secret.txt", "secret");
    put("app/index.html", "<p>start</p>");
    put("app/assets/app.js", "script");
    put("app/.git/config", "secret");
    fs::create_symlink(root / "secret.txt", root / "app/out.txt");
    fs::create_directory_symlink(root, root / "app/up");
    fs::create_symlink(root / "app/assets/app.js", root / "app/in.js");
  }
  ~Folder() { fs::remove_all(root); }
  void put(const std::string& name, const std::string& text) const { std::ofstream(root / name) << text; }
  fs::path root;
};

struct Door {
  Folder folder;
  std::unique_ptr<Node> node = Node::start({.log_level = "off"}).value();
  std::unique_ptr<WebsocketBridge> bridge;

  explicit Door(WebsocketBridge::Settings settings = {}) {
    settings.app = (folder.root / "app").string();
    bridge = WebsocketBridge::start(*node, std::move(settings)).value();
  }
  const std::string& address() const { return bridge->address(); }
  Headers bearer() const { return {{"Authorization", "Bearer " + bridge->token()}}; }
  Headers bearer(const std::string& name, const std::string& value) const {
    return {{"Authorization", "Bearer " + bridge->token()}, {name, value}};
  }
};

TEST_CASE("the link's token becomes a cookie that scripts do not see, and the token leaves the address") {
  const Door door;
  const std::string link = door.bridge->link();
  CHECK(door.bridge->token().size() == 64);
  const std::string target = link.substr(link.find('/', 7));
  const Answer first = get(door.address(), target);
  CHECK(first.status == 303);
  CHECK(first.header("Location") == "/");
  const std::string cookie = first.header("Set-Cookie");
  CHECK(cookie.find("HttpOnly") != std::string::npos);
  CHECK(cookie.find("SameSite=Strict") != std::string::npos);
  CHECK(cookie.find(door.bridge->token()) == std::string::npos);
  const Headers with = {{"Cookie", "other=1; " + cookie.substr(0, cookie.find(';'))}};
  CHECK(get(door.address(), "/", with).body == "<p>start</p>");
  CHECK(Browser(door.address(), with).connected());
  CHECK(get(door.address(), "//evil.example/?x=1&token=" + door.bridge->token()).header("Location") ==
        "/evil.example/?x=1");
}

TEST_CASE("a cookie outlives the node that gave it, as long as the key beside its data does; a token does not") {
  const Folder folder;
  const auto start = [&] { return Node::start({.directory = folder.root.string(), .log_level = "off"}).value(); };
  auto node = start();
  auto bridge = WebsocketBridge::start(*node, {}).value();
  const std::string address = bridge->address(), token = bridge->token();
  const std::string link = bridge->link();
  const std::string set = get(address, link.substr(link.find('/', 7))).header("Set-Cookie");
  const Headers cookie = {{"Cookie", set.substr(0, set.find(';'))}};
  CHECK(get(address, "/", cookie).status == 200);
  const auto permissions = fs::status(folder.root / "bridge.key").permissions();
  CHECK(permissions == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(fs::file_size(folder.root / "bridge.key") == 32);
  const auto again = [&](const std::string& at) {
    bridge = nullptr;
    node = nullptr;
    node = start();
    bridge = WebsocketBridge::start(*node, {.listen = at}).value();
  };
  again(address);
  CHECK(get(address, "/", cookie).status == 200);
  CHECK(Browser(address, cookie).connected());
  CHECK(get(address, "/", {{"Authorization", "Bearer " + token}}).status == 401);
  CHECK(bridge->token() != token);
  CHECK(get(address, "/?token=" + bridge->token()).status == 303);
  // Another port is another door.
  auto other = WebsocketBridge::start(*node, {}).value();
  const std::string port = other->address().substr(other->address().find(':') + 1);
  const std::string secret = set.substr(set.find('=') + 1, 64);
  CHECK(get(other->address(), "/", {{"Cookie", "tlfs_" + port + "=" + secret}}).status == 401);
  other = nullptr;
  fs::remove(folder.root / "bridge.key");
  again(address);
  CHECK(get(address, "/", cookie).status == 401);
}

TEST_CASE("what the bridge refuses is counted where the node's other figures are") {
  WebsocketBridge::Settings settings;
  settings.limits.message_bytes = 10'000;
  settings.limits.connections = 3;
  Door door(settings);
  const std::string& a = door.address();
  const auto counted = [&](const std::string& why) {
    const std::string page = door.node->metrics().get();
    const std::string name = "\ntlfs_bridge_refused_total{why=\"" + why + "\"} ";
    const std::size_t at = page.find(name);
    REQUIRE(at != std::string::npos);
    return std::stoi(page.substr(at + name.size()));
  };
  const std::vector<std::string> reasons = {"foreign_host",      "foreign_origin", "no_token",        "other_request",
                                            "malformed_request", "no_room",        "oversized_frame", "text_frame",
                                            "malformed_message", "not_reading"};
  for (const std::string& why : reasons) CHECK(counted(why) == 0);
  get(a, "/", door.bearer("Host", "evil.example"));
  CHECK(counted("foreign_host") == 1);
  CHECK(Browser(a, door.bearer("Origin", "http://evil.example")).refusal() == 403);
  CHECK(counted("foreign_origin") == 1);
  get(a, "/?token=wrong");
  CHECK(counted("no_token") == 1);
  get(a, "/", door.bearer(), "DELETE");
  get(a, "/%zz", door.bearer());
  CHECK(counted("other_request") == 2);
  raw(a, "hello\r\n\r\n");
  CHECK(counted("malformed_request") == 1);
  {
    Browser large(a, door.bearer());
    large.send_bytes(Bytes(10'001, 0));
    large.ended();
  }
  CHECK(comes_true([&] { return counted("oversized_frame") == 1; }));
  {
    Browser text(a, door.bearer());
    text.send_bytes(Bytes{'h', 'i'}, true);
    text.ended();
  }
  CHECK(comes_true([&] { return counted("text_frame") == 1; }));
  {
    Browser broken(a, door.bearer());
    broken.send_bytes(Bytes(64, 0xff));
    broken.ended();
  }
  CHECK(comes_true([&] { return counted("malformed_message") == 1; }));
  CHECK(comes_true([&] { return door.bridge->counts().http.connections == 0; }));
  {
    const Browser one(a, door.bearer()), two(a, door.bearer()), three(a, door.bearer());
    CHECK_FALSE(Browser(a, door.bearer()).connected());
    CHECK(counted("no_room") == 1);
    const std::string page = door.node->metrics().get();
    CHECK(page.find("\ntlfs_bridge_websockets 3\n") != std::string::npos);
    CHECK(page.find("\ntlfs_bridge_sessions_total 6\n") != std::string::npos);
  }
  door.bridge = nullptr;
  CHECK(door.node->metrics().get().find("tlfs_bridge") == std::string::npos);
}

TEST_CASE("without the token, or with a wrong one, nothing is to be had") {
  const Door door;
  std::string wrong = door.bridge->token();
  wrong[5] = wrong[5] == 'a' ? 'b' : 'a';
  CHECK(get(door.address(), "/").status == 401);
  CHECK(get(door.address(), "/?token=" + wrong).status == 401);
  CHECK(get(door.address(), "/?token=").status == 401);
  CHECK(get(door.address(), "/", {{"Authorization", "Bearer " + wrong}}).status == 401);
  CHECK(get(door.address(), "/", {{"Authorization", "Bearer "}}).status == 401);
  const std::string port = door.address().substr(door.address().find(':') + 1);
  CHECK(get(door.address(), "/", {{"Cookie", "tlfs_" + port + "="}}).status == 401);
  // The token of the link is no cookie.
  CHECK(get(door.address(), "/", {{"Cookie", "tlfs_" + port + "=" + door.bridge->token()}}).status == 401);
  CHECK(Browser(door.address(), {}).refusal() == 401);
  CHECK(Browser(door.address(), {{"Sec-WebSocket-Protocol", "tlfs.1, token." + wrong}}).refusal() == 401);
  CHECK(door.bridge->counts().no_token == 9);
  const Browser right(door.address(), {{"Sec-WebSocket-Protocol", "tlfs.1, token." + door.bridge->token()}});
  CHECK(right.connected());
  CHECK(right.subprotocol() == "tlfs.1");
}

TEST_CASE("pages of other sites do not connect, even with the cookie") {
  const Door door;
  const std::string& a = door.address();
  for (const char* origin : {"http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"})
    CHECK(Browser(a, door.bearer("Origin", origin)).refusal() == 403);
  CHECK(Browser(a, door.bearer("Origin", "https://" + a)).refusal() == 403);
  CHECK(door.bridge->counts().foreign_origin == 5);
  CHECK(Browser(a, door.bearer("Origin", "http://" + a)).connected());
}

TEST_CASE("a name that was made to point here is refused") {
  const Door door;
  const std::string port = door.address().substr(door.address().find(':') + 1);
  for (const std::string& host :
       {"evil.example:" + port, std::string("evil.example"), std::string("127.0.0.1"), std::string("127.0.0.1:1"),
        "127.0.0.1.evil.example:" + port, "localhost.evil.example:" + port, std::string()})
    CHECK(get(door.address(), "/", door.bearer("Host", host)).status == 403);
  CHECK(Browser(door.address(), door.bearer("Host", "evil.example:" + port)).refusal() == 403);
  CHECK(door.bridge->counts().foreign_host == 8);
  CHECK(get(door.address(), "/", door.bearer("Host", "localhost:" + port)).status == 200);
  const std::string two =
      "GET / HTTP/1.1\r\nHost: " + door.address() + "\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
  CHECK(raw(door.address(), two).substr(9, 3) == "403");
}

TEST_CASE("every page may load and connect to nothing but the bridge itself") {
  const Door door;
  const Answer page = get(door.address(), "/", door.bearer());
  const std::string policy = page.header("Content-Security-Policy");
  CHECK(policy.rfind("default-src 'self';", 0) == 0);
  CHECK(policy.find("connect-src 'self' ws://" + door.address() + ";") != std::string::npos);
  CHECK(policy.find("object-src 'none'; frame-ancestors 'none'; base-uri 'none'") != std::string::npos);
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(page.header("X-Content-Type-Options") == "nosniff");
  CHECK(page.header("Referrer-Policy") == "no-referrer");
  CHECK(page.header("Cache-Control") == "no-cache");
  CHECK(get(door.address(), "/").header("Content-Security-Policy") == policy);
}

TEST_CASE("files come with their types, unchanged ones are not sent again, and pages that an app draws are its index") {
  const Door door;
  const Answer script = get(door.address(), "/assets/app.js", door.bearer());
  CHECK(script.body == "script");
  CHECK(script.header("Content-Type") == "text/javascript; charset=utf-8");
  REQUIRE_FALSE(script.header("ETag").empty());
  CHECK(get(door.address(), "/assets/app.js", door.bearer("If-None-Match", script.header("ETag"))).status == 304);
  door.folder.put("app/assets/app.js", "another script");
  CHECK(get(door.address(), "/assets/app.js", door.bearer("If-None-Match", script.header("ETag"))).status == 200);
  CHECK(get(door.address(), "/lists/7?x=%20", door.bearer()).body == "<p>start</p>");
  CHECK(get(door.address(), "/no.png", door.bearer()).status == 404);
  CHECK(get(door.address(), "/in.js", door.bearer()).status == 200);
  const Answer head = get(door.address(), "/assets/app.js", door.bearer(), "HEAD");
  CHECK(head.status == 200);
  CHECK(head.header("Content-Length") == "14");
  CHECK(get(door.address(), "/", door.bearer(), "DELETE").status == 405);
}

TEST_CASE("no path leads out of the app's directory") {
  const Door door;
  for (const char* path : {"/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt",
                           "/assets/%2E%2e%2f..%2fsecret.txt", "/..%5csecret.txt", "/out.txt", "/up/secret.txt",
                           "/.git/config", "/%00", "/secret.txt%00.html", "/%zz", "/%2"}) {
    const Answer answer = get(door.address(), path, door.bearer());
    CAPTURE(path);
    CHECK(answer.body.find("secret") == std::string::npos);
    CHECK((answer.status == 404 || answer.status == 400));
  }
}

TEST_CASE("messages that are no requests end the connection with a reason and are counted") {
  const Door door;
  {
    Browser text(door.address(), door.bearer());
    text.send_bytes(Bytes{'h', 'i'}, true);
    CHECK(text.ended() == "messages are binary");
  }
  CHECK(door.bridge->counts().http.wrong_kind == 1);
  for (const Bytes& bytes : {Bytes{}, Bytes(7, 0xff), Bytes(64, 0xff), Bytes(4'096, 0x11)}) {
    Browser broken(door.address(), door.bearer());
    broken.send_bytes(bytes);
    CHECK(broken.ended().rfind("what came is no request", 0) == 0);
  }
  {
    // Lists of 2^29 structs without size: much to visit in few bytes.
    Browser large(door.address(), door.bearer());
    Bytes bytes(6 * 8, 0);
    bytes[4] = 5;
    bytes[8 + 4] = 2;  // root: two words of data
    bytes[8 + 6] = 2;  // and two pointers
    for (int pointer = 3; pointer < 5; ++pointer) {
      bytes[8 * (pointer + 1)] = 0x01;
      for (int i = 4; i < 8; ++i) bytes[8 * (pointer + 1) + i] = 0xf8;
    }
    large.send_bytes(bytes);
    CHECK(large.ended().rfind("what came is no request", 0) == 0);
  }
  {
    Browser unnumbered(door.address(), door.bearer());
    messaging::MessageBuilder<messages::bridge::BridgeRequest> builder;
    builder->setClose(1);
    const auto message = std::move(builder).seal();
    unnumbered.send_bytes(Bytes(message.bytes().begin(), message.bytes().end()));
    CHECK(unnumbered.ended() == "requests are numbered from 1 on");
  }
  CHECK(door.bridge->counts().malformed == 6);
}

TEST_CASE("a message that is too large ends the connection before it is kept") {
  WebsocketBridge::Settings settings;
  settings.limits.message_bytes = 10'000;
  const Door door(settings);
  Browser browser(door.address(), door.bearer());
  browser.send_bytes(Bytes(10'001, 0));
  browser.ended();
  CHECK_FALSE(browser.connected());
  CHECK(comes_true([&] { return door.bridge->counts().http.oversized == 1; }));
}

TEST_CASE("headers that are too long, requests that are none, and silence cost the connection") {
  WebsocketBridge::Settings settings;
  settings.limits.header_time = std::chrono::milliseconds(300);
  const Door door(settings);
  CHECK(raw(door.address(), "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n").substr(9, 3) == "400");
  CHECK(raw(door.address(), "hello\r\n\r\n").substr(9, 3) == "400");
  CHECK(raw(door.address(), "GET / HT").empty());
  CHECK(door.bridge->counts().http.malformed == 3);
  CHECK(comes_true([&] { return door.bridge->counts().http.connections == 0; }));
}

TEST_CASE("a thousand browsers at once are served, and one more than there is room for is refused") {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  WebsocketBridge::Settings settings;
  settings.limits.connections = 1'000;
  const Door door(settings);
  std::vector<std::unique_ptr<Browser>> browsers;
  for (int i = 0; i < 1'000; ++i) {
    browsers.push_back(std::make_unique<Browser>(door.address(), door.bearer()));
    REQUIRE(browsers.back()->connected());
  }
  for (const auto& browser : browsers) REQUIRE(browser->told(messages::bridge::BridgeMessage::HELLO).has_value());
  CHECK_FALSE(Browser(door.address(), door.bearer()).connected());
  CHECK(door.bridge->counts().http.refused == 1);
  for (const auto& browser : browsers) REQUIRE(browser->ask([](auto& out) { out.setClose(1); }).read()->isDone());
  browsers.clear();
  CHECK(comes_true([&] { return door.bridge->counts().http.connections == 0; }));
  CHECK(Browser(door.address(), door.bearer()).connected());
}

TEST_CASE("a bridge listens beyond this machine only when it is told so") {
  const auto node = Node::start({.log_level = "off"}).value();
  CHECK_FALSE(WebsocketBridge::start(*node, {.listen = "0.0.0.0:0"}).ok());
  const auto open = WebsocketBridge::start(*node, {.listen = "0.0.0.0:0", .beyond_this_machine = true});
  REQUIRE(open.ok());
  const std::string port = (*open)->address().substr((*open)->address().find(':') + 1);
  const Headers bearer = {{"Authorization", "Bearer " + (*open)->token()}};
  CHECK(get("127.0.0.1:" + port, "/", bearer).status == 200);
  Headers foreign = bearer;
  foreign.emplace_back("Host", "evil.example:" + port);
  CHECK(get("127.0.0.1:" + port, "/", foreign).status == 403);
  CHECK_FALSE(WebsocketBridge::start(*node, {.app = "/no/such/directory"}).ok());
}

}  // namespace
}  // namespace tlfs
