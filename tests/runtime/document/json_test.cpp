// JSON in and out of a document.
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/runtime/document/people.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

std::string refusal(Person& p, std::string_view path, const Data& data) {
  const std::string before = p->json();
  const Result<Commit> done = p->transact({}, [&](Transaction& tx) { return tx.set(path, data); });
  REQUIRE(!done.ok());
  CHECK(p->json() == before);
  return done.error().message();
}

}  // namespace

TEST_CASE("an import that does not fit names the first path that is wrong and changes nothing") {
  Person alice(1);
  alice.set(".title", "\"kept\"");
  const auto first = [&](std::string_view json) {
    const std::string message = refusal(alice, ".", parse_json(json).value());
    return message.substr(0, message.find(':'));
  };
  CHECK(first(R"({"title":"x","number":"abc"})") == ".number");
  CHECK(first(R"({"title":"x","list":[{"name":"a"},{"name":5},{"name":6}]})") == ".list[1].name");
  CHECK(first(R"({"title":"x","map":{"k":{"secret":{"word":[]}}}})") == ".map[\"k\"].secret.word");
  CHECK(first(R"({"title":"x","years":{"19":"","nineteen":""}})") == ".years");
  CHECK(first(R"({"title":"x","years":{"19":"not base64!"}})") == ".years{19}");
  CHECK(first(R"({"title":"x","list":{}})") == ".list");
  CHECK(first(R"({"title":"x","done":null})") == ".done");
  CHECK(first(R"({"title":"x","votes":1.5})") == ".votes");
  CHECK(first(R"({"title":"x","text":null})") == ".text");
  CHECK(first(R"([])") == ".");
  CHECK(refusal(alice, ".", parse_json(R"({"list":[{"nome":"a"}]})").value()).find("\"nome\"") != std::string::npos);
}

TEST_CASE("text that is no UTF-8 is refused before anything is written") {
  Person alice(1);
  const Value bad = std::string("\xff");
  for (const std::string field : {"title", "text"}) {
    Data data{Data::Object{{"number", Value(std::int64_t{1})}, {field, bad}}};
    const Result<Commit> done = alice->transact({}, [&](Transaction& tx) -> Status {
      const Status s = tx.set(".", data);
      CHECK(!s.ok());
      CHECK(tx.reader().json() == alice->json());
      CHECK(tx.id_count() == 0);
      return {};
    });
    CHECK(alice.at(".number") == "null");
  }
  Data data{
      Data::Object{{"number", Value(std::int64_t{1})}, {"map", Data(Data::Object{{"\xff", Data(Data::Object())}})}}};
  const Result<Commit> done = alice->transact({}, [&](Transaction& tx) -> Status {
    CHECK(!tx.set(".", data).ok());
    return {};
  });
  CHECK(alice.at(".number") == "null");
}

TEST_CASE("what is exported can be imported, and comes out the same") {
  Person alice(1), bob(2);
  const std::string json =
      R"({"title":"a \"quoted\" \u0001 \ud83d\ude00","number":"-9223372036854775808","done":true,"votes":9007199254740992,)"
      R"("text":"line\nline","list":[{"name":null,"votes":"9007199254740993","secret":{"word":null}}],)"
      R"("map":{"":{"name":"x","text":"","secret":{"word":"w"}}},"years":{"7":"AAEC/w==","1999":null}})";
  alice.set(".", json);
  const std::string exported = alice->json();
  bob.set(".", exported);
  CHECK(bob->json() == exported);
  CHECK(parse_json(exported).value() == parse_json(json).value());
  CHECK(parse_json(alice->json(true)).value() == parse_json(json).value());
}

TEST_CASE("setting a place makes it equal to the JSON, whatever was there") {
  Person alice(1);
  alice.set(
      ".",
      R"({"list":[{"name":"a"},{"name":"b"}],"map":{"k":{"name":"x"},"l":{}},"text":"old","votes":5,"done":true})");
  alice.set(".list", R"([{"name":"c","votes":2}])");
  alice.set(".map", R"({"l":{"text":"t"},"m":{}})");
  alice.set(".text", "\"new\"");
  alice.set(".votes", "-3");
  alice.set(".done", "false");
  CHECK(alice.at(".list") == R"([{"name":"c","votes":2,"secret":{"word":null}}])");
  CHECK(alice.at(".map") ==
        R"({"l":{"name":null,"text":"t","secret":{"word":null}},"m":{"name":null,"text":"","secret":{"word":null}}})");
  CHECK(alice.at(".text") == "\"new\"");
  CHECK(alice.at(".votes") == "-3");
  CHECK(alice.at(".done") == "false");
}

TEST_CASE("JSON that is no JSON is refused with line and column") {
  const auto message = [](std::string_view text) {
    const Result<Data> data = parse_json(text);
    REQUIRE(!data.ok());
    CHECK(data.error().is(Errc::invalid_json));
    return data.error().message();
  };
  CHECK(message("{\n  \"a\": 1,\n  \"a\": 2\n}").find("line 3") != std::string::npos);
  CHECK(message("[1,\n2,]").find("line 2") != std::string::npos);
  message("");
  message("[1] 2");
  message("{\"a\":1e999}");
  message("\"\\ud800\"");
  message("NaN");
  message("\"\xff\"");
  message(std::string(kMaxJsonDepth + 1, '[') + std::string(kMaxJsonDepth + 1, ']'));
  CHECK(parse_json(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']')).ok());
  CHECK(parse_json("18446744073709551615").value() == Data(Value(~std::uint64_t{0})));
  CHECK(parse_json("-9223372036854775808").value() == Data(Value(INT64_MIN)));
}
