// Two documents of one device: one that people share, and that of the person whose devices may see it. What is said in
// the second reaches those who watch the first.
#include "tests/actors/sync_line.h"

namespace tlfs::document_actor {
namespace {

using testing::Desk;
using testing::device_key;
using testing::Household;
using testing::notes_package;
using testing::Screen;
using tlfs::testing::World;

const document::DocumentId& person() { return Household::get().user; }

template <class T, class Request>
Result<T> ask_person(Desk& desk, Request request) {
  std::optional<Result<T>> out;
  Ask question;
  question.document = person();
  question.request = caf::make_message(std::move(request));
  question.done = [&](Result<ReplyMessage> reply) { out = reply ? from_reply<T>(*reply) : Result<T>(reply.error()); };
  caf::anon_send(desk.client, std::move(question));
  desk.world.run();
  REQUIRE(out.has_value());
  return std::move(*out);
}

void begin_person(Desk& desk) {
  Begin begin;
  begin.package = notes_package();
  begin.view = *notes_package()->view("0.1.0");
  begin.version = "0.1.0";
  REQUIRE(ask_person<void>(desk, std::move(begin)).ok());
  std::vector<Bytes> statements;
  for (const access::SignedStatement& s : Household::get().statements)
    statements.push_back(access::encode_statement(s));
  REQUIRE(ask_person<Imported>(desk, Desk::import_message({}, statements)).ok());
}

void carry_person(Desk& from, Desk& to) {
  const auto all = ask_person<Changes>(from, messaging::MessageBuilder<messages::ChangesSince>().seal());
  REQUIRE(all.ok());
  REQUIRE(ask_person<Imported>(to, Desk::import_message(*all)).ok());
}

void carry(Desk& from, Desk& to) {
  const Result<Changes> all = from.changes_since();
  REQUIRE(all.ok());
  REQUIRE(to.ask<Imported>(Desk::import_message(*all)).ok());
}

Message<messages::Revoke> revoke_message(access::Level level, const access::Principal& from) {
  messaging::MessageBuilder<messages::Revoke> builder;
  builder->setAt(".");
  builder->setLevel(static_cast<messages::Level>(level));
  write(from, builder->initFrom());
  return std::move(builder).seal();
}

Edits at_front(const char* text) { return Edits().splice(".text", 0, 0, text); }

std::string seen(const Screen& screen) { return document::to_json(*screen.value.find("text")); }

// Device 1 and device 5 have the document of device 1's person, and one that only this person's devices may see.
struct Pair {
  explicit Pair(World& w) : owner(w, 1), other(w, 5) {
    begin_person(owner);
    begin_person(other);
    REQUIRE(owner.transact(at_front("mine")).ok());
    carry(owner, other);
  }
  access::Principal device() const { return access::Principal::of_key(device_key(5)->public_key()); }
  void let_in() {
    REQUIRE(ask_person<void>(owner, testing::grant_message(access::Level::own, device())).ok());
    carry_person(owner, other);
  }
  Desk owner, other;
};

TEST_CASE("a device that is let in sees at once what its person's documents say, also in one that is watched already") {
  World world;
  Pair pair(world);
  const auto screen = pair.other.watch();
  world.run();
  REQUIRE(seen(*screen) == "\"\"");
  pair.let_in();
  carry(pair.owner, pair.other);
  CHECK(seen(*screen) == "\"mine\"");
  CHECK(screen->faults.empty());
  REQUIRE(pair.other.transact(at_front("also ")).ok());
  carry(pair.other, pair.owner);
  CHECK(pair.owner.json(".text") == "\"also mine\"");
}

TEST_CASE("a device that is put out changes nothing more in its person's documents, from that moment on") {
  World world;
  Pair pair(world);
  pair.let_in();
  carry(pair.owner, pair.other);
  REQUIRE(pair.other.transact(at_front("before, ")).ok());
  carry(pair.other, pair.owner);
  const auto screen = pair.owner.watch();
  world.run();
  REQUIRE(seen(*screen) == "\"before, mine\"");
  const std::size_t statements = pair.owner.changes_since()->statements.size();
  REQUIRE(ask_person<void>(pair.owner, revoke_message(access::Level::own, pair.device())).ok());
  // The document has cut it off before anything else was asked of it.
  CHECK(pair.owner.changes_since()->statements.size() > statements);
  REQUIRE(pair.other.transact(at_front("after, ")).ok());
  carry(pair.other, pair.owner);
  CHECK(seen(*screen) == "\"before, mine\"");
  CHECK(screen->faults.empty());
}

}  // namespace
}  // namespace tlfs::document_actor
