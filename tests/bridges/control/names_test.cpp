// What people write for documents, versions, principals and levels.
#include "bridges/control/names.h"

#include <catch2/catch.hpp>

using namespace tlfs;
using namespace tlfs::control;

namespace {

document::DocumentId id_of(std::string_view start) {
  document::DocumentId id{};
  const Bytes bytes = *from_hex(start);
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

const std::vector<Named> kDocuments = {{id_of("aabbcc01"), "groceries"}, {id_of("aabbcc02"), "work"},
                                       {id_of("12345678"), "work"},      {id_of("77777777"), "aabb"},
                                       {id_of("beef"), "beefsteak"},     {id_of("cafe"), ""}};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a document is known by its name, its id, or the first digits of that") {
  CHECK(*choose_document("groceries", kDocuments) == id_of("aabbcc01"));
  CHECK(*choose_document("aabbcc01", kDocuments) == id_of("aabbcc01"));
  CHECK(*choose_document("AABBCC02", kDocuments) == id_of("aabbcc02"));
  CHECK(*choose_document("1234", kDocuments) == id_of("12345678"));
  CHECK(*choose_document("beef", kDocuments) == id_of("beef"));
  CHECK(*choose_document(to_hex(id_of("cafe")), kDocuments) == id_of("cafe"));
}

TEST_CASE("what may be several documents lists them, and what is none is said to be none") {
  const auto prefix = choose_document("aabbcc", kDocuments);
  REQUIRE(prefix.error().is(Errc::ambiguous));
  CHECK(has(prefix.error().message(), to_hex(id_of("aabbcc01")) + "  groceries\n"));
  CHECK(has(prefix.error().message(), to_hex(id_of("aabbcc02")) + "  work"));
  CHECK(choose_document("work", kDocuments).error().is(Errc::ambiguous));
  CHECK(choose_document("aabb", kDocuments).error().is(Errc::ambiguous));  // a name and the beginning of others
  CHECK(choose_document("nothing", kDocuments).error().is(Errc::no_document));
  CHECK(choose_document("", kDocuments).error().is(Errc::no_document));  // not the one without a name
  const auto few = choose_document("123", kDocuments);
  REQUIRE(few.error().is(Errc::no_document));
  CHECK(has(few.error().message(), "at least 4 digits"));
  CHECK(choose_document("Groceries", kDocuments).error().is(Errc::no_document));

  std::vector<Named> many(20, Named{id_of("abcd"), "twin"});
  CHECK(has(choose_document("twin", many).error().message(), "and 12 more"));
}

TEST_CASE("a change is known by the first digits of its hash") {
  const std::vector<crypto::Digest> hashes = {id_of("aabbcc01"), id_of("aabbcc02"), id_of("12345678")};
  CHECK(*choose_hash("1234", hashes) == id_of("12345678"));
  CHECK(*choose_hash("aabbcc02", hashes) == id_of("aabbcc02"));
  CHECK(choose_hash("aabbcc", hashes).error().is(Errc::ambiguous));
  CHECK(choose_hash("ffff", hashes).error().is(Errc::bad_name));
  CHECK(choose_hash("123", hashes).error().is(Errc::bad_name));
  CHECK(choose_hash("head", hashes).error().is(Errc::bad_name));
}

TEST_CASE("a principal is anyone, a device or a user") {
  const std::string hex = to_hex(id_of("0123456789"));
  CHECK(*parse_principal("anyone") == access::Principal::anyone());
  CHECK(*parse_principal("device:" + hex) == access::Principal::of_key(id_of("0123456789")));
  CHECK(*parse_principal("user:" + hex) == access::Principal::user(id_of("0123456789")));
  for (const std::string& bad : {std::string(), std::string("Anyone"), hex, "user:" + hex.substr(1),
                                 "device:" + hex + "0", "team:" + hex, "user:" + std::string(64, 'g')})
    CHECK(parse_principal(bad).error().is(Errc::bad_name));
}

TEST_CASE("a level that is given is one of five") {
  CHECK(*parse_level("sync") == access::Level::sync);
  CHECK(*parse_level("own") == access::Level::own);
  for (const char* bad : {"", "none", "admin", "Read"}) CHECK(parse_level(bad).error().is(Errc::bad_name));
}

TEST_CASE("an invitation is known by the first digits of its id") {
  const std::vector<InvitationId> ids = {InvitationId{0xaa, 0xbb, 0x01}, InvitationId{0xaa, 0xbb, 0x02},
                                         InvitationId{0x12, 0x34}};
  CHECK(*choose_invitation("1234", ids) == ids[2]);
  CHECK(*choose_invitation("AABB02", ids) == ids[1]);
  CHECK(*choose_invitation(to_hex(ids[0]), ids) == ids[0]);
  CHECK(choose_invitation("aabb", ids).error().is(Errc::ambiguous));
  for (const char* bad : {"", "123", "ffff", "groceries"})
    CHECK(choose_invitation(bad, ids).error().is(Errc::bad_name));
}

TEST_CASE("an offer is known by its document's name or id, and who names none is told where they are listed") {
  CHECK(*choose_offer("groceries", {{id_of("aabbcc01"), "groceries"}}) == id_of("aabbcc01"));
  CHECK(*choose_offer("aabb", {{id_of("aabbcc01"), "groceries"}}) == id_of("aabbcc01"));
  const auto none = choose_offer("work", {{id_of("aabbcc01"), "groceries"}});
  REQUIRE(none.error().is(Errc::no_document));
  CHECK(has(none.error().message(), "tlfs invitations"));
}
