// What liars, thieves and relays can do: nothing that counts, nothing that shows.
#include <algorithm>

#include "tests/runtime/access/people.h"

using namespace tlfs;
using namespace tlfs::access;
using namespace tlfs::access::testing;

namespace {

bool contains(ByteView bytes, std::string_view planted) {
  const ByteView needle = as_bytes(planted);
  return std::search(bytes.begin(), bytes.end(), needle.begin(), needle.end()) != bytes.end();
}

// Everything of a document that a device stores.
std::vector<Bytes> stored(Person& p, const DocumentId& d) {
  std::vector<Bytes> out;
  for (const SignedStatement& s : p.at(d).statements()) out.push_back(encode_statement(s));
  for (const document::Change& c : p.at(d).content().all_changes()) out.push_back(document::encode_change(c));
  return out;
}

std::vector<SignedStatement> copy(const std::vector<SignedStatement>& all) { return all; }

}  // namespace

TEST_CASE("a relay stores every change whole, and no planted word or key is in its bytes") {
  const auto alice = Person::alone(1), bob = Person::alone(2), relay = Person::alone(4);
  know({alice.get(), bob.get(), relay.get()});
  const DocumentId d = alice->create();
  const std::string planted = "planted-word", planted_key = "diagnosis-key";
  REQUIRE(why(alice->grant(d, ".", Level::sync, relay->user())) == "done");
  REQUIRE(why(alice->set(d, ".title", planted)) == "done");
  REQUIRE(why(alice->set(d, ".rows[\"" + planted_key + "\"].name", planted)) == "done");
  REQUIRE(why(alice->grant(d, ".rows[\"" + planted_key + "\"]", Level::read, bob->user())) == "done");
  REQUIRE(why(alice->revoke(d, ".rows[\"" + planted_key + "\"]", Level::read, bob->user())) == "done");
  sync({alice.get(), relay.get()});
  const std::vector<Bytes> bytes = stored(*relay, d);
  REQUIRE(bytes == stored(*alice, d));
  for (const Bytes& b : bytes) {
    CHECK(!contains(b, planted));
    CHECK(!contains(b, planted_key));
  }
  // The search would find them: they are in what alice's document says in the clear.
  CHECK(contains(as_bytes(alice->at(d).content().json()), planted_key));
}

TEST_CASE("a reader of one row gets the others' leaves as digests, and signature and hash chain still verify") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->set(d, ".rows[\"a\"].name", "first")) == "done");
  REQUIRE(why(alice->set(d, ".rows[\"b\"].name", "second")) == "done");
  REQUIRE(why(alice->grant(d, ".rows[\"b\"]", Level::read, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  const std::vector<document::Change> whole = alice->at(d).content().all_changes();
  const std::vector<document::Change> redacted = bob->at(d).content().all_changes();
  REQUIRE(redacted.size() == whole.size());
  CHECK(document::verify_signature(redacted.back()));
  std::size_t absent = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK(redacted[i].hash == whole[i].hash);
    for (const auto& leaf : redacted[i].leaves) absent += leaf ? 0 : 1;
    const auto again = document::decode_change(document::encode_change(redacted[i]));
    REQUIRE(again.ok());
  }
  CHECK(absent == 1);
  // Later the other row is his too: the leaf comes to the change that he has.
  REQUIRE(why(alice->grant(d, ".rows[\"a\"]", Level::read, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  CHECK(bob->see(d, ".rows") == R"({"a":{"name":"first"},"b":{"name":"second"}})");
}

TEST_CASE("sealed bytes are the same on every replica, whatever rights and epochs came after") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->set(d, ".title", "one")) == "done");
  sync({alice.get(), bob.get()});
  const Bytes first = document::encode_change(alice->at(d).content().all_changes().front());
  REQUIRE(why(bob->set(d, ".title", "two")) == "done");
  sync({alice.get(), bob.get()});
  REQUIRE(why(alice->revoke(d, ".", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->set(d, ".title", "three")) == "done");
  const document::Change again = alice->at(d).content().all_changes().front();
  document::Change unsigned_again = again;
  const auto original = document::decode_change(first);
  REQUIRE(original.ok());
  CHECK(again.header_bytes == original->header_bytes);
  CHECK(again.leaves == original->leaves);
  CHECK(bob->at(d).content().all_changes().front().leaves == original->leaves);
}

TEST_CASE("an archive at rest gives every sealed byte back, shows none, and opens under its key alone") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  const std::string planted = "planted-word";
  for (int i = 0; i < 20; ++i) {
    REQUIRE(why(alice->set(d, ".title", planted + std::to_string(i))) == "done");
    REQUIRE(why(alice->set(d, ".rows[\"k\"].name", planted)) == "done");
    alice->at(d).content().seal();
  }
  sync({alice.get(), bob.get()});
  REQUIRE(why(bob->set(d, ".body", planted)) == "done");
  sync({alice.get(), bob.get()});
  REQUIRE(why(alice->revoke(d, ".", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->set(d, ".body", planted)) == "done");

  const crypto::Secret key = crypto::Secret::generate(alice->random());
  const auto archive = alice->at(d).archive(key);
  REQUIRE(archive.ok());
  CHECK(!contains(*archive, planted));
  const auto back = alice->at(d).unarchive(*archive, key);
  INFO((back ? "" : back.error().message()));
  REQUIRE(back.ok());
  const std::vector<document::Change> all = alice->at(d).content().all_changes();
  REQUIRE(back->size() == all.size());
  std::size_t sealed = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK((*back)[i].hash == all[i].hash);
    CHECK((*back)[i].leaves == all[i].leaves);
    for (const auto& leaf : all[i].leaves) sealed += leaf->payload.size() + leaf->salt.size();
  }
  // Another device of the same rights takes them, so the signatures that are left are enough.
  const auto copy = Person::device_of(*alice, 1);
  ProtectedDocument& replica = copy->realm().open(d, notes_package());
  const auto taken = replica.take(alice->at(d).statements(), *back);
  CHECK(taken.refused.empty());
  CHECK(taken.changes == all.size());
  CHECK(archive->size() < sealed / 2);  // the ciphertext itself is not in it

  CHECK(alice->at(d)
            .unarchive(*archive, crypto::Secret::generate(alice->random()))
            .error()
            .is(access::Errc::bad_signature));
  Bytes damaged = *archive;
  damaged[damaged.size() / 2] ^= 1;
  CHECK(alice->at(d).unarchive(damaged, key).error().is(access::Errc::bad_signature));
  // Bob has lost the newest epoch, so he cannot make its leaves again.
  CHECK(bob->at(d).unarchive(*archive, key).error().is(document::Errc::no_key));
}

TEST_CASE("forged, foreign and useless statements are refused with a reason and change nothing") {
  const auto alice = Person::alone(1), mallory = Person::alone(9);
  know({alice.get(), mallory.get()});
  const DocumentId d = alice->create(), other = alice->create();
  const std::size_t before = alice->at(d).log().size();
  const auto offer = [&](SignedStatement s) {
    std::vector<SignedStatement> one;
    one.push_back(std::move(s));
    const auto taken = alice->at(d).take(std::move(one), {});
    REQUIRE(taken.refused.size() == 1);
    CHECK(alice->at(d).log().size() == before);
    return taken.refused.front();
  };
  Statement grant;
  grant.document = d;
  grant.author = mallory->realm().device();
  grant.parents = alice->at(d).log().heads(d);
  grant.says = Grant{mallory->user(), Level::own, {}, {}};
  grant.proof = GrantName{grant.parents.front(), 0};

  SignedStatement forged = sign_statement(grant, *mallory->key());
  forged.signature[5] ^= 1;
  CHECK(offer(forged).is(access::Errc::bad_signature));

  Statement in_alices_name = grant;
  in_alices_name.author = alice->realm().device();
  CHECK(offer(sign_statement(in_alices_name, *mallory->key())).is(access::Errc::bad_signature));

  CHECK(offer(sign_statement(grant, *mallory->key())).is(access::Errc::useless));

  Statement second_genesis = grant;
  second_genesis.says = Genesis{mallory->user(), DocumentKind::ordinary};
  CHECK(offer(sign_statement(second_genesis, *mallory->key())).is(access::Errc::bad_signature));

  // A good statement of another document, under this document's name, has another hash and no signature.
  SignedStatement replayed = copy(alice->at(other).statements()).back();
  replayed.statement.document = d;
  const auto decoded = decode_statement(encode_statement(replayed));
  REQUIRE(decoded.ok());
  CHECK(decoded->statement.document == other);
}

TEST_CASE("ten thousand useless statements are refused one by one and leave nothing behind") {
  const auto alice = Person::alone(1), mallory = Person::alone(9);
  know({alice.get(), mallory.get()});
  const DocumentId d = alice->create();
  const std::size_t before = alice->at(d).log().size();
  Statement s;
  s.document = d;
  s.author = mallory->realm().device();
  s.parents = alice->at(d).log().heads(d);
  std::vector<SignedStatement> flood;
  for (int i = 0; i < 10'000; ++i) {
    s.says = Grant{mallory->user(), Level::own, {}, Bytes(4, static_cast<std::uint8_t>(i))};
    s.membership.assign(1, GrantName{s.parents.front(), static_cast<std::uint32_t>(i % 4000)});
    SignedStatement made = sign_statement(s, *mallory->key());
    if (i > 200) made.signature.fill(0);  // signing is slow; most of the flood does not bother
    flood.push_back(std::move(made));
  }
  const auto taken = alice->at(d).take(std::move(flood), {});
  CHECK(taken.statements == 0);
  CHECK(taken.refused.size() == 10'000);
  CHECK(alice->at(d).log().size() == before);
  CHECK(alice->at(d).log().waiting() == 0);
  CHECK(why(alice->set(d, ".title", "still here")) == "done");
}

TEST_CASE("a leaf that is truncated, swapped, or under a wrong epoch does not count and does no harm") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  REQUIRE(why(bob->set(d, ".title", "honest")) == "done");
  const document::Change honest = bob->at(d).content().all_changes().back();
  const auto with_leaf = [&](auto&& damage) {
    document::Header header = honest.header;
    document::Leaf leaf = *honest.leaves.front();
    damage(leaf, header);
    document::Change made = document::make_change(header, {leaf});
    made.signature = document::sign_change(made.hash, *bob->key());
    std::vector<document::Change> one;
    one.push_back(std::move(made));
    const auto replica = Person::alone(31);
    return alice->at(d).take({}, std::move(one));
  };
  // Bob himself signs all of these, so the changes are taken, and their leaves are not.
  CHECK(with_leaf([](document::Leaf& leaf, document::Header&) {
          leaf.payload.resize(leaf.payload.size() / 2);
        }).changes == 1);
  CHECK(alice->see(d, ".title") == "null");
  CHECK(with_leaf([](document::Leaf& leaf, document::Header&) { leaf.epoch ^= 1; }).changes == 1);
  CHECK(with_leaf([](document::Leaf& leaf, document::Header&) { leaf.epoch = 0; }).changes == 1);
  CHECK(with_leaf([](document::Leaf& leaf, document::Header&) { leaf.salt[0] ^= 1; }).changes == 1);
  CHECK(with_leaf([](document::Leaf& leaf, document::Header&) { leaf.compartment[0] ^= 1; }).changes == 1);
  // The leaf of one change in another, whose place in the writer's chain is not the one it was sealed for.
  CHECK(with_leaf([](document::Leaf&, document::Header& header) { header.writer.incarnation += 1; }).changes == 1);
  CHECK(alice->see(d, ".title") == "null");
  // A change whose leaf does not fit the digest in its header is no change.
  document::Change torn = honest;
  torn.leaves.front()->payload.pop_back();
  CHECK(!document::decode_change(document::encode_change(torn)).ok());
  // The honest one is a fork of all those now, and counts.
  std::vector<document::Change> one;
  one.push_back(honest);
  CHECK(alice->at(d).take({}, std::move(one)).changes == 1);
  CHECK(alice->see(d, ".title") == "\"honest\"");
}

//   alice grants bob write on .title and on .body and on .private
//   alice: revoke .title
//   bob:   writes .title and .body in one act ------> void as a whole
//   bob:   writes .title and .private in one act ---> the leaf of .private stands
TEST_CASE("a leaf with one forbidden operation is void as a whole, and leaves stand for themselves") {
  const auto alice = Person::alone(1), bob = Person::alone(2), carol = Person::alone(3);
  know({alice.get(), bob.get(), carol.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::read, bob->user())) == "done");
  REQUIRE(why(alice->grant(d, ".", Level::read, carol->user())) == "done");
  for (const char* path : {".title", ".body", ".private"})
    REQUIRE(why(alice->grant(d, path, Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get(), carol.get()});
  const auto both = [&](std::string_view a, std::string_view b, const std::string& word) {
    const auto done = bob->at(d).content().transact({"test", "", std::nullopt}, [&](document::Transaction& tx) {
      if (Status s = tx.set(a, Value(word)); !s) return s;
      return tx.set(b, Value(word));
    });
    REQUIRE(done.ok());
    bob->at(d).content().seal();
  };
  both(".title", ".body", "one");
  both(".title", ".private.word", "two");
  REQUIRE(why(alice->revoke(d, ".title", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get(), carol.get()});
  for (Person* p : {alice.get(), bob.get(), carol.get()}) {
    CHECK(p->see(d, ".title") == "null");
    CHECK(p->see(d, ".body") == "\"\"");
    CHECK(p->see(d, ".private.word") == "\"two\"");
    CHECK(p->at(d).withheld_leaves().size() == 2);
  }
  const std::vector<AccessEvent> events = carol->at(d).take_events();
  CHECK(events.size() >= 2);
  CHECK(events.back().what.author == bob->realm().device());
  CHECK(!events.back().what.why.empty());
}

TEST_CASE("transactions that rest on different grants are sealed apart") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::read, bob->user())) == "done");
  REQUIRE(why(alice->grant(d, ".title", Level::write, bob->user())) == "done");
  REQUIRE(why(alice->grant(d, ".body", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  REQUIRE(why(bob->set(d, ".title", "a")) == "done");
  REQUIRE(why(bob->set(d, ".title", "b")) == "done");
  REQUIRE(why(bob->set(d, ".body", "c")) == "done");
  CHECK(bob->at(d).content().all_changes().size() == 2);
  REQUIRE(why(alice->revoke(d, ".title", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  CHECK(alice->see(d, ".title") == "null");
  CHECK(alice->see(d, ".body") == "\"c\"");
}

TEST_CASE("read is given at boundaries, and the refusal names the nearest") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  CHECK_THAT(why(alice->grant(d, ".title", Level::read, bob->user())), Catch::Contains("nearest boundary is ."));
  CHECK_THAT(why(alice->grant(d, ".private.word", Level::write, bob->user())),
             Catch::Contains("nearest boundary is .private"));
  CHECK_THAT(why(alice->grant(d, ".body", Level::write, bob->user())), Catch::Contains("cannot read there"));
  CHECK_THAT(why(alice->revoke(d, ".", Level::write, bob->user())), Catch::Contains("no live grant"));
  CHECK_THAT(why(alice->at(*alice->realm().user()).grant({}, Level::read, bob->user())),
             Catch::Contains("for the user's devices alone"));
}

TEST_CASE("a stranger's change is not even kept, and the reason says so") {
  const auto alice = Person::alone(1), mallory = Person::alone(9);
  know({alice.get(), mallory.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::read, mallory->user())) == "done");
  document::Document::Settings plain;
  plain.id = d;
  plain.device = mallory->key();
  plain.package = notes_package();
  document::Document scratch(plain);
  REQUIRE(
      scratch.transact({}, [](document::Transaction& tx) { return tx.set(".title", Value(std::string("m"))); }).ok());
  for (const bool named : {false, true}) {
    document::Change made = scratch.all_changes().front();
    document::Header header = made.header;
    if (named) header.authority_heads = alice->at(d).log().heads(d);
    document::Change forged = document::make_change(header, {*made.leaves.front()});
    forged.signature = document::sign_change(forged.hash, *mallory->key());
    const auto taken = alice->at(d).take({}, {forged});
    CHECK(taken.changes == 0);
    REQUIRE(taken.refused.size() == 1);
    CHECK(taken.refused.front().is(access::Errc::useless));
  }
  CHECK(alice->at(d).content().graph().size() == 0);
  CHECK(alice->at(d).content().waiting() == 0);
}

TEST_CASE("who was removed may still fetch the log up to what ended it, and no change after it") {
  const auto alice = Person::alone(1), bob = Person::alone(2);
  know({alice.get(), bob.get()});
  const DocumentId d = alice->create();
  REQUIRE(why(alice->grant(d, ".", Level::write, bob->user())) == "done");
  sync({alice.get(), bob.get()});
  REQUIRE(why(alice->revoke(d, ".", Level::write, bob->user())) == "done");
  const StatementHash end = alice->at(d).log().heads(d).front();
  REQUIRE(why(alice->grant(d, ".title", Level::write, Principal::anyone())) != "done");
  REQUIRE(why(alice->grant(d, ".private", Level::read, alice->user())) == "done");
  REQUIRE(why(alice->set(d, ".title", "later")) == "done");
  const Realm::Share share = alice->realm().share(d, bob->realm().device());
  CHECK(share.changes.empty());
  const auto has = [&](const StatementHash& h) {
    return std::any_of(share.statements.begin(), share.statements.end(),
                       [&](const SignedStatement& s) { return s.hash == h; });
  };
  CHECK(has(end));
  CHECK(!has(alice->at(d).log().heads(d).front()));
  sync({alice.get(), bob.get()});
  CHECK_THAT(why(bob->set(d, ".title", "x")), Catch::Contains("was ended by the revoke"));
}
