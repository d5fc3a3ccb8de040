// What devices tell each other in the handshake, and the sentences for closing.
#include "runtime/link/hello.h"

#include <catch2/catch.hpp>

#include "runtime/link/close_reason.h"

using namespace tlfs;
using namespace tlfs::link;

namespace {

Hello full() {
  Hello hello;
  hello.device[3] = 9;
  hello.versions = {2, 7};
  hello.capabilities = {"a", "live-2", "x_y.z"};
  hello.payload = Bytes(kMaxHelloPayload, 5);
  return hello;
}

}  // namespace

TEST_CASE("A hello comes back as it was") {
  CHECK(decode_hello(encode_hello(full()).value()).value() == full());
  CHECK(decode_hello(encode_hello(Hello{}).value()).value() == Hello{});
}

TEST_CASE("The largest hello fits its limit") {
  Hello hello = full();
  hello.capabilities.clear();
  for (std::size_t i = 0; i < kMaxCapabilities; ++i) {
    std::string name(kMaxCapabilityBytes, 'a');
    name[0] = static_cast<char>('a' + i / 26);
    name[1] = static_cast<char>('a' + i % 26);
    hello.capabilities.push_back(name);
  }
  CHECK(decode_hello(encode_hello(hello).value()).value() == hello);
  hello.capabilities.push_back("z");
  CHECK(encode_hello(hello).error().is(Errc::limit_exceeded));
}

TEST_CASE("A hello that breaks its rules is neither made nor read") {
  for (const std::vector<std::string>& names : std::vector<std::vector<std::string>>{
           {"b", "a"}, {"a", "a"}, {""}, {"Big"}, {"with space"}, {std::string(kMaxCapabilityBytes + 1, 'a')}}) {
    Hello hello = full();
    hello.capabilities = names;
    CHECK_FALSE(encode_hello(hello).ok());
  }
  Hello backwards = full();
  backwards.versions = {3, 2};
  CHECK(encode_hello(backwards).error().is(Errc::malformed));
  // A name whose letter was changed on the way to a capital one.
  Bytes bytes = encode_hello(full()).value();
  const std::string_view text = as_text(bytes);
  bytes[text.find("live-2")] = 'L';
  CHECK(decode_hello(bytes).error().is(Errc::malformed));
}

TEST_CASE("Bytes that are no hello are refused, cut off at any place") {
  const Bytes bytes = encode_hello(full()).value();
  for (std::size_t size = 0; size < bytes.size(); size += 8)
    CHECK_FALSE(decode_hello(ByteView(bytes).first(size)).ok());
  CHECK(decode_hello(Bytes(7, 0)).error().is(Errc::malformed));
  CHECK(decode_hello(Bytes(64, 0xff)).error().is(Errc::malformed));
  CHECK(decode_hello(Bytes(kMaxHelloBytes + 8)).error().is(Errc::limit_exceeded));
}

TEST_CASE("The common version is the highest of both, if there is one") {
  CHECK(common_version({1, 3}, {2, 5}) == 3);
  CHECK(common_version({2, 5}, {1, 3}) == 3);
  CHECK(common_version({1, 1}, {1, 1}) == 1);
  CHECK(common_version({1, 2}, {3, 4}) == std::nullopt);
  CHECK(common_version({3, 4}, {1, 2}) == std::nullopt);
}

TEST_CASE("A sentence from outside is cut to its limit and moves no cursor") {
  CHECK(clean_sentence("a\x1b[2Jb\n\x7f") == "a [2Jb  ");
  CHECK(clean_sentence("\xff").empty());
  const std::string umlauts = [] {
    std::string out = "x";
    while (out.size() < 300) out += "\xc3\xa4";
    return out;
  }();
  CHECK(clean_sentence(umlauts) == umlauts.substr(0, kMaxSentenceBytes - 1));
}
