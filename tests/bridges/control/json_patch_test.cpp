// JSON Patch on documents: the cases of RFC 6902 and its appendix told anew, and what our kinds add to them.
#include "bridges/control/json_patch.h"

#include <catch2/catch.hpp>

#include "runtime/document/document.h"
#include "schema/compiler/compile.h"

using namespace tlfs;
using namespace tlfs::control;
using namespace tlfs::document;

namespace {

class Patched {
 public:
  explicit Patched(std::uint8_t device = 1) : document_(std::make_unique<Document>(settings(device))) {}

  Document* operator->() { return document_.get(); }
  void set(std::string_view path, std::string_view json) {
    const auto done = document_->transact({}, [&](Transaction& tx) { return tx.set(path, parse_json(json).value()); });
    INFO((done ? std::string() : done.error().message()));
    REQUIRE(done.ok());
  }
  Result<Commit> apply(std::string_view patch) {
    const auto operations = parse_json_patch(parse_json(patch).value());
    if (!operations) return operations.error();
    return document_->transact({}, [&](Transaction& tx) { return apply_json_patch(tx, *operations); });
  }
  // The value at the path afterwards.
  std::string after(std::string_view patch, std::string_view path) {
    const auto done = apply(patch);
    INFO((done ? std::string() : done.error().message()));
    REQUIRE(done.ok());
    return at(path);
  }
  std::string refusal(std::string_view patch) {
    const std::string before = document_->json();
    const auto done = apply(patch);
    REQUIRE_FALSE(done.ok());
    CHECK(document_->json() == before);
    return done.error().message();
  }
  std::string at(std::string_view path) { return to_json(document_->get(path).value()); }

 private:
  static Document::Settings settings(std::uint8_t device) {
    static const auto package = schema::compile(R"(
p { 0.1.0 { .: Struct
  .foo: MVReg<String> .n: MVReg<i64> .big: MVReg<u64> .f: MVReg<f64> .bytes: MVReg<Bytes>
  .done: EWFlag .votes: Counter .text: Text
  .list: Array .list.[]: MVReg<String>
  .todos: Array .todos.[]: Struct .todos.[].title: MVReg<String> .todos.[].done: EWFlag
  .words: Table<String> .words.{}: MVReg<i64>
  .people: Table<String> .people.{}: Struct .people.{}.name: MVReg<String> .people.{}.tags: Array .people.{}.tags.[]: MVReg<String>
  .years: Table<i64> .years.{}: MVReg<String>
  .sides: Table<bool> .sides.{}: MVReg<String>
} })",
                                                "p.tlfs")
                                    ->front()
                                    .package;
    Document::Settings s;
    s.id.fill(7);
    std::array<std::uint8_t, 32> seed{};
    seed[0] = device;
    s.device = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::from_seed(seed));
    s.package = package;
    return s;
  }
  std::unique_ptr<Document> document_;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a JSON patch adds members, elements in the middle and elements at the end") {
  Patched d;
  CHECK(d.after(R"([{"op":"add","path":"/words/a","value":1}])", ".words") == R"({"a":1})");
  CHECK(d.after(R"([{"op":"add","path":"/words/a","value":2}])", ".words") == R"({"a":2})");
  CHECK(d.after(R"([{"op":"add","path":"/list/0","value":"b"}])", ".list") == R"(["b"])");
  CHECK(d.after(R"([{"op":"add","path":"/list/0","value":"a"}])", ".list") == R"(["a","b"])");
  CHECK(d.after(R"([{"op":"add","path":"/list/-","value":"d"}])", ".list") == R"(["a","b","d"])");
  CHECK(d.after(R"([{"op":"add","path":"/list/2","value":"c"}])", ".list") == R"(["a","b","c","d"])");
  CHECK(d.after(R"([{"op":"add","path":"/list/4","value":"e"}])", ".list") == R"(["a","b","c","d","e"])");
  CHECK(d.after(R"([{"op":"add","path":"/foo","value":"bar"}])", ".foo") == R"("bar")");
  CHECK(d.after(R"([{"op":"add","path":"/people/eve","value":{"name":"Eve"}}])", ".people") ==
        R"({"eve":{"name":"Eve","tags":[]}})");
}

TEST_CASE("a JSON patch adds nothing where the parent is not there, and nothing past the end of an array") {
  Patched d;
  CHECK(has(d.refusal(R"([{"op":"add","path":"/people/eve/name","value":"Eve"}])"), "there is no such place"));
  CHECK(has(d.refusal(R"([{"op":"add","path":"/list/1","value":"x"}])"), "index 1 of an array of 0"));
  CHECK(has(d.refusal(R"([{"op":"add","path":"/nope","value":1}])"), "no field \"nope\""));
  CHECK(has(d.refusal(R"([{"op":"add","path":"/foo/x","value":1}])"), "has nothing inside"));
  for (const char* index : {"00", "01", "+1", "-1", "1e0", "", " 0"})
    CHECK(has(d.refusal(R"([{"op":"add","path":"/list/)" + std::string(index) + R"(","value":"x"}])"), "is no index"));
}

TEST_CASE("a JSON patch removes members and elements, and empties fields") {
  Patched d;
  d.set(".", R"({"foo":"x","done":true,"votes":4,"text":"hello","list":["a","b","c"],"words":{"a":1,"b":2}})");
  CHECK(d.after(R"([{"op":"remove","path":"/list/1"}])", ".list") == R"(["a","c"])");
  CHECK(d.after(R"([{"op":"remove","path":"/words/a"}])", ".words") == R"({"b":2})");
  CHECK(d.after(R"([{"op":"remove","path":"/foo"},{"op":"remove","path":"/done"},{"op":"remove","path":"/votes"},
                    {"op":"remove","path":"/text"},{"op":"remove","path":"/list"}])",
                ".foo") == "null");
  CHECK(d.at(".done") == "false");
  CHECK(d.at(".votes") == "0");
  CHECK(d.at(".text") == "\"\"");
  CHECK(d.at(".list") == "[]");
  CHECK(has(d.refusal(R"([{"op":"remove","path":"/words/a"}])"), "no such place"));
  CHECK(has(d.refusal(R"([{"op":"remove","path":"/list/0"}])"), "no such place"));
  CHECK(has(d.refusal(R"([{"op":"remove","path":"/list/-"}])"), "no such place"));
}

TEST_CASE("what a JSON patch replaces must be there, and is empty where the new value says nothing") {
  Patched d;
  d.set(".",
        R"({"words":{"a":1},"people":{"eve":{"name":"Eve","tags":["x"]}},"todos":[{"title":"milk","done":true}]})");
  CHECK(d.after(R"([{"op":"replace","path":"/words/a","value":7}])", ".words") == R"({"a":7})");
  CHECK(has(d.refusal(R"([{"op":"replace","path":"/words/b","value":7}])"), "no such place"));
  CHECK(has(d.refusal(R"([{"op":"replace","path":"/todos/1","value":{}}])"), "no such place"));
  CHECK(d.after(R"([{"op":"replace","path":"/todos/0","value":{"title":"tea"}}])", ".todos") ==
        R"([{"title":"tea","done":false}])");
  CHECK(d.after(R"([{"op":"replace","path":"/people/eve","value":{"tags":["y"]}}])", ".people") ==
        R"({"eve":{"name":null,"tags":["y"]}})");
  CHECK(d.after(R"([{"op":"replace","path":"/people","value":{"eve":{"name":"E"}}}])", ".people") ==
        R"({"eve":{"name":"E","tags":[]}})");
  CHECK(d.after(R"([{"op":"replace","path":"","value":{"foo":"only"}}])", ".words") == "{}");
  CHECK(d.at(".todos") == "[]");
  CHECK(d.at(".foo") == "\"only\"");
}

TEST_CASE("a JSON patch moves elements inside an array to the index they have afterwards") {
  Patched d;
  const auto moved = [&](std::string_view from, std::string_view to) {
    d.set(".list", R"(["a","b","c","d"])");
    return d.after(
        R"([{"op":"move","from":"/list/)" + std::string(from) + R"(","path":"/list/)" + std::string(to) + R"("}])",
        ".list");
  };
  CHECK(moved("1", "3") == R"(["a","c","d","b"])");
  CHECK(moved("3", "0") == R"(["d","a","b","c"])");
  CHECK(moved("0", "-") == R"(["b","c","d","a"])");
  CHECK(moved("2", "2") == R"(["a","b","c","d"])");
  CHECK(has(d.refusal(R"([{"op":"move","from":"/list/0","path":"/list/4"}])"), "once the element is taken out"));
  CHECK(has(d.refusal(R"([{"op":"move","from":"/list/4","path":"/list/0"}])"), "no such place"));
}

TEST_CASE("an element that was moved by a JSON patch keeps what another device did to it meanwhile") {
  Patched alice(1), bob(2);
  alice.set(".todos", R"([{"title":"milk"},{"title":"tea"}])");
  bob->import(alice->all_changes());
  REQUIRE(alice.apply(R"([{"op":"move","from":"/todos/0","path":"/todos/1"}])").ok());
  bob.set(".todos[0].title", R"("oat milk")");
  alice->import(bob->all_changes());
  CHECK(alice.at(".todos") == R"([{"title":"tea","done":false},{"title":"oat milk","done":false}])");
}

TEST_CASE("an element that was replaced by a JSON patch keeps its identity") {
  Patched alice(1), bob(2);
  alice.set(".todos", R"([{"title":"milk"}])");
  bob->import(alice->all_changes());
  REQUIRE(alice.apply(R"([{"op":"replace","path":"/todos/0","value":{"title":"tea"}}])").ok());
  bob.set(".todos[0].done", "true");
  alice->import(bob->all_changes());
  CHECK(alice.at(".todos") == R"([{"title":"tea","done":true}])");
}

TEST_CASE("a JSON patch moves between containers by copying and removing") {
  Patched d;
  d.set(".", R"({"list":["a","b"],"words":{"x":1},"people":{"eve":{"name":"Eve","tags":["t"]}}})");
  CHECK(d.after(R"([{"op":"move","from":"/list/0","path":"/people/eve/tags/-"}])", ".people") ==
        R"({"eve":{"name":"Eve","tags":["t","a"]}})");
  CHECK(d.at(".list") == R"(["b"])");
  CHECK(d.after(R"([{"op":"move","from":"/words/x","path":"/words/y"}])", ".words") == R"({"y":1})");
  CHECK(d.after(R"([{"op":"move","from":"/people/eve","path":"/people/ada"}])", ".people") ==
        R"({"ada":{"name":"Eve","tags":["t","a"]}})");
  CHECK(d.after(R"([{"op":"move","from":"/people/ada/name","path":"/foo"}])", ".foo") == R"("Eve")");
  CHECK(d.at(".people") == R"({"ada":{"name":null,"tags":["t","a"]}})");
  CHECK(has(d.refusal(R"([{"op":"move","from":"/people","path":"/people/ada"}])"), "into itself"));
  CHECK(has(d.refusal(R"([{"op":"move","from":"/list/0","path":"/n"}])"), ".n"));  // a string is no i64
}

TEST_CASE("a JSON patch copies values of every kind") {
  Patched d;
  d.set(".", R"({"big":"18446744073709551615","bytes":"AAEC","f":0.5,"todos":[{"title":"milk","done":true}]})");
  CHECK(d.after(R"([{"op":"copy","from":"/todos/0","path":"/todos/0"}])", ".todos") ==
        R"([{"title":"milk","done":true},{"title":"milk","done":true}])");
  CHECK(d.after(R"([{"op":"copy","from":"/big","path":"/big"},{"op":"copy","from":"/bytes","path":"/bytes"}])",
                ".big") == R"("18446744073709551615")");
  CHECK(d.at(".bytes") == R"("AAEC")");
  CHECK(has(d.refusal(R"([{"op":"copy","from":"/words/none","path":"/n"}])"), "no such place"));
}

TEST_CASE("a test that fails ends a JSON patch and nothing of it is done") {
  Patched d;
  d.set(".", R"({"foo":"bar","n":10,"f":2.5,"list":["a","b"],"people":{"eve":{"name":"Eve"}}})");
  CHECK(d.after(R"([{"op":"test","path":"/foo","value":"bar"},{"op":"test","path":"/n","value":10},
                    {"op":"test","path":"/n","value":10.0},{"op":"test","path":"/f","value":2.5},
                    {"op":"test","path":"/list","value":["a","b"]},{"op":"test","path":"/list/1","value":"b"},
                    {"op":"test","path":"/people/eve","value":{"tags":[],"name":"Eve"}},
                    {"op":"test","path":"/big","value":null}])",
                ".foo") == R"("bar")");
  const std::string said =
      d.refusal(R"([{"op":"add","path":"/list/-","value":"c"},{"op":"test","path":"/foo","value":"baz"}])");
  CHECK(said == R"(operation 2 (test "/foo"): the value is "bar", not "baz")");
  CHECK(has(d.refusal(R"([{"op":"test","path":"/n","value":"10"}])"), "the value is 10, not \"10\""));
  CHECK(has(d.refusal(R"([{"op":"test","path":"/list","value":["b","a"]}])"), "not [\"b\",\"a\"]"));
  CHECK(has(d.refusal(R"([{"op":"test","path":"/words/x","value":null}])"), "no such place"));
  CHECK(has(d.refusal(R"([{"op":"test","path":"/people/eve","value":{"name":"Eve"}}])"), "the value is"));
}

TEST_CASE("pointers escape ~ and /, and integers and booleans are keys where the schema says so") {
  Patched d;
  CHECK(d.after(R"([{"op":"add","path":"/words/a~1b","value":1},{"op":"add","path":"/words/m~0n","value":2},
                    {"op":"add","path":"/words/~01","value":3},{"op":"add","path":"/words/","value":4}])",
                ".words") == R"({"":4,"a/b":1,"m~n":2,"~1":3})");
  CHECK(d.after(R"([{"op":"add","path":"/years/-7","value":"a"},{"op":"add","path":"/sides/true","value":"b"}])",
                ".years") == R"({"-7":"a"})");
  CHECK(d.at(".sides") == R"({"true":"b"})");
  CHECK(has(d.refusal(R"([{"op":"add","path":"/years/x","value":"a"}])"), "keys are of type"));
  CHECK(has(d.refusal(R"([{"op":"add","path":"/words/~2","value":1}])"), "'~' is followed by"));
  CHECK(has(d.refusal(R"([{"op":"add","path":"/words/~","value":1}])"), "'~' is followed by"));
  CHECK(has(d.refusal(R"([{"op":"add","path":"words","value":1}])"), "starts with '/'"));
}

TEST_CASE("operations that are none are named by their number") {
  Patched d;
  CHECK(has(d.refusal(R"({"op":"add"})"), "an array of operations"));
  CHECK(has(d.refusal(R"([{"op":"test","path":"/n","value":null},7])"), "operation 2: an operation must be an object"));
  CHECK(has(d.refusal(R"([{"op":"spam","path":"/n"}])"), "operation 1: \"op\" must be add, remove"));
  CHECK(has(d.refusal(R"([{"path":"/n"}])"), "\"op\" must be a string"));
  CHECK(has(d.refusal(R"([{"op":"add","value":1}])"), "\"path\" must be a string"));
  CHECK(has(d.refusal(R"([{"op":"add","path":7,"value":1}])"), "\"path\" must be a string"));
  CHECK(has(d.refusal(R"([{"op":"add","path":"/n"}])"), "\"value\" must be there"));
  CHECK(has(d.refusal(R"([{"op":"move","path":"/n"}])"), "\"from\" must be a string"));
  CHECK(has(d.refusal(R"([{"op":"splice","path":"/text","position":-1,"removed":0,"text":""}])"), "not below 0"));
  CHECK(d.after(R"([{"op":"add","path":"/n","value":1,"from":7,"comment":{}}])", ".n") == "1");
  CHECK(d.after("[]", ".n") == "1");
}

TEST_CASE("a splice edits a text, in code points") {
  Patched d;
  d.set(".text", "\"a\xF0\x9F\x99\x82z\"");
  CHECK(d.after(R"([{"op":"splice","path":"/text","position":2,"removed":1,"text":"bc"}])", ".text") ==
        "\"a\xF0\x9F\x99\x82"
        "bc\"");
  CHECK(has(d.refusal(R"([{"op":"splice","path":"/text","position":9,"removed":0,"text":"x"}])"), "operation 1"));
  CHECK(has(d.refusal(R"([{"op":"splice","path":"/foo","position":0,"removed":0,"text":"x"}])"), "operation 1"));
}

TEST_CASE("what a document's patches say as a JSON patch does the same to another document") {
  Patched d, mirror(3);
  const auto follow = [&](const std::vector<Patch>& patches) {
    Data::Array usable;
    const Data list = as_json_patch(patches);
    for (const Data& one : *list.array())
      if (to_json(*one.find("op")) != R"("conflict")") usable.push_back(one);
    const auto operations = parse_json_patch(Data(usable));
    REQUIRE(operations.ok());
    const auto done = mirror->transact({}, [&](Transaction& tx) { return apply_json_patch(tx, *operations); });
    INFO(to_json(list) << (done ? "" : done.error().message()));
    REQUIRE(done.ok());
    CHECK(mirror->json() == d->json());
  };
  const auto edit = [&](auto&& f) { follow(d->transact({}, f).value().patches); };
  edit([](Transaction& tx) { return tx.set(".list", parse_json(R"(["a","b","c"])").value()); });
  edit([](Transaction& tx) { return tx.move(tx.address(".list").value(), 2, 0); });
  edit([](Transaction& tx) { return tx.erase(tx.address(".list").value(), 0, 2); });
  edit([](Transaction& tx) { return tx.set(".text", Value(std::string("hello"))); });
  edit([](Transaction& tx) { return tx.splice(tx.address(".text").value(), 1, 2, "EE"); });
  edit([](Transaction& tx) { return tx.set(".people[\"a/b\"].name", Value(std::string("x"))); });
  edit([](Transaction& tx) { return tx.set(".words[\"~\"]", Value(std::int64_t{3})); });
  edit([](Transaction& tx) { return tx.remove(parse_path(".people[\"a/b\"]").value()); });
  edit([](Transaction& tx) { return tx.set(".done", Value(true)); });

  Patched other(2);
  other->import(d->all_changes());
  d.set(".foo", "\"here\"");
  other.set(".foo", "\"there\"");
  mirror.set(".foo", d.at(".foo"));
  const std::vector<Patch> merged = d->import(other->all_changes()).patches;
  CHECK(has(to_json(as_json_patch(merged)), R"("op":"conflict","path":"/foo","values":[)"));
  follow(merged);
}

TEST_CASE("a snapshot as a JSON patch replaces everything") {
  CHECK(to_json(as_json_patch(Data(Value(std::int64_t{1})))) == R"([{"op":"replace","path":"","value":1}])");
}

TEST_CASE("JSON values are equal by value, whatever the order of members") {
  const auto equal = [](std::string_view a, std::string_view b) {
    const Data x = parse_json(a).value(), y = parse_json(b).value();
    CHECK(equal_json(x, y) == equal_json(y, x));
    return equal_json(x, y);
  };
  CHECK(equal("1", "1.0"));
  CHECK(equal("18446744073709551615", "18446744073709551615"));
  CHECK_FALSE(equal("18446744073709551615", "18446744073709551616.0"));
  CHECK_FALSE(equal("9007199254740993", "9007199254740992.0"));
  CHECK_FALSE(equal("-1", "18446744073709551615"));
  CHECK_FALSE(equal("1", "1.5"));
  CHECK_FALSE(equal("1", "\"1\""));
  CHECK_FALSE(equal("0", "false"));
  CHECK_FALSE(equal("null", "false"));
  CHECK(equal(R"({"a":1,"b":[true,null]})", R"({"b":[true,null],"a":1})"));
  CHECK_FALSE(equal(R"({"a":1})", R"({"b":1})"));
  CHECK_FALSE(equal(R"({"a":1})", R"({"a":1,"b":1})"));
  CHECK_FALSE(equal("[1,2]", "[2,1]"));
  CHECK_FALSE(equal("[]", "{}"));
}
