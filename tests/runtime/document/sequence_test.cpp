// Texts: runs stay together, characters that nobody saw being deleted stay, positions have a unit.
#include "runtime/document/sequence.h"

#include <catch2/catch.hpp>

#include "tests/runtime/document/people.h"

using namespace tlfs;
using namespace tlfs::document;
using namespace tlfs::document::testing;

namespace {

// Types one character per transaction and change.
void type_forwards(Person& p, std::uint64_t at, std::string_view text) {
  for (char c : text) {
    p.splice(".text", at++, 0, std::string(1, c));
    p->seal();
  }
}
void type_backwards(Person& p, std::uint64_t at, std::string_view text) {
  for (auto c = text.rbegin(); c != text.rend(); ++c) {
    p.splice(".text", at, 0, std::string(1, *c));
    p->seal();
  }
}

}  // namespace

TEST_CASE("runs that are typed at the same place do not interleave, forwards or backwards") {
  //        ┌ alice: "milk" ──┐
  //   [] ──┤                 ├ [milkbread] or [breadmilk]
  //        └ bob: "bread" ───┘
  for (const bool alice_forwards : {true, false}) {
    for (const bool bob_forwards : {true, false}) {
      for (const std::string around : {"", "[]"}) {
        Person alice(1), bob(2), carol(3);
        alice.set(".text", "\"" + around + "\"");
        sync({&alice, &bob, &carol});
        const std::uint64_t at = around.size() / 2;
        (alice_forwards ? type_forwards : type_backwards)(alice, at, "milk");
        (bob_forwards ? type_forwards : type_backwards)(bob, at, "bread");
        (alice_forwards ? type_backwards : type_forwards)(carol, at, "wine");
        sync({&alice, &bob, &carol});
        const std::string text = alice->text(".text").value();
        INFO(text);
        CHECK(text.size() == around.size() + 13);
        CHECK(text.find("milk") != std::string::npos);
        CHECK(text.find("bread") != std::string::npos);
        CHECK(text.find("wine") != std::string::npos);
      }
    }
  }
}

TEST_CASE("what is typed inside a passage stays when the passage is deleted at the same time") {
  //              ┌ alice: delete "bcd" ──┐
  //   abcde ─────┤                       ├ aXe
  //              └ bob: X after c ───────┘
  Person alice(1), bob(2);
  alice.set(".text", "\"abcde\"");
  sync({&alice, &bob});
  alice.splice(".text", 1, 3, "");
  bob.splice(".text", 3, 0, "X");
  sync({&alice, &bob});
  CHECK(alice.at(".text") == "\"aXe\"");
}

TEST_CASE("overlapping deletions delete once") {
  Person alice(1), bob(2);
  alice.set(".text", "\"abcdef\"");
  sync({&alice, &bob});
  alice.splice(".text", 1, 3, "");
  bob.splice(".text", 2, 3, "");
  sync({&alice, &bob});
  CHECK(alice.at(".text") == "\"af\"");
}

TEST_CASE("a position counts code points or UTF-16 units, as the edit says") {
  Person alice(1);
  alice.set(".text", "\"a\U0001f600b\U0001f600c\"");  // code points 5, UTF-16 units 7
  const auto splice = [&](std::uint64_t at, std::uint64_t remove, std::string_view insert, TextUnit unit) {
    return alice->transact(
        {}, [&](Transaction& tx) { return tx.splice(tx.address(".text").value(), at, remove, insert, unit); });
  };
  REQUIRE(splice(2, 1, "B", TextUnit::code_points).ok());
  CHECK(alice->text(".text").value() == "a\U0001f600B\U0001f600c");
  REQUIRE(splice(4, 2, "-", TextUnit::utf16).ok());
  CHECK(alice->text(".text").value() == "a\U0001f600B-c");
  const Result<Commit> done = splice(3, 1, "", TextUnit::utf16);
  REQUIRE(done.ok());
  REQUIRE(done->patches.size() == 1);
  CHECK(done->patches[0].position == TextLength{2, 3});
  CHECK(done->patches[0].removed == TextLength{1, 1});
}

TEST_CASE("a splice that begins or ends inside a surrogate pair is refused and changes nothing") {
  Person alice(1);
  alice.set(".text", "\"a\U0001f600b\"");
  const std::string before = alice->json();
  const auto refused = [&](std::uint64_t at, std::uint64_t remove) {
    const Result<Commit> done = alice->transact(
        {}, [&](Transaction& tx) { return tx.splice(tx.address(".text").value(), at, remove, "x", TextUnit::utf16); });
    REQUIRE(!done.ok());
    CHECK(alice->json() == before);
    return done.error();
  };
  CHECK(refused(2, 0).is(Errc::invalid_text));
  CHECK(refused(0, 2).is(Errc::invalid_text));
  CHECK(refused(2, 1).is(Errc::invalid_text));
  CHECK(refused(5, 0).is(Errc::out_of_range));
  CHECK(refused(1, 4).is(Errc::out_of_range));
}

TEST_CASE("text that is not UTF-8 is refused") {
  Person alice(1);
  for (const std::string_view bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "a\xe2\x82"}) {
    const Result<Commit> done =
        alice->transact({}, [&](Transaction& tx) { return tx.splice(tx.address(".text").value(), 0, 0, bad); });
    REQUIRE(!done.ok());
    CHECK(done.error().is(Errc::invalid_text));
  }
}
