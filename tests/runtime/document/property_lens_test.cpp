// Versions and packages: several views of one document, all at work at once.

#include <catch2/catch.hpp>

#include "tests/runtime/document/model_reader.h"
#include "tests/runtime/document/people.h"
#include "tests/runtime/document/seeds.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

constexpr std::string_view kFirst = R"(
    .: Struct
    .name: MVReg<String>
    .box: Struct
    .box.size: MVReg<u64>
    .tasks: Array
    .tasks.[]: Struct
    .tasks.[].title: MVReg<String>
    .tasks.[].note: Text
    .tasks.[].done: EWFlag
    .people: Table<String>
    .people.{}: Struct
    .people.{}.age: Counter
    .people.{}.mail: MVReg<String>)";

std::string versions(std::string_view more) {
  return "app { 0.1.0 {" + std::string(kFirst) + "\n}\n" + std::string(more) + "}";
}

std::shared_ptr<const schema::Package> evolved() {
  return compile_package(versions(R"(
    0.2.0 { .tasks.rename(todos)  .todos.[].attributes: Struct  .todos.[].title.plunge(attributes)  .name.remove()  .people.{}.mail.default("none") }
    0.3.0 { .name.restore()  .box.size.hoist()  .todos.[].attributes.title.hoist()  .todos.[].attributes.colour: MVReg<String>  .people.{}.mail.remove()  .mail: Text })"));
}
std::shared_ptr<const schema::Package> evolved_apart() {
  return compile_package(versions(
      R"(0.2.0 { .people.rename(friends)  .friends.{}.since: MVReg<i64>  .tasks.[].note.rename(text)  .box.remove()  .votes: Counter })"));
}

struct UsedVersion {
  std::shared_ptr<const schema::Package> package;
  std::shared_ptr<const schema::View> view;
};

std::vector<Replica> replicas_of(const std::vector<UsedVersion>& versions_used,
                                 const std::vector<std::shared_ptr<const schema::Package>>& packages) {
  std::vector<Replica> out;
  for (std::size_t i = 0; i < versions_used.size(); ++i) {
    Document::Settings s;
    s.id.fill(5);
    s.device = key_number(static_cast<std::uint8_t>(i + 1));
    s.package = versions_used[i].package;
    s.view = versions_used[i].view;
    out.emplace_back(std::move(s));
    for (const auto& p : packages) REQUIRE(out.back()->add_package(p).ok());
  }
  return out;
}

// Everyone edits through their own version; then every version shows the same everywhere, and what the model shows.
void work_and_compare(SeededRandom& random, const std::vector<UsedVersion>& used,
                      const std::vector<std::shared_ptr<const schema::Package>>& packages) {
  std::vector<Replica> replicas = replicas_of(used, packages);
  const auto exchange = [&](Replica& from, Replica& to) { to.import(mangle(random, from->all_changes(), 0)); };
  for (int step = 0; step < 40; ++step) {
    replicas[random.below(replicas.size())].edit(random);
    Replica &from = replicas[random.below(replicas.size())], &to = replicas[random.below(replicas.size())];
    if (&from != &to && random.chance(0.4)) exchange(from, to);
  }
  for (Replica& to : replicas)
    for (Replica& from : replicas)
      if (&to != &from) exchange(from, to);
  const Model model = read_model(replicas[0].document(), packages);
  for (const UsedVersion& v : used) {
    const std::string expected = to_json(model.value(*v.package, *v.view));
    for (Replica& r : replicas) {
      const auto bound = r->bind(v.package->hash(), v.view);
      REQUIRE(bound.ok());
      REQUIRE(r->reader(**bound).json() == expected);
    }
  }
}

}  // namespace

TEST_CASE("all versions of a package read each other's writes on every node that they show") {
  const auto package = evolved();
  const std::vector<UsedVersion> used = {{package, package->view("0.1.0").value()},
                                         {package, package->view("0.2.0").value()},
                                         {package, package->view("0.3.0").value()},
                                         {package, package->view("0.1.0").value()}};
  const SeedRange range = seeds(200);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_lens", "all versions of a package*", seed));
    SeededRandom random(seed);
    work_and_compare(random, used, {package});
  }
}

TEST_CASE("packages that evolved apart share their data on every node with an equal id") {
  const auto a = evolved(), b = evolved_apart();
  const std::vector<UsedVersion> used = {
      {a, a->latest()}, {b, b->latest()}, {a, a->view("0.2.0").value()}, {b, b->view("0.1.0").value()}};
  const SeedRange range = seeds(200);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    INFO(replay_command("test_document_property_lens", "packages that evolved apart*", seed));
    SeededRandom random(seed);
    work_and_compare(random, used, {a, b});
  }
}

TEST_CASE("what a version hides is kept and comes back, and a lens with its reverse leaves the data as it was") {
  const auto package = evolved();
  Person alice(1, package);
  REQUIRE(alice->use(package, package->view("0.1.0").value()).ok());
  alice.set(
      ".",
      R"({"name":"n","box":{"size":3},"tasks":[{"title":"milk","note":"two","done":true}],"people":{"ann":{"age":5,"mail":"a@b"}}})");
  const std::string first = alice->json();
  REQUIRE(alice->use(package, package->view("0.2.0").value()).ok());
  CHECK(alice->get(".name").error().is(Errc::no_such_place));
  CHECK(alice.at(".todos[0].attributes.title") == "\"milk\"");
  CHECK(alice.at(".people[\"ann\"].mail") == "\"a@b\"");
  alice.set(".people[\"bob\"].age", "1");
  CHECK(alice.at(".people[\"bob\"].mail") == "\"none\"");
  alice.remove(".people[\"bob\"]");
  REQUIRE(alice->use(package, package->latest()).ok());
  CHECK(alice.at(".name") == "\"n\"");
  CHECK(alice.at(".size") == "3");
  CHECK(alice.at(".todos[0].title") == "\"milk\"");
  CHECK(alice->get(".people[\"ann\"].mail").error().is(Errc::no_such_place));
  alice.set(".todos[0].title", "\"bread\"");
  alice.set(".todos[0].title", "\"milk\"");
  REQUIRE(alice->use(package, package->view("0.1.0").value()).ok());
  CHECK(alice->json() == first);
}

TEST_CASE("a change under a package that is not known waits for it") {
  const auto a = evolved(), b = evolved_apart();
  Person alice(1, a), bob(2, b);
  bob.set(".name", "\"from b\"");
  bob.set(".votes", "3");
  CHECK(alice->import(bob->all_changes()).applied == 0);
  CHECK(alice->waiting() == 1);
  CHECK(alice->missing_packages() == std::vector<crypto::Digest>{b->hash()});
  REQUIRE(alice->add_package(b).ok());
  CHECK(alice->waiting() == 0);
  CHECK(alice.at(".name") == "\"from b\"");
  const auto other = compile_package("other { 0.1.0 { .: Array  .[]: Text } }");
  CHECK(!alice->add_package(other).ok());
}
