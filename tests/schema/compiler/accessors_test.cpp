// Generated accessors at work on documents.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "runtime/base/check.h"
#include "schema/compiler/compile.h"
// generated
#include "awkward.tlfs.h"
#include "notes.tlfs.h"
#include "time.tlfs.h"
#include "todoapp.tlfs.h"

using namespace tlfs;
using namespace tlfs::document;

namespace {

template <class T>
concept has_nope = requires(T t) { t.nope(); };
template <class T>
concept has_tasks = requires(T t) { t.tasks().push_back().title().set("milk"); };
template <class R, class V>
concept takes = requires(R r, V v) { r.set(v); };
template <class T>
concept grows = requires(T t) { t.push_back(); };
template <class T>
concept has_keys = requires(T t) { t.touch(true); };

static_assert(has_tasks<todoapp::Root>);
static_assert(!has_nope<todoapp::Root>);
static_assert(!has_nope<decltype(std::declval<todoapp::Root>().tasks().push_back())>);
static_assert(takes<Register<std::string>, const char*> && takes<Register<std::string>, std::string>);
static_assert(!takes<Register<std::string>, std::uint64_t> && !takes<Register<std::string>, bool>);
static_assert(takes<Register<bool>, bool> && !takes<Register<bool>, const char*> && !takes<Register<bool>, int>);
static_assert(takes<Register<std::uint64_t>, int> && !takes<Register<std::uint64_t>, double>);
static_assert(!takes<Register<std::uint64_t>, bool> && !takes<Register<std::uint64_t>, const char*>);
static_assert(takes<Register<double>, int> && takes<Register<double>, double> && !takes<Register<double>, bool>);
static_assert(takes<Register<Bytes>, Bytes> && !takes<Register<Bytes>, const char*>);
static_assert(takes<Flag, bool> && !takes<Flag, int> && !takes<Flag, const char*>);
static_assert(!grows<decltype(std::declval<awkward::Root>().open())>);
static_assert(!has_keys<decltype(std::declval<awkward::Root>().keys())>);

std::shared_ptr<const schema::Package> package(std::string_view name) {
  std::ifstream in(TLFS_SOURCE_DIR "/tests/schema/compiler/golden/accessors.tlfs", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const auto compiled = schema::compile(text, "accessors.tlfs");
  REQUIRE(compiled.ok());
  for (const auto& s : *compiled)
    if (s.name == name) return s.package;
  FAIL("no such schema");
  return nullptr;
}

Document::Settings settings(std::string_view schema, std::uint64_t device = 1) {
  SeededRandom ids(1), keys(device);
  Document::Settings s;
  s.id = new_document_id(ids);
  s.device = std::make_shared<const crypto::SigningKey>(crypto::SigningKey::generate(keys));
  s.package = package(schema);
  return s;
}

// The transaction is expected to succeed.
template <class Root, class F>
Commit done(Document& doc, F&& f) {
  Result<Commit> commit = transact<Root>(doc, {}, std::forward<F>(f));
  INFO((commit.ok() ? std::string() : commit.error().message()));
  REQUIRE(commit.ok());
  return std::move(*commit);
}

template <class Root>
Root reading(const Document& doc) {
  Result<Root> root = read<Root>(doc);
  REQUIRE(root.ok());
  return std::move(*root);
}

}  // namespace

TEST_CASE("A line of typed edits does what it says, and typed reading sees it") {
  Document doc(settings("todoapp"));
  done<todoapp::Root>(doc, [](todoapp::Root tx) {
    tx.title().set("groceries");
    tx.tasks().push_back().title().set("milk");
    const auto bread = tx.tasks().insert(0);
    bread.title().set("bread");
    bread.complete().enable();
    CHECK(bread.title().get() == "bread");
    CHECK(tx.tasks().size() == 2);
  });
  CHECK(doc.json() ==
        R"({"title":"groceries","tasks":[{"title":"bread","complete":true},{"title":"milk","complete":false}]})");
  CHECK(todoapp::kSchema == "todoapp");
  CHECK(todoapp::kVersion == "0.1.0");

  const auto root = reading<todoapp::Root>(doc);
  CHECK(root.title().get() == "groceries");
  std::vector<std::string> titles;
  for (const auto task : root.tasks()) titles.push_back(task.title().get().value_or("-"));
  CHECK(titles == std::vector<std::string>{"bread", "milk"});
  CHECK(root.tasks()[0].complete().get());
  CHECK_FALSE(root.tasks()[1].complete().get());
}

TEST_CASE("An accessor to an element stays with it while others come, go and move") {
  Document doc(settings("todoapp"));
  done<todoapp::Root>(doc, [](todoapp::Root tx) {
    const auto tasks = tx.tasks();
    for (const char* name : {"a", "b", "c", "d"}) tasks.push_back().title().set(name);
    const auto c = tasks[2];
    tasks.erase(0);
    tasks.insert(0).title().set("new");
    tasks.move(2, 0);
    c.title().set("C");
    tasks.move(0, 3);
    c.complete().set(true);
  });
  CHECK(doc.json() == R"({"title":null,"tasks":[{"title":"new","complete":false},{"title":"b","complete":false},)"
                      R"({"title":"d","complete":false},{"title":"C","complete":true}]})");
  done<todoapp::Root>(doc, [](todoapp::Root tx) {
    tx.tasks()[3].complete().disable();
    tx.tasks()[3].title().unset();
    tx.tasks().erase(0, 3);
    CHECK_FALSE(tx.tasks().empty());
  });
  CHECK(doc.json() == R"({"title":null,"tasks":[{"title":null,"complete":false}]})");
}

TEST_CASE("The first edit that fails fails the transaction, which then leaves nothing behind") {
  Document doc(settings("todoapp"));
  done<todoapp::Root>(doc, [](todoapp::Root tx) { tx.title().set("before"); });
  const auto failed = transact<todoapp::Root>(doc, {}, [](todoapp::Root tx) {
    tx.title().set("during");
    tx.tasks()[7].title().set("nowhere");
    tx.tasks().erase(9);  // would fail too, but is not the first
    tx.tasks().push_back().title().set("not any more");
    CHECK(tx.title().get() == "during");
  });
  REQUIRE(!failed.ok());
  CHECK(failed.error().is(Errc::out_of_range));
  CHECK(failed.error().message() == "index 7 of an array of 0");
  CHECK(doc.json() == R"({"title":"before","tasks":[]})");

  // An element that this very transaction erased is not there any more.
  const auto erased = transact<todoapp::Root>(doc, {}, [](todoapp::Root tx) {
    const auto task = tx.tasks().push_back();
    tx.tasks().erase(0);
    task.title().set("ghost");
  });
  REQUIRE(!erased.ok());
  CHECK(erased.error().is(Errc::out_of_range));
}

TEST_CASE("A function may give up with an error of its own, but an edit's error goes first") {
  Document doc(settings("todoapp"));
  const Status own = Error(Errc::aborted, "no");
  const auto gave_up = transact<todoapp::Root>(doc, {}, [&](todoapp::Root tx) {
    tx.title().set("x");
    return own;
  });
  REQUIRE(!gave_up.ok());
  CHECK(gave_up.error().is(Errc::aborted));
  const auto both = transact<todoapp::Root>(doc, {}, [&](todoapp::Root tx) {
    tx.title().set("\xff");
    return own;
  });
  REQUIRE(!both.ok());
  CHECK(both.error().is(Errc::invalid_text));
  CHECK(doc.json() == R"({"title":null,"tasks":[]})");
}

TEST_CASE("Every kind has its accessor, and what was never written reads as empty") {
  Document doc(settings("awkward"));
  const auto check_empty = [](const awkward::Root& root) {
    CHECK(root.class__().str().empty());
    CHECK(root.class__().size() == 0);
    CHECK(root.class_().get() == 0);
    CHECK_FALSE(root.delete_().get());
    CHECK(root.root().RootEntry().get() == std::nullopt);
    CHECK(root.lists().size() == 0);
    CHECK_FALSE(root.lists().contains("k"));
    CHECK(root.lists()["k"].empty());
    CHECK(root.lists()["k"][3][7].raw().get() == std::nullopt);
    CHECK(root.signed_().keys().empty());
    CHECK(root.open().size() == 0);
    CHECK(root.keys().size() == 0);
  };
  check_empty(reading<awkward::Root>(doc));
  CHECK(doc.revision() == 0);

  done<awkward::Root>(doc, [](awkward::Root tx) {
    tx.class__().append("a😀c");
    tx.class__().splice(3, 1, "Z", TextUnit::utf16);
    tx.class__().append("!");
    tx.class_().increment(5);
    tx.class_().increment();
    tx.class_().increment(-2);
    tx.delete_().enable();
    tx.root().RootEntry().set(1);
    tx.root().RootEntry().set(2.5);
    tx.a_b().x().set(true);
    tx.aB().AB_().set(-7);
    tx.lists()["k"].push_back()[7].raw().set(Bytes{0, 1});
    tx.lists().touch("empty");
    tx.lists()["gone"].push_back();
    tx.lists().erase("gone");
    tx.lists().erase("never there");
    tx.signed_()[-5].set(std::numeric_limits<std::uint64_t>::max());
    tx.signed_()[3].set(1u);
  });
  const auto root = reading<awkward::Root>(doc);
  CHECK(root.class__().str() == "a😀Z!");
  CHECK(root.class__().size() == 4);
  CHECK(root.class__().size(TextUnit::utf16) == 5);
  CHECK(root.class_().get() == 4);
  CHECK(root.delete_().get());
  CHECK(root.root().RootEntry().get() == 2.5);
  CHECK(root.a_b().x().get() == true);
  CHECK(root.aB().AB_().get() == -7);
  CHECK(root.lists().keys() == std::vector<std::string>{"empty", "k"});
  CHECK(root.lists().contains("empty"));
  CHECK(root.lists()["k"][0].keys() == std::vector<std::uint64_t>{7});
  CHECK(root.lists()["k"][0][7].raw().get() == Bytes{0, 1});
  CHECK(root.signed_().keys() == std::vector<std::int64_t>{-5, 3});
  CHECK(root.signed_()[-5].get() == std::numeric_limits<std::uint64_t>::max());
  CHECK(doc.json() ==
        R"({"class":"a😀Z!","class_":4,"delete":true,"field":"","Root":"","StructField":"","tlfs":"","AB":"",)"
        R"("root":{"RootEntry":2.5},"a_b":{"x":true},"aB":{"AB":-7,"AB2":null},)"
        R"("lists":{"empty":[],"k":[{"7":{"raw":"AAE="}}]},"open":[],"keys":{},)"
        R"("signed":{"-5":"18446744073709551615","3":1}})");

  done<awkward::Root>(doc, [](awkward::Root tx) {
    tx.class_().reset();
    tx.lists().erase("k");
    tx.lists().erase("empty");
    tx.root().RootEntry().unset();
    tx.delete_().disable();
    tx.signed_().erase(-5);
    tx.signed_().erase(3);
    tx.class__().splice(0, tx.class__().size(), "");
  });
  check_empty(reading<awkward::Root>(doc));
}

TEST_CASE("Numbers that do not fit a register fail the transaction") {
  Document doc(settings("awkward"));
  const auto negative = transact<awkward::Root>(doc, {}, [](awkward::Root tx) { tx.signed_()[1].set(-1); });
  REQUIRE(!negative.ok());
  CHECK(negative.error().message() == "-1 does not fit a register of u64");
  const auto large =
      transact<awkward::Root>(doc, {}, [](awkward::Root tx) { tx.aB().AB_().set(std::uint64_t{1} << 63); });
  REQUIRE(!large.ok());
  CHECK(large.error().message() == "9223372036854775808 does not fit a register of i64");
}

TEST_CASE("Concurrent writes are conflicts, and a default shows where nothing is set") {
  Document a(settings("notes", 1)), b(settings("notes", 2));
  CHECK(reading<notes::Root>(a).stars().get() == 3u);
  CHECK(reading<notes::Root>(a).stars().conflicts().empty());
  done<notes::Root>(a, [](notes::Root tx) { tx.stars().set(1); });
  done<notes::Root>(b, [](notes::Root tx) { tx.stars().set(2); });
  CHECK(a.import(b.all_changes()).refused.empty());
  CHECK(b.import(a.all_changes()).refused.empty());
  const auto at_a = reading<notes::Root>(a).stars(), at_b = reading<notes::Root>(b).stars();
  CHECK(at_a.conflicts().size() == 2);
  CHECK(at_a.conflicts() == at_b.conflicts());
  CHECK(at_a.get() == at_a.conflicts().front());
  done<notes::Root>(a, [](notes::Root tx) { tx.stars().unset(); });
  CHECK(reading<notes::Root>(a).stars().get() == 3u);
}

TEST_CASE("Accessors reach values that are not structs, in arrays of arrays too") {
  Document doc(settings("notes"));
  done<notes::Root>(doc, [](notes::Root tx) {
    tx.text().append("renamed");
    tx.tags()["new"].enable();
    tx.days().push_back().set(-1);
    tx.days().push_back().set(2);
    tx.parts().push_back().push_back().append("deep");
    tx.parts()[0][0].append("er");
  });
  const auto root = reading<notes::Root>(doc);
  std::int64_t sum = 0;
  for (const auto day : root.days()) sum += day.get().value_or(0);
  CHECK(sum == 1);
  CHECK(doc.json() ==
        R"({"text":"renamed","stars":3,"tags":{"new":true},"days":[-1,2],"read":0,"parts":[["deeper"]]})");
}

TEST_CASE("A document may be a single value") {
  Document doc(settings("time"));
  done<time_::Root>(doc, [](time_::Root tx) { tx.append("now"); });
  CHECK(reading<time_::Root>(doc).str() == "now");
  CHECK(doc.json() == R"("now")");
}

TEST_CASE(
    "Accessors of a package that the document does not know are refused, those of one that it has learnt are not") {
  Document doc(settings("todoapp"));
  const auto refused = transact<notes::Root>(doc, {}, [](notes::Root) { FAIL("not called"); });
  REQUIRE(!refused.ok());
  CHECK(refused.error().is(Errc::unknown_package));
  CHECK(refused.error().message().find(notes::kPackageHash) != std::string::npos);
  CHECK(!read<notes::Root>(doc).ok());

  // A longer package gives birth to the same nodes, in which the old accessors find their places.
  const auto longer = schema::compile(
      "todoapp { 0.1.0 { .: Struct .title: MVReg<String> .tasks: Array .tasks.[]: Struct .tasks.[].title: "
      "MVReg<String> "
      ".tasks.[].complete: EWFlag } 0.2.0 { .title.rename(name) .note: Text } }",
      "longer");
  REQUIRE(longer.ok());
  REQUIRE(doc.use(longer->front().package, nullptr).ok());
  done<todoapp::Root>(doc, [](todoapp::Root tx) { tx.title().set("old accessor"); });
  CHECK(doc.json() == R"({"name":"old accessor","tasks":[],"note":""})");
}

TEST_CASE("Editing through accessors that only read is a bug, and says so") {
  Document doc(settings("todoapp"));
  const auto root = reading<todoapp::Root>(doc);
  CHECK_THROWS_AS(root.title().set("x"), InvariantViolation);
  CHECK_THROWS_AS(root.tasks().push_back(), InvariantViolation);
  CHECK(root.tasks()[5].title().get() == std::nullopt);
}

TEST_CASE("Fields whose names C++ reserves get underscores, and no two the same") {
  Document doc(settings("awkward"));
  done<awkward::Root>(doc, [](awkward::Root tx) {
    tx.class__().append("class");
    tx.class_().increment(2);
    tx.field_().append("field");
    tx.Root_().append("Root");
    tx.StructField_().append("StructField");
    tx.tlfs_().append("tlfs");
    tx.AB_().append("AB");
  });
  CHECK(doc.json().starts_with(
      R"({"class":"class","class_":2,"delete":false,"field":"field","Root":"Root","StructField":"StructField",)"
      R"("tlfs":"tlfs","AB":"AB",)"));
}
