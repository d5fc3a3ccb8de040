// How places in the network are written.
#include "actors/net/address.h"

#include <catch2/catch.hpp>

using namespace tlfs::net;

TEST_CASE("Places are read as they are written") {
  for (const char* text :
       {"192.0.2.7:4242", "[2001:db8::7]:4242", "[fe80::1%eth0]:1", "some-host.local:65535", "a:0"}) {
    const auto place = parse_host_port(text);
    REQUIRE(place.ok());
    CHECK(to_string(*place) == text);
  }
  CHECK(*parse_host_port("[2001:db8::7]:4242") == HostPort{"2001:db8::7", 4242});
}

TEST_CASE("What is no place is refused, in words that can be printed") {
  for (const char* text :
       {"", ":", "host", "host:", "host:65536", "host:-1", "host:1x", ":1", "2001:db8::7:4242", "[2001:db8::7]",
        "[2001:db8::7]4242", "[host]:1", "[::1:1", "a b:1", "host:1/", "h\x1b[2J:1", "a@b:1"}) {
    INFO(text);
    const auto place = parse_host_port(text);
    REQUIRE(!place);
    CHECK(place.error().is(Errc::bad_address));
    CHECK(place.error().message().find('\x1b') == std::string::npos);
  }
  CHECK(!parse_host_port(std::string(300, 'a') + ":1"));
}

TEST_CASE("A URL names its place, its port by default, and its path") {
  const auto plain = parse_websocket_url("ws://host:4242");
  REQUIRE(plain.ok());
  CHECK((!plain->tls && plain->place == HostPort{"host", 4242} && plain->target == "/"));
  const auto tls = parse_websocket_url("wss://host.example/sync?x=1");
  REQUIRE(tls.ok());
  CHECK((tls->tls && tls->place == HostPort{"host.example", 443} && tls->target == "/sync?x=1"));
  CHECK(parse_websocket_url("ws://[::1]")->place == HostPort{"::1", 80});
  CHECK(parse_websocket_url("192.0.2.7:4242")->place == HostPort{"192.0.2.7", 4242});
}

TEST_CASE("What is no URL of a WebSocket is refused") {
  for (const char* text :
       {"http://host:1", "ws:/host:1", "ws://", "ws:///x", "ws://host:0", "host", "host:1/x", "ws://u@host:1",
        "ws://host:1/#x", "ws://host:1#x", "ws://host:1/a b", "WS://host:1", "ws://h\r\nX: y:1", "ws://host?x"}) {
    INFO(text);
    const auto url = parse_websocket_url(text);
    REQUIRE(!url);
    CHECK(url.error().is(Errc::bad_address));
  }
}
